import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { consume } from "../../../src/loop/consume.ts";
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
