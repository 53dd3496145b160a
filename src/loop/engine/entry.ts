import type { FeedEvent } from "../../core/event.ts";
import type { Delivery, Receipt } from "../../core/feed.ts";
import type { AnyHandler } from "./route.ts";

/** The page that a delivery came with: its weight counts until all of it has left. */
export interface PageWeight {
  /** How long its text was; 0 where the feed does not know it. */
  readonly bytes: number;
  /** How many of its deliveries are still held. */
  held: number;
}

/** A mark in the dedupe store: the event is this run's until then, by both clocks. */
export interface Mark {
  readonly text: string;
  /** By `performance.now`, which stands still while a machine is suspended. */
  untilMono: number;
  /** By `Date.now`, which somebody may set. */
  untilWall: number;
}

/** One delivery on its way through the loop: the loop's own notes about it. */
export interface Entry {
  /** What tells it apart: the event's identity, or a name in a space of its own. */
  readonly identity: string;
  /** As it came first. */
  readonly delivery: Delivery;
  /** The page it came with. */
  readonly page: PageWeight;
  /** When it came, by `performance.now`. */
  readonly openedAt: number;
  /** What an ack needs now: a redelivery brings a newer one. */
  receipt: Receipt | undefined;
  /** Its position in a cumulative feed; a redelivery gives it a later one. */
  position: number;
  /** The positions that it had before. */
  earlier: readonly number[] | undefined;
  /** `open` until its outcome is final; `acked` while a pull begun earlier may still bring it. */
  state: "open" | "settled" | "acked";
  /** The key that orders it. */
  key: string | number | undefined;
  /** Why it has no key although it should; of no account where the event is not valid anyway. */
  keyFailure: string | undefined;
  /** The delivery as its handler gets it: fresh for each attempt, so that none sees what another did. */
  given: Delivery | undefined;
  /** The event as its handler gets it: known, and valid. */
  event: FeedEvent | undefined;
  /** Its handler; absent before it was routed, and for batches. */
  handler: AnyHandler | undefined;
  /** How often a handler was started with it, outages apart. */
  attempts: number;
  /** How often in a row it was found in work elsewhere. */
  busy: number;
  /** Why it is to be given up, once that is certain. */
  verdict: Verdict | undefined;
  /** Whether nothing is left to do with it but to tell the dedupe store. */
  isDone: boolean;
  /** The mark in the dedupe store, while the event is this run's. */
  mark: Mark | undefined;
  /** How often its ack was refused for a reason that repeating does not mend. */
  refusals: number;
}

/** Why an event is given up: its attempts are used up. */
export interface Verdict {
  readonly reason: string;
  readonly code: string | undefined;
  readonly cause: unknown;
}

/** Makes the notes for a delivery that is new. */
export function toEntry(identity: string, delivery: Delivery, page: PageWeight): Entry {
  return {
    identity,
    delivery,
    page,
    openedAt: performance.now(),
    receipt: delivery.receipt,
    position: -1,
    earlier: undefined,
    state: "open",
    key: undefined,
    keyFailure: undefined,
    given: undefined,
    event: undefined,
    handler: undefined,
    attempts: 0,
    busy: 0,
    verdict: undefined,
    isDone: false,
    mark: undefined,
    refusals: 0,
  };
}
