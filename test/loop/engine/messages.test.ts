import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { drain } from "../../src/loop/consume.ts";
import { consume } from "../../src/loop/consume.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { recorder } from "../loop/support.ts";
import { message, messageList, messageQueue, settledWithin } from "./support.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

// Promise (guarantees, README of deadLetters; "no silent stall"): fewer than three events that fail are given up.
it("gives one bad event up although two further messages of it stand in the page", async () => {
  const queue = messageQueue([message("m1", "a"), message("m2", "a"), message("m3", "a")]);
  const { deadLetters } = memoryStores();
  const { onReport, reports } = recorder();
  const run = drain(
    queue.feed,
    () => {
      throw new Error("bad");
    },
    { deadLetters, consumer: "c", retry: { attempts: 2, minDelayMs: 10 }, onReport },
  );

  const isOver = await settledWithin(run, 3_600_000, 1000);

  expect({ isOver, last: reports.at(-1)?.kind }).toMatchObject({ isOver: true });
});

it("gives two bad events up although each came as two messages", async () => {
  const queue = messageQueue(
    ["a", "b"].flatMap((id) => [message(`${id}1`, id), message(`${id}2`, id)]),
  );
  const { deadLetters } = memoryStores();
  const run = drain(
    queue.feed,
    () => {
      throw new Error("bad");
    },
    { deadLetters, consumer: "c", retry: { attempts: 2, minDelayMs: 10 } },
  );

  expect(await settledWithin(run, 3_600_000, 1000)).toBe(true);
});

// Promise (133): three events that fail and nothing good among them are an outage; nothing is silent.
it("takes an outage for one although each event came as two messages", async () => {
  const ids = ["a", "b", "c", "d"];
  const queue = messageQueue(ids.flatMap((id) => [message(`${id}1`, id), message(`${id}2`, id)]));
  const { deadLetters } = memoryStores();
  const { onReport, of } = recorder();
  let isAway = true;
  const run = consume(
    queue.feed,
    () => {
      if (isAway) throw new Error("database away");
    },
    {
      deadLetters,
      consumer: "c",
      retry: { attempts: 2, minDelayMs: 10, maxDelayMs: 100 },
      onReport,
    },
  );
  await vi.advanceTimersByTimeAsync(600_000);
  const told = of("circuitOpened").length;
  isAway = false;
  await vi.advanceTimersByTimeAsync(600_000);
  const { open } = run.health();
  void run.stop();
  await settledWithin(run, 60_000);

  expect({ told, open, acked: queue.acked.length }).toEqual({ told: 1, open: 0, acked: 8 });
});

// Promise (window.ts, CHANGELOG "acks every message of an event"): an event that comes back is handled once.
it("acks every message of an event of a list that is pulled while its handler works", async () => {
  const list = messageList([message("m1", "a"), message("m2", "a")]);
  const handled: string[] = [];
  const run = consume(
    list.feed,
    async ({ id }) => {
      handled.push(id);
      await new Promise((resolve) => setTimeout(resolve, 5000));
    },
    { concurrency: 4 },
  );
  await vi.advanceTimersByTimeAsync(60_000);
  void run.stop();
  await settledWithin(run, 60_000);

  expect({ handled, acked: list.acked.toSorted() }).toEqual({
    handled: ["a"],
    acked: ["m1", "m2"],
  });
});

it("acks every message of an event whose lease ended while its handler worked", async () => {
  const queue = messageQueue([message("m1", "a"), message("m2", "a")], 1000);
  const handled: string[] = [];
  const run = consume(
    queue.feed,
    async ({ id }) => {
      handled.push(id);
      await new Promise((resolve) => setTimeout(resolve, 5000));
    },
    { concurrency: 4, idle: { minMs: 100, maxMs: 100 } },
  );
  await vi.advanceTimersByTimeAsync(60_000);
  void run.stop();
  await settledWithin(run, 60_000);

  expect({ handled, acked: queue.acked.toSorted() }).toEqual({
    handled: ["a"],
    acked: ["m1", "m2"],
  });
});

it("does not handle an event again whose second message was not acked at the first try", async () => {
  const list = messageList([message("m1", "a"), message("m2", "a")]);
  let fails = 3;
  const ack = list.feed.ack.bind(list.feed);
  const feed = {
    ...list.feed,
    ack: async (receipts: never[]) => {
      const report = [];
      for (const receipt of receipts) {
        if ((receipt as string) === "m2" && fails-- > 0) report.push({ status: "failed" });
        else report.push(...(await ack([receipt])));
      }
      return report as never;
    },
  };
  const handled: string[] = [];
  const run = consume(
    feed as never,
    ({ id }: { id: string }) => {
      handled.push(id);
    },
    { idle: { minMs: 50, maxMs: 50 } },
  );
  await vi.advanceTimersByTimeAsync(60_000);
  void run.stop();
  await settledWithin(run, 60_000);

  expect({ handled, left: list.left.size }).toEqual({ handled: ["a"], left: 0 });
});

it("acks both messages of an event that came in two pages of a queue", async () => {
  const queue = messageQueue([message("m1", "a"), message("m2", "a")], 30_000);
  const feed = { ...queue.feed, pull: (options = {}) => queue.feed.pull({ ...options, limit: 1 }) };
  const handled: string[] = [];
  const run = consume(
    feed as never,
    async ({ id }: { id: string }) => {
      handled.push(id);
      await new Promise((resolve) => setTimeout(resolve, 5000));
    },
    { concurrency: 4, idle: { minMs: 100, maxMs: 100 } },
  );
  await vi.advanceTimersByTimeAsync(120_000);
  void run.stop();
  await settledWithin(run, 60_000);

  expect({ handled, acked: queue.acked.toSorted() }).toEqual({
    handled: ["a"],
    acked: ["m1", "m2"],
  });
});
