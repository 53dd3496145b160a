import { entryOf } from "../core/entry.ts";
import { AckloopError, isAckloopError } from "../core/errors.ts";
import type { FeedEvent } from "../core/event.ts";
import type { Feed } from "../core/feed.ts";
import { checkOptions, name as nameRule } from "../core/options.ts";
import type { Inbox } from "../core/stores.ts";
import type { WorkQueue, WorkQueueFeedOptions } from "../core/work-queue.ts";
import { anObject, checkArgument } from "./check.ts";
import { type InboxFeedOptions, inboxFeed } from "./inbox-feed.ts";

/** What the feed of {@link inboxQueue} may be told. */
export interface InboxQueueFeedOptions<E extends FeedEvent = FeedEvent>
  extends InboxFeedOptions<E>,
    WorkQueueFeedOptions {}

/** A queue in an inbox. */
export interface InboxQueue extends WorkQueue {
  /**
   * What waits in the queue, as {@link inboxFeed} reads it, for any number of workers in any number of
   * processes.
   *
   * @throws {AckloopError} `config` for a wrong option, at once.
   */
  feed<E extends FeedEvent = FeedEvent>(options?: InboxQueueFeedOptions<E>): Feed<E>;
}

/**
 * Makes a queue for a relay and its workers of an inbox: in a SQLite file between the processes of one
 * machine, in PostgreSQL between machines.
 *
 * **Delivery and acknowledgement** are those of {@link inboxFeed}. An event that was stored in the time of
 * the store's `inboxRetentionMs` is not stored again. A queue that holds `inboxMaxEntries` takes no more
 * until workers have finished some.
 *
 * @example
 * const queue = inboxQueue(stores.inbox, "orders");
 * await consume(shop.feed(queueCode), relay(queue), { consumer: "relay" });       // one process
 * await consume(queue.feed({ consumer: "billing" }), handlers);                   // any number of them
 *
 * @throws {AckloopError} `config` for a wrong argument, at once; calls reject with the store's errors.
 */
export function inboxQueue(inbox: Inbox, name: string): InboxQueue {
  checkArgument("inboxQueue", "inbox", inbox, anObject);
  checkArgument("inboxQueue", "name", name, nameRule);
  return {
    name,
    send: (deliveries, call) =>
      inbox.add(name, deliveries.map(entryOf), call).catch((error: unknown) => {
        // What the database refuses for good, such as an id that no index can hold, is refused each time.
        if (!isAckloopError(error) || error.code !== "request") throw error;
        throw new AckloopError("config", error.message, { operation: "send", cause: error });
      }),
    feed({ consumer, ...options } = {}) {
      checkOptions("feed", { consumer }, { consumer: nameRule });
      return { ...inboxFeed(inbox, name, options), ...(consumer !== undefined && { consumer }) };
    },
  };
}
