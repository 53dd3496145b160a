import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { consume, drain } from "../../src/loop/consume.ts";
import { deliveries } from "../../src/loop/deliveries.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { memoryFeed, testEvent } from "../../src/testing/memory-feed.ts";
import { toReceipt } from "../../src/core/feed.ts";
import type { Delivery, Feed } from "../../src/core/feed.ts";
import { batch } from "../../src/loop/batch.ts";
import { done, retry } from "../../src/loop/outcome.ts";
import { filledFeed, idsOf, imbalance, recorder } from "../loop/support.ts";
import { message, messageQueue, settledWithin } from "./support.ts";

// What was tried and held; kept so that it is known to have been tried.
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("handles all of a page of hostile ids once each", async () => {
  const ids = [
    "__proto__",
    "constructor",
    " ",
    "%",
    "%nameless 1 x",
    "a\0b",
    "\ud800",
    "x".repeat(1_000_000),
    "toString",
    "1",
    "01",
  ];
  const feed = memoryFeed();
  feed.publish(...ids.map((id) => testEvent(id)));
  const { dedupe, deadLetters } = memoryStores();
  const seen: string[] = [];
  const run = drain(feed, ({ id }) => void seen.push(id), {
    dedupe: { store: dedupe },
    deadLetters,
    consumer: "c",
  });
  expect(await settledWithin(run, 60_000)).toBe(true);
  expect(seen.length).toBe(ids.length);
});

it("survives odd values thrown, and keeps its books", async () => {
  const odd: unknown[] = [
    undefined,
    null,
    0,
    "",
    Symbol("x"),
    Object.create(null),
    new Proxy(
      {},
      {
        get() {
          throw new Error("trap");
        },
      },
    ),
    () => {},
    1n,
    [],
    Object.freeze(new Error("frozen")),
  ];
  const feed = filledFeed(odd.length + 1);
  const { deadLetters } = memoryStores();
  const run = drain(
    feed,
    ({ id }) => {
      const at = Number(id.slice(1));
      if (at === odd.length) return;
      throw odd[at];
    },
    { deadLetters, consumer: "c", retry: { attempts: 2, minDelayMs: 1 }, circuitBreaker: false },
  );
  expect(await settledWithin(run, 60_000)).toBe(true);
  const summary = await run;
  expect([summary.deadLettered, summary.handled, imbalance(summary)]).toEqual([odd.length, 1, 0]);
});

it("tries what was left by a partial batch, and keeps its books over a stop in the middle", async () => {
  const feed = filledFeed(200);
  const tries = new Map<string, number>();
  const run = consume(
    feed,
    batch({ size: 7, maxWaitMs: 5 }, async (events) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return events.map(({ id }) => {
        tries.set(id, (tries.get(id) ?? 0) + 1);
        return tries.get(id) === 1 && Number(id.slice(1)) % 3 === 0
          ? retry({ afterMs: 10 })
          : done();
      });
    }),
    { concurrency: 3, retry: { minDelayMs: 10 } },
  );
  await vi.advanceTimersByTimeAsync(120);
  const stopped = run.stop();
  await settledWithin(stopped, 60_000, 1);
  const summary = await stopped;
  expect([
    imbalance(summary),
    summary.acked === feed.acked.length,
    summary.handled === summary.acked,
  ]).toEqual([0, true, true]);
});

it("orders keys through retries, pauses and outages", async () => {
  const feed = filledFeed(60);
  const order = new Map<string, number[]>();
  let atWork = new Set<string>();
  let clash = 0;
  let isAway = false;
  const keyOf = (id: string) => `k${Number(id.slice(1)) % 5}`;
  const run = consume(
    feed,
    async ({ id }) => {
      const key = keyOf(id);
      if (atWork.has(key)) clash += 1;
      atWork.add(key);
      await new Promise((resolve) => setTimeout(resolve, 15));
      atWork.delete(key);
      if (isAway) throw new Error("away");
      order.set(key, [...(order.get(key) ?? []), Number(id.slice(1))]);
    },
    {
      concurrency: 8,
      orderBy: ({ id }) => keyOf(id),
      retry: { minDelayMs: 10, maxDelayMs: 50 },
      deadLetters: memoryStores().deadLetters,
      consumer: "c",
    },
  );
  for (let round = 0; round < 20; round += 1) {
    isAway = round % 4 === 1;
    await vi.advanceTimersByTimeAsync(23);
    run.pause();
    await vi.advanceTimersByTimeAsync(7);
    run.resume();
  }
  isAway = false;
  await vi.advanceTimersByTimeAsync(120_000);
  void run.stop();
  await settledWithin(run, 60_000);
  atWork = new Set();
  const isSorted = [...order.values()].every((each) =>
    each.every((at, index) => index === 0 || at > (each[index - 1] ?? 0)),
  );
  expect({ clash, isSorted, count: [...order.values()].flat().length }).toEqual({
    clash: 0,
    isSorted: true,
    count: 60,
  });
});

