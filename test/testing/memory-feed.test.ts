import { describe, expect, it, vi } from "vitest";
import { AckloopError } from "../../src/core/errors.ts";
import type { Delivery, Receipt } from "../../src/core/feed.ts";
import { memoryFeed, testEvent } from "../../src/testing/index.ts";

const receiptsOf = (deliveries: readonly Delivery[]): readonly Receipt[] =>
  deliveries.flatMap(({ receipt }) => (receipt === undefined ? [] : [receipt]));
const idsOf = (deliveries: readonly Delivery[]) => deliveries.map(({ event }) => event?.id);

describe("testEvent", () => {
  it("is a whole event of which only the id need be named", () => {
    expect(testEvent("e1")).toEqual({
      specversion: "1.0",
      id: "e1",
      source: "/memory",
      type: "test",
      data: {},
    });
    expect(testEvent("e1", { type: "paid", data: { n: 1 } })).toMatchObject({
      type: "paid",
      data: { n: 1 },
    });
  });
});

// The laws of feeds are proved of it in feed-conformance.test.ts.
describe("memoryFeed", () => {
  it("refuses an ack on pull that nothing cumulative could carry", () => {
    expect(() => memoryFeed({ acksOnPull: true })).toThrow(
      'memoryFeed: option `acksOnPull` needs acks: "cumulative"',
    );
  });

  it("tells every call, and what was acknowledged", async () => {
    const feed = memoryFeed({ acks: "individual", pulls: "onward" });
    feed.publish(testEvent("e1"), testEvent("e2"));

    const deliveries = await feed.pull({ limit: 5 });
    await feed.ack(receiptsOf(deliveries).slice(1));
    await feed.nack?.(receiptsOf(deliveries).slice(0, 1));

    expect(feed.calls.map(({ operation, ids }) => [operation, ids])).toEqual([
      ["pull", []],
      ["ack", ["e2"]],
      ["nack", ["e1"]],
    ]);
    expect(feed.calls[0]?.options).toEqual({ limit: 5 });
    expect(feed.acked).toEqual(["e2"]);
  });

  it("counts the deliveries of an event", async () => {
    const feed = memoryFeed();
    feed.publish(testEvent("e1"));

    await feed.pull();

    expect((await feed.pull())[0]?.attempt).toBe(2);
  });

  it("gives a leased event again when its lease ends, later where it was lengthened", async () => {
    vi.useFakeTimers();
    try {
      const feed = memoryFeed({ pulls: "onward", leaseMs: 1_000 });
      feed.publish(testEvent("e1"), testEvent("e2"));
      const deliveries = await feed.pull();
      await feed.extend?.(receiptsOf(deliveries).slice(1), 5_000);

      await vi.advanceTimersByTimeAsync(1_001);
      const again = idsOf(await feed.pull());
      await vi.advanceTimersByTimeAsync(4_000);

      expect(deliveries[0]?.leaseMs).toBe(1_000);
      expect(again).toEqual(["e1"]);
      expect(idsOf(await feed.pull())).toEqual(["e1", "e2"]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("fails the next calls of an operation, before or after their effect, until it is healed", async () => {
    const feed = memoryFeed();
    feed.publish(testEvent("e1"));
    const receipts = receiptsOf(await feed.pull());
    const error = new AckloopError("transport", "down", { retryable: true });

    feed.fail({ operation: "ack", error, count: 2 });
    await expect(feed.ack(receipts)).rejects.toBe(error);
    await expect(feed.ack(receipts)).rejects.toBe(error);
    expect(feed.acked).toEqual([]);
    feed.fail({ operation: "ack", error, afterEffect: true });
    await expect(feed.ack(receipts)).rejects.toBe(error);
    expect(feed.acked).toEqual(["e1"]);
    feed.fail({ operation: "pull", error, count: 100 });
    await expect(feed.pull()).rejects.toBe(error);
    feed.heal();
    expect(await feed.pull()).toEqual([]);
  });

  it("lets some receipts of an ack fail, each with a typed error", async () => {
    const feed = memoryFeed();
    feed.publish(testEvent("e1"), testEvent("e2"));
    const receipts = receiptsOf(await feed.pull());
    feed.fail({ operation: "ack", error: new Error("down"), receipts: 1 });

    const report = await feed.ack(receipts);

    expect(report).toMatchObject([
      { status: "failed", error: { code: "request" } },
      { status: "acked" },
    ]);
    expect(feed.acked).toEqual(["e2"]);
  });

  it("tells how many calls are under way", async () => {
    const feed = memoryFeed();
    feed.fail({ operation: "pull", delayMs: 20 });

    const pulling = feed.pull();

    expect(feed.pending).toBe(1);
    await pulling;
    expect(feed.pending).toBe(0);
  });
});
