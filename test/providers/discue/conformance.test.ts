import { describe, expect, it } from "vitest";
import { toReceipt } from "../../../src/core/feed.ts";
import { sleep } from "../../../src/core/sleep.ts";
import { discueEmulator } from "../../../src/emulator/index.ts";
import {
  type DiscueReceiverFeed,
  discue,
  discueReceiver,
} from "../../../src/providers/discue/index.ts";
import { type FeedHarness, feedConformance } from "../../../src/testing/index.ts";
import { ownClock } from "../../testing/own-clock.ts";

ownClock();

const secret = "a-secret-of-the-listener";
const anything = {
  "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) },
} as const;

/** Names the type; throws for what cannot be read, which makes a delivery unreadable. */
function typeOf(data: unknown): string {
  const { type = "order" } = data as { readonly type?: unknown };
  if (typeof type === "string") return type;
  throw new Error("no type");
}

/** A queue with a listener, whose calls go to the feed that was made last. */
async function discueHarness(): Promise<FeedHarness> {
  let feed: DiscueReceiverFeed | undefined;
  const emulator = discueEmulator({
    deliver: async (url, init) =>
      (await feed?.fetch(new Request(url, init))) ?? new Response(null, { status: 503 }),
    webhook: { retryDelaysMs: [5], concurrency: 1_000, livenessIntervalMs: 0 },
  });
  const { apiKey = "", baseUrl = "" } = emulator.connection("https://discue.test");
  const client = discue({ apiKey, baseUrl, fetch: emulator.fetch });
  const queue = await client.queues.create({ name: "orders" });
  await client.listeners.create(queue.id, {
    name: "listener",
    notifyUrl: `https://receiver.test/hook?secret=${secret}`,
    livenessUrl: "https://receiver.test/alive",
  });
  const payloads = new Map<string, object>();
  const publish = (facts: object = {}): string => {
    const data = { order: payloads.size, ...facts };
    const [published = ""] = emulator.publish(queue.id, [{ data: JSON.stringify(data) }]);
    payloads.set(published, data);
    return published;
  };
  // Turns of the event loop rather than time: a request needs some of them to reach the feed.
  const settled = async <Value>(value: Value): Promise<Value> => {
    for (let turn = 0; turn < 6; turn += 1) await sleep(1);
    return value;
  };
  return {
    // A pull takes a hundred; more requests than a few dozen would only make the laws slow.
    pageSize: 20,
    feed: () => {
      feed?.close();
      const receiver = discueReceiver({
        name: "orders",
        secret,
        bodyForms: ["message"],
        typeOf,
        events: { order: anything },
      });
      feed = receiver.feed({ replyTimeoutMs: 60_000 });
      return settled(feed);
    },
    publish: (count) => settled(Array.from({ length: count }, () => publish())),
    payloadOf: (id) => payloads.get(id),
    publishOdd: (odd) => settled(publish({ odd })),
    publishUnknownType: () => settled(publish({ type: "brandNew" })),
    publishUnreadable: () => settled(publish({ type: 7 })),
    unknownReceipt: () => toReceipt({}),
    acked: async () => {
      await settled(undefined);
      return emulator.journal.ackedIds(queue.id);
    },
    secrets: () => [secret, apiKey],
    close: () => emulator.close(),
  };
}

const results = feedConformance({ describe, it, print: console.info }, discueHarness);

it("leaves out no law but those that cannot be tested here", () => {
  const untested = results.filter(({ verdict }) => verdict === "notTestable");
  expect(untested.map(({ id }) => id)).toEqual([
    "B11",
    "B12",
    "D5",
    "D5c",
    "D10",
    "Q1",
    "H2b",
    "E11b",
    "I1",
    "D7",
    "C6",
    "I6",
    "G4",
  ]);
});
