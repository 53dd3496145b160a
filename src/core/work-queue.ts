import type { FeedEvent } from "./event.ts";
import type { CallOptions, Feed, ReadableDelivery } from "./feed.ts";

/** For how long the acks of a worker wait for others: a queue takes many for what one costs. */
const ACK_GROUP_MS = 20;

/** The `ackGroupMs` of a queue's feed: never long enough that a lease ends meanwhile. */
export const ackGroupOf = (leaseMs: number): number => Math.min(ACK_GROUP_MS, leaseMs / 10);

/** What a caller may say of the feed of a {@link WorkQueue}; each queue may take more. */
export interface WorkQueueFeedOptions {
  /** The workers' name, as the option `consumer` of every verb, which may then be left out. */
  readonly consumer?: string | undefined;
}

/**
 * A queue of one's own between a provider's queue, which has one reader, and any number of workers: a
 * relay writes to it, and its feed is consumed like any other.
 */
export interface WorkQueue {
  /** Stable over restarts, and unique. It is the name of its feed. */
  readonly name: string;
  /** Into how many parts it is divided, where it keeps the order of each key; absent where it keeps none. */
  readonly partitions?: number | undefined;
  /**
   * Stores events, each with its `raw`, in their order, and ends when all are stored durably.
   *
   * Laws:
   * - An event whose `source` and `id` were stored lately is not stored again; for how long that is known
   *   is the queue's to say. One with a derived id always is.
   * - When it rejects, any of them may be stored; with partitions none behind one of its key that is not.
   * - It rejects with `config` for an event that cannot be stored, and with anything else while the queue is
   *   full, away or not what it must be: a relay waits for it.
   */
  send(deliveries: readonly ReadableDelivery[], options?: CallOptions): Promise<void>;
  /** What waits in the queue, for any number of workers: each event is with one of them at a time. */
  feed<E extends FeedEvent = FeedEvent>(options?: WorkQueueFeedOptions): Feed<E>;
}
