import type { AckloopError } from "./errors.ts";
import type { EventCatalogue, FeedEvent } from "./event.ts";

declare const receiptBrand: unique symbol;

/**
 * What an ack needs, made by a feed and meant for the same feed: opaque to everybody else. Another value for
 * an event that is held may stand for a second message: both are acknowledged. The same value for several
 * deliveries of one page is acknowledged once, when all of them are settled.
 *
 * Never parsed, compared, computed with or made by a user or by the loop. It stays valid for a new
 * feed object of the same name in another process only where the feed says so.
 */
export interface Receipt {
  readonly [receiptBrand]: "receipt";
}

/**
 * Makes a receipt of a feed's own value. For authors of feeds only.
 *
 * @example
 * ```ts
 * import { fromReceipt, toReceipt } from "ackloop";
 *
 * const receipt = toReceipt({ page: 7 });
 * const { page } = fromReceipt<{ page: number }>(receipt);
 * ```
 */
export function toReceipt(value: unknown): Receipt {
  return value as Receipt;
}

/**
 * Gives back the value that {@link toReceipt} was given. For authors of feeds only.
 *
 * @example
 * ```ts
 * import { fromReceipt, toReceipt } from "ackloop";
 *
 * const receipt = toReceipt({ page: 7 });
 * const { page } = fromReceipt<{ page: number }>(receipt);
 * ```
 */
export function fromReceipt<Value>(receipt: Receipt): Value {
  return receipt as unknown as Value;
}

/** What every delivery has, readable or not. */
export interface DeliveryFacts<E extends FeedEvent = FeedEvent> {
  /** What an ack of this delivery needs. Absent where the feed acks at a later delivery only. */
  readonly receipt?: Receipt | undefined;
  /** The provider's object as it came, unknown fields included. */
  readonly raw: unknown;
  /**
   * What tells the delivery apart, where the feed knows it and the event does not say it: of an item
   * that has an id and cannot be read, of a dead letter, of an event whose id may be another's as well.
   * @default what the event says
   */
  readonly identity?: string | undefined;
  /** Which delivery of this event it is, from 1, where the provider tells. */
  readonly attempt?: number | undefined;
  /** For how long, in ms, pulling hid the event from other readers. Absent or 0: it is not hidden. */
  readonly leaseMs?: number | undefined;
  /**
   * Reads the delivery anew from the text that the wire brought, so that whatever a handler did to the
   * event is undone: the loop asks before an attempt that is not the first, and for a dead letter.
   *
   * Another event, by source and id, is not taken for this one. A feed that cannot do it leaves it out;
   * its plain events are then copied before each attempt, and instances of a class are handed on as they are.
   */
  again?(): Delivery<E>;
}

/** A delivery whose event could be read. */
export interface ReadableDelivery<E extends FeedEvent = FeedEvent> extends DeliveryFacts<E> {
  /** The event. */
  readonly event: E;
  /** True where the id was made from the content; such an id never suppresses a delivery. */
  readonly idDerived?: true | undefined;
  readonly unreadable?: undefined;
}

/** What came in the place of an event and could not be read. */
export interface UnreadableDelivery extends DeliveryFacts<never> {
  /** Why, a `schema` error that names the path. */
  readonly unreadable: AckloopError;
  readonly event?: undefined;
}

/** One event as it came, with what its ack needs; or what came in its place. */
export type Delivery<E extends FeedEvent = FeedEvent> = ReadableDelivery<E> | UnreadableDelivery;

/** What a pull brought, where there is more to say of it than its deliveries. */
export interface Page<E extends FeedEvent = FeedEvent> {
  /** The deliveries, in the provider's order; an empty list when there was nothing for this feed. */
  readonly deliveries: readonly Delivery<E>[];
  /**
   * Cumulative feeds only: the feed has moved on to here, also where nothing behind the last delivery
   * was for it. The loop reads on from here, and acknowledges it when all before it is settled.
   *
   * With an empty page only where it has moved, or the same value: behind one that says that there is
   * `more` the next is asked for at once, twenty times in a row, and without end while a cursor moves; a drain
   * looks behind one that has moved and says nothing of that too, and takes the twentieth for the end.
   */
  readonly receipt?: Receipt | undefined;
  /** False: that was the last for now. True: there is more, also where this page is empty. */
  readonly more?: boolean | undefined;
  /** How long the page's text was, in bytes, for the limit `maxInFlightBytes`. */
  readonly bytes?: number | undefined;
}

