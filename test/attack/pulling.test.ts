import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Delivery, Feed } from "../../src/core/feed.ts";
import { consume, drain } from "../../src/loop/consume.ts";
import { ended } from "../loop/support.ts";
import { messageQueue, message, settledWithin } from "./support.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
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

// Promise (consume.ts `deadline`: "When everything must be over").
it("is over at the deadline although giving events back hangs", async () => {
  const queue = messageQueue([message("m1", "a")], 60_000);
  const feed: Feed = { ...queue.feed, nack: () => new Promise<void>(() => {}) };
  const deadline = Date.now() + 5000;
  await ended(drain(feed, () => new Promise<void>(() => {}), { deadline }));

  expect(Date.now() - deadline).toBeLessThanOrEqual(50);
});

it("is over within the time of a stop although giving events back hangs", async () => {
  const queue = messageQueue([message("m1", "a")], 60_000);
  const feed: Feed = { ...queue.feed, nack: () => new Promise<void>(() => {}) };
  const run = consume(feed, () => new Promise<void>(() => {}));
  await vi.advanceTimersByTimeAsync(100);
  const began = Date.now();
  await ended(run.stop({ withinMs: 500 }));

  expect(Date.now() - began).toBeLessThanOrEqual(550);
});

// Promise (run.ts `stop`: "of several times the shortest holds, also for a halt that is under way"; kind G).
it("is over in the time of a second stop although giving events back hangs", async () => {
  const queue = messageQueue([message("m1", "a"), message("m2", "b")], 60_000);
  const feed: Feed = { ...queue.feed, nack: () => new Promise<void>(() => {}) };
  const run = consume(feed, () => new Promise<void>((resolve) => setTimeout(resolve, 100)));
  await vi.advanceTimersByTimeAsync(50);
  void run.stop();
  await vi.advanceTimersByTimeAsync(1000);
  const began = Date.now();
  await ended(run.stop({ withinMs: 500 }));

  expect(Date.now() - began).toBeLessThanOrEqual(1000);
});
