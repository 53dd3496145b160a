import { messageOf, toErrorFacts } from "../../core/error-facts.ts";
import type { AckloopError } from "../../core/errors.ts";
import type { Feed, Receipt } from "../../core/feed.ts";
import { ask } from "../../core/guard.ts";
import type { Logger } from "../../core/logger.ts";
import type { Entry } from "./entry.ts";
import { receiptsOf } from "./entry.ts";
import type { Keeping } from "./keeping.ts";
import type { LeaseGuard } from "./lease.ts";
import type { Window } from "./window.ts";

/** How long a run that ends waits for what was cut on its way to it, in ms. */
const RELEASE_MS = 1000;

const RESOLVED = Promise.resolve();

/** What leaving works with. */
export interface LeavingParts {
  readonly feed: Pick<Feed, "name" | "nack" | "release">;
  readonly callTimeoutMs: number;
  readonly log: Logger;
  readonly window: Pick<Window, "openEntries">;
  readonly keeping: Pick<Keeping, "abandon">;
  readonly guard: Pick<LeaseGuard, "release"> | undefined;
}

/**
 * Frees what a run leaves unsettled, where the API and the stores can say so. It settles nothing, and does
 * not say when a run ends.
 */
export class Leaving {
  readonly #parts: LeavingParts;
  /** Receipts of what was pulled and is not begun. */
  readonly #receipts = new Set<Receipt>();

  constructor(parts: LeavingParts) {
    this.#parts = parts;
  }

  /** Takes what is not begun, too late or too long after it came: the next nack gives it back. */
  add(receipts: readonly Receipt[]): void {
    for (const receipt of receipts) this.#receipts.add(receipt);
  }

  /**
   * Everything is free for others at once; but what a handler still has in its hands is not given back:
   * its lease ends by itself. Without the feed's lease (`isLost`) nothing is given back that may be
   * another's already. `own` ends it at once.
   */
  async giveBack(isLost: boolean, own: AbortController): Promise<void> {
    const { window, keeping, guard } = this.#parts;
    const open = [...window.openEntries()];
    const left = open.filter(({ isAtWork }) => !isAtWork);
    const busy = new Set(open.filter(({ isAtWork }) => isAtWork).flatMap(receiptsOf));
    this.add(left.flatMap(receiptsOf).filter((receipt) => !busy.has(receipt)));
    // A stop is no failed attempt, so that its marks are taken back; beside another's run they hold on.
    const marked = isLost ? left : open;
    const limitMs = Number.POSITIVE_INFINITY;
    await ask({ what: "stop", limitMs, own }, (signal) =>
      Promise.all([
        ...marked.map((entry) => keeping.abandon(entry, signal)),
        (isLost ? RESOLVED : this.nack(signal)).then(() => this.#release(signal)),
        guard?.release(signal),
      ]),
    );
  }

  /** What was cut on its way here is free too, before a store or a connection is closed. */
  async #release(giveUp: AbortSignal): Promise<void> {
    const { feed } = this.#parts;
    if (feed.release === undefined) return;
    const asking = { what: "release", whom: feed.name, limitMs: RELEASE_MS, signal: giveUp };
    const answer = await ask(asking, (signal) => feed.release?.({ signal }));
    if (answer.kind === "failed") this.#warn(messageOf(answer.error), answer.error);
  }

  /** A handler that outlasted the run has ended: its event is free at once, and its start does not count. */
  abandon(entry: Entry): void {
    const { keeping, callTimeoutMs: limitMs } = this.#parts;
    void ask({ what: "forget", limitMs }, (signal) => keeping.abandon(entry, signal));
  }

  /** Gives back what is not begun, if there is anything. */
  async nack(giveUp?: AbortSignal): Promise<void> {
    if (this.#receipts.size === 0) return;
    const { feed, callTimeoutMs: limitMs } = this.#parts;
    const receipts = [...this.#receipts];
    this.#receipts.clear();
    if (feed.nack === undefined) return;
    const asking = { what: "nack", whom: feed.name, limitMs, signal: giveUp };
    const answer = await ask(asking, (signal) => feed.nack?.(receipts, { signal }));
    if (answer.kind === "answered") return;
    if (answer.kind === "cut") this.#warn("there was no time left");
    else this.#warn(messageOf(answer.error), answer.error);
  }

  #warn(why: string, error?: AckloopError): void {
    const text = `events that are left could not be given back: ${why}; they come again later`;
    this.#parts.log.warn(text, error ? { error: toErrorFacts(error) } : {});
  }
}
