import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { consume } from "../../src/loop/consume.ts";
import { retry } from "../../src/loop/outcome.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { memoryFeed, testEvent } from "../../src/testing/memory-feed.ts";
import { filledFeed, recorder } from "../loop/support.ts";
import { settledWithin } from "./support.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

// Promise ("no silent stall"; 133: given up or an outage that is told): one handler that hangs holds its own place only.
it("tries events again, gives them up or tells of an outage while another's handler hangs", async () => {
  const feed = filledFeed(4);
  const { deadLetters } = memoryStores();
  const { onReport, reports, of } = recorder();
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
  const before = reports.length;
  await vi.advanceTimersByTimeAsync(3_600_000);
  const told = reports.slice(before).filter(({ kind }) => kind !== "idle" && kind !== "pulled");
  const state = {
    handled: of("handled").length,
    letters: of("deadLettered").length,
    told: told.length,
    healthy: run.health().healthy,
  };
  void run.stop();
  await settledWithin(run, 60_000);

  expect(state.handled + state.letters, JSON.stringify(state)).toBe(3);
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
  void run.stop();
  await settledWithin(run, 60_000);

  expect(letters).toBe(2);
});

// Promise (outcome.ts, retry: "`afterMs` is the wait in ms, capped by `retry.maxDelayMs`"; Retry-After honoured).
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
  void run.stop();
  await settledWithin(run, 60_000);

  expect(counts).toEqual([1, 1, 1]);
});

// Promise (report.ts `retried`; summary.ts `retried`: "Attempts that failed and were tried again").
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
  const stopped = run.stop();
  await settledWithin(run, 60_000);
  const { retried, handled } = await stopped;

  expect({ retried, told: of("retried").length, handled }).toEqual({
    retried: 12,
    told: 12,
    handled: 3,
  });
});
