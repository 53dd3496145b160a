import { onAbort, reasonOf } from "../core/abort.ts";
import { AckloopError } from "../core/errors.ts";
import type { FeedEvent } from "../core/event.ts";
import type { ReadableDelivery } from "../core/feed.ts";
import { toFailure } from "../core/guard.ts";
import type { TableOf } from "../core/options.ts";
import { checkOptions, milliseconds, whole } from "../core/options.ts";
import type { WorkQueue } from "../core/work-queue.ts";
import { toLog } from "./engine/report.ts";
import { Service } from "./engine/service.ts";
import type { Troubled } from "./engine/voice.ts";
import { Voice } from "./engine/voice.ts";
import type { BatchHandler, BatchOptions, HandlerContext, RelayContext } from "./handler.ts";
import { batchParts } from "./handler.ts";
import { checkSourceName } from "./options.ts";
import type { Outcome } from "./outcome.ts";
import { done } from "./outcome.ts";

/** The options of `relay`. */
export interface RelayOptions {
  /** The most events that are sent with one call, 1-10 000. @default 100 */
  readonly size?: BatchOptions["size"] | undefined;
  /** How long the first event waits for more, in ms, 0-60 000; not where no more can come. @default 10 */
  readonly maxWaitMs?: BatchOptions["maxWaitMs"];
  /** How long the queue may take to answer one call, in ms; then it is asked again. @default 30 000 */
  readonly callTimeoutMs?: number | undefined;
}

const relayTable = {
  size: whole(1, 10_000).or(100),
  maxWaitMs: milliseconds(0, 60_000).or(10),
  callTimeoutMs: milliseconds(1).or(30_000),
} satisfies TableOf<RelayOptions>;

/** The first and the longest wait before a queue is asked again that took nothing, in ms. */
const WAITS = Object.freeze({ minMs: 100, maxMs: 30_000 });

const SEND = { what: "send" };
const QUEUE: Troubled = ["the queue", "nothing that it has not stored is acknowledged; "];

/** A handler that passes events on: a batch for `consume`, `drain` and `redrive`, one event for `webhook`. */
export interface Relay extends BatchHandler<FeedEvent> {
  /** Passes one event on. */
  (event: FeedEvent, context: HandlerContext): Promise<Outcome>;
}

/**
 * Makes a handler that passes events on to a queue of yours: the feed is read by one relay, and the
 * handlers run wherever the queue's own feed is consumed.
 *
 * **Promises**: an event is done when the queue has stored it durably, not before. While the queue is full
 * or away, the relay asks it again, with growing waits and a line in the log; no attempt is counted, nothing
 * is acknowledged, and no more is pulled than the run may hold. An event that cannot be stored fails alone,
 * by attempts and dead letters as with any handler.
 *
 * Every event is passed on as it came, whatever its type; the schemas are asked where it is handled. What
 * cannot be read has no event to pass on: the option `unprocessable` of the run says what becomes of it.
 *
 * A run with a relay takes no `handlerTimeoutMs`, which would count attempts while the queue is away.
 *
 * @example
 * ```ts
 * import { consume, relay } from "ackloop";
 * import { inboxQueue } from "ackloop/stores";
 *
 * const queue = inboxQueue(stores.inbox, "orders");
 * // In one process. A second one waits until the first has ended.
 * await consume(feed, relay(queue), { consumer: "relay", lease: { store: stores.leases } });
 * // In as many others as are needed.
 * await consume(queue.feed({ consumer: "billing" }), bookOrder);
 * ```
 *
 * @throws {AckloopError} `config` for a wrong argument, at once.
 */
export function relay(queue: WorkQueue, options: RelayOptions = {}): Relay {
  if (typeof queue?.send !== "function") {
    throw new AckloopError("config", "relay: the first argument must be a queue: it has `send`");
  }
  checkSourceName("relay", "queue", queue.name);
  const { size, maxWaitMs, callTimeoutMs } = checkOptions("relay", options, relayTable);
  const sender = new Sender(queue, callTimeoutMs);
  const one = async (_: FeedEvent, context: HandlerContext): Promise<Outcome> =>
    sender.inOrder(() => sender.send([context.delivery], context));
  const parts: BatchHandler<FeedEvent>[typeof batchParts] = {
    size,
    maxWaitMs,
    takesAll: true,
    handleBatch: (_, context: RelayContext) =>
      sender.inOrder(() => sender.sendAll(context.deliveries, context)),
  };
  return Object.freeze(Object.assign(one, { [batchParts]: Object.freeze(parts) }));
}

