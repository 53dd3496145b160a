import { consume } from "ackloop";
import { type Connection, kekkerEmulator } from "ackloop/emulator";
import { kekker, kekkerEvents } from "ackloop/kekker";
import { junk, refusal } from "../faults.ts";
import type { DemoProvider, Source, Work } from "../provider.ts";

function connect(connection: Connection, more = {}) {
  const { baseUrl = "", login = "", password = "", channel = "" } = connection;
  return kekker({ baseUrl, login, password, channel, ...more });
}

function feedOf({ connection, stores, consumer, timeoutMs }: Source) {
  return connect(connection, { timeoutMs }).feed({ cursor: stores.cursors, consumer });
}

const handlersOf = ({ work, other }: Work) => ({ DealCreated: work, DealUpdated: work, other });

export const provider: DemoProvider = {
  emulator: () => kekkerEmulator({ assumptions: { listForm: "array" } }),
  otherwise: "lists as bare arrays, which say nothing of how many there are",
  async open(connection) {
    return { queue: connection["channel"] ?? "", feed: connect(connection).feed().name };
  },
  publish: (channel, events) => ({
    channel,
    events: events.map(({ number, code }) => ({
      category: "Deals",
      event: number % 2 === 0 ? "DealCreated" : "DealUpdated",
      objectId: `${code}:${code}`,
      localObjectId: number,
    })),
  }),
  polls: "list",
  faults: [
    { kind: "status", status: 429, retryAfter: 1, operation: "list", after: 3, count: 1 },
    { kind: "status", status: 500, operation: "ack", after: 200, count: 5 },
    { kind: "cut", operation: "ack", after: 500, count: 5 },
    { kind: "lostReply", operation: "ack", after: 900, count: 5 },
    { kind: "status", status: 200, body: refusal, operation: "ack", after: 1100, count: 5 },
    { kind: "stall", operation: "list", after: 8, count: 1 },
    { kind: "html", status: 404, operation: "list", after: 10, count: 1 },
    { kind: "headers", headers: junk, operation: ["list", "ack"], after: 300, count: 20 },
    { kind: "skew", ms: -3_600_000 },
  ],
  feed: feedOf,
  consume: (parts) => consume(feedOf(parts), handlersOf(parts), parts.common),
  work: (open, parts) => consume(open(kekkerEvents), handlersOf(parts), parts.common),
};
