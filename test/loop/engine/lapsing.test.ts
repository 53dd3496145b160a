import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Feed, Receipt } from "../../../src/core/feed.ts";
import { batch } from "../../../src/loop/batch.ts";
import type { DrainOptions } from "../../../src/loop/consume.ts";
import { consume, drain } from "../../../src/loop/consume.ts";
import { memoryStores } from "../../../src/stores/index.ts";
import { wrapFeed } from "../../../src/testing/feed-laws/wrapping.ts";
import { testEvent } from "../../../src/testing/memory-feed.ts";
import { filledFeed, idsOf } from "../support.ts";

interface Work {
  readonly count: number;
  readonly leaseMs: number;
  readonly options?: DrainOptions;
  /** Whether an ack is taken after the lease too. @default false */
  readonly takesLate?: boolean;
  /** How many are handled at once by one call of a batch handler. */
  readonly atOnce?: number | undefined;
}

/** What came of a drain whose handler takes 40 ms. */
async function work({ count, leaseMs, options = {}, atOnce, takesLate }: Work) {
  const { feed, memory, seen } = unextended(count, leaseMs, takesLate);
  const started: string[] = [];
  const handle = async (ids: readonly string[]): Promise<void> => {
    started.push(...ids);
    await new Promise((resolve) => setTimeout(resolve, 40));
  };
  const draining = drain(
    feed,
    atOnce === undefined
      ? ({ id }) => handle([id])
      : batch({ size: atOnce, maxWaitMs: 0 }, (events) => handle(events.map(({ id }) => id))),
    options,
  );
  await vi.advanceTimersByTimeAsync(60_000);
  const most = Math.max(...idsOf(count).map((id) => seen.filter((each) => each === id).length));
  return { summary: await draining, started, acked: memory.acked, most };
}

/** A queue that hides messages without ids for so long, and takes no ack after that, unless told so. */
function unextended(count: number, leaseMs: number, takesLate = false) {
  const memory = filledFeed(count, { acks: "individual", pulls: "onward", leaseMs });
  const endsAt = new Map<Receipt | undefined, number>();
  const seen: (string | undefined)[] = [];
  const feed: Feed = {
    name: memory.name,
    acks: "individual",
    pulls: "onward",
    pull: async (options) => {
      const page = await memory.pull(options);
      const hiddenUntil = takesLate ? Number.POSITIVE_INFINITY : performance.now() + leaseMs;
      for (const { receipt } of page) endsAt.set(receipt, hiddenUntil);
      seen.push(...page.map(({ event }) => event?.id));
      return page.map((delivery) => ({ ...delivery, idDerived: true as const }));
    },
    ack: async (receipts) => {
      const inTime = receipts.filter((receipt) => performance.now() < (endsAt.get(receipt) ?? 0));
      await memory.ack(inTime);
      return receipts.map((each) => ({ status: inTime.includes(each) ? "acked" : "gone" }));
    },
  };
  return { feed, memory, seen };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("an event without an id whose lease ends before it can be handled", () => {
  it("is left, and handled when it comes again, by a drain too", async () => {
    const { summary, started, acked } = await work({ count: 6, leaseMs: 100 });

    expect(summary).toMatchObject({ stopped: "empty", unsettled: 0, pulled: summary.handled });
    // One that is at work when its lease ends is handled again.
    expect(started.length).toBeLessThan(9);
    expect(acked.toSorted()).toEqual(idsOf(6));
  });

  it("is asked for by a whole number, where pulls are held for longer than a lease and handlers take no time", async () => {
    const { feed } = unextended(8, 100);
    const limits: unknown[] = [];
    const held: Feed = {
      ...feed,
      pull: async (options) => {
        limits.push(options?.limit);
        const page = await feed.pull(options);
        await new Promise((resolve) => setTimeout(resolve, 1000));
        return page;
      },
    };
    let count = 0;
    const handler = (): Promise<void> | undefined => {
      count += 1;
      return count === 1 ? new Promise((resolve) => setTimeout(resolve, 10)) : undefined;
    };
    const run = consume(held, handler, { concurrency: 1, idle: { minDelayMs: 10 } });
    await vi.advanceTimersByTimeAsync(60_000);
    await run.stop();

    expect(limits.length).toBeGreaterThan(1);
    expect(limits.filter((limit) => !Number.isInteger(limit))).toEqual([]);
  });

  it("is left by batches and with keys too, and counts for no limit", async () => {
    const batches = await work({ count: 6, leaseMs: 70, atOnce: 2 });
    const keyed = await work({ count: 6, leaseMs: 70, options: { orderBy: () => "all" } });
    const limited = await work({ count: 6, leaseMs: 70, options: { limit: 3 } });

    for (const { summary, acked } of [batches, keyed]) {
      expect(summary).toMatchObject({ stopped: "empty", unsettled: 0 });
      expect(acked.toSorted()).toEqual(idsOf(6));
    }
    expect(limited.summary).toMatchObject({ stopped: "limit", pulled: 3, handled: 3 });
  });

  it.each([
    ["the work", 20, false],
    ["all of a page", 100, false],
    ["the work, batch by batch", 20, true],
  ])("comes again once where its lease is shorter than %s", async (_, leaseMs, isBatch) => {
    const options = { concurrency: 1 };
    const atOnce = isBatch ? 4 : undefined;
    const { summary, started, most } = await work({
      count: 60,
      leaseMs,
      options,
      atOnce,
      takesLate: true,
    });

    expect(summary).toMatchObject({ stopped: "empty", unsettled: 0 });
    // One of the first page may be at work when its lease ends.
    expect(started.length).toBeLessThan(62);
    expect(most).toBeLessThanOrEqual(3);
    expect(summary.elapsedMs).toBeLessThan(10_000);
  });

  it("holds up no other key while one waits for its next attempt", async () => {
    const options = {
      concurrency: 1,
      orderBy: ({ id }: { readonly id: string }) => (id < "e5" ? "waits" : id),
      retry: { minDelayMs: 30_000 },
    };
    const { memory, feed } = unextended(20, 20, true);
    let isFirst = true;
    const run = consume(
      feed,
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 40));
        if (isFirst) {
          isFirst = false;
          throw new Error("not yet");
        }
      },
      options,
    );
    await vi.advanceTimersByTimeAsync(14_000);

    expect(memory.acked).toEqual(expect.arrayContaining(["e5", "e9"]));
    void run.stop();
    await vi.advanceTimersByTimeAsync(30_000);
  });

  it("is kept where too few are held to tell an outage from poison", async () => {
    const { memory, feed } = unextended(20, 200, true);
    const { deadLetters } = memoryStores();
    const put = vi.fn(async () => {});
    let isAway = false;
    const run = consume(
      feed,
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 150));
        if (isAway) throw new Error("database away");
      },
      {
        concurrency: 1,
        deadLetters: { ...deadLetters, put },
        consumer: "c",
        retry: { attempts: 2, minDelayMs: 50, maxDelayMs: 500 },
      },
    );
    await vi.advanceTimersByTimeAsync(1500);
    isAway = true;
    await vi.advanceTimersByTimeAsync(120_000);
    isAway = false;
    await vi.advanceTimersByTimeAsync(120_000);

    expect(put).not.toHaveBeenCalled();
    expect(new Set(memory.acked)).toEqual(new Set(idsOf(20)));
    void run.stop();
    await vi.advanceTimersByTimeAsync(30_000);
  });

  it("is begun soon where each pull is held for longer than its lease", async () => {
    // The first four come in a burst, so that some are let go of; what is left comes with held pulls alone.
    const { feed, memory } = unextended(4, 100, true);
    let isHeld = false;
    const held: Feed = {
      ...feed,
      waits: true,
      pull: async (options) => {
        if (isHeld) await new Promise((resolve) => setTimeout(resolve, 5_000));
        isHeld = true;
        return feed.pull(options);
      },
    };
    const run = consume(held, () => new Promise((resolve) => setTimeout(resolve, 40)), {
      concurrency: 1,
    });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(memory.acked.toSorted()).toEqual(idsOf(4));
    void run.stop();
    await vi.advanceTimersByTimeAsync(30_000);
  });

  it("is begun all the same where none that came before it was", async () => {
    const { feed } = unextended(1, 1);
    const late: Feed = {
      ...feed,
      pull: async (options) => {
        const page = await feed.pull(options);
        await new Promise((resolve) => setTimeout(resolve, 5));
        return page;
      },
    };
    const started: string[] = [];

    const run = consume(late, ({ id }) => void started.push(id));
    await vi.advanceTimersByTimeAsync(10);

    expect(started).toContain("e0");
    void run.stop();
    await vi.advanceTimersByTimeAsync(10_000);
  });
});