/** What a caller may say with a single call. */
export interface CallOptions {
  /** Cuts the call; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What a caller may say with a pull. */
export interface PullOptions extends CallOptions {
  /**
   * How many deliveries are wanted, from 1. A wish: a provider's maximum clamps it, and a feed never
   * returns the part of a page that has no receipt. @default the provider's page
   */
  readonly limit?: number | undefined;
  /** How long the provider may hold the request, in ms; ignored where it cannot. @default 0 */
  readonly waitMs?: number | undefined;
  /** Cumulative `onward` feeds only: read on after this receipt. Absent: from the acknowledged place. */
  readonly after?: Receipt | undefined;
  /** Only where `acksOnPull`: acknowledge this receipt with the same request. */
  readonly ack?: Receipt | undefined;
}

/**
 * A place that events come from.
 *
 * A feed makes requests and decides nothing: no loop, no waiting between polls, no handler, no
 * logging, and no state between calls. `ackloop/testing` holds the kit that proves its laws.
 */
export interface EventSource<E extends FeedEvent = FeedEvent> {
  /** Provider, account or region, channel and queue: stable over restarts, and unique. */
  readonly name: string;
  /**
   * The reader's name under which the feed keeps its place, where it keeps one: the option `consumer` of
   * every verb, which may then be left out.
   */
  readonly consumer?: string | undefined;
  /**
   * What a pull brings while work is open.
   *
   * `"unacked"`: the events that are not acknowledged, those in work included. `"onward"`: what
   * comes after `options.after`, or what no other pull was given.
   */
  readonly pulls: "unacked" | "onward";
  /** The schemas of the event types that the feed knows, as an {@link EventCatalogue}; absent when it knows none. */
  readonly events?: EventCatalogue | undefined;
  /** Whether a pull of an empty feed waits up to `waitMs` for an event. */
  readonly waits?: true | undefined;
  /**
   * Brings the next deliveries.
   *
   * Laws:
   * - It acknowledges nothing unless `options.ack` says so.
   * - What is not acknowledged comes again; what is acknowledged does not.
   * - An empty feed gives an empty list, at once or after `waitMs`.
   * - The order is the provider's. Ids are stable over redelivery.
   * - An event of an unknown type is delivered; an unknown field is kept in `raw`.
   * - A malformed item is one `unreadable` delivery among the good ones.
   * - An aborted signal rejects with its reason and cuts the request.
   * - What it rejects with that is no `AckloopError`, such as a `fetch` that found no network, is a failed
   *   poll whoever threw it: it is asked again with pacing, and ends no run.
   * - Two runs on one feed object share nothing.
   */
  pull(options?: PullOptions): Promise<readonly Delivery<E>[] | Page<E>>;
}

/** What became of one receipt: acknowledged, already gone (which is success), or failed. */
export type AckVerdict =
  | { readonly status: "acked" }
  | { readonly status: "gone" }
  | { readonly status: "failed"; readonly error: AckloopError };

/** One verdict for each receipt, in the order they were given. */
export type AckReport = readonly AckVerdict[];

/** What a caller may say with a nack. */
export interface NackOptions extends CallOptions {
  /** When the event should come again, in ms from now. @default 0, or what the feed's own options say */
  readonly afterMs?: number | undefined;
}

/** Where acknowledgements go. */
export interface AckSink {
  /**
   * What an ack says: `"individual"` is "this one", `"cumulative"` is "everything up to here".
   * (The words of Apache Pulsar.)
   */
  readonly acks: "individual" | "cumulative";
  /** Whether a pull may carry an ack. */
  readonly acksOnPull?: true | undefined;
  /**
   * For how long individual acks may wait for others that share their call, in ms, while handlers are at work:
   * where a call costs much the same for one receipt as for many, and leases are ten times as long. A stop waits
   * for none. From 0 to 1000. (The acknowledgment group time of Apache Pulsar.) @default 0
   */
  readonly ackGroupMs?: number | undefined;
  /**
   * Acknowledges receipts.
   *
   * Laws:
   * - Acknowledging twice, or what is gone already, is success.
   * - One receipt that fails leaves the others unharmed, and has a verdict of its own.
   * - A cumulative feed takes exactly one receipt, and never moves back.
   * - It rejects only when nothing is known of any receipt, or the signal fired.
   */
  ack(receipts: readonly Receipt[], options?: CallOptions): Promise<AckReport>;
  /** Gives events back at once, where the API can. */
  nack?(receipts: readonly Receipt[], options?: NackOptions): Promise<void>;
  /** Hides leased events for `leaseMs` more, in ms from now. */
  extend?(receipts: readonly Receipt[], leaseMs: number, options?: CallOptions): Promise<void>;
  /**
   * Gives back what the feed was about to bring to pulls that were cut, or keeps for a next one, and ends when
   * others can have it. The loop asks once when a run ends, for a second at the most: afterwards a store or a
   * connection may be closed. A feed that holds nothing between calls leaves it out.
   */
  release?(options?: CallOptions): Promise<void>;
}

/**
 * The kinds of feed that there are; no other combination of acks, pulls and abilities is a feed.
 *
 * | `acks` | `pulls` | such as | and may have |
 * | --- | --- | --- | --- |
 * | `individual` | `unacked` | a list of what is unprocessed (Kekker) | |
 * | `individual` | `onward` | a work queue, an inbox | `waits`, `leaseMs`, `attempt`, `nack`, `extend`, `release` |
 * | `cumulative` | `unacked` | pages, the same until acked (Tiki) | `acksOnPull` |
 * | `cumulative` | `onward` | a log with a cursor (Workato) | `waits` |
 *
 * Why the others are none is told in decision 130.
 */
export type FeedKind =
  | {
      readonly acks: "individual";
      readonly pulls: "unacked";
      readonly acksOnPull?: undefined;
      readonly waits?: undefined;
      readonly nack?: undefined;
      readonly extend?: undefined;
      readonly release?: undefined;
    }
  | {
      readonly acks: "individual";
      readonly pulls: "onward";
      readonly acksOnPull?: undefined;
    }
  | {
      readonly acks: "cumulative";
      readonly pulls: "unacked";
      readonly waits?: undefined;
      readonly nack?: undefined;
      readonly extend?: undefined;
      readonly release?: undefined;
    }
  | {
      readonly acks: "cumulative";
      readonly pulls: "onward";
      readonly acksOnPull?: undefined;
      readonly nack?: undefined;
      readonly extend?: undefined;
      readonly release?: undefined;
    };

/**
 * A source and its sink, of one of the kinds that there are: what the loop consumes.
 *
 * A class cannot implement it, since it is one of several: it implements {@link EventSource} and
 * {@link AckSink}, with its `acks` and `pulls` as `readonly` constants, and is one.
 */
export type Feed<E extends FeedEvent = FeedEvent> = EventSource<E> & AckSink & FeedKind;

/** Says why a combination of acks, pulls and abilities is none of a {@link FeedKind}. */
export function whyNoKind(feed: EventSource & AckSink): string | undefined {
  const { acks, pulls, ackGroupMs = 0 } = feed;
  const isQueue = acks === "individual" && pulls === "onward";
  const isPages = acks === "cumulative" && pulls === "unacked";
  const rules: readonly (readonly [boolean, string])[] = [
    [acks === "individual" || acks === "cumulative", '`acks` must be "individual" or "cumulative"'],
    [pulls === "unacked" || pulls === "onward", '`pulls` must be "unacked" or "onward"'],
    [!feed.acksOnPull || isPages, '`acksOnPull` needs acks "cumulative" and pulls "unacked"'],
    [!ackGroupMs || acks === "individual", '`ackGroupMs` needs acks "individual"'],
    [isGroupTime(ackGroupMs), "`ackGroupMs` must be a number from 0 to 1000"],
    [!feed.waits || pulls === "onward", '`waits` needs pulls "onward"'],
    [!feed.nack || isQueue, '`nack` needs acks "individual" and pulls "onward"'],
    [!feed.extend || isQueue, '`extend` needs acks "individual" and pulls "onward"'],
    [!feed.release || isQueue, '`release` needs acks "individual" and pulls "onward"'],
  ];
  return rules.find(([holds]) => !holds)?.[1];
}

const isGroupTime = (ms: unknown): boolean => typeof ms === "number" && ms >= 0 && ms <= 1000;

/** What a pull brought as a page, in whichever of its two forms it came. */
export function toPage<E extends FeedEvent>(pulled: readonly Delivery<E>[] | Page<E>): Page<E> {
  return isList(pulled) ? { deliveries: pulled } : pulled;
}

function isList<E extends FeedEvent>(
  pulled: readonly Delivery<E>[] | Page<E>,
): pulled is readonly Delivery<E>[] {
  return Array.isArray(pulled);
}
