import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Delivery, Feed } from "../../src/core/feed.ts";
import { toReceipt } from "../../src/core/feed.ts";
import { consume } from "../../src/loop/consume.ts";
import { memoryFeed, testEvent } from "../../src/testing/memory-feed.ts";
import { filledFeed, gate, recorder } from "../loop/support.ts";
import { messageQueue, message, settledWithin } from "./support.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

// Promise (options.ts `maxInFlight`: "the most events held at once, from pulled to acknowledged ... At the limit pulling stops").
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
    most = Math.max(most, run.health().unacked);
  }
  doors.open();
  void run.stop();
  await settledWithin(run, 60_000);

  expect(most).toBeLessThanOrEqual(100);
});

// Promise (DESIGN, shutdown: "nack what is unsettled where the API can"): what a cut pull still brought is hidden for its lease.
it("gives back what a pull brought that was cut by the stop, and answered while the stop went on", async () => {
  const queue = messageQueue([message("m1", "a"), message("m2", "b")], 3_600_000);
  let pulls = 0;
  const feed: Feed = {
    ...queue.feed,
    pull: async (options) => {
      pulls += 1;
      if (pulls === 1) return (await queue.feed.pull({ ...options, limit: 1 })) as Delivery[];
      // It does not look at the signal, and answers a little after the stop.
      await new Promise((resolve) => setTimeout(resolve, 500));
      return queue.feed.pull(options);
    },
  };
  const run = consume(feed, () => new Promise<void>((resolve) => setTimeout(resolve, 3000)), {
    concurrency: 2,
  });
  await vi.advanceTimersByTimeAsync(100);
  const stopped = run.stop();
  await settledWithin(stopped, 60_000);

  expect({ pulls, acked: queue.acked, nacked: queue.nacked }).toEqual({
    pulls: 2,
    acked: ["m1"],
    nacked: ["m2"],
  });
});

// Promise (run.ts `healthy`: false when no pull was answered for 2 min + idle.maxMs + waitMs although one should have been).
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
    { retry: { attempts: 1000, minDelayMs: 10_000, maxDelayMs: 60_000 }, idle: { maxMs: 10_000 } },
  );
  await vi.advanceTimersByTimeAsync(3_600_000);
  const { healthy, lastPollAt, fruitlessPolls } = run.health();
  const silentMin = Math.round((Date.now() - (lastPollAt ?? 0)) / 60_000);
  void run.stop();
  await settledWithin(run, 60_000);

  expect({ healthy, silentMin, fruitlessPolls: fruitlessPolls > 100 }).toEqual({
    healthy: false,
    silentMin: 60,
    fruitlessPolls: true,
  });
});

// Promise (run.ts `fruitlessPolls`: "how many polls in a row brought nothing new or failed"; report `idle`: "nothing new").
it("counts no poll as fruitless that has brought something", async () => {
  const feed = memoryFeed({ acks: "cumulative", pulls: "onward", pages: true });
  feed.publish(testEvent("a"));
  const { onReport, of } = recorder();
  const run = consume(feed, () => {}, { onReport });
  await vi.advanceTimersByTimeAsync(0);
  const { fruitlessPolls } = run.health();
  const idles = of("idle").length;
  void run.stop();
  await settledWithin(run, 60_000);

  expect({
    polls: feed.calls.filter(({ operation }) => operation === "pull").length,
    fruitlessPolls,
    idles,
  }).toEqual({
    polls: 1,
    fruitlessPolls: 0,
    idles: 0,
  });
});

// Promise (summary.ts `noProgress`: "True when a cumulative feed did not move: the next run meets the same events").
it("says that a feed has moved whose page of others' events was acknowledged", async () => {
  const feed = memoryFeed({ acks: "cumulative", pulls: "onward", pages: true, pageSize: 50 });
  feed.publishElsewhere(50);
  feed.publish(testEvent("a"));
  const run = consume(feed, () => {
    throw new Error("bad");
  });
  await vi.advanceTimersByTimeAsync(2000);
  const stopped = run.stop();
  await settledWithin(stopped, 60_000);
  const acks = feed.calls.filter(({ operation }) => operation === "ack").length;

  expect({ acks, noProgress: (await stopped).noProgress }).toEqual({ acks: 1, noProgress: false });
});

// Promise ("no silent stall"): a log whose receipts are further apart than the window.
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
  const { onReport, reports, of } = recorder();
  const run = consume(feed, () => {}, { onReport });
  await vi.advanceTimersByTimeAsync(3_600_000);
  const state = {
    handled: of("handled").length,
    healthy: run.health().healthy,
    last: reports.at(-1)?.kind,
  };
  void run.stop();
  await settledWithin(run, 60_000);

  expect(
    state.handled === 1000 || !state.healthy || state.last === "windowFull",
    JSON.stringify(state),
  ).toBe(true);
});
