import { abortable } from "../core/abort.ts";
import { AckloopError } from "../core/errors.ts";
import type { EventCatalogue, FeedEvent } from "../core/event.ts";
import { type Delivery, type Feed, fromReceipt, type Receipt, toReceipt } from "../core/feed.ts";
import { checkOptions, name as nameRule, Rule, whole } from "../core/options.ts";
import type { Inbox, InboxClaim } from "../core/stores.ts";
import { ackGroupOf } from "../core/work-queue.ts";
import { anObject, checkArgument, ms, timerMs } from "./check.ts";
import { type Reader, wholeReader } from "./inbox-reader.ts";

/** What {@link inboxFeed} may be told. */
export interface InboxFeedOptions<E extends FeedEvent = FeedEvent> {
  /** For how long a pull hides an entry from other workers, in ms, from 1. @default 60 000 */
  readonly leaseMs?: number | undefined;
  /**
   * How often a waiting pull looks into an empty inbox, in ms, from 1: where the store hears of what comes, a
   * tenth as often, in case that it has not heard. @default 1000
   */
  readonly pollMs?: number | undefined;
  /** The schemas of the event types; the loop validates with them. */
  readonly events?: EventCatalogue<E> | undefined;
}

export const inboxFeedRules = {
  leaseMs: ms(1).or(60_000),
  pollMs: timerMs.or(1000),
  events: new Rule<EventCatalogue<FeedEvent>>(anObject),
};

/**
 * Reads an inbox as a feed, so that the ordinary loop consumes it.
 *
 * **Delivery**: oldest first, up to 100 a pull (`limit`: 1-1000). A delivery is hidden from all other
 * workers for `leaseMs`, and comes again when it was not acked by then; `attempt` counts the claims, those
 * of killed workers too. An entry that cannot be read is an `unreadable` delivery.
 *
 * **Acknowledgement**: each for itself; while handlers are at work, the loop gathers them for up to 20 ms, so that
 * many share a transaction. `gone` is what is finished already, or with another worker since
 * its lease ended. `nack` gives back, `extend` lengthens the lease.
 *
 * A pull that is aborted gives back what it was about to bring; `release` ends when that is done.
 *
 * @throws {AckloopError} `config` for a wrong argument, at once; calls reject with the store's errors.
 */
export function inboxFeed<E extends FeedEvent = FeedEvent>(
  inbox: Inbox,
  name: string,
  options: InboxFeedOptions<E> = {},
): Feed<E> {
  checkArgument("inboxFeed", "inbox", inbox, anObject);
  checkArgument("inboxFeed", "name", name, nameRule);
  return readerFeed(wholeReader(inbox, name), name, options);
}

/** Makes the feed of what a reader reads. */
export function readerFeed<E extends FeedEvent>(
  reader: Reader,
  name: string,
  options: InboxFeedOptions<E>,
): Feed<E> {
  const { leaseMs, pollMs } = checkOptions("inboxFeed", options, inboxFeedRules);
  const claiming = new Set<Promise<unknown>>();
  const claim = async (limit: number, signal: AbortSignal | undefined) => {
    const found = await reader.claim(Math.min(limit, 1000), leaseMs);
    // For a caller that has left, it is given back. If that fails, its lease ends by itself.
    const tokens = found.map(({ token }) => token);
    if (signal?.aborted && tokens.length > 0) await reader.release(tokens, 0);
    return found;
  };
  return {
    name,
    pulls: "onward",
    acks: "individual",
    waits: true,
    ...(reader.groupsAcks && { ackGroupMs: ackGroupOf(leaseMs) }),
    events: options.events,
    async pull({ limit = 100, waitMs = 0, signal } = {}) {
      checkArgument("pull", "limit", limit, whole(1));
      checkArgument("pull", "waitMs", waitMs, ms(0));
      const endsAt = performance.now() + waitMs;
      for (;;) {
        const claims = await abortable({ signal }, () => {
          const work = claim(limit, signal).finally(() => claiming.delete(work));
          claiming.add(work);
          return work;
        });
        const leftMs = endsAt - performance.now();
        if (claims.length > 0 || leftMs <= 0) {
          return claims.map((one) => toDelivery<E>(one, leaseMs));
        }
        if (!(await reader.wait(leftMs, { pollMs, signal }))) return [];
      }
    },
    ack: (receipts, call) => reader.finish(tokensOf(receipts), call),
    async nack(receipts, { afterMs = 0, signal } = {}) {
      await reader.release(tokensOf(receipts), afterMs, { signal });
    },
    async extend(receipts, ms, call) {
      await reader.extend(tokensOf(receipts), ms, call);
    },
    async release(call = {}) {
      await abortable(call, () => Promise.allSettled(claiming));
    },
  };
}

function toDelivery<E extends FeedEvent>(claim: InboxClaim, leaseMs: number): Delivery<E> {
  const { raw, token, attempt, again } = claim;
  const facts = { receipt: toReceipt(token), raw, attempt, leaseMs };
  if (claim.event === undefined) {
    const { message, path } = claim.unreadable;
    return { ...facts, unreadable: new AckloopError("schema", message, { path }) };
  }
  return {
    ...facts,
    // The receiver made the event, and the loop validates it: its type is the caller's word.
    event: claim.event as E,
    ...(claim.idDerived && { idDerived: true }),
    ...(again && { again: () => toDelivery<E>({ ...again(), token, attempt, again }, leaseMs) }),
  };
}

function tokensOf(receipts: readonly Receipt[]): string[] {
  return receipts.map((receipt) => fromReceipt<string>(receipt));
}
