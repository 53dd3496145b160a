import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FeedEvent } from "../../../src/core/event.ts";
import type { Feed } from "../../../src/core/feed.ts";
import { consume } from "../../../src/loop/consume.ts";
import type { LoopOptions } from "../../../src/loop/options.ts";
import { retry } from "../../../src/loop/outcome.ts";
import { memoryStores } from "../../../src/stores/index.ts";
import { memoryFeed, testEvent } from "../../../src/testing/memory-feed.ts";
import { ended, filledFeed, recorder } from "../support.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("tries events again, gives them up or tells of an outage while another's handler hangs", async () => {
  const feed = filledFeed(4);
  const { deadLetters } = memoryStores();
  const { onReport, of } = recorder();
  let isAway = true;
  const run = consume(
    feed,
    ({ id }) => {
      if (id === "e0") return new Promise<void>(() => {});
      if (isAway) throw new Error("database away");
      return undefined;
    },
    { concurrency: 10, deadLetters, consumer: "c", onReport },
  );
  await vi.advanceTimersByTimeAsync(120_000);
  isAway = false;
  await vi.advanceTimersByTimeAsync(3_600_000);
  await ended(run.stop());

  expect(of("circuitOpened")).toMatchObject([{ failed: 3 }]);
  expect(of("handled")).toHaveLength(3);
});

it("gives two bad events up while another process works on a third for an hour", async () => {
  const feed = filledFeed(3);
  const stores = memoryStores();
  const key = { consumer: "c", feed: feed.name, identity: "/memory e0" };
  const begun = await stores.dedupe.begin(key, 3_600_000);
  expect(begun.status).toBe("begun");
  const { onReport, of } = recorder();
  const run = consume(
    feed,
    () => {
      throw new Error("bad");
    },
    {
      concurrency: 10,
      deadLetters: stores.deadLetters,
      dedupe: { store: stores.dedupe },
      consumer: "c",
      onReport,
    },
  );
  await vi.advanceTimersByTimeAsync(1_800_000);
  const letters = of("deadLettered").length;
  await ended(run.stop());

  expect(letters).toBe(2);
});

it("keeps the wait that a handler asked for, in an outage too", async () => {
  const feed = filledFeed(3);
  const starts = new Map<string, number[]>();
  const run = consume(
    feed,
    ({ id }) => {
      starts.set(id, [...(starts.get(id) ?? []), Date.now()]);
      // The API behind the handler said: Retry-After: 60.
      return retry({ afterMs: 60_000 });
    },
    { concurrency: 3 },
  );
  await vi.advanceTimersByTimeAsync(59_000);
  const counts = [...starts.values()].map(({ length }) => length);
  await ended(run.stop());

  expect(counts).toEqual([1, 1, 1]);
});

it("counts what was tried again as it tells of it", async () => {
  const feed = memoryFeed();
  feed.publish(...["a", "b", "c"].map((id) => testEvent(id)));
  const { onReport, of } = recorder();
  let starts = 0;
  const run = consume(
    feed,
    () => {
      starts += 1;
      if (starts <= 12) throw new Error("away");
    },
    { onReport, retry: { minDelayMs: 100, maxDelayMs: 1000 } },
  );
  await vi.advanceTimersByTimeAsync(600_000);
  const { retried, handled } = await ended(run.stop());

  expect({ retried, told: of("retried").length, handled }).toEqual({
    retried: 12,
    told: 12,
    handled: 3,
  });
});

it("reaches the good events behind bad ones that fill more than half of the window", async () => {
  const feed = filledFeed(40, { pulls: "onward", pageSize: 12 });
  const { deadLetters } = memoryStores();
  const handled: string[] = [];
  const run = consume(
    feed,
    async ({ id }) => {
      await Promise.resolve();
      if (Number(id.slice(1)) < 13) throw new Error("bad");
      handled.push(id);
    },
    {
      concurrency: 4,
      maxInFlight: 20,
      deadLetters,
      consumer: "c",
      circuitBreaker: { after: 3 },
    },
  );
  await vi.advanceTimersByTimeAsync(600_000);
  await ended(run.stop());

  expect(handled).toHaveLength(27);
});

it("takes what has failed and succeeded in turns for good: an outage that follows gives none of it up", async () => {
  const feed = filledFeed(40);
  const { deadLetters } = memoryStores();
  const { onReport, of } = recorder();
  let calls = 0;
  const run = consume(
    feed,
    () => {
      calls += 1;
      // One in ten gets through, and then none.
      if (calls > 200 || calls % 10 > 0) throw new Error("away");
    },
    { retry: { minDelayMs: 10, maxDelayMs: 20 }, deadLetters, consumer: "c", onReport },
  );
  await vi.advanceTimersByTimeAsync(600_000);
  await ended(run.stop());

  expect(of("handled")).toHaveLength(20);
  expect(of("deadLettered")).toEqual([]);
});

describe("an event that is bad by itself, left by an outage alone in a full window", () => {
  const away = { retry: { attempts: 2, minDelayMs: 100, maxDelayMs: 1000 } };

  /** Runs for an hour; the handlers fail for the first so many starts, and with some ids for ever. */
  async function afterOutage(feed: Feed, isBad: (id: string) => boolean, options: LoopOptions) {
    const { deadLetters } = memoryStores();
    const { onReport, of } = recorder();
    let starts = 0;
    const handler = ({ id }: FeedEvent): void => {
      starts += 1;
      if (starts <= 8 || isBad(id)) throw new Error("away, or bad");
    };
    const circuitBreaker = { after: 3 };
    const run = consume(feed, handler, {
      ...away,
      deadLetters,
      consumer: "c",
      circuitBreaker,
      onReport,
      ...options,
    });
    await vi.advanceTimersByTimeAsync(3_600_000);
    await ended(run.stop());
    return {
      handled: of("handled").map(({ event }) => event.id),
      opened: of("circuitOpened").length,
      closed: of("circuitClosed").length,
    };
  }

  it("is given up, so that what is behind it is reached", async () => {
    const seen = await afterOutage(filledFeed(8), (id) => id === "e2", { maxInFlight: 1 });

    expect(seen).toMatchObject({ opened: 1, closed: 1 });
    expect(seen.handled).toEqual(["e3", "e4", "e5", "e6", "e7"]);
  });

  it("is given up where the next page comes only after it", async () => {
    const pages = { acks: "cumulative", pageSize: 1 } as const;
    const seen = await afterOutage(filledFeed(8, pages), (id) => id === "e2", {});

    expect(seen).toMatchObject({ opened: 1, closed: 1 });
    expect(seen.handled.slice(-3)).toEqual(["e5", "e6", "e7"]);
  });

  it("is given up where all that is held waits behind it", async () => {
    const seen = await afterOutage(filledFeed(20), (id) => id === "e2", {
      maxInFlight: 5,
      orderBy: ({ id }) => (Number(id.slice(1)) < 10 ? "first" : "second"),
    });

    expect(seen.handled).toContain("e19");
  });

  it("is held where more may come, which may be good", async () => {
    const feed = filledFeed(3);
    const { deadLetters } = memoryStores();
    const handler = (): void => {
      throw new Error("away");
    };
    const options = { ...away, deadLetters, consumer: "c", circuitBreaker: { after: 3 } };
    const run = consume(feed, handler, options);
    await vi.advanceTimersByTimeAsync(3_600_000);

    expect(await ended(run.stop())).toMatchObject({ deadLettered: 0, unsettled: 3 });
  });
});
