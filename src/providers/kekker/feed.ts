import type { FeedEvent } from "../../core/event.ts";
import type { AckSink, EventSource, Page, PullOptions } from "../../core/feed.ts";
import { toSegment } from "../../http/request.ts";
import { createAcks } from "./acks.ts";
import type { KekkerCalls } from "./calls.ts";
import {
  createEventReader,
  type KekkerEvent,
  type KekkerEventWith,
  type KekkerSchemas,
} from "./event.ts";
import { checkFeedOptions, type KekkerFeedOptions } from "./options.ts";
import { createPulls } from "./pages.ts";
import { loadWatermark } from "./watermark.ts";

/** The feed of what is unprocessed, in the node's order, with a receipt for each event. */
export interface KekkerFeed<E extends FeedEvent = KekkerEvent> extends EventSource<E>, AckSink {
  readonly acks: "individual";
  readonly pulls: "unacked";
  readonly acksOnPull?: never;
  readonly waits?: never;
  readonly nack?: never;
  readonly extend?: never;
  readonly release?: never;
  pull(options?: PullOptions): Promise<Page<E>>;
}

/** Makes the feed of a node's unprocessed events, or of one category of them. */
export function createFeed<Schemas extends KekkerSchemas>(
  calls: KekkerCalls,
  options: KekkerFeedOptions<Schemas>,
): KekkerFeed<KekkerEventWith<Schemas>> {
  checkFeedOptions(options);
  const { category, cursor, consumer, ackConcurrency = 50 } = options;
  const reader = createEventReader(calls.source, options.events);
  const name = [
    calls.name,
    ...(category === undefined ? [] : [toSegment("kekker", "feed", category)]),
  ];
  const key = { consumer: consumer ?? "", feed: name.join("/") };
  const place = cursor && { cursors: cursor, key, logger: calls.logger };
  const ackAll = createAcks(calls, ackConcurrency);
  const pull = createPulls(calls, reader, category);
  return {
    name: key.feed,
    ...(consumer !== undefined && { consumer }),
    pulls: "unacked",
    acks: "individual",
    events: reader.events,
    pull: (options = {}) => pull(options),
    async ack(receipts, { signal } = {}) {
      if (receipts.length === 0) return [];
      const watermark = place && (await loadWatermark(place, signal));
      const acked = await ackAll(receipts, signal);
      if (acked.watermark !== undefined) await watermark?.save(acked.watermark, signal);
      return acked.verdicts;
    },
  };
}
