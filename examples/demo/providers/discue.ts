import { consume, type FeedEvent, webhook } from "ackloop";
import { discue } from "ackloop/discue";
import { discueEmulator } from "ackloop/emulator";
import type { DemoProvider, Source, Work } from "../provider.ts";

function receiverOf({ connection: { apiKey = "", baseUrl }, queue, secret }: Source) {
  return discue({ apiKey, baseUrl }).receiver({ name: queue, secret });
}

const handlersOf = ({ work }: Work) => ({ message: work });

export const provider: DemoProvider = {
  emulator: () => discueEmulator({ webhook: { retryDelaysMs: [200, 500, 1000], timeoutMs: 5000 } }),
  otherwise: "resends after 0.2 to 1 s (assumed anyway)",
  async open({ apiKey = "", baseUrl }, hook) {
    const client = discue({ apiKey, baseUrl });
    const { id } = await client.queues.create({ name: "demo-queue" });
    const urls = { notifyUrl: hook, livenessUrl: hook };
    await client.listeners.create(id, { name: "demo-listener", ...urls });
    return { queue: id, feed: client.receiver({ name: id, open: true }).name };
  },
  publish: (queue, events) => ({
    queue,
    messages: events.map(({ number, code }) => ({
      name: `message-${number}`,
      data: JSON.stringify({ order: code }),
    })),
  }),
  polls: "notify",
  faults: [
    { kind: "cut", operation: "notify", after: 100, count: 5 },
    { kind: "lostReply", operation: "notify", after: 300, count: 5 },
    { kind: "duplicate", operation: "notify", after: 500, count: 5 },
    { kind: "stall", operation: "notify", after: 700, count: 1 },
    { kind: "garbage", operation: "notify", after: 900, count: 1 },
    { kind: "skew", ms: 600_000 },
  ],
  receiver: receiverOf,
  consume(parts) {
    const { retry, deadLetters, consumer, logger } = parts.common;
    const told = { retry, deadLetters, consumer, logger };
    return parts.serve(webhook(receiverOf(parts), handlersOf(parts), told));
  },
  work: (open, parts) => consume(open<FeedEvent<"message">>(), handlersOf(parts), parts.common),
};
