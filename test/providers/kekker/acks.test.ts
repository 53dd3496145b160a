import { describe, expect, it } from "vitest";
import { consume } from "../../../src/index.ts";
import { deals, pullIds, receiptsOf, startNode } from "./support.ts";

const ids = (count: number) => deals(count).map(({ eventUid }) => eventUid);

/** A node whose acks fail, and how often it was asked for one. */
function sickNode(count: number) {
  const made = startNode({}, { retry: { attempts: 1 } });
  made.node.publish(deals(count));
  const fault = made.node.faults.add({ kind: "status", status: 500, operation: "ack" });
  const acks = () => made.requests.filter(({ url }) => url.endsWith("/ack"));
  return { ...made, fault, acks };
}

describe("a node that fails", () => {
  it("is sent no further ack of a call after three that failed in a row, and then one a call", async () => {
    const { client, acks } = sickNode(20);
    const feed = client.feed({ ackConcurrency: 1 });

    const first = await feed.ack(receiptsOf(...ids(20)));
    const counts = [acks().length];
    for (let calls = 0; calls < 3; calls += 1) {
      await feed.ack(receiptsOf(...ids(20)));
      counts.push(acks().length);
    }

    expect(counts).toStrictEqual([3, 4, 5, 6]);
    expect(first).toHaveLength(20);
    expect(first[19]).toMatchObject({ status: "failed", error: { retryable: true } });
    expect(first[19]).not.toHaveProperty("error.outcomeUnknown");
  });

  it("is asked by all again once it is back", async () => {
    const { client, node } = sickNode(20);
    const feed = client.feed();
    await feed.ack(receiptsOf(...ids(20)));
    node.faults.clear();

    const verdicts = await feed.ack(receiptsOf(...ids(20)));

    expect(new Set(verdicts.map(({ status }) => status))).toStrictEqual(new Set(["acked"]));
    expect(await pullIds(feed)).toStrictEqual([]);
  });

  it("is asked for few acks by a run, and acks all when it is back", async () => {
    const { client, node, acks } = sickNode(200);
    const run = consume(client.feed(), () => undefined, {
      consumer: "billing",
      unprocessable: "drop",
      idle: { minDelayMs: 100, maxDelayMs: 200 },
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    const before = acks().length;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const during = acks().length - before;
    node.faults.clear();

    await expect.poll(() => node.unprocessed()).toBe(0);
    await run.stop();

    expect(during).toBeLessThan(25);
  });
});

describe("an event whose ack always fails", () => {
  it("holds up no other, and no healthy call", async () => {
    const { node } = startNode();
    node.publish(deals(30));
    let asked = 0;
    const fetch: typeof globalThis.fetch = async (input, init) => {
      if (!String(input).endsWith("/e1/ack")) return await node.fetch(input, init);
      asked += 1;
      return new Response(null, { status: 500 });
    };
    const { client } = startNode({}, { fetch, retry: { attempts: 1 } });
    const feed = client.feed({ ackConcurrency: 2 });
    let left = ids(30);

    for (let calls = 0; calls < 40 && left.length > 1; calls += 1) {
      const verdicts = await feed.ack(receiptsOf(...left));
      left = left.filter((_, index) => verdicts[index]?.status === "failed");
    }

    expect(left).toStrictEqual(["e1"]);
    expect(asked).toBeGreaterThan(0);
    expect(node.unprocessed()).toBe(1);
  });
});
