import type { FeedEvent } from "../core/event.ts";
import type { Delivery, Receipt } from "../core/feed.ts";
import type { AnyHandler } from "./route.ts";

/** One delivery on its way through the loop: the loop's own notes about it. */
export interface Entry {
  /** What tells it apart in this run: the event's id, or something unique where that is derived. */
  readonly id: string;
  /** As it came first. */
  readonly delivery: Delivery;
  /** What an ack needs now: a redelivery brings a newer one. */
  receipt: Receipt | undefined;
  /** The positions it has in a cumulative feed; a redelivery adds one. */
  readonly positions: number[];
  /** The key that orders it. */
  key?: string | number | undefined;
  /** What making its key threw; of no account where the event is not valid anyway. */
  keyFailure?: { readonly error: unknown } | undefined;
  /** `open` until its outcome is final; `acked` while a pull begun earlier may still bring it. */
  state: "open" | "settled" | "acked";
  /** The event as its handler gets it: known, and valid. */
  event: FeedEvent | undefined;
  /** Its handler; absent before it was routed, and for batches. */
  handler: AnyHandler | undefined;
  /** How often a handler was started with it. */
  attempts: number;
  /** The mark in the dedupe store, while the event is this run's. */
  mark: string | undefined;
  /** How often its ack was refused for a reason that repeating does not mend. */
  refusals: number;
  /** When it came, for whoever asks what holds the window. */
  readonly openedAt: number;
}

/** Makes the notes for a delivery that is new. */
export function toEntry(id: string, delivery: Delivery): Entry {
  return {
    id,
    delivery,
    receipt: delivery.receipt,
    positions: [],
    key: undefined,
    keyFailure: undefined,
    state: "open",
    event: undefined,
    handler: undefined,
    attempts: 0,
    mark: undefined,
    refusals: 0,
    openedAt: Date.now(),
  };
}
