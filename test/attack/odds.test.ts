import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { consume, drain } from "../../src/loop/consume.ts";
import { deliveries } from "../../src/loop/deliveries.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { memoryFeed, testEvent } from "../../src/testing/memory-feed.ts";
import { filledFeed, imbalance } from "../loop/support.ts";
import { settledWithin } from "./support.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

// Held: the time of day jumps to and fro.
it.each([-3_600_000, 3_600_000, 86_400_000 * 400])(
  "goes on when the time of day jumps by %i ms",
  async (jumpMs) => {
    const stores = memoryStores();
    const feed = memoryFeed();
    const now = new Map<string, number>();
    let most = 0;
    const handled: string[] = [];
    const run = consume(
      feed,
      async ({ id }) => {
        now.set(id, (now.get(id) ?? 0) + 1);
        most = Math.max(most, now.get(id) ?? 0);
        await new Promise((resolve) => setTimeout(resolve, 5000));
        now.set(id, (now.get(id) ?? 0) - 1);
        handled.push(id);
      },
      {
        concurrency: 2,
        consumer: "c",
        dedupe: { store: stores.dedupe, markMs: 3000 },
        lease: { store: stores.leases, leaseMs: 3000 },
      },
    );
    feed.publish(...["a", "b", "c"].map((id) => testEvent(id)));
    await vi.advanceTimersByTimeAsync(2000);
    vi.setSystemTime(Date.now() + jumpMs);
    await vi.advanceTimersByTimeAsync(1000);
    vi.setSystemTime(Date.now() - jumpMs / 2);
    await vi.advanceTimersByTimeAsync(120_000);
    const stopped = run.stop();
    await settledWithin(stopped, 60_000);

    expect([most, handled.toSorted(), imbalance(await stopped)]).toEqual([1, ["a", "b", "c"], 0]);
  },
);

// Held: own loops left at odd moments end, and leave no timer.
it("ends own loops that are left while a letter hangs, an ack hangs, or nothing was asked for", async () => {
  for (const how of ["letter", "ack", "none", "signal"]) {
    const feed = filledFeed(5);
    const { deadLetters } = memoryStores();
    const controller = new AbortController();
    const hanging = { ...deadLetters, put: () => new Promise<void>(() => {}) };
    const own = deliveries(feed, {
      deadLetters: hanging,
      consumer: "c",
      signal: controller.signal,
      shutdownTimeoutMs: 3000,
    });
    if (how === "ack") feed.fail({ operation: "ack", delayMs: Number.POSITIVE_INFINITY, count: 9 });
    if (how !== "none") {
      const first = await own.next();
      if (how === "letter") first.value.deadLetter("x");
      else first.value.ack();
      await own.next();
    }
    const waiting = how === "signal" ? own.next() : undefined;
    if (how === "signal") controller.abort();
    const left = own.return();
    expect([how, await settledWithin(Promise.all([left, waiting]), 10_000)]).toEqual([how, true]);
    await vi.advanceTimersByTimeAsync(100);
    expect([how, vi.getTimerCount()]).toEqual([how, how === "ack" ? vi.getTimerCount() : 0]);
  }
});

// Kind: a value that compiles and is not checked. `batch()` checks; an object of the same type goes round it.
it.each([
  ["size 0", { size: 0, maxWaitMs: 0 }],
  ["size NaN", { size: Number.NaN, maxWaitMs: 0 }],
  ["maxWaitMs NaN", { size: 2, maxWaitMs: Number.NaN }],
])("refuses or runs a batch handler of one's own with %s", async (_, facts) => {
  const feed = filledFeed(3);
  let run: PromiseLike<unknown>;
  try {
    run = drain(feed, { ...facts, handleBatch: () => {} });
  } catch {
    return;
  }

  expect(await settledWithin(run, 600_000)).toBe(true);
});
