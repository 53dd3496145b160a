import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AckloopError } from "../../../src/core/errors.ts";
import type { AckReport, Feed, Receipt } from "../../../src/core/feed.ts";
import { fromReceipt, toReceipt } from "../../../src/core/feed.ts";
import { consume, drain } from "../../../src/loop/consume.ts";
import { memoryStores } from "../../../src/stores/index.ts";
import { testEvent } from "../../../src/testing/memory-feed.ts";
import { message, messageList, messageQueue } from "../messages.ts";
import { ended, passing, recorder } from "../support.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it.each([
  ["one bad event", ["a", "a", "a"]],
  ["two bad events", ["a", "a", "b", "b"]],
])("gives %s up although more messages of it stand in the page", async (_, ids) => {
  const queue = messageQueue(ids.map((id, at) => message(`m${at}`, id)));
  const { deadLetters } = memoryStores();
  const run = drain(
    queue.feed,
    () => {
      throw new Error("bad");
    },
    { deadLetters, consumer: "c", retry: { attempts: 2, minDelayMs: 10 } },
  );

  expect(await ended(run)).toMatchObject({ deadLettered: new Set(ids).size });
  expect(queue.left.size).toBe(0);
});

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
  await ended(run.stop());

  expect({ told, open, acked: queue.acked.length }).toEqual({ told: 1, open: 0, acked: 8 });
});

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
  await ended(run.stop());

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
    { concurrency: 4, idle: { minDelayMs: 100, maxDelayMs: 100 } },
  );
  await vi.advanceTimersByTimeAsync(60_000);
  await ended(run.stop());

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
    { idle: { minDelayMs: 50, maxDelayMs: 50 } },
  );
  await vi.advanceTimersByTimeAsync(60_000);
  await ended(run.stop());

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
    { concurrency: 4, idle: { minDelayMs: 100, maxDelayMs: 100 } },
  );
  await vi.advanceTimersByTimeAsync(120_000);
  await ended(run.stop());

  expect({ handled, acked: queue.acked.toSorted() }).toEqual({
    handled: ["a"],
    acked: ["m1", "m2"],
  });
});

it("takes a page of many messages of one event in about as fast as of many events", async () => {
  vi.useRealTimers();
  const timeOf = async (toId: (at: number) => string) => {
    const queue = messageQueue(
      Array.from({ length: 10_000 }, (_, at) => message(`m${at}`, toId(at))),
    );
    const began = performance.now();
    await drain(queue.feed, () => {}, { maxInFlight: 100_000 });
    return { ms: performance.now() - began, left: queue.left.size };
  };
  await timeOf((at) => `e${at}`);
  const others = await timeOf((at) => `e${at}`);
  const equal = await timeOf(() => "e");

  expect([others.left, equal.left]).toEqual([0, 0]);
  expect(equal.ms).toBeLessThan(4 * others.ms + 50);
});

/** A queue that gives its one message a new receipt each time its lease has ended. */
function renewingQueue(refuse: (stale: number) => AckReport[number]) {
  const acks: number[] = [];
  const extended: number[][] = [];
  let given = 0;
  let isGone = false;
  const judge = (receipt: Receipt): AckReport[number] => {
    const number = fromReceipt<number>(receipt);
    acks.push(number);
    if (number < given) return refuse(number);
    isGone = true;
    return { status: "acked" };
  };
  const feed: Feed = {
    name: "renewing",
    acks: "individual",
    pulls: "onward",
    pull: async () => {
      if (isGone || given >= 3) return [];
      given += 1;
      return [{ event: testEvent("a"), raw: {}, receipt: toReceipt(given), leaseMs: 3000 }];
    },
    ack: async (receipts) => receipts.map(judge),
    extend: async (receipts) => {
      extended.push(receipts.map((each) => fromReceipt<number>(each)));
      if (receipts.some((each) => fromReceipt<number>(each) < given)) throw new Error("stale");
    },
  };
  return { feed, acks, extended };
}

describe("a receipt that a newer one has replaced", () => {
  const failed = (code: "request" | "notFound" | "conflict" | "auth") => () =>
    ({ status: "failed", error: new AckloopError(code, "stale") }) as const;
  it.each([
    ["is gone", () => ({ status: "gone" }) as const, 3],
    ["is refused", failed("request"), 3],
    ["is not found", failed("notFound"), 3],
    ["is in conflict", failed("conflict"), 3],
    ["is not let in", failed("auth"), 3],
    [
      "fails every time",
      () => ({ status: "failed", error: passing() }) as const,
      // Two of them, five times each.
      11,
    ],
    [
      "makes the whole call fail",
      () => {
        throw new AckloopError("conflict", "stale");
      },
      undefined,
    ],
  ])("ends no run and no lease of the newer one where it %s", async (_, refuse, calls) => {
    const queue = renewingQueue(refuse);
    const { onReport, of } = recorder();
    let starts = 0;
    const run = consume(
      queue.feed,
      async () => {
        starts += 1;
        await new Promise((resolve) => setTimeout(resolve, 10_000));
      },
      { concurrency: 3, idle: { minDelayMs: 100, maxDelayMs: 500 }, onReport },
    );
    await vi.advanceTimersByTimeAsync(60_000);

    expect(await ended(run.stop())).toMatchObject({ handled: 1, acked: 1, unsettled: 0 });
    expect([starts, of("halted").length]).toEqual([1, 0]);
    expect(queue.acks).toContain(3);
    if (calls !== undefined) expect(queue.acks).toHaveLength(calls);
    expect(queue.extended.filter((each) => each.join() === "3").length).toBeGreaterThan(5);
  });
});

it("keeps some receipts of an event that comes again without end, the newest among them", async () => {
  let given = 0;
  const acks: number[] = [];
  const feed: Feed = {
    name: "endless",
    acks: "individual",
    pulls: "onward",
    pull: async () => {
      given += 1;
      return [{ event: testEvent("a"), raw: {}, receipt: toReceipt(given) }];
    },
    ack: async (receipts) => {
      acks.push(...receipts.map((each) => fromReceipt<number>(each)));
      return receipts.map(() => ({ status: "acked" }));
    },
  };
  let last = 0;
  const run = consume(
    feed,
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 100_000));
      last = given;
      void run.stop();
    },
    { concurrency: 2, idle: { minDelayMs: 100, maxDelayMs: 100 } },
  );
  await ended(run);

  expect(last).toBeGreaterThan(500);
  expect(acks).toHaveLength(101);
  expect(acks).toContain(last);
});

it("asks a list for no more than it has room for, though each of its pages has receipts of its own", async () => {
  const asked: number[] = [];
  let listed = 0;
  const feed: Feed = {
    name: "minting",
    acks: "individual",
    pulls: "unacked",
    pull: async ({ limit = 100 } = {}) => {
      asked.push(limit);
      listed += 1;
      return ["a", "b", "c"].map((id) => {
        const receipt = toReceipt(`${id} of page ${listed}`);
        return { event: testEvent(id), receipt, raw: null };
      });
    },
    ack: async (receipts) => receipts.map(() => ({ status: "acked" as const })),
  };
  const run = consume(feed, () => new Promise(() => {}), {
    maxInFlight: 10,
    idle: { minDelayMs: 10, maxDelayMs: 10 },
    handlerTimeoutMs: 3_600_000,
  });
  await vi.advanceTimersByTimeAsync(2000);
  void run.stop({ withinMs: 0 });
  await vi.advanceTimersByTimeAsync(1000);

  expect(asked.length).toBeGreaterThan(20);
  // The three that it holds, and the seven that it has room for.
  expect(Math.max(...asked)).toBe(10);
});
