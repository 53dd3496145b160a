import type { Delivery, Feed, Page, Receipt } from "../../core/feed.ts";
import { toPage } from "../../core/feed.ts";

/** What a pull brings, in either of its forms. */
export type Pulled = Awaited<ReturnType<Feed["pull"]>>;

/** The calls of a feed that a wrapper may make in another way. */
export type FeedCalls = Partial<Pick<Feed, "pull" | "ack" | "nack" | "extend" | "release">>;

/**
 * Makes a feed that is another one but for some calls, and its catalogue where one is given.
 *
 * A feed may be an object of a class: its calls are made on itself, and nothing is copied by spreading,
 * which would lose what stands on its prototype.
 */
export function wrapFeed(feed: Feed, calls: FeedCalls, events = feed.events): Feed {
  const { name, consumer, pulls, acks, waits, acksOnPull, ackGroupMs } = feed;
  const { pull, ack, nack, extend, release }: Required<FeedCalls> = {
    pull: (options) => feed.pull(options),
    ack: (receipts, options) => feed.ack(receipts, options),
    nack: async (receipts, options) => await feed.nack?.(receipts, options),
    extend: async (receipts, leaseMs, options) => await feed.extend?.(receipts, leaseMs, options),
    release: async (options) => await feed.release?.(options),
    ...calls,
  };
  const wrapped = {
    name,
    ...(consumer !== undefined && { consumer }),
    pulls,
    acks,
    ...(events && { events }),
    ...(waits && { waits }),
    ...(acksOnPull && { acksOnPull }),
    ...(ackGroupMs && { ackGroupMs }),
    pull,
    ack,
    ...(feed.nack && { nack }),
    ...(feed.extend && { extend }),
    ...(feed.release && { release }),
  };
  // Whatever kind the feed was of, it is still.
  return wrapped as unknown as Feed;
}

/** Makes a page that is another one, its deliveries and its own receipt changed. */
export function mapPage(
  pulled: Pulled,
  change: (delivery: Delivery) => Delivery,
  changeReceipt: (receipt: Receipt) => Receipt = (receipt) => receipt,
): Page {
  const { deliveries, receipt, more, bytes } = toPage(pulled);
  return {
    deliveries: deliveries.map(change),
    ...(receipt !== undefined && { receipt: changeReceipt(receipt) }),
    ...(more !== undefined && { more }),
    ...(bytes !== undefined && { bytes }),
  };
}

/** Makes a delivery that is another one with another receipt, also when it is read anew. */
export function withReceipt(delivery: Delivery, receipt: Receipt | undefined): Delivery {
  const { event, unreadable, idDerived, raw, attempt, leaseMs } = delivery as Delivery & {
    readonly idDerived?: true;
  };
  const facts = {
    ...(event ? { event } : { unreadable }),
    ...(idDerived && { idDerived }),
    raw,
    ...(receipt !== undefined && { receipt }),
    ...(attempt !== undefined && { attempt }),
    ...(leaseMs !== undefined && { leaseMs }),
    ...(delivery.again && { again: () => withReceipt(again(delivery), receipt) }),
  };
  // One of the two is there, as it was.
  return facts as Delivery;
}

function again(delivery: Delivery): Delivery {
  return delivery.again?.() ?? delivery;
}