describe("an event whose lease has ended although it was to be lengthened", () => {
  const leased = { acks: "individual", pulls: "onward", leaseMs: 300 } as const;
  const fails = () => Promise.reject(new Error("the engine is away"));
  const takes = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

  it("is not begun beside another worker, who has it by then", async () => {
    const memory = filledFeed(8, leased);
    const late = wrapFeed(memory, { extend: fails });
    const started: string[] = [];
    const others: string[] = [];
    const run = consume(
      late,
      async ({ id }) => {
        started.push(id);
        await takes(1000);
      },
      { concurrency: 1, logger: false },
    );
    await vi.advanceTimersByTimeAsync(500);
    const other = consume(memory.reopen(), ({ id }) => void others.push(id));
    await vi.advanceTimersByTimeAsync(5000);

    expect(started).toEqual(["e0"]);
    expect(others.toSorted()).toEqual(idsOf(8));
    void Promise.all([run.stop(), other.stop()]);
    await vi.advanceTimersByTimeAsync(30_000);
  });

  it("is begun at once where its pull was held for longer than its lease", async () => {
    const memory = filledFeed(0, { ...leased, leaseMs: 100 });
    const pull: Feed["pull"] = async (options) => {
      await takes(5000);
      return memory.pull(options);
    };
    const held = wrapFeed(memory, { pull });
    const started: string[] = [];
    const run = consume(held, ({ id }) => void started.push(id), { logger: false });
    await vi.advanceTimersByTimeAsync(100);
    memory.publish(testEvent("e0"), testEvent("e1"));
    await vi.advanceTimersByTimeAsync(5000);

    expect(started).toEqual(["e0", "e1"]);
    void run.stop();
    await vi.advanceTimersByTimeAsync(30_000);
  });

  it.each([1, 3])(
    "comes again, and all are handled by %i at once with leases that are too short",
    async (concurrency) => {
      const memory = filledFeed(20, { ...leased, leaseMs: 100 });
      const late = wrapFeed(memory, { extend: fails });
      const started: string[] = [];
      const draining = drain(
        late,
        async ({ id }) => {
          started.push(id);
          await takes(150);
        },
        { concurrency, logger: false },
      );
      await vi.advanceTimersByTimeAsync(60_000);

      expect(await draining).toMatchObject({ stopped: "empty", unsettled: 0, handled: 20 });
      expect(started.toSorted()).toEqual(idsOf(20).toSorted());
      expect(memory.acked.toSorted()).toEqual(idsOf(20).toSorted());
    },
  );
});
