import { describe, expect, it } from "vitest";
import { toReceipt } from "../../../src/core/feed.ts";
import { sleep } from "../../../src/core/sleep.ts";
import { type ReceiverFeed, receiver } from "../../../src/feeds/index.ts";
import { type FeedHarness, feedConformance } from "../../../src/testing/index.ts";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const anything = {
  "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) },
} as const;

/** Signs as the specification says, by the runtime's own means. */
async function signed(id: string, body: string): Promise<Request> {
  const bytes = Uint8Array.from(atob(secret.slice(6)), (character) => character.charCodeAt(0));
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytes, hmac, false, ["sign"]);
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const content = new TextEncoder().encode(`${id}.${timestamp}.${body}`);
  const signature = new Uint8Array(await crypto.subtle.sign("HMAC", key, content));
  return new Request("https://receiver.test/hook", {
    method: "POST",
    body,
    headers: {
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "webhook-signature": `v1,${btoa(String.fromCharCode(...signature))}`,
    },
  });
}

/** A sender that calls the feed that was made last, and sends again what is not accepted. */
async function senderHarness(): Promise<FeedHarness> {
  let feed: ReceiverFeed | undefined;
  let isClosed = false;
  const payloads = new Map<string, object>();
  const acked: string[] = [];

  // Turns of the event loop rather than time: a request needs some of them to reach the feed.
  const settled = async <Value>(value: Value): Promise<Value> => {
    for (let turn = 0; turn < 6; turn += 1) await sleep(1);
    return value;
  };
  // A call is read before the next one begins: what comes at once is verified in any order.
  let line: Promise<unknown> = Promise.resolve();
  let isRead = (): void => {};
  const call = (
    make: () => Promise<Request>,
  ): Promise<{ readonly answer: Promise<Response> | undefined }> => {
    const called = line.then(async () => {
      const request = await make();
      const read = new Promise<void>((resolve) => {
        isRead = resolve;
      });
      const answer = feed?.fetch(request);
      await (answer && read);
      return { answer };
    });
    line = called;
    return called;
  };
  const send = async (id: string, body: string): Promise<void> => {
    while (!isClosed) {
      const { answer } = await call(() => signed(id, body));
      if ((await answer)?.ok) {
        acked.push(id);
        return;
      }
      await sleep(5);
    }
  };
  const publish = (type: unknown = "order", facts: object = {}): string => {
    const id = `msg_${payloads.size}`;
    const data = { order: payloads.size, ...facts };
    payloads.set(id, data);
    void send(id, JSON.stringify({ type, data }));
    return id;
  };
  const sent = <Value>(value: Value): Promise<Value> => line.then(() => settled(value));
  return {
    pageSize: 20,
    feed: () => {
      feed?.close();
      const receiving = receiver({
        provider: "acme",
        signature: { secrets: [secret] },
        events: { order: anything },
        toEvent: (body) => body as { readonly type: string; readonly data: unknown },
      });
      const { receive } = receiving;
      const watched: typeof receive = (...given) => receive(...given).finally(() => isRead());
      Object.assign(receiving, { receive: watched });
      feed = receiving.feed({ replyTimeoutMs: 60_000 });
      return settled(feed);
    },
    publish: (count) => sent(Array.from({ length: count }, () => publish())),
    payloadOf: (id) => payloads.get(id),
    publishOdd: (odd) => sent(publish("order", { odd })),
    publishUnknownType: () => sent(publish("brandNew")),
    publishUnreadable: () => sent(publish(7)),
    unknownReceipt: () => toReceipt({}),
    acked: () => settled(acked),
    secrets: () => [secret],
    close: () => {
      isClosed = true;
      feed?.close();
    },
  };
}

const results = feedConformance({ describe, it, print: console.info }, senderHarness);

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
