import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AckReport, Delivery, Feed, FeedKind, Receipt } from "../../../src/core/feed.ts";
import { fromReceipt, toReceipt } from "../../../src/core/feed.ts";
import { consume, drain } from "../../../src/loop/consume.ts";
import { testEvent } from "../../../src/testing/memory-feed.ts";
import { ended, passing, slowHandler } from "../support.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const QUEUE = { acks: "individual", pulls: "onward" } as const;

/** A feed whose pages are given as [receipt, id]. */
function feedOf(kind: Pick<FeedKind, "acks" | "pulls">, ...pages: (readonly [string, string])[][]) {
  const calls: string[][] = [];
  const nacked: string[] = [];
  const answers: AckReport[] = [];
  const feed = {
    ...kind,
    name: "shared",
    pull: async () =>
      (pages.shift() ?? []).map(
        ([receipt, id]): Delivery => ({
          event: testEvent(id),
          raw: {},
          receipt: toReceipt(receipt),
        }),
      ),
    ack: async (receipts: readonly Receipt[]): Promise<AckReport> => {
      calls.push(receipts.map((each) => fromReceipt<string>(each)));
      return answers.shift() ?? receipts.map(() => ({ status: "acked" }));
    },
    ...(kind === QUEUE && {
      nack: async (receipts: readonly Receipt[]) => {
        nacked.push(...receipts.map((each) => fromReceipt<string>(each)));
      },
    }),
  } as Feed;
  return { feed, calls, nacked, answers };
}

const quick = { idle: { minDelayMs: 10, maxDelayMs: 10 } };

describe("a receipt that several deliveries of a page have", () => {
  it.each([
    QUEUE,
    { acks: "individual", pulls: "unacked" },
    { acks: "cumulative", pulls: "onward" },
    { acks: "cumulative", pulls: "unacked" },
  ] as const)("is acked once, when the last of them is settled: $acks, $pulls", async (kind) => {
    const { feed, calls } = feedOf(kind, [
      ["r", "a"],
      ["r", "b"],
      ["r", "c"],
    ]);
    const { handler, gateOf } = slowHandler();
    const run = consume(feed, handler, quick);
    for (const id of ["a", "c"]) gateOf(id).open();
    await vi.advanceTimersByTimeAsync(100);
    expect(calls).toEqual([]);

    gateOf("b").open();
    await vi.advanceTimersByTimeAsync(100);

    expect(calls).toEqual([["r"]]);
    expect(run.health()).toMatchObject({ open: 0, inFlight: 0 });
    expect(await ended(run.stop())).toMatchObject({ handled: 3, acked: 3 });
  });

  it("holds up no other, wherever they stand", async () => {
    const { feed, calls } = feedOf(QUEUE, [
      ["r", "a"],
      ["s", "b"],
      ["r", "c"],
    ]);
    const { handler, gateOf } = slowHandler();
    const run = consume(feed, handler, quick);
    for (const id of ["a", "b"]) gateOf(id).open();
    await vi.advanceTimersByTimeAsync(100);

    expect(calls).toEqual([["s"]]);
    gateOf("c").open();
    await vi.advanceTimersByTimeAsync(100);
    expect(calls).toEqual([["s"], ["r"]]);
    await ended(run.stop());
  });

  it("is sent again for all of them when its ack has failed", async () => {
    const { feed, calls, answers } = feedOf(QUEUE, [
      ["r", "a"],
      ["r", "b"],
    ]);
    answers.push([{ status: "failed", error: passing() }]);

    const summary = await ended(drain(feed, () => {}, quick));

    expect(calls).toEqual([["r"], ["r"]]);
    expect(summary).toMatchObject({ handled: 2, acked: 2 });
  });

  it("is not acked for one that came again, settled, with one that is new", async () => {
    const { feed, calls } = feedOf(
      { acks: "individual", pulls: "unacked" },
      [["q", "a"]],
      [
        ["r", "a"],
        ["r", "b"],
      ],
    );
    const { handler, gateOf } = slowHandler();
    gateOf("a").open();
    const ack = feed.ack.bind(feed);
    // The first page's ack takes long, so that its event is still known.
    const slow: Feed["ack"] = async (receipts) => {
      const report = await ack(receipts);
      if (calls.length === 1) await new Promise((resolve) => setTimeout(resolve, 1000));
      return report;
    };
    const run = consume({ ...feed, ack: slow } as Feed, handler, quick);
    await vi.advanceTimersByTimeAsync(500);
    expect(calls).toEqual([["q"]]);

    gateOf("b").open();
    await vi.advanceTimersByTimeAsync(2000);

    expect(calls).toEqual([["q"], ["r"]]);
    await ended(run.stop());
  });

  it.each([QUEUE, { acks: "cumulative", pulls: "onward" }] as const)(
    "is not parted by the limit of a drain: $acks",
    async (kind) => {
      const { feed, calls } = feedOf(kind, [
        ["q", "a"],
        ["r", "b"],
        ["r", "c"],
        ["s", "d"],
      ]);
      const handled: string[] = [];

      await ended(drain(feed, ({ id }) => void handled.push(id), { ...quick, limit: 2 }));

      expect(handled).toEqual(["a", "b", "c"]);
      expect(calls.flat()).not.toContain("s");
      expect(calls.flat()).toContain("r");
    },
  );

  it("is not given back while a handler has one of them in its hands", async () => {
    const { feed, nacked } = feedOf(QUEUE, [
      ["r", "a"],
      ["r", "b"],
      ["s", "c"],
      ["s", "d"],
    ]);
    const { handler } = slowHandler();
    const run = consume(feed, handler, { ...quick, concurrency: 1, shutdownTimeoutMs: 100 });
    await vi.advanceTimersByTimeAsync(100);
    await ended(run.stop());

    expect(nacked).toEqual(["s"]);
  });
});
