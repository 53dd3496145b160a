import { isAckloopError } from "../../core/errors.ts";
import type { FeedEvent } from "../../core/event.ts";
import {
  type AckSink,
  type AckVerdict,
  type EventSource,
  fromReceipt,
  type Page,
  type PullOptions,
  type Receipt,
} from "../../core/feed.ts";
import { toSegment } from "../../http/request.ts";
import type { KekkerCalls } from "./calls.ts";
import {
  createEventReader,
  type KekkerEvent,
  type KekkerEventWith,
  type KekkerSchemas,
} from "./event.ts";
import { checkFeedOptions, type KekkerFeedOptions } from "./options.ts";
import { pullPages } from "./pages.ts";
import { earlierTime } from "./time.ts";
import { loadWatermark } from "./watermark.ts";
import { readEarliest } from "./wire.ts";

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
    pull: (options = {}) => pullPages(calls, reader, category, options),
    async ack(receipts, { signal } = {}) {
      if (receipts.length === 0) return [];
      const watermark = place && (await loadWatermark(place, signal));
      const { verdicts, earliest } = await ackAll(calls, receipts, ackConcurrency, signal);
      if (earliest !== undefined) await watermark?.save(earliest, signal);
      return verdicts;
    },
  };
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
