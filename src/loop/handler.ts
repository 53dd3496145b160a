import type { EventOfType, FeedEvent } from "../core/event.ts";
import type { ReadableDelivery } from "../core/feed.ts";
import type { Logger } from "../core/logger.ts";
import type { EventOf } from "../core/receiver.ts";
import type { Outcome } from "./outcome.ts";

/**
 * What a handler may return: an {@link Outcome}, or nothing or any object, which is done; now or later.
 *
 * What may be meant as something that the loop cannot know does not compile: a number, a text or a
 * boolean; nor does what may hold work that is not over: a list, an iterator, a function. What is not
 * known to the compiler, such as what a promise gives, is looked at when it comes: the promises in a list
 * are waited for; an iterator or a function, which nobody would run, is a failed attempt.
 */
export type HandlerResult =
  | void
  | null
  | PromiseLike<unknown>
  | (object & {
      // No promise, list, iterator or function in another's guise.
      readonly then?: undefined;
      readonly [Symbol.iterator]?: undefined;
      readonly [Symbol.asyncIterator]?: undefined;
      readonly apply?: undefined;
    });

/** What a handler gets besides the event. */
export interface HandlerContext<E extends FeedEvent = FeedEvent> {
  /**
   * Fires when the handler should end: at a stop, when a lease is lost, after `handlerTimeoutMs`.
   * Once it has fired, return an outcome such as `done()` or `drop()`: a bare return then says nothing, and
   * the event stays unsettled; after `handlerTimeoutMs` it is a failed attempt.
   *
   * It is made when it is read, and a spread does not read it: `{ ...context, signal: context.signal }`.
   */
  readonly signal: AbortSignal;
  /** Which attempt of this run it is, from 1. */
  readonly attempt: number;
  /** The event as it came, with the provider's own object in `raw`. */
  readonly delivery: ReadableDelivery<E>;
  /** The run's logger. */
  readonly logger: Logger;
  /**
   * With the option `dedupe`: remembers the event as done inside the store's own transaction, so that
   * it commits together with the handler's effect. False: another run has the event; roll back, and the
   * loop waits for the other one whatever the handler returns.
   *
   * @throws {AckloopError} `config` where no dedupe store is set, or the event's id was made from its content,
   * which no dedupe goes by; what the store refuses, such as a transaction that is not open.
   */
  finish(transaction: unknown): Promise<boolean>;
}

/** Handles one event. Returning is done, throwing is a failed attempt; or it returns an outcome. */
export type Handler<E extends FeedEvent = FeedEvent> = (
  event: E,
  context: HandlerContext<E>,
) => HandlerResult;

/**
 * The handler of a feed's events, or of one type of them, for a function that is written apart from its
 * verb: `const onOrder: HandlerOf<typeof feed, "ORDER_CREATED_SUCCESSFULLY"> = async (event) => { … }`.
 */
export type HandlerOf<
  Source,
  Type extends EventOf<Source>["type"] = EventOf<Source>["type"],
> = Handler<EventOfType<EventOf<Source>, Type>>;

/**
 * Handlers by event type; `other` takes every type without a handler of its own.
 *
 * A feed whose types are not known to the compiler takes `other` alone. In a function of one's own over
 * any feed (`<E extends FeedEvent>(feed: Feed<E>)`) it is written `other: (event: FeedEvent) => …`.
 */
export type HandlerMap<E extends FeedEvent> =
  | { readonly other: Handler<FeedEvent> }
  | (string extends E["type"]
      ? never
      : { readonly [Type in E["type"]]?: Handler<EventOfType<E, Type>> | undefined } & {
          readonly other?: Handler<FeedEvent> | undefined;
        });

/** What a batch handler gets besides the events. */
export interface BatchContext<E extends FeedEvent = FeedEvent> {
  /** As in {@link HandlerContext}. */
  readonly signal: AbortSignal;
  /** The deliveries of the events, in the same order. */
  readonly deliveries: readonly ReadableDelivery<E>[];
  /** The run's logger. */
  readonly logger: Logger;
}

/** What the loop gives a relay besides. */
export interface RelayContext extends BatchContext {
  /** Fires when the run begins to stop, long before `signal`: asking again is of no use any more. */
  readonly stopping?: AbortSignal | undefined;
}

/**
 * What a batch handler may return: a list with one {@link Outcome} or `undefined` for each event, in
 * order, or what a {@link Handler} may return, which stands for all: nothing means that all are done. A
 * list of outcomes that are not as many as the events is a failed attempt of all.
 */
export type BatchResult = HandlerResult | readonly (Outcome | null | undefined)[];

/** How batches are made. */
export interface BatchOptions {
  /** The most events in one call, 1-10 000. */
  readonly size: number;
  /**
   * How long the first event of a batch waits for more, in ms, 0-60 000. A batch goes out earlier when
   * no more can come. @default 100
   */
  readonly maxWaitMs?: number | undefined;
}

/** Handles many events with one call. */
export type HandleBatch<E extends FeedEvent = FeedEvent> = (
  events: readonly E[],
  context: BatchContext<E>,
) => BatchResult;

/** What a {@link BatchHandler} is made of. */
export interface BatchParts<E extends FeedEvent = FeedEvent> {
  /** The most events in one call. */
  readonly size: number;
  /** How long the first event waits for more, in ms. */
  readonly maxWaitMs: number;
  /** Whether every event is taken as it came, of whatever type, and no schema is asked. @default false */
  readonly takesAll?: true | undefined;
  /** Handles the events. */
  readonly handleBatch: HandleBatch<E>;
}

/** Where a batch handler has its parts: one made by another copy of this package is one too. */
export const batchParts: unique symbol = Symbol.for("ackloop.batch") as never;

/** A handler of many events at once, made by `batch` or `relay`. */
export interface BatchHandler<E extends FeedEvent = FeedEvent> {
  /** What it is made of; for the loop alone. */
  readonly [batchParts]: BatchParts<E>;
}

/** What the verbs take as handlers: a map by event type, one function, or a batch handler. */
export type Handlers<E extends FeedEvent> = HandlerMap<E> | Handler<E> | BatchHandler<E>;