/** Where a send may look whether its time is over, and tell of failures. */
type Sending = Pick<RelayContext, "signal" | "stopping" | "logger">;

/** How long a queue is asked again: a run that stops waits for the call that is on its way, and for no other. */
class Patience {
  readonly #stopping: AbortSignal | undefined;
  readonly #over = new AbortController();
  readonly #forgets: readonly (() => void)[];
  #isAsking = false;

  constructor({ signal, stopping }: Sending) {
    this.#stopping = stopping;
    this.#forgets = [
      onAbort(signal, () => this.#over.abort(signal.reason)),
      onAbort(stopping, () => this.#look()),
    ];
    if (signal.aborted) this.#over.abort(signal.reason);
    this.#look();
  }

  /** Fires when it is not asked again. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** Makes one call, whose time is over when `own` fires. */
  async during<Value>(own: AbortSignal, call: () => Promise<Value>): Promise<Value> {
    this.#isAsking = true;
    const fail = (): void => {
      this.#isAsking = false;
      this.#look();
    };
    const forget = onAbort(own, fail);
    try {
      return await call();
    } catch (thrown) {
      fail();
      throw thrown;
    } finally {
      forget();
    }
  }

  forget(): void {
    for (const forget of this.#forgets) forget();
  }

  #look(): void {
    if (this.#stopping?.aborted && !this.#isAsking) this.#over.abort(this.#stopping.reason);
  }
}

/** Writes to one queue, and waits for it while it takes nothing. */
class Sender {
  readonly #queue: WorkQueue;
  readonly #service: Service;
  #voice: Voice | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(queue: WorkQueue, limitMs: number) {
    this.#queue = queue;
    this.#service = new Service({
      name: queue.name,
      bounds: WAITS,
      limitMs,
      onFailed: (error, delayMs) => {
        // An event that cannot be stored is its attempt's to tell of.
        if (toFailure(error, SEND).code !== "config")
          this.#voice?.failed(QUEUE, { error, delayMs });
      },
      onBack: () => this.#voice?.works(QUEUE),
    });
  }

  /** @throws What the queue says of these events, or why there was no time. */
  async send(deliveries: readonly ReadableDelivery[], sending: Sending): Promise<Outcome> {
    const { logger } = sending;
    this.#voice ??= new Voice(toLog(logger, { feed: this.#queue.name }));
    const patience = new Patience(sending);
    try {
      const sent = await this.#service.ask(SEND.what, patience.over, (own) =>
        patience.during(own, () => this.#queue.send(deliveries, { signal: own })),
      );
      if (sent === undefined) throw reasonOf(patience.over);
      return done();
    } finally {
      patience.forget();
    }
  }

  /** Where the queue keeps an order, one call begins when the one before has ended. */
  inOrder<Value>(send: () => Promise<Value>): Promise<Value> {
    if (this.#queue.partitions === undefined) return send();
    const sent = this.#last.then(send);
    this.#last = sent.catch(() => {});
    return sent;
  }

  /** Where they cannot be stored together, each is sent alone, so that one that is bad fails alone. */
  async sendAll(
    deliveries: readonly ReadableDelivery[],
    sending: Sending,
  ): Promise<Outcome | Promise<Outcome>[]> {
    try {
      return await this.send(deliveries, sending);
    } catch (error) {
      const isOver = sending.signal.aborted || sending.stopping?.aborted === true;
      if (deliveries.length === 1 || isOver) throw error;
      const alone = deliveries.map((delivery) => () => this.send([delivery], sending));
      if (this.#queue.partitions === undefined) return alone.map((send) => send());
      const outcomes: Promise<Outcome>[] = [];
      for (const send of alone) {
        const outcome = send();
        outcomes.push(outcome);
        await outcome.catch(() => {});
      }
      return outcomes;
    }
  }
}
