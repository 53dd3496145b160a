import { isAckloopError } from "../../core/errors.ts";
import type { FeedEvent } from "../../core/event.ts";
import {
  type AckSink,
  type AckVerdict,
  type Delivery,
  type EventSource,
  fromReceipt,
  type Page,
  type PullOptions,
  type Receipt,
} from "../../core/feed.ts";
import { wrong } from "../../http/options.ts";
import { EventPage } from "../../http/page.ts";
import { toSegment } from "../../http/request.ts";
import type { KekkerCalls, ListedPage } from "./calls.ts";
import {
  createEventReader,
  type EventReader,
  type KekkerEvent,
  type KekkerEventWith,
  type KekkerSchemas,
} from "./event.ts";
import { checkFeedOptions, type KekkerFeedOptions } from "./options.ts";
import { earlierTime } from "./time.ts";
import { loadWatermark } from "./watermark.ts";
import { namedPage, readEarliest, type WirePage } from "./wire.ts";

/** The feed of what is unprocessed, in the node's order, with a receipt for each event. */
export interface KekkerFeed<E extends FeedEvent = KekkerEvent> extends EventSource<E>, AckSink {
  readonly acks: "individual";
  readonly pulls: "unacked";
  readonly acksOnPull?: undefined;
  readonly waits?: undefined;
  readonly nack?: never;
  readonly extend?: never;
  pull(options?: PullOptions): Promise<Page<E>>;
}

/** Makes the feed of a node's unprocessed events, or of one category of them. */
export function createFeed<Schemas extends KekkerSchemas>(
  calls: KekkerCalls,
  options: KekkerFeedOptions<Schemas>,
): KekkerFeed<KekkerEventWith<Schemas>> {
  checkFeedOptions(options);
  const { category, cursor, consumer = "", ackConcurrency = 50 } = options;
  const reader = createEventReader(calls.source, options.events);
  const name = [
    calls.name,
    ...(category === undefined ? [] : [toSegment("kekker", "feed", category)]),
  ];
  const key = { consumer, feed: name.join("/") };
  const place = cursor && { cursors: cursor, key, logger: calls.logger };
  return {
    name: key.feed,
    pulls: "unacked",
    acks: "individual",
    events: reader.events,
    pull: (options = {}) => pull(calls, reader, category, options),
    async ack(receipts, { signal } = {}) {
      if (receipts.length === 0) return [];
      const watermark = place && (await loadWatermark(place, signal));
      const { verdicts, earliest } = await ackAll(calls, receipts, ackConcurrency, signal);
      if (earliest !== undefined) await watermark?.save(earliest, signal);
      return verdicts;
    },
  };
}

/**
 * Reads page one, and further pages only where the server gave fewer events than were wanted and
 * says that there are more: its own limit is lower, and the events behind it would never be seen
 * while those before it are stuck.
 *
 * Acks that happen meanwhile move the pages, so an event may be met twice or missed: the second is
 * dropped here, the missed one stands on the pages of the next pull.
 */
async function pull<E extends FeedEvent>(
  calls: KekkerCalls,
  reader: EventReader<E>,
  category: string | undefined,
  { limit, signal }: PullOptions,
): Promise<Page<E>> {
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1)) {
    throw wrong("kekker", "limit must be a whole number from 1", "pull");
  }
  const found = createFound(reader);
  // Page one is asked for without its number: the only example numbers it 1, the text says nothing.
  const first = await calls.list("pull", { category, pageSize: limit, signal });
  const pageSize = first.data.length;
  let page: ListedPage = first;
  let bytes = first.text.length;
  let rows = pageSize;
  let pageNumber = first.pageNumber ?? 1;
  while (found.add(page) && isShort(found.count(), rows, limit, page, pageSize)) {
    pageNumber += 1;
    page = await calls.list("pull", { category, pageNumber, pageSize, signal });
    rows += page.data.length;
    bytes += page.text.length;
  }
  const deliveries = found.deliveries();
  if (limit !== undefined && deliveries.length > limit) {
    return { deliveries: deliveries.slice(0, limit), more: true, bytes };
  }
  return { deliveries, bytes, ...(isLast(first) && { more: false }) };
}

