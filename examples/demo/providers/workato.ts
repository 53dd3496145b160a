import { consume, type FeedEvent } from "ackloop";
import { type Connection, workatoEmulator } from "ackloop/emulator";
import { memoryStores } from "ackloop/stores";
import { workato } from "ackloop/workato";
import { junk, refusal } from "../faults.ts";
import type { DemoProvider, Source, Work } from "../provider.ts";

const requestsPerMinute = 6000;

function connect({ token = "", streamsUrl, apiUrl }: Connection, more = {}) {
  return workato({ token, streamsUrl, apiUrl, requestsPerMinute, ...more });
}

function feedOf({ connection, queue, stores, consumer, timeoutMs }: Source) {
  return connect(connection, { timeoutMs }).feed(queue, { cursor: stores.cursors, consumer });
}

const handlersOf = ({ work }: Work) => ({ message: work });

export const provider: DemoProvider = {
  emulator: () => workatoEmulator({ requestsPerMinute }),
  otherwise: `${requestsPerMinute} requests a minute in place of 60`,
  async open(connection) {
    const client = connect(connection);
    const { id } = await client.topics.create({ name: "demo", schema: [] });
    const place = { cursor: memoryStores().cursors, consumer: "demo" };
    return { queue: String(id), feed: client.feed(id, place).name };
  },
  publish: (topicId, events) => ({
    topicId,
    payloads: events.map(({ number, code }) => ({ order: code, total: number })),
  }),
  polls: "consume",
  idIn: (cursor) => (JSON.parse(cursor) as { readonly id?: string }).id,
  faults: [
    { kind: "status", status: 429, retryAfter: 1, operation: "consume", after: 3, count: 1 },
    { kind: "status", status: 500, operation: "consume", after: 6, count: 2 },
    { kind: "cut", operation: "consume", after: 10, count: 1 },
    { kind: "lostReply", operation: "consume", after: 12, count: 2 },
    { kind: "status", status: 400, operation: "consume", after: 16, count: 1 },
    { kind: "status", status: 200, body: refusal, operation: "consume", after: 18, count: 1 },
    { kind: "stall", operation: "consume", after: 20, count: 1 },
    { kind: "headers", headers: junk, operation: "consume", after: 22, count: 5 },
    { kind: "skew", ms: 600_000 },
  ],
  feed: feedOf,
  consume: (parts) => consume(feedOf(parts), handlersOf(parts), { ...parts.common, waitMs: 1000 }),
  work: (open, parts) => consume(open<FeedEvent<"message">>(), handlersOf(parts), parts.common),
};
