import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { AckloopError } from "../../../src/core/errors.ts";
import type { Delivery, Feed } from "../../../src/core/feed.ts";
import { toReceipt } from "../../../src/core/feed.ts";
import { consume, drain } from "../../../src/loop/consume.ts";
import { memoryFeed, testEvent } from "../../../src/testing/memory-feed.ts";
import { ended, filledFeed, gate, recorder } from "../support.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

it("holds no more than maxInFlight of a list that gives what is asked for", async () => {
  const feed = filledFeed(5000);
  const doors = gate();
  let starts = 0;
  const run = consume(
    feed,
    async () => {
      starts += 1;
      // The first sixty are quick, the others wait.
      if (starts > 60) await doors.opened;
    },
    { maxInFlight: 100, concurrency: 80 },
  );
  let most = 0;
  for (let turn = 0; turn < 200; turn += 1) {
    await vi.advanceTimersByTimeAsync(50);
    most = Math.max(most, run.health().inFlight);
  }
  doors.open();
  await ended(run.stop());

  expect(most).toBeLessThanOrEqual(100);
});

it.each([
  ["waits", 0],
  ["computes for some milliseconds now and then", 20],
])("is unhealthy while polls fail, where a handler %s", async (_, computesMs) => {
  let aheadMs = 0;
  const now = performance.now.bind(performance);
  vi.spyOn(performance, "now").mockImplementation(() => now() + aheadMs);
  let pulls = 0;
  const feed: Feed = {
    name: "away",
    acks: "individual",
    pulls: "onward",
    pull: async () => {
      pulls += 1;
      if (pulls > 1) throw new Error("away");
      return [{ event: testEvent("a"), raw: {}, receipt: toReceipt("a") }];
    },
    ack: async (receipts) => receipts.map(() => ({ status: "acked" as const })),
  };
  const run = consume(
    feed,
    () => {
      // Holds the thread.
      aheadMs += computesMs;
      throw new Error("bad");
    },
    {
      retry: { attempts: 1000, minDelayMs: 10_000, maxDelayMs: 60_000 },
      idle: { maxDelayMs: 10_000 },
    },
  );
  await vi.advanceTimersByTimeAsync(3_600_000);
  const { healthy, lastPollAt, fruitlessPolls } = run.health();
  const silentMin = Math.round((Date.now() - (lastPollAt ?? 0)) / 60_000);
  await ended(run.stop());

  expect({ healthy, silentMin, fruitlessPolls: fruitlessPolls > 100 }).toEqual({
    healthy: false,
    silentMin: 60,
    fruitlessPolls: true,
  });
});

it("counts no poll as fruitless that has brought something, and waits where it was the last", async () => {
  const feed = memoryFeed({ acks: "cumulative", pulls: "onward", pages: true });
  feed.publish(testEvent("a"));
  const { onReport, of } = recorder();
  const run = consume(feed, () => {}, { onReport });
  await vi.advanceTimersByTimeAsync(0);
  const { fruitlessPolls } = run.health();
  const idles = of("idle").length;
  await ended(run.stop());

  expect({
    polls: feed.calls.filter(({ operation }) => operation === "pull").length,
    fruitlessPolls,
    idles,
  }).toEqual({
    polls: 1,
    fruitlessPolls: 0,
    idles: 1,
  });
});

it("says that a feed has moved whose page of others' events was acknowledged", async () => {
  const feed = memoryFeed({ acks: "cumulative", pulls: "onward", pages: true, pageSize: 50 });
  feed.publishElsewhere(50);
  feed.publish(testEvent("a"));
  const run = consume(feed, () => {
    throw new Error("bad");
  });
  await vi.advanceTimersByTimeAsync(2000);
  const { noProgress } = await ended(run.stop());
  const acks = feed.calls.filter(({ operation }) => operation === "ack").length;

  expect({ acks, noProgress }).toEqual({ acks: 1, noProgress: false });
});

it("says so where the window is full of what is settled and has no receipt", async () => {
  const events = Array.from({ length: 1000 }, (_, at) => testEvent(`e${at}`));
  const feed: Feed = {
    name: "sparse",
    acks: "cumulative",
    pulls: "onward",
    pull: async ({ limit = 100, after } = {}) => {
      const from = after === undefined ? pulled : Math.max(pulled, Number(after) + 1);
      const page = events.slice(from, from + limit);
      pulled = from + page.length;
      return page.map((event, at) => ({
        event,
        raw: {},
        ...((from + at) % 500 === 499 && { receipt: toReceipt(from + at) }),
      }));
    },
    ack: async () => [{ status: "acked" as const }],
  };
  let pulled = 0;
  const { onReport, of } = recorder();
  const run = consume(feed, () => {}, { onReport });
  await vi.advanceTimersByTimeAsync(3_600_000);
  const { healthy } = run.health();
  await ended(run.stop());

  const held = { open: 0, heldBy: expect.stringMatching(/ e\d+$/) };
  expect(of("windowFull").slice(0, 2)).toMatchObject([
    { ...held, stillMs: 5000 },
    { ...held, stillMs: 65_000 },
  ]);
  expect(healthy).toBe(false);
});