/**
 * Whether a page says in two ways that it is the whole list: it is not as long as it may be, and
 * nothing is counted that it does not hold. That there is more is not believed: the number may count
 * more than what is unprocessed.
 */
function isLast({ data, pageNumber, pageSize, totalRecords }: WirePage): boolean {
  const isFirst = (pageNumber ?? 1) === 1;
  return isFirst && data.length < (pageSize ?? 0) && data.length >= (totalRecords ?? Infinity);
}

/** Whether more events are wanted than were read, and the server says that it has them. */
function isShort(
  count: number,
  rows: number,
  limit: number | undefined,
  page: WirePage,
  pageSize: number,
): boolean {
  const full = page.data.length >= pageSize;
  return limit !== undefined && count < limit && full && rows < (page.totalRecords ?? 0);
}

/** Gathers the deliveries of some pages, each event once. */
function createFound<E extends FeedEvent>(reader: EventReader<E>) {
  const ids = new Set<string>();
  const deliveries: Delivery<E>[] = [];
  const read = (item: unknown, index: number) => {
    const delivery = reader.read(item, `data[${index}]`);
    return { receipt: delivery.receipt, read: delivery.unreadable ?? delivery.event };
  };
  return {
    /** True when the page brought something new. */
    add({ data, text }: ListedPage): boolean {
      const before = deliveries.length;
      const page = new EventPage<E>({
        text,
        itemsOf,
        toEvent: (item, index) => read(item, index).read,
      });
      for (const [index, item] of data.entries()) {
        const { read: event, receipt } = read(item, index);
        const id = receipt && fromReceipt<string>(receipt);
        if (id !== undefined && ids.has(id)) continue;
        if (id !== undefined) ids.add(id);
        deliveries.push(page.deliver(index, item, event, receipt));
      }
      return deliveries.length > before;
    },
    count: () => deliveries.length,
    deliveries: (): readonly Delivery<E>[] => deliveries,
  };
}

function itemsOf(body: unknown): readonly unknown[] {
  return (namedPage(body) as WirePage).data;
}

/** What came of some acks. */
interface Acked {
  readonly verdicts: readonly AckVerdict[];
  /** The earliest time that a reply named; replies overtake each other, and the earliest is safe. */
  readonly earliest: string | undefined;
}

/** Acknowledges one by one, at most `concurrency` at once, and gives a verdict on each in order. */
async function ackAll(
  calls: KekkerCalls,
  receipts: readonly Receipt[],
  concurrency: number,
  signal: AbortSignal | undefined,
): Promise<Acked> {
  const verdicts: AckVerdict[] = [];
  let earliest: string | undefined;
  // The workers share one iterator: each takes the next receipt as soon as it is free.
  const entries = receipts.entries();
  const work = async (): Promise<void> => {
    for (const [index, receipt] of entries) {
      const answer = await ackOne(calls, fromReceipt<string>(receipt), signal);
      verdicts[index] = answer.verdict;
      if (answer.time === undefined) continue;
      earliest = earliest === undefined ? answer.time : earlierTime(earliest, answer.time);
    }
  };
  signal?.throwIfAborted();
  await Promise.all(Array.from({ length: Math.min(concurrency, receipts.length) }, work));
  return { verdicts, earliest };
}

async function ackOne(
  calls: KekkerCalls,
  eventUid: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly verdict: AckVerdict; readonly time?: string | undefined }> {
  try {
    const reply = await calls.ack(eventUid, { signal });
    return { verdict: { status: "acked" }, time: readEarliest(reply) };
  } catch (error) {
    signal?.throwIfAborted();
    if (!isAckloopError(error)) throw error;
    // The node says so with 400; a 404 is the word of something else, such as a gateway without this path.
    const isGone = error.code === "notFound" && error.status === 400;
    if (isGone) return { verdict: { status: "gone" } };
    return { verdict: { status: "failed", error } };
  }
}
