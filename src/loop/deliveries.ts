import { onAbort } from "../core/abort.ts";
import type { FeedEvent } from "../core/event.ts";
import type { Feed, ReadableDelivery } from "../core/feed.ts";
import type { TableOf } from "../core/options.ts";
import { checkOptions } from "../core/options.ts";
import { toAssignment } from "./consume.ts";
import { Engine } from "./engine/engine.ts";
import { Queue } from "./engine/queue.ts";
import type { Handler, HandlerContext } from "./handler.ts";
import type { LoopOptions } from "./options.ts";
import { loopTable } from "./options.ts";
import type { Outcome } from "./outcome.ts";
import { deadLetter, done, drop, retry } from "./outcome.ts";

/** The most handlers at once that a run allows. */
const MOST_AT_ONCE = 10_000;

/** One event of {@link deliveries}, to be settled by exactly one of its functions. */
export interface OwnDelivery<E extends FeedEvent = FeedEvent> {
  /** The event: known, and valid by its schema. */
  readonly event: E;
  /** The event as it came, with the provider's own object in `raw`. */
  readonly delivery: ReadableDelivery<E>;
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
  "concurrency" | "maxPerSecond" | "handlerTimeoutMs"
>;

const {
  concurrency: _concurrency,
  maxPerSecond: _maxPerSecond,
  handlerTimeoutMs: _handlerTimeoutMs,
  ...ownTable
} = loopTable;
const deliveriesTable = ownTable satisfies TableOf<DeliveriesOptions>;

/** A loop of one's own over a feed's events. It can be left at any time, also while it waits for one. */
export interface Deliveries<E extends FeedEvent = FeedEvent>
  extends AsyncIterableIterator<OwnDelivery<E>>,
    AsyncDisposable {
  /** Stops the run, also while a `next` is waiting, which then ends too. */
  return(): Promise<IteratorResult<OwnDelivery<E>>>;
}

/**
 * Gives a feed's events to a loop of one's own.
 *
 * Settling is local and resolves at once; the same promises hold as for `consume`. Leaving the loop,
 * by `break`, `return` or a throw, stops the run: what is settled is acknowledged, what is not comes
 * again. A second settlement of one delivery is nothing. Nothing is pulled before the first `next`; with
 * `dedupe` an event is begun when a `next` asks for it.
 *
 * @throws {AckloopError} `config` for a wrong option, at once. The iteration throws what halted it.
 * @example
 * ```ts
 * import { deliveries } from "ackloop";
 *
 * for await (const { event, ack, retry } of deliveries(feed, { deadLetters: stores.deadLetters })) {
 *   const response = await fetch("https://shop.example/orders", { method: "POST", body: event.data.code });
 *   if (response.ok) ack();
 *   else retry({ afterMs: 5_000 });
 * }
 * ```
 */
export function deliveries<E extends FeedEvent>(
  feed: Feed<E>,
  options: DeliveriesOptions<E> = {},
): Deliveries<E> {
  return new OwnLoop(feed, options);
}

/** One run whose handler hands each event to the user's own loop, and waits for its settlement. */
class OwnLoop<E extends FeedEvent> implements Deliveries<E> {
  readonly #engine: Engine;
  readonly #arrived = new Queue<OwnDelivery<E>>();
  readonly #waiting = new Queue<(isOver: boolean) => void>();
  /** What the user's loop was given, or waits to be, and has not settled. */
  readonly #unsettled = new Set<OwnDelivery<E>>();
  #ended: Promise<unknown> | undefined;
  #isOver = false;

  constructor(feed: Feed<E>, options: DeliveriesOptions<E>) {
    const { maxInFlight = 200 } = checkOptions("deliveries", options, deliveriesTable);
    const concurrency = Math.min(maxInFlight, MOST_AT_ONCE);
    const all = { ...options, maxInFlight, concurrency };
    const handler: Handler<E> = (event, context) => this.#hand(event, context);
    const assignment = toAssignment("deliveries", feed, handler, all);
    // What nobody asks for yet is not begun: a start would count that never was.
    const isWanted = (running: number): boolean =>
      running < this.#unsettled.size + this.#waiting.length;
    this.#engine = new Engine({ ...assignment, isWanted: options.dedupe && isWanted });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<OwnDelivery<E>>> {
    if (!this.#isOver) this.#start();
    while (!this.#isOver && this.#arrived.length === 0) {
      await new Promise<boolean>((resolve) => {
        this.#waiting.push(resolve);
        this.#engine.wake();
      });
    }
    const value = this.#isOver ? undefined : this.#arrived.shift();
    if (value !== undefined) return { done: false, value };
    await this.#ended;
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<OwnDelivery<E>>> {
    this.#leave();
    await this.#ended;
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<IteratorResult<OwnDelivery<E>>> {
    await this.return();
    throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #start(): void {
    if (this.#ended) return;
    // What the user's loop was not given yet is not begun any more once the run stops by itself.
    onAbort(this.#engine.stopping, () => {
      for (const delivery of this.#arrived.take(this.#arrived.length)) delivery.retry();
    });
    this.#ended = this.#engine.run();
    const end = (): void => this.#close();
    this.#ended.then(end, end);
  }

  /** What the loop left open has nobody to settle it any more: it comes again, as a stop fails nothing. */
  #leave(): void {
    this.#close();
    if (this.#ended) this.#engine.stop("signal");
    for (const delivery of this.#unsettled) delivery.retry();
  }

  #close(): void {
    this.#isOver = true;
    for (const wake of this.#waiting.take(this.#waiting.length)) wake(true);
  }

  #hand(event: E, context: HandlerContext<E>): Promise<Outcome> {
    return new Promise((resolve) => {
      const settle = (outcome: Outcome): void => {
        this.#unsettled.delete(delivery);
        resolve(outcome);
      };
      const delivery = toOwnDelivery(event, context, settle);
      this.#unsettled.add(delivery);
      this.#arrived.push(delivery);
      this.#waiting.shift()?.(false);
    });
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
