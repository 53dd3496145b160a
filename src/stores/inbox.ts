import { AckloopError, isAckloopError } from "../core/errors.ts";
import type { FeedEvent } from "../core/event.ts";
import type { Delivery, Feed } from "../core/feed.ts";
import type { Logger } from "../core/logger.ts";
import type { Receiver } from "../core/receiver.ts";
import { sleep } from "../core/sleep.ts";
import type { Inbox, InboxEntry } from "../core/stores.ts";
import { checkMs, checkName, checkObject, checkOptions } from "./check.ts";
import { type InboxFeedOptions, inboxFeed, inboxFeedOptionNames } from "./inbox-feed.ts";

/** What {@link inbox} may be told. */
export interface InboxOptions<E extends FeedEvent = FeedEvent> extends InboxFeedOptions<E> {
  /** The name of the entries in the store. @default the receiver's name */
  readonly name?: string | undefined;
  /** How long a request waits for the store before it is deferred, in ms, from 1. @default 10 000 */
  readonly replyTimeoutMs?: number | undefined;
  /** Where requests that were deferred are told of. @default nowhere */
  readonly logger?: Logger | undefined;
}

/** A webhook that stores first, and the feed that its events come out of. */
export interface InboxEnds<E extends FeedEvent = FeedEvent> {
  /**
   * Takes one request of the provider: reads it, stores its events, and then answers.
   *
   * A 2xx says that every event of the request is stored durably. While the store is away, full or too
   * slow, the answer tells the provider to send again.
   *
   * @throws {AckloopError} `config` and other errors of the store that no waiting will mend: the
   * framework answers 500, and the provider sends again.
   */
  readonly fetch: (request: Request) => Promise<Response>;
  /** What workers consume, in this process or in others. */
  readonly feed: Feed<E>;
}

const deferMs = 5000;

/**
 * Puts an inbox between a provider that calls us and the loop.
 *
 * @example
 * const { fetch, feed } = inbox(stores.inbox, receiver);
 * export const POST = fetch;            // the web server
 * await consume(feed, handlers);        // any number of workers
 */
export function inbox<E extends FeedEvent>(
  store: Inbox,
  receiver: Receiver<E>,
  options: InboxOptions<E> = {},
): InboxEnds<E> {
  checkObject("inbox", "store", store);
  checkObject("inbox", "receiver", receiver);
  checkOptions("inbox", options, [...inboxFeedOptionNames, "name", "replyTimeoutMs", "logger"]);
  const { name = receiver.name, replyTimeoutMs = 10_000, logger, ...feedOptions } = options;
  checkName("inbox", "name", name);
  checkMs("inbox", "replyTimeoutMs", replyTimeoutMs);

  return {
    feed: inboxFeed<E>(store, name, { events: receiver.events, ...feedOptions }),
    async fetch(request) {
      const received = await receiver.receive(request);
      if (received.kind === "answered") return received.response;
      try {
        await addWithin(store, name, received.deliveries.map(toEntry), replyTimeoutMs);
      } catch (error) {
        if (!isAckloopError(error) || !error.retryable) throw error;
        logger?.warn(`inbox ${name}: a request was deferred`, { error: error.message });
        return receiver.defer(error.retryAfterMs ?? deferMs);
      }
      return receiver.accept();
    },
  };
}

/** Adds, or gives up in time: what is stored all the same is known again when it is sent again. */
async function addWithin(
  store: Inbox,
  name: string,
  entries: readonly InboxEntry[],
  timeoutMs: number,
): Promise<void> {
  if (entries.length === 0) return;
  const adding = store.add(name, entries);
  const added = new AbortController();
  const timeout = sleep(timeoutMs, added.signal).then(() => {
    throw new AckloopError("timeout", `the store gave no answer in ${timeoutMs} ms`, {
      provider: "inbox",
      operation: "add",
      retryable: true,
      outcomeUnknown: true,
    });
  });
  try {
    await Promise.race([adding, timeout]);
  } finally {
    added.abort();
  }
}

function toEntry(delivery: Delivery): InboxEntry {
  const { raw } = delivery;
  if (delivery.unreadable) {
    const { message, path } = delivery.unreadable;
    return { raw, unreadable: { message, path } };
  }
  return { raw, event: delivery.event, ...(delivery.idDerived && { idDerived: true }) };
}
