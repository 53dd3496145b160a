import type { Feed, Receipt } from "../core/feed.ts";
import type { Logger } from "../core/logger.ts";
import { sleep } from "../core/sleep.ts";
import type { Entry } from "./entry.ts";
import type { Window } from "./window.ts";

/**
 * Keeps leased deliveries hidden from other readers while they are open.
 *
 * One timer serves all of them; it runs only while something leased is open.
 */
export class Extender {
  readonly #feed: Feed;
  readonly #window: Window;
  readonly #logger: Logger;
  readonly #over: AbortSignal;
  #running = false;

  constructor(feed: Feed, window: Window, logger: Logger, over: AbortSignal) {
    this.#feed = feed;
    this.#window = window;
    this.#logger = logger;
    this.#over = over;
  }

  /** A delivery was taken into work. */
  watch(entry: Entry): void {
    const { leaseMs } = entry.delivery;
    if (leaseMs === undefined || this.#feed.extend === undefined || this.#running) return;
    this.#running = true;
    void this.#extendWhileOpen(leaseMs);
  }

  async #extendWhileOpen(leaseMs: number): Promise<void> {
    while (!this.#over.aborted) {
      await sleep(leaseMs / 3, this.#over).catch(() => {});
      const receipts = this.#openReceipts();
      if (receipts.length === 0 || this.#over.aborted) break;
      await this.#extend(receipts, leaseMs);
    }
    this.#running = false;
  }

  #openReceipts(): Receipt[] {
    const entries = [...this.#window.openEntries()];
    return entries.map((entry) => entry.receipt).filter((receipt) => receipt !== undefined);
  }

  async #extend(receipts: readonly Receipt[], leaseMs: number): Promise<void> {
    try {
      await this.#feed.extend?.(receipts, leaseMs, { signal: this.#over });
    } catch (error) {
      if (!this.#over.aborted) this.#logger.warn("ackloop: a lease was not extended", { error });
    }
  }
}
