import { entryOf, isEntry } from "../core/entry.ts";
import { AckloopError, type AckloopErrorCode, isAckloopError } from "../core/errors.ts";
import type { FeedEvent } from "../core/event.ts";
import type { CallOptions, Feed, ReadableDelivery } from "../core/feed.ts";
import { checkOptions, name as nameRule } from "../core/options.ts";
import {
  allStored,
  divide,
  type PartitionOptions,
  partitionName,
  partitionsError,
  partitionsIn,
  partitionsOf,
  partitionTable,
} from "../core/partition.ts";
import type { Inbox, InboxEntry } from "../core/stores.ts";
import type { WorkQueue, WorkQueueFeedOptions } from "../core/work-queue.ts";
import { anObject, checkArgument } from "./check.ts";
import { draftsOf } from "./entry.ts";
import { storeError } from "./error.ts";
import { type InboxFeedOptions, readerFeed } from "./inbox-feed.ts";
import {
  type PartitionedInbox,
  partitionReader,
  type Reader,
  wholeReader,
} from "./inbox-reader.ts";
import { keyOf } from "./json.ts";

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

/** The options of {@link inboxQueue}. */
export interface InboxQueueOptions extends PartitionOptions {}

/**
 * Makes a queue for a relay and its workers of an inbox: in a SQLite file between the processes of one
 * machine, in PostgreSQL between machines.
 *
 * **Delivery and acknowledgement** are those of {@link inboxFeed}. An event that was stored in the time of
 * the store's `inboxRetentionMs` is not stored again. A queue that holds `inboxMaxEntries` takes no more
 * until workers have finished some.
 *
 * **Order**: none, unless `partitions` says so. Then each partition is an inbox of its own, whose first event
 * alone is given, to one worker, and the next one when that is finished: also while it is given back for later.
 * `inboxMaxEntries` is that of each. Where the queue holds events of another number of partitions, a pull is
 * refused (`config`) and a send too (`conflict`, so that a relay waits until workers of that number have emptied
 * it); that is looked at with the first call and once a minute, and where there are partitions with each send.
 *
 * @example
 * const queue = inboxQueue(stores.inbox, "orders");
 * await consume(shop.feed(queueCode), relay(queue), { consumer: "relay" });       // one process
 * await consume(queue.feed({ consumer: "billing" }), handlers);                   // any number of them
 *
 * @throws {AckloopError} `config` for a wrong argument, at once; calls reject with the store's errors.
 */
export function inboxQueue(
  inbox: Inbox,
  name: string,
  options: InboxQueueOptions = {},
): InboxQueue {
  checkArgument("inboxQueue", "inbox", inbox, anObject);
  checkArgument("inboxQueue", "name", name, nameRule);
  if (partitionsIn(name) > 0) {
    const text = `\`name\` must not end as that of a partition does: ${name}`;
    throw storeError("config", "inboxQueue", text);
  }
  const { partitions, orderBy } = checkOptions("inboxQueue", options, partitionTable);
  const layout = new Layout(inbox, name, partitions ?? 0);
  const store = async (to: string, deliveries: readonly ReadableDelivery[], call?: CallOptions) => {
    const entries = deliveries.map(entryOf);
    try {
      await inbox.add(to, entries, call);
    } catch (error) {
      throw toSendError(error, entries);
    }
  };
  return {
    name,
    ...(partitions !== undefined && { partitions }),
    async send(deliveries, call) {
      const parts = partitions && divide(deliveries, { partitions, orderBy });
      await layout.check("send", "conflict").catch((error: unknown) => {
        throw toSendError(error, []);
      });
      if (!parts) return await store(name, deliveries, call);
      const sent = [...parts].map(([at, own]) =>
        store(partitionName(name, at, partitions), own, call),
      );
      await allStored(sent);
    },
    feed({ consumer, ...told } = {}) {
      checkOptions("feed", { consumer }, { consumer: nameRule });
      const feed = readerFeed(layout.reader(), name, told);
      return { ...feed, ...(consumer !== undefined && { consumer }) };
    },
  };
}

const LOOK_AGAIN_MS = 60_000;

/** How many partitions a queue is told to have, and whether what it holds fits. */
class Layout {
  readonly #inbox: Inbox;
  readonly #name: string;
  readonly #told: number;

  /** @param told 0 where it has none. */
  constructor(inbox: Inbox, name: string, told: number) {
    this.#inbox = inbox;
    this.#name = name;
    this.#told = told;
    if (told === 0) return;
    const { claimFirst, partitions } = inbox;
    if (typeof claimFirst !== "function" || typeof partitions !== "function") {
      const text =
        "these stores cannot keep the order of an inbox: `partitions` needs `claimFirst`";
      throw storeError("config", "inboxQueue", text);
    }
    // A longer one is known by its digest alone.
    const longest = keyOf(partitionName(name, told - 1, told));
    if (nameRule.test(partitionName(name, told - 1, told)) === true && longest.length <= 600)
      return;
    throw storeError("config", "inboxQueue", "`name` is too long for a queue with partitions");
  }

  /** The reader of one feed. */
  reader(): Reader {
    const inbox = this.#inbox;
    const reader =
      this.#told === 0
        ? wholeReader(inbox, this.#name)
        : partitionReader(inbox as PartitionedInbox, this.#name, this.#told);
    const own = new Layout(inbox, this.#name, this.#told);
    return {
      ...reader,
      async claim(...given) {
        await own.check("pull", "config");
        return await reader.claim(...given);
      },
    };
  }

  #nextAt = Number.NEGATIVE_INFINITY;

  /** @throws {AckloopError} Where the queue holds events of another number of partitions. */
  async check(operation: string, code: AckloopErrorCode): Promise<void> {
    const now = performance.now();
    // Two who send, as old and new processes do in a deploy, see each other at once: what both have sent, a person must empty.
    const isDue = now >= this.#nextAt || (operation === "send" && this.#told > 0);
    if (!isDue || this.#inbox.partitions === undefined) return;
    const names = await this.#inbox.partitions(this.#name);
    const other = names
      .filter((each) => each === this.#name || partitionsOf(this.#name, each) > 0)
      .map((each) => partitionsOf(this.#name, each))
      .find((found) => found !== this.#told);
    if (other === undefined) {
      this.#nextAt = now + LOOK_AGAIN_MS;
      return;
    }
    throw partitionsError(code, operation, this.#name, { found: other, told: this.#told });
  }
}

/** What the events are to blame for is `config`, each time again; for what a person must mend, others wait. */
function toSendError(error: unknown, entries: readonly InboxEntry[]): unknown {
  if (!isAckloopError(error)) return error;
  const { code, message } = error;
  if (code !== "request" && code !== "config") return error;
  // A database refuses, say, an id that no index can hold.
  const isOfEvents = code === "request" ? entries.length > 0 : !areStorable(entries);
  const facts = { operation: "send", cause: error };
  return new AckloopError(isOfEvents ? "config" : "conflict", message, facts);
}

function areStorable(entries: readonly InboxEntry[]): boolean {
  try {
    draftsOf(entries);
    return entries.every(isEntry);
  } catch {
    return false;
  }
}
