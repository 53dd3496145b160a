import { onAbort } from "../core/abort.ts";
import type { FeedEvent } from "../core/event.ts";
import type { Delivery, Feed } from "../core/feed.ts";
import type { TableOf } from "../core/options.ts";
import { checkOptions } from "../core/options.ts";
import { toAssignment } from "./consume.ts";
import { Engine } from "./engine.ts";
import type { HandlerContext } from "./handler.ts";
import type { LoopOptions } from "./options.ts";
import { loopTable } from "./options.ts";
import type { Outcome } from "./outcome.ts";
import { deadLetter, done, drop, retry } from "./outcome.ts";
import { Queue } from "./queue.ts";

/** The most handlers at once that a run allows. */
const MOST_AT_ONCE = 10_000;

/** One event of {@link deliveries}, to be settled by exactly one of its functions. */
export interface OwnDelivery<E extends FeedEvent = FeedEvent> {
  /** The event: known, and valid by its schema. */
  readonly event: E;
  /** The event as it came, with the provider's own object in `raw`. */
  readonly delivery: Delivery<E>;
  /** Which attempt of this run it is, from 1. */
  readonly attempt: number;
  /** Fires when the work should end. */
  readonly signal: AbortSignal;
  /** Finished with. Local and at once: the acknowledgement follows when it may. */
  ack(): void;
  /** To be tried again; it comes as a delivery of its own. */
  retry(options?: { readonly afterMs?: number | undefined }): void;
  /** To the dead-letter store. */
  deadLetter(reason: string): void;
  /** Acknowledged unhandled. */
  drop(reason: string): void;
}

/** The options of {@link deliveries}: those of a run, without what only handlers need. */
export type DeliveriesOptions<E extends FeedEvent = FeedEvent> = Omit<
  LoopOptions<E>,
  "concurrency" | "handlerTimeoutMs"
>;

const { concurrency: _concurrency, handlerTimeoutMs: _handlerTimeoutMs, ...ownTable } = loopTable;
const deliveriesTable = ownTable satisfies TableOf<DeliveriesOptions>;

/**
 * Gives a feed's events to a loop of one's own.
 *
 * Settling is local and resolves at once; the same promises hold as for `consume`. Leaving the loop,
 * by `break`, `return` or a throw, stops the run: what is settled is acknowledged, what is not comes
 * again. A second settlement of one delivery is nothing.
 *
 * @throws {AckloopError} `config` for a wrong option, at once. The iteration throws what halted it.
 */
export function deliveries<E extends FeedEvent>(
  feed: Feed<E>,
  options: DeliveriesOptions<E> = {},
): AsyncIterableIterator<OwnDelivery<E>> {
  const arrivals = new Arrivals<OwnDelivery<E>>();
  const unsettled = new Set<object>();
  const handler = (event: E, context: HandlerContext<E>): Promise<Outcome> =>
    new Promise((settle) => {
      unsettled.add(context);
      const settleOnce = (outcome: Outcome): void => {
        unsettled.delete(context);
        settle(outcome);
      };
      arrivals.push(toOwnDelivery(event, context, settleOnce));
    });
  const checked = checkOptions("deliveries", options, deliveriesTable);
  const maxInFlight = checked.maxInFlight ?? 200;
  const all = { ...checked, maxInFlight, concurrency: Math.min(maxInFlight, MOST_AT_ONCE) };
  const engine = new Engine(toAssignment("deliveries", feed, handler, all));
  return iterate(engine, arrivals, () => unsettled.size);
}

async function* iterate<E extends FeedEvent>(
  engine: Engine,
  arrivals: Arrivals<OwnDelivery<E>>,
  unsettled: () => number,
): AsyncGenerator<OwnDelivery<E>, void, undefined> {
  const forget = onAbort(engine.stopping, () => {
    // What the user's loop was not given yet is not begun any more.
    const dropped = arrivals.drop();
    engine.leave(() => dropped);
  });
  const ended = engine.run();
  ended.then(
    () => arrivals.close(),
    () => arrivals.close(),
  );
  try {
    for (;;) {
      const arrival = await arrivals.next();
      if (arrival === undefined) break;
      yield arrival;
    }
  } finally {
    // What the user's loop left open has nobody to settle it any more: it is not waited for.
    forget();
    engine.leave(unsettled);
    await ended;
  }
}

function toOwnDelivery<E extends FeedEvent>(
  event: E,
  context: HandlerContext<E>,
  settle: (outcome: Outcome) => void,
): OwnDelivery<E> {
  return {
    event,
    delivery: context.delivery,
    attempt: context.attempt,
    get signal() {
      return context.signal;
    },
    ack: () => settle(done()),
    retry: (options) => settle(retry(options)),
    deadLetter: (reason) => settle(deadLetter(reason)),
    drop: (reason) => settle(drop(reason)),
  };
}

/** Hands items from whoever makes them to one reader that waits for them. */
class Arrivals<Item> {
  readonly #items = new Queue<Item>();
  #closed = false;
  #wake: (() => void) | undefined;

  push(item: Item): void {
    this.#items.push(item);
    this.#wake?.();
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  /** Forgets what was not taken yet; gives how many items it was. */
  drop(): number {
    return this.#items.take(this.#items.length).length;
  }

  /** The next item, or `undefined` once closed. */
  async next(): Promise<Item | undefined> {
    while (this.#items.length === 0 && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#closed ? undefined : this.#items.shift();
  }
}