it.each([
  ["no event", {}],
  ["null", null],
  ["a number as id", { event: { ...testEvent("x"), id: 42 }, raw: {}, receipt: toReceipt("x") }],
])("handles the good items of a page around one that is %s", async (_, bad) => {
  let isGone = false;
  const good = (id: string): Delivery => ({
    event: testEvent(id),
    raw: {},
    receipt: toReceipt(id),
  });
  const feed: Feed = {
    name: "own",
    acks: "individual",
    pulls: "onward",
    pull: async () => (isGone ? [] : [good("a"), bad as never, good("b")]),
    ack: async (receipts) => receipts.map(() => ({ status: "acked" as const })),
  };
  const { onReport, of } = recorder();
  const handled: string[] = [];
  const run = consume(
    feed,
    ({ id }) => {
      handled.push(id);
      isGone = true;
    },
    { unprocessable: "drop", onReport },
  );
  await vi.advanceTimersByTimeAsync(600_000);
  await ended(run.stop());

  expect(handled).toEqual(["a", "b"]);
  expect(of("dropped")).toHaveLength(1);
});

// drain it is not tried again, and the drain resolves.
it("acks what a drain has handled although its last ack was refused once", async () => {
  const feed = filledFeed(3, { acks: "cumulative" });
  feed.fail({ operation: "ack", error: new AckloopError("request", "odd"), count: 1 });
  const { acked, stopped } = await ended(drain(feed, () => {}, { limit: 3 }));

  expect({ acked, stopped }).toEqual({ acked: 3, stopped: "limit" });
});

it("ends a drain of a list that brings what can never be acked, in another content each time", async () => {
  let pulls = 0;
  let isAcked = false;
  const good = { event: testEvent("good"), raw: {}, receipt: toReceipt("good") };
  const feed: Feed = {
    name: "list",
    acks: "individual",
    pulls: "unacked",
    pull: async () => {
      pulls += 1;
      const unreadable = new AckloopError("schema", "no id");
      return [{ unreadable, raw: { pulls } }, ...(isAcked ? [] : [good])];
    },
    ack: async (receipts) => {
      isAcked = true;
      return receipts.map(() => ({ status: "acked" as const }));
    },
  };

  const summary = await ended(drain(feed, () => {}, { unprocessable: "drop" }));

  expect(summary).toMatchObject({ stopped: "empty", handled: 1, acked: 1, unsettled: 0 });
  expect(pulls).toBeLessThan(6);
});

it("pulls no drain's empty pages that promise more and move on in a hurry, without end", async () => {
  let pulls = 0;
  const feed: Feed = {
    name: "pages",
    acks: "cumulative",
    pulls: "unacked",
    pull: async () => {
      pulls += 1;
      // A loop that is hot would end no test.
      const more = pulls < 1000;
      return { deliveries: [], receipt: toReceipt(`${pulls}`), more };
    },
    ack: async (receipts) => receipts.map(() => ({ status: "acked" as const })),
  };
  const done = new AbortController();
  const drained = drain(feed, () => {}, { signal: done.signal });
  await vi.advanceTimersByTimeAsync(60_000);
  done.abort();
  await ended(drained);

  expect(pulls).toBeLessThan(40);
});

it("acks the place of a cursor that stands still once, however often it is polled", async () => {
  const acks: unknown[] = [];
  let place = "1";
  const feed: Feed = {
    name: "cursor",
    acks: "cumulative",
    pulls: "onward",
    pull: async () => ({ deliveries: [], receipt: toReceipt(place) }),
    ack: async (receipts) => {
      acks.push(...receipts);
      return receipts.map(() => ({ status: "acked" as const }));
    },
  };
  const run = consume(feed, () => {}, { idle: { maxDelayMs: 1000 } });
  await vi.advanceTimersByTimeAsync(60_000);
  place = "2";
  await vi.advanceTimersByTimeAsync(60_000);
  await ended(run.stop());

  expect(acks).toEqual(["1", "2"]);
});
