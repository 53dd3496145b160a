import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { consume } from "../../src/loop/consume.ts";
import { done } from "../../src/loop/outcome.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { memoryFeed, testEvent } from "../../src/testing/memory-feed.ts";
import { ended, filledFeed } from "./support.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A handler that notes how many of one event are at work at once. */
function countsAtOnce(workMs: number) {
  let now = 0;
  const seen = { most: 0, starts: 0 };
  const handler = async (): Promise<void> => {
    now += 1;
    seen.starts += 1;
    seen.most = Math.max(seen.most, now);
    await new Promise((resolve) => setTimeout(resolve, workMs));
    now -= 1;
  };
  return { seen, handler };
}

it("holds an event whose handler is at work in a run that has lost its lease, until it has ended", async () => {
  const stores = memoryStores();
  const feed = memoryFeed();
  feed.publish(testEvent("a"));
  const { seen, handler } = countsAtOnce(30_000);
  const options = {
    consumer: "c",
    dedupe: { store: stores.dedupe },
    lease: { store: stores.leases, leaseMs: 10_000 },
    idle: { minDelayMs: 100, maxDelayMs: 100 },
  };
  let isAway = false;
  const flaky = {
    ...stores.leases,
    renew: async (...rest: Parameters<typeof stores.leases.renew>) => {
      if (isAway) throw new Error("no connection");
      return stores.leases.renew(...rest);
    },
  };
  const first = consume(feed, handler, { ...options, lease: { ...options.lease, store: flaky } });
  first.catch(() => {});
  await vi.advanceTimersByTimeAsync(1000);
  isAway = true;
  const second = consume(feed.reopen(), handler, options);
  await vi.advanceTimersByTimeAsync(50_000);
  void second.stop();
  await ended(second, 60_000);

  expect(seen).toEqual({ most: 1, starts: 2 });
});

it("holds an event whose handler is at work in a run that loses its lease while it stops", async () => {
  const stores = memoryStores();
  const feed = memoryFeed();
  feed.publish(testEvent("a"));
  const { seen, handler } = countsAtOnce(20_000);
  const options = {
    consumer: "c",
    dedupe: { store: stores.dedupe },
    lease: { store: stores.leases, leaseMs: 10_000 },
    idle: { minDelayMs: 100, maxDelayMs: 100 },
  };
  const losing = { ...stores.leases, renew: async () => false };
  const first = consume(feed, handler, { ...options, lease: { ...options.lease, store: losing } });
  await vi.advanceTimersByTimeAsync(1000);
  const second = consume(feed.reopen(), handler, options);

  const lost = expect(first.stop({ withinMs: 12_000 })).rejects.toThrow("is lost");
  await vi.advanceTimersByTimeAsync(100_000);
  void second.stop();
  await ended(second, 60_000);

  await lost;
  expect(seen).toEqual({ most: 1, starts: 2 });
});

it("remembers what handlers were done with after the run has lost its lease", async () => {
  const stores = memoryStores();
  const feed = filledFeed(10);
  const effects: string[] = [];
  const handler = async ({ id }: { id: string }) => {
    await new Promise((resolve) => setTimeout(resolve, 30_000));
    effects.push(id);
    return done();
  };
  const options = { consumer: "c", dedupe: { store: stores.dedupe }, concurrency: 10 };
  const lease = { store: { ...stores.leases, renew: async () => false }, leaseMs: 10_000 };
  const first = consume(feed, handler, { ...options, lease });
  first.catch(() => {});
  await vi.advanceTimersByTimeAsync(40_000);
  await expect(first).rejects.toMatchObject({ code: "leaseLost" });
  expect(effects).toHaveLength(10);

  const second = consume(feed.reopen(), handler, options);
  await vi.advanceTimersByTimeAsync(60_000);

  expect(await ended(second.stop())).toMatchObject({ handled: 0, duplicates: 10 });
});

it("renews the mark of a handler whose finish has failed", async () => {
  const stores = memoryStores();
  const feed = memoryFeed();
  feed.publish(testEvent("a"));
  const { seen, handler } = countsAtOnce(30_000);
  const options = {
    consumer: "c",
    dedupe: { store: stores.dedupe, markMs: 5000 },
    idle: { minDelayMs: 100, maxDelayMs: 100 },
  };
  const work = async (_: unknown, context: { finish(transaction: unknown): Promise<boolean> }) => {
    // Such as a transaction that the database refused; the handler goes on without it.
    await context.finish({}).catch(() => false);
    await handler();
  };
  const runs = [consume(feed, work, options), consume(feed.reopen(), work, options)];
  await vi.advanceTimersByTimeAsync(120_000);
  for (const run of runs) void run.stop();
  await ended(Promise.all(runs), 60_000);

  expect(seen.most).toBe(1);
});

it("begins no event twice where renewals hang and stores are slow", async () => {
  const stores = memoryStores();
  const feed = filledFeed(3);
  let hangs = 0;
  const dedupe = {
    ...stores.dedupe,
    renew: async (...rest: Parameters<typeof stores.dedupe.renew>) => {
      hangs += 1;
      if (hangs % 3 === 0) return new Promise<boolean>(() => {});
      return stores.dedupe.renew(...rest);
    },
  };
  const now = new Map<string, number>();
  let most = 0;
  const handler = async ({ id }: { id: string }) => {
    now.set(id, (now.get(id) ?? 0) + 1);
    most = Math.max(most, now.get(id) ?? 0);
    await new Promise((resolve) => setTimeout(resolve, 40_000));
    now.set(id, (now.get(id) ?? 0) - 1);
  };
  const options = { consumer: "c", dedupe: { store: dedupe, markMs: 6000 }, concurrency: 3 };
  const runs = [consume(feed, handler, options), consume(feed.reopen(), handler, options)];
  await vi.advanceTimersByTimeAsync(90_000);
  for (const run of runs) void run.stop();
  await ended(Promise.all(runs), 60_000);
  expect(most).toBe(1);
});

it("handles an event whose only start was a begin without an answer, which nobody took back", async () => {
  const { dedupe, deadLetters } = memoryStores();
  const feed = filledFeed(1);
  const handler = vi.fn();
  const options = {
    consumer: "c",
    deadLetters,
    retry: { attempts: 1 },
    idle: { minDelayMs: 100, maxDelayMs: 1000 },
  };
  const unheard: typeof dedupe = {
    ...dedupe,
    begin: async (...all) => {
      await dedupe.begin(...all);
      return new Promise<never>(() => {});
    },
    forget: () => new Promise<never>(() => {}),
  };
  const first = consume(feed, handler, { ...options, dedupe: { store: unheard, markMs: 2000 } });
  await vi.advanceTimersByTimeAsync(500);
  await ended(first.stop({ withinMs: 100 }));

  const second = consume(feed.reopen(), handler, {
    ...options,
    dedupe: { store: dedupe, markMs: 2000 },
  });
  await vi.advanceTimersByTimeAsync(20_000);

  expect(handler).toHaveBeenCalledTimes(1);
  expect(await ended(second.stop())).toMatchObject({ handled: 1, deadLettered: 0 });
});
