import { describe, expect, it, vi } from "vitest";
import { AckloopError } from "../../src/core/errors.ts";
import type { FeedEvent } from "../../src/core/event.ts";
import type { Delivery, Receipt } from "../../src/core/feed.ts";
import {
  type MemoryFault,
  type MemoryFeedOptions,
  memoryFeed,
  testEvent,
} from "../../src/testing/index.ts";

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

  it("keeps what it is given, null included", () => {
    const facts = { source: "/a", subject: "s", time: "2026-11-29T10:00:00Z", data: null };

    expect(testEvent("e1", facts)).toEqual({ ...testEvent("e1"), ...facts });
  });
});

// The laws of feeds are proved of it in feed-conformance.test.ts.
describe("memoryFeed", () => {
  it.each<[object, string]>([
    [{ acksOnPull: true }, 'option `acksOnPull` needs acks: "cumulative" and pulls: "unacked"'],
    [{ waits: true }, 'option `waits` needs pulls: "onward"'],
    [{ leaseMs: 5 }, 'option `leaseMs` needs acks: "individual" and pulls: "onward"'],
    [{ receipts: "page" }, 'option `receipts` needs acks: "cumulative"'],
    [{ acks: "both" }, 'option `acks` must be "individual" or "cumulative"'],
    [{ pulls: "onwards" }, 'option `pulls` must be "unacked" or "onward"'],
    [{ pageSize: -1 }, "option `pageSize` must be a whole number from 1"],
    [{ pulls: "onward", leaseMs: 0 }, "option `leaseMs` must be a whole number from 1"],
    [{ pagesize: 5 }, "option `pagesize` is unknown; did you mean `pageSize`?"],
    [{ name: "" }, "option `name` must be a name of 1 to 500 characters"],
  ])("refuses the options %j", (options, rule) => {
    expect(() => memoryFeed(options as MemoryFeedOptions)).toThrow(`memoryFeed: ${rule}`);
  });

  it.each<[object, string]>([
    [{ operation: "pul" }, '`operation` must be "pull", "ack", "nack" or "extend"'],
    [{}, "`operation` is required"],
    [{ operation: "pull", times: 2 }, "option `times` is unknown"],
    [{ operation: "pull", count: 0 }, "`count` must be a whole number from 1"],
    [{ operation: "pull", delayMs: -1 }, "`delayMs` must be a number of milliseconds"],
    [{ operation: "pull", receipts: 1 }, '`receipts` needs operation: "ack"'],
  ])("refuses the fault %j", (fault, rule) => {
    expect(() => memoryFeed().fail(fault as MemoryFault)).toThrow(rule);
  });

  it("refuses what is no event, and then takes none of what was published with it", async () => {
    const feed = memoryFeed();
    const circle: { self?: unknown } = {};
    circle.self = circle;

    for (const bad of [null, {}, testEvent(""), testEvent("e2", { data: circle })]) {
      expect(() => feed.publish(testEvent("e1"), bad as FeedEvent)).toThrow("memoryFeed publish");
    }

    expect(await feed.pull()).toEqual([]);
  });

  it("keeps what was published from whatever becomes of the event, and reads it again", async () => {
    const feed = memoryFeed();
    const event = testEvent("e1", { data: { lines: [1] } });
    feed.publish(event);
    event.data.lines.push(2);

    const [first] = await feed.pull();
    const data = first?.event?.data as { lines: number[] } | undefined;
    data?.lines.push(3);
    const again = first?.again?.();
    const [second] = await feed.pull();

    expect([again, second].map((each) => each?.event?.data)).toEqual([
      { lines: [1] },
      { lines: [1] },
    ]);
    expect(again?.receipt).toBe(first?.receipt);
    expect(again?.event).not.toBe(again?.again?.().event);
  });

  it("leaves `again` out where it is told to", async () => {
    const feed = memoryFeed({ again: false });
    feed.publish(testEvent("e1"));

    expect((await feed.pull())[0]).not.toHaveProperty("again");
  });

  it("gives a copy of what was acknowledged", async () => {
    const feed = memoryFeed();
    const { acked } = feed;
    feed.publish(testEvent("e1"));
    await feed.ack(receiptsOf(await feed.pull()));

    expect([acked, feed.acked]).toEqual([[], ["e1"]]);
  });

  it("answers pages where that is asked, an empty one where nothing of it is the feed's", async () => {
    const feed = memoryFeed({ acks: "cumulative", pulls: "onward", pages: true, pageSize: 2 });
    feed.publish(testEvent("e1"));
    feed.publishElsewhere(3);
    feed.publish(testEvent("e2"));

    const pages = [await feed.pull()];
    for (let page = pages[0]; page?.more; pages.push(page)) {
      page = await feed.pull({ after: page.receipt });
    }

    expect(pages.map(({ deliveries, more }) => [idsOf(deliveries), more])).toEqual([
      [["e1"], true],
      [[], true],
      [["e2"], false],
    ]);
    expect(pages.map(({ bytes = 0 }) => bytes > 0)).toEqual([true, false, true]);
    expect(await feed.pull({ after: pages.at(-1)?.receipt })).toEqual({
      deliveries: [],
      more: false,
      bytes: 0,
    });
  });

  it("brings an unreadable item that nothing can acknowledge, in a list alone", async () => {
    const feed = memoryFeed();
    feed.publishUnreadable({ broken: true }, { receipt: false });

    const [delivery] = await feed.pull();

    expect(delivery).toMatchObject({ raw: { broken: true }, unreadable: { code: "schema" } });
    expect(delivery).not.toHaveProperty("receipt");
    const queue = memoryFeed({ pulls: "onward" });
    expect(() => queue.publishUnreadable({}, { receipt: false })).toThrow('pulls: "unacked"');
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

  it("brings a leased event again at the head, though the pull reads on, and counts it", async () => {
    const feed = memoryFeed({ pulls: "onward", leaseMs: 60_000 });
    feed.publish(testEvent("e1"));
    const [first] = await feed.pull();
    feed.publish(testEvent("e2"));
    feed.endLeases();

    const again = await feed.pull({ after: first?.receipt });

    expect(again.map(({ event, attempt }) => [event?.id, attempt])).toEqual([
      ["e1", 2],
      ["e2", 1],
    ]);
  });

  it("ends a wait when a lease ends or an event was given back for so long", async () => {
    vi.useFakeTimers();
    try {
      const feed = memoryFeed({ pulls: "onward", leaseMs: 2_000, waits: true });
      feed.publish(testEvent("e1"), testEvent("e2"));
      const deliveries = await feed.pull();
      await feed.nack?.(receiptsOf(deliveries).slice(1), { afterMs: 500 });

      const pulls = [feed.pull({ waitMs: 60_000 }), feed.pull({ waitMs: 60_000 })];
      await vi.advanceTimersByTimeAsync(499);
      expect(feed.pending).toBe(2);
      await vi.advanceTimersByTimeAsync(1);
      expect(feed.pending).toBe(1);
      await vi.advanceTimersByTimeAsync(1_500);

      expect((await Promise.all(pulls)).map(idsOf)).toEqual([["e2"], ["e1"]]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("fails giving back and lengthening too", async () => {
    const feed = memoryFeed({ pulls: "onward" });
    const error = new Error("down");
    feed.fail({ operation: "nack", error });
    feed.fail({ operation: "extend", error });

    await expect(feed.nack?.([])).rejects.toBe(error);
    await expect(feed.extend?.([], 5)).rejects.toBe(error);
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
