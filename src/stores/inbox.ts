import { entryOf } from "../core/entry.ts";
import { toErrorFacts } from "../core/error-facts.ts";
import { isAckloopError } from "../core/errors.ts";
import type { FeedEvent } from "../core/event.ts";
import type { Feed } from "../core/feed.ts";
import { ask } from "../core/guard.ts";
import { Intake } from "../core/intake.ts";
import type { Logger } from "../core/logger.ts";
import { consoleLogger, silent } from "../core/logger.ts";
import { checkOptions, name as nameRule, orFalse, whole, withMethods } from "../core/options.ts";
import type { Receiver } from "../core/receiver.ts";
import { Seldom } from "../core/seldom.ts";
import type { Inbox, InboxEntry } from "../core/stores.ts";
import { onOneLine } from "../core/words.ts";
import { anObject, checkArgument, timerMs } from "./check.ts";
import { type InboxFeedOptions, inboxFeed, inboxFeedRules } from "./inbox-feed.ts";

/** What {@link inbox} may be told. */
export interface InboxOptions<E extends FeedEvent = FeedEvent> extends InboxFeedOptions<E> {
  /** The name of the entries in the store. @default the receiver's name */
  readonly name?: string | undefined;
  /**
   * How long a request may take from its first byte until it is stored, in ms, from 1; then it is
   * deferred. @default 10 000
   */
  readonly replyTimeoutMs?: number | undefined;
  /**
   * The most requests that are read and stored at once, 1-100 000; one more is deferred before it is read.
   * @default 100
   */
  readonly maxRequests?: number | undefined;
  /**
   * Where requests that were deferred or refused are told of; `false` is silent.
   * @default the receiver's own, or warnings go to the `console`
   */
  readonly logger?: Logger | false | undefined;
}

/** A webhook that stores first, and the feed that its events come out of. */
export interface InboxEnds<E extends FeedEvent = FeedEvent> {
  /**
   * Takes one request of the provider: stores its events, and then answers.
   *
   * A 2xx says that all of them are stored durably. While the store is away, full or too slow, or too many
   * requests come at once, the answer tells the provider to send again. What is no event, such as a
   * liveness check, is answered in any case.
   *
   * @throws {AckloopError} `config` and other errors of the store that no waiting will mend: the
   * framework answers 500, and the provider sends again.
   */
  readonly fetch: (request: Request) => Promise<Response>;
  /** What workers consume, in this process or in others. */
  readonly feed: Feed<E>;
}

const deferMs = 5000;

const inboxRules = {
  name: nameRule,
  replyTimeoutMs: timerMs.or(10_000),
  maxRequests: whole(1, 100_000).or(100),
  logger: orFalse(withMethods<Logger>("warn")),
};

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
  checkArgument("inbox", "store", store, anObject);
  checkArgument("inbox", "receiver", receiver, anObject);
  const settings = checkOptions("inbox", options, { ...inboxFeedRules, ...inboxRules });
  const { name = receiver.name, events = receiver.events, leaseMs, pollMs } = settings;
  const { replyTimeoutMs, maxRequests } = settings;
  const logger = settings.logger === false ? silent : settings.logger;
  const seldom = new Seldom();
  let storing = 0;
  const intake = new Intake({
    receiver,
    limitMs: replyTimeoutMs,
    mayRead: (reading) => reading + storing < maxRequests,
    logger,
  });

  const keep = async (entries: readonly InboxEntry[], limitMs: number): Promise<Response> => {
    // What is stored although no answer came in time is known again when it is sent again.
    const asking = { what: "add", whom: "inbox", limitMs };
    const added = await ask(asking, () => store.add(name, entries));
    if (added.kind !== "failed") return receiver.accept();
    const error = added.thrown ?? added.error;
    if (!isAckloopError(error) || !error.retryable) throw error;
    const what = `ackloop: ${name}: a request could not be stored: ${error.message}`;
    const text = onOneLine(`${what}; the sender was told to send it again`);
    const details = { feed: name, error: toErrorFacts(error) };
    seldom.warn(logger ?? receiver.logger ?? consoleLogger, text, details, "defer");
    return receiver.defer(error.retryAfterMs ?? deferMs);
  };

  return {
    feed: inboxFeed<E>(store, name, { events, leaseMs, pollMs }),
    async fetch(request) {
      const endsAt = performance.now() + replyTimeoutMs;
      const received = await intake.take(request);
      if (received?.kind === "answered") return received.response;
      if (received === undefined || storing >= maxRequests) return receiver.defer(deferMs);
      const entries = received.deliveries.map(entryOf);
      if (entries.length === 0) return receiver.accept();
      storing += 1;
      try {
        return await keep(entries, Math.max(0, endsAt - performance.now()));
      } finally {
        storing -= 1;
      }
    },
  };
}
