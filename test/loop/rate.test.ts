import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FeedEvent } from "../../src/core/event.ts";
import { batch, consume, drain, retry } from "../../src/index.ts";
import { testEvent } from "../../src/testing/memory-feed.ts";
import { filledFeed, idsOf, recorder } from "./support.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const seconds = (count: number) => vi.advanceTimersByTimeAsync(1000 * count);

/** A handler that keeps when it was started, in ms from now. */
function clocked() {
  const from = performance.now();
  const starts: number[] = [];
  const handler = (): void => {
    starts.push(Math.round(performance.now() - from));
  };
  return { starts, handler };
}

describe("maxPerSecond", () => {
  it("starts no more in a second, and uses each", async () => {
    const { starts, handler } = clocked();
    const options = { maxPerSecond: 5, concurrency: 50 };
    const draining = drain(filledFeed(12), handler, options);
    await seconds(3);

    expect((await draining).handled).toBe(12);
    expect(starts).toEqual(idsOf(12).map((_, index) => 200 * index));
  });

  it("counts a further attempt, and a batch once", async () => {
    const retried = clocked();
    const again = (_: FeedEvent, { attempt }: { attempt: number }) => {
      retried.handler();
      return attempt === 1 ? retry({ afterMs: 1 }) : undefined;
    };
    const first = drain(filledFeed(2), again, { maxPerSecond: 1, concurrency: 9 });
    await seconds(5);
    await first;
    const batched = clocked();
    const inTwos = batch({ size: 2, maxWaitMs: 60_000 }, batched.handler);
    const second = drain(filledFeed(6), inTwos, { maxPerSecond: 0.5, concurrency: 9 });
    await seconds(9);
    await second;

    expect(retried.starts).toEqual([0, 1000, 2000, 3000]);
    expect(batched.starts).toEqual([0, 2000, 4000]);
  });

  it("keeps each key in order", async () => {
    const seen: string[] = [];
    const draining = drain(filledFeed(6), ({ id }) => void seen.push(id), {
      maxPerSecond: 2,
      concurrency: 6,
      orderBy: () => "one",
    });
    await seconds(4);
    await draining;

    expect(seen).toEqual(idsOf(6));
  });

  it("holds up neither a stop nor what is done, and the run is well and tells of no full window", async () => {
    const feed = filledFeed(500);
    const { reports, onReport } = recorder();
    const { starts, handler } = clocked();
    const run = consume(feed, handler, { maxPerSecond: 0.01, onReport });
    await seconds(99);
    const { state, troubles } = run.health();
    expect([state, troubles, starts, feed.acked.length]).toEqual(["running", [], [0], 1]);
    const stopping = run.stop();
    await vi.advanceTimersByTimeAsync(1);

    expect(await stopping).toMatchObject({ handled: 1, acked: 1 });
    expect(reports.map(({ kind }) => kind)).not.toContain("stalled");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("takes what comes after a quiet time at once", async () => {
    const feed = filledFeed(1);
    const { starts, handler } = clocked();
    const idle = { minDelayMs: 10, maxDelayMs: 10 };
    const run = consume(feed, handler, { maxPerSecond: 1, idle });
    await seconds(30);
    feed.publish(testEvent("late"));
    await vi.advanceTimersByTimeAsync(20);

    expect(starts).toHaveLength(2);
    await run.stop();
  });
});