it("has no more than one listener on a signal of many runs, and none behind them", async () => {
  const controller = new AbortController();
  const add = vi.spyOn(controller.signal, "addEventListener");
  const remove = vi.spyOn(controller.signal, "removeEventListener");
  const runs = Array.from({ length: 100 }, () =>
    consume(memoryFeed(), () => {}, { signal: controller.signal }),
  );
  await vi.advanceTimersByTimeAsync(100);
  await Promise.all(
    runs.map(async (run) => {
      const stopped = run.stop();
      await settledWithin(stopped, 60_000);
    }),
  );
  expect([add.mock.calls.length, remove.mock.calls.length, vi.getTimerCount()]).toEqual([1, 1, 0]);
});

it("gives own loops their events when two ask at once, and ends both", async () => {
  const feed = filledFeed(6);
  const own = deliveries(feed, { idle: { minMs: 100 } });
  const seen: string[] = [];
  const work = async () => {
    for (;;) {
      const next = await own.next();
      if (next.done) return;
      seen.push(next.value.event.id);
      next.value.ack();
      next.value.retry();
    }
  };
  const both = Promise.all([work(), work()]);
  await vi.advanceTimersByTimeAsync(1000);
  const left = own.return();
  expect(await settledWithin(Promise.all([both, left]), 60_000)).toBe(true);
  expect(seen.toSorted()).toEqual(idsOf(6));
  expect(feed.acked.length).toBe(6);
  expect(vi.getTimerCount()).toBe(0);
});

it("handles a page whose items are frozen, proxied or have odd data", async () => {
  const events = [
    Object.freeze(testEvent("a", { data: Object.freeze({ x: 1 }) })),
    new Proxy(testEvent("b"), {}),
    { ...testEvent("c"), data: () => {} },
    { ...testEvent("d"), data: 10n },
  ];
  let isGone = false;
  const feed: Feed = {
    name: "odd",
    acks: "cumulative",
    pulls: "onward",
    pull: async () =>
      isGone
        ? []
        : ((isGone = true),
          events.map(
            (event, at): Delivery => ({
              event: event as never,
              raw: event,
              receipt: toReceipt(at),
            }),
          )),
    ack: async () => [{ status: "acked" }],
  };
  const { deadLetters } = memoryStores();
  const run = drain(
    feed,
    ({ id }) => {
      if (id > "b") throw new Error("bad");
    },
    { deadLetters, consumer: "c", retry: { attempts: 2, minDelayMs: 1 } },
  );
  await settledWithin(run, 60_000);
  const summary = await run;
  expect([summary.handled, summary.deadLettered, imbalance(summary)]).toEqual([2, 2, 0]);
});

it("keeps the books of a queue over pauses, stops and late pages", async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    let state = seed;
    const dice = (most: number) => {
      state = (state * 48271) % 2147483647;
      return state % most;
    };
    const queue = messageQueue(
      Array.from({ length: 60 }, (_, at) => message(`m${at}`, `e${at}`)),
      2000,
    );
    const { onReport, of } = recorder();
    const handled = new Set<string>();
    const feed: Feed = {
      ...queue.feed,
      pull: async (options) => {
        const page = await queue.feed.pull({ ...options, limit: Math.min(options?.limit ?? 9, 9) });
        await new Promise((resolve) => setTimeout(resolve, dice(300)));
        if (dice(6) === 0) throw new Error("lost");
        return page;
      },
      ack: async (receipts) => {
        await new Promise((resolve) => setTimeout(resolve, dice(100)));
        if (dice(5) === 0) throw new Error("lost");
        for (const each of receipts) {
          const { event } = queue.left.get(String(each)) ?? {};
          if (event && !handled.has(event.id)) throw new Error(`acked early ${event.id}`);
        }
        return queue.feed.ack(receipts);
      },
    };
    const run = consume(
      feed,
      async ({ id }) => {
        await new Promise((resolve) => setTimeout(resolve, dice(400)));
        if (dice(4) === 0) throw new Error("bad");
        handled.add(id);
      },
      {
        concurrency: 1 + dice(6),
        onReport,
        maxInFlight: 4 + dice(20),
        retry: { attempts: 50, minDelayMs: 10, maxDelayMs: 100 },
        idle: { minMs: 10, maxMs: 200 },
      },
    );
    for (let round = 0; round < 10; round += 1) {
      await vi.advanceTimersByTimeAsync(dice(500));
      run.pause();
      await vi.advanceTimersByTimeAsync(dice(300));
      run.resume();
    }
    await vi.advanceTimersByTimeAsync(120_000);
    const stopped = run.stop();
    await settledWithin(stopped, 60_000);
    const summary = await stopped;
    expect([seed, imbalance(summary), queue.left.size, of("halted").length]).toEqual([
      seed,
      0,
      0,
      0,
    ]);
  }
});
