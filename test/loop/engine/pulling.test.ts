import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AckloopError } from "../../../src/core/errors.ts";
import type { FeedEvent } from "../../../src/core/event.ts";
import type { Delivery, Feed, Page, PullOptions, Receipt } from "../../../src/core/feed.ts";
import { fromReceipt, toReceipt } from "../../../src/core/feed.ts";
import { sleep } from "../../../src/core/sleep.ts";
import { consume, drain } from "../../../src/loop/consume.ts";
import { memoryFeed, testEvent } from "../../../src/testing/memory-feed.ts";
import {
  ended,
  filledFeed,
  gate,
  idsOf,
  lost,
  passing,
  recorder,
  slowHandler,
} from "../support.ts";

const CARRYING = {
  acks: "cumulative",
  acksOnPull: true,
  receipts: "page",
  pageSize: 3,
} as const;
const QUEUE = { acks: "individual", pulls: "onward" } as const;
const LIST = { acks: "individual", pulls: "unacked" } as const;
const CURSOR = { acks: "cumulative", pulls: "onward" } as const;
const quick = { idle: { minDelayMs: 100, maxDelayMs: 100 } };
const soon = () => vi.advanceTimersByTimeAsync(0);

/** The calls of a feed in short: p, or p+ with an ack; a with the ids acked. */
const callsOf = (feed: ReturnType<typeof memoryFeed>) =>
  feed.calls.map(({ operation, options, ids }) => {
    if (operation === "pull") return options?.ack === undefined ? "p" : "p+";
    return `a ${ids.join()}`;
  });

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(1);
});
afterEach(() => {
  vi.useRealTimers();
});

describe("pulling as far as there is room", () => {
  it("stops at the window, says what holds it, and goes on when that is done", async () => {
    const feed = filledFeed(20, { ...CURSOR, pageSize: 5 });
    const { onReport, of } = recorder();
    const { started, handler, gateOf } = slowHandler();
    const stuck = async (event: FeedEvent) => (event.id === "e0" ? handler(event) : undefined);

    const run = consume(feed, stuck, { ...quick, onReport, concurrency: 2, maxInFlight: 8 });
    await vi.advanceTimersByTimeAsync(5000);

    expect(run.health()).toMatchObject({ open: 1, inFlight: 8, oldestOpen: "/memory e0" });
    expect(of("windowFull")).toMatchObject([{ heldBy: "/memory e0" }]);
    expect(feed.acked).toEqual([]);
    gateOf("e0").open();
    await vi.advanceTimersByTimeAsync(5000);

    expect(started).toEqual(["e0"]);
    expect(feed.acked).toEqual(idsOf(20));
    await run.stop();
  });

  it("asks for no more than there is room for", async () => {
    const feed = filledFeed(50, { ...CURSOR, pageSize: 100 });
    const { handler } = slowHandler();

    const run = consume(feed, handler, { ...quick, concurrency: 4, maxInFlight: 10 });
    await vi.advanceTimersByTimeAsync(1000);

    expect(feed.calls.map((call) => call.options?.limit)).toEqual([10]);
    expect(run.health().open).toBe(10);
    await run.stop({ withinMs: 0 });
  });

  it("reads on while earlier work is open, and each event once", async () => {
    const feed = filledFeed(10, { ...CURSOR, pageSize: 2 });
    const { started, handler, gateOf } = slowHandler();

    const run = consume(feed, handler, { ...quick, concurrency: 10 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(started).toEqual(idsOf(10));
    for (const id of idsOf(10)) gateOf(id).open();
    await soon();

    expect(started).toEqual(idsOf(10));
    expect(feed.acked).toEqual(idsOf(10));
    await run.stop();
  });

  it("asks a list for more than what is held, so that stuck events starve none", async () => {
    const feed = filledFeed(60, { ...LIST, pageSize: 100 });
    const { handler } = slowHandler();
    const done: string[] = [];
    const stuck = async (event: FeedEvent) => {
      if (Number(event.id.slice(1)) < 10) return handler(event);
      done.push(event.id);
    };

    const run = consume(feed, stuck, { ...quick, concurrency: 12, maxInFlight: 20 });
    await vi.advanceTimersByTimeAsync(3000);

    expect(done.sort()).toEqual(idsOf(50, 10).sort());
    await run.stop({ withinMs: 0 });
  });

  it("pulls a list again as soon as enough of what it was full of is acked", async () => {
    const feed = filledFeed(40, { ...LIST, pageSize: 10 });
    const { handler } = slowHandler();
    const done: string[] = [];
    const first = async (event: FeedEvent) => {
      if (event.id === "e0") return handler(event);
      await new Promise((resolve) => setTimeout(resolve, 10));
      done.push(event.id);
    };

    const run = consume(feed, first, { idle: { minDelayMs: 60_000 }, concurrency: 20 });
    await vi.advanceTimersByTimeAsync(500);

    expect(done).toHaveLength(39);
    await run.stop({ withinMs: 0 });
  });

  it("does not take a list for new that was asked for before an ack", async () => {
    const feed = filledFeed(4, { ...LIST, pageSize: 4 });
    const { onReport, of } = recorder();
    const started: string[] = [];
    feed.fail({ operation: "ack", delayMs: 20 });
    const slow: Feed = {
      ...feed,
      pull: async (options) => {
        const list = await feed.pull(options);
        await new Promise((resolve) => setTimeout(resolve, 50));
        return list;
      },
    };

    const run = consume(slow, (event) => void started.push(event.id), { ...quick, onReport });
    await vi.advanceTimersByTimeAsync(1000);

    expect(started).toEqual(idsOf(4));
    expect(of("duplicate")).toEqual([]);
    expect(await ended(run.stop())).toMatchObject({ pulled: 4, handled: 4, duplicates: 0 });
  });

  it("pulls a cumulative list only when all of its page is settled", async () => {
    const feed = filledFeed(4, { acks: "cumulative", pageSize: 2 });
    const { handler, gateOf } = slowHandler();

    const run = consume(feed, handler, { ...quick, concurrency: 2 });
    await vi.advanceTimersByTimeAsync(1000);
    gateOf("e1").open();
    await vi.advanceTimersByTimeAsync(1000);
    expect(callsOf(feed)).toEqual(["p"]);
    gateOf("e0").open();
    await soon();

    expect(callsOf(feed)).toEqual(["p", "a e1", "p"]);
    await run.stop({ withinMs: 0 });
  });
});

describe("an ack on the next pull", () => {
  it("needs no call of its own but the last", async () => {
    const feed = filledFeed(9, CARRYING);

    const summary = await drain(feed, () => {});

    expect(callsOf(feed)).toEqual(["p", "p+", "p+", "p+"]);
    expect(summary).toMatchObject({ handled: 9, acked: 9, stopped: "empty" });
  });

  it("is sent by itself when the run ends before the next pull", async () => {
    const feed = filledFeed(9, CARRYING);

    const summary = await drain(feed, () => {}, { limit: 3 });

    expect(callsOf(feed)).toEqual(["p", "a e2"]);
    expect(summary).toMatchObject({ stopped: "limit", acked: 3 });
  });

  it("whose outcome is unknown is never sent again, and its page is known when it returns", async () => {
    const feed = filledFeed(6, CARRYING);
    const { onReport, of } = recorder();
    const started: string[] = [];
    const receipts: unknown[] = [];
    const watched: Feed = {
      ...feed,
      pull: (options) => {
        if (options?.ack !== undefined) {
          receipts.push(fromReceipt(options.ack));
          if (receipts.length === 1) feed.fail({ operation: "pull", error: lost() });
        }
        return feed.pull(options);
      },
    };

    const summary = await ended(
      drain(watched, (event) => void started.push(event.id), { ...quick, onReport }),
    );

    expect(started).toEqual(idsOf(6));
    expect(of("duplicate").map((report) => report.event.id)).toEqual(["e0", "e1", "e2"]);
    expect(callsOf(feed)).toEqual(["p", "p+", "p", "a e2", "p", "p+"]);
    expect(receipts).toEqual([2, 5]);
    expect(summary).toMatchObject({ pulled: 9, handled: 6, duplicates: 3, acked: 6 });
  });

  it("whose reply was lost after its effect costs nothing", async () => {
    const feed = filledFeed(6, CARRYING);
    const started: string[] = [];
    const carried = vi.fn();
    const watched: Feed = {
      ...feed,
      pull: (options) => {
        if (options?.ack !== undefined && carried.mock.calls.length === 0) {
          carried();
          feed.fail({ operation: "pull", error: lost(), afterEffect: true });
        }
        return feed.pull(options);
      },
    };

    const summary = await ended(drain(watched, (event) => void started.push(event.id), quick));

    expect(started).toEqual(idsOf(6));
    expect(callsOf(feed)).toEqual(["p", "p+", "p", "p+"]);
    expect(summary).toMatchObject({ handled: 6, duplicates: 0, unsettled: 0 });
    expect(feed.acked).toEqual(idsOf(6));
  });

  it.each([
    ["a schema error without a word about its outcome", new AckloopError("schema", "garbage"), "p"],
    ["a server's failure", passing(), "p"],
    ["a limit", new AckloopError("rateLimit", "slow", { retryable: true }), "a e2"],
    ["a refusal", new AckloopError("request", "wrong"), "a e2"],
    [
      "a refusal that may have had its effect",
      new AckloopError("request", "wrong", { outcomeUnknown: true }),
      "p",
    ],
  ])("that fails with %s", async (_, error, next) => {
    const feed = filledFeed(6, CARRYING);
    const watched: Feed = {
      ...feed,
      pull: (options) => {
        if (feed.calls.length === 1) feed.fail({ operation: "pull", error });
        return feed.pull(options);
      },
    };
    const run = consume(watched, () => {}, quick);

    await vi.advanceTimersByTimeAsync(5000);

    expect(callsOf(feed).slice(0, 3)).toEqual(["p", "p+", next]);
    expect(feed.acked).toEqual(idsOf(6));
    await run.stop();
  });

  it("is not cut by a stop: its outcome would be unknown", async () => {
    const feed = filledFeed(6, CARRYING);
    const signals: (AbortSignal | undefined)[] = [];
    const watched: Feed = {
      ...feed,
      pull: (options) => {
        if (options?.ack !== undefined) {
          signals.push(options.signal);
          feed.fail({ operation: "pull", delayMs: 500 });
        }
        return feed.pull(options);
      },
    };
    const run = consume(watched, () => {}, quick);
    await soon();

    const stopped = run.stop();
    await vi.advanceTimersByTimeAsync(400);
    expect(signals.map((signal) => signal?.aborted)).toEqual([false]);
    await vi.advanceTimersByTimeAsync(200);

    expect(await stopped).toMatchObject({ handled: 3, acked: 3, unsettled: 0 });
    expect(feed.acked).toEqual(idsOf(3));
  });

  it("is cut when the time of the stop is over", async () => {
    const feed = filledFeed(6, CARRYING);
    const watched: Feed = {
      ...feed,
      pull: (options) => {
        if (options?.ack !== undefined) feed.fail({ operation: "pull", delayMs: 60_000 });
        return feed.pull(options);
      },
    };
    const run = consume(watched, () => {}, quick);
    await soon();

    const stopped = run.stop({ withinMs: 1000 });
    await vi.advanceTimersByTimeAsync(1000);

    expect(await stopped).toMatchObject({ handled: 3, acked: 0, noProgress: true });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("waits for an ack that is under way: one at a time", async () => {
    const feed = filledFeed(3, { ...CARRYING, receipts: "each" });
    feed.fail({ operation: "ack", delayMs: 200 });
    let acking = 0;
    let most = 0;
    const counted = async <Reply>(reply: Promise<Reply>): Promise<Reply> => {
      most = Math.max(most, ++acking);
      return reply.finally(() => --acking);
    };
    const watched: Feed = {
      ...feed,
      pull: (options) => (options?.ack ? counted(feed.pull(options)) : feed.pull(options)),
      ack: (...asked) => counted(feed.ack(...asked)),
    };
    const handler = () => new Promise<void>((resolve) => setTimeout(resolve, 50));

    const run = consume(watched, handler, quick);
    await vi.advanceTimersByTimeAsync(2000);

    expect(most).toBe(1);
    expect(feed.acked).toEqual(idsOf(3));
    await run.stop();
  });
});

describe("waiting for something to come", () => {
  const pullsOf = (feed: ReturnType<typeof memoryFeed>) =>
    feed.calls.filter((call) => call.operation === "pull").map((call) => call.at);
  const gapsOf = (times: readonly number[]) =>
    times.slice(1).map((at, index) => at - (times[index] ?? 0));

  it("grows while nothing comes, and snaps back with the first event", async () => {
    const feed = memoryFeed();
    const run = consume(feed, () => {}, { idle: { minDelayMs: 1000, maxDelayMs: 8000 } });
    await vi.advanceTimersByTimeAsync(31_000);
    expect(gapsOf(pullsOf(feed))).toEqual([1000, 2000, 4000, 8000, 8000, 8000]);
    expect(run.health().fruitlessPolls).toBe(7);

    feed.publish(testEvent("a"));
    await vi.advanceTimersByTimeAsync(9000);

    expect(feed.acked).toEqual(["a"]);
    expect(gapsOf(pullsOf(feed)).slice(-2)[0]).toBeLessThan(2000);
    await run.stop();
  });

  it.each([
    [
      "throws",
      () => {
        throw new TypeError("x is not a function");
      },
    ],
    ["rejects", () => Promise.reject(new TypeError("x is not a function"))],
    ["rejects with nothing", () => Promise.reject(undefined)],
    ["gives nothing", async () => undefined as never],
  ])("follows a failed poll, and never a halt, when the feed %s", async (_, failure) => {
    const inner = filledFeed(1);
    const pull = vi.fn<Feed["pull"]>(inner.pull);
    for (let count = 0; count < 3; count += 1) pull.mockImplementationOnce(failure);
    const { onReport, of } = recorder();
    const feed: Feed = { ...inner, pull };

    const run = consume(feed, () => {}, { ...quick, onReport });
    await vi.advanceTimersByTimeAsync(1000);

    expect(of("pollFailed")).toHaveLength(3);
    expect(inner.acked).toEqual(["e0"]);
    expect(await ended(run.stop())).toMatchObject({ stopped: "signal", handled: 1 });
  });

  it("follows a pull that gives no answer within a minute", async () => {
    const inner = filledFeed(1);
    const pull = vi.fn<Feed["pull"]>(inner.pull).mockReturnValueOnce(new Promise(() => {}));
    const { onReport, of } = recorder();

    const run = consume({ ...inner, pull } as Feed, () => {}, { ...quick, onReport });
    await vi.advanceTimersByTimeAsync(61_000);

    expect(of("pollFailed")).toMatchObject([{ error: { code: "timeout" } }]);
    expect(inner.acked).toEqual(["e0"]);
    await ended(run.stop());
  });

  it("is bounded for a source that always fails, and leaves other timers alone", async () => {
    const feed = memoryFeed();
    feed.fail({ operation: "pull", error: passing(), count: 1000 });
    const { onReport, of } = recorder();
    const ticks = vi.fn();
    const ticking = setInterval(ticks, 1000);
    const run = consume(feed, () => {}, { onReport, idle: { minDelayMs: 10, maxDelayMs: 1000 } });

    await vi.advanceTimersByTimeAsync(60_000);

    expect(feed.calls.length).toBeLessThan(70);
    expect(of("pollFailed").length).toBe(feed.calls.length);
    expect(ticks).toHaveBeenCalledTimes(60);
    clearInterval(ticking);
    expect(await run.stop()).toMatchObject({ polls: 0 });
  });

  it.each([
    ["list", LIST],
    ["queue with a cursor", CARRYING],
  ])("grows too while a %s brings back what was acked", async (_, options) => {
    const inner = filledFeed(3, options);
    const times: number[] = [];
    // Says yes to every ack and forgets it, for a while.
    let isDeaf = true;
    const feed: Feed = {
      ...inner,
      ack: async (receipts, called) =>
        isDeaf ? receipts.map(() => ({ status: "acked" })) : inner.ack(receipts, called),
      pull: async (asked) => {
        times.push(Date.now());
        return inner.pull(isDeaf ? { ...asked, ack: undefined } : asked);
      },
    };
    const handled: string[] = [];
    const run = consume(feed, ({ id }) => void handled.push(id), {
      idle: { minDelayMs: 1000, maxDelayMs: 8000 },
    });

    await vi.advanceTimersByTimeAsync(31_000);
    expect(handled.slice(0, 6)).toEqual([...idsOf(3), ...idsOf(3)]);
    expect(times.length).toBeLessThan(10);
    expect(gapsOf(times).slice(-2)).toEqual([8000, 8000]);
    expect(run.health().fruitlessPolls).toBeGreaterThan(4);

    isDeaf = false;
    inner.publish(testEvent("late"));
    await vi.advanceTimersByTimeAsync(16_000);
    expect(handled).toContain("late");
    await run.stop();
  });

  it("lasts as long as the provider asks", async () => {
    const feed = filledFeed(1);
    feed.fail({ operation: "pull", error: passing({ retryAfterMs: 20_000 }) });
    const run = consume(feed, () => {});

    await vi.advanceTimersByTimeAsync(19_999);
    expect(feed.calls).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);

    expect(feed.acked).toEqual(["e0"]);
    await run.stop();
  });

  it("adds nothing to a long poll that came back empty", async () => {
    const feed = memoryFeed({ pulls: "onward", waits: true });
    const run = consume(feed, () => {}, { waitMs: 10_000 });

    await vi.advanceTimersByTimeAsync(35_000);

    expect(gapsOf(pullsOf(feed))).toEqual([10_000, 10_000, 10_000]);
    expect(feed.calls[0]?.options?.waitMs).toBe(10_000);
    await run.stop();
  });

  it("takes place after a long poll that comes back empty at once", async () => {
    const pull = vi.fn(async () => []);
    const feed: Feed = { ...memoryFeed({ pulls: "onward", waits: true }), pull };
    const run = consume(feed, () => {}, { waitMs: 10_000 });

    await vi.advanceTimersByTimeAsync(10_000);

    expect(pull.mock.calls.length).toBeLessThan(6);
    await run.stop();
  });

  it("is no long poll in a drain", async () => {
    const feed = memoryFeed({ pulls: "onward", waits: true });

    expect(await drain(feed, () => {})).toMatchObject({ stopped: "empty", polls: 1 });
    expect(feed.calls[0]?.options?.waitMs).toBe(0);
  });

  it("ends at once with a stop or a pause", async () => {
    const feed = memoryFeed();
    const run = consume(feed, () => {}, { idle: { minDelayMs: 60_000 } });
    await vi.advanceTimersByTimeAsync(10);
    run.pause();
    await vi.advanceTimersByTimeAsync(200_000);
    expect(feed.calls).toHaveLength(1);

    run.resume();
    await soon();
    expect(feed.calls).toHaveLength(2);

    expect(await run.stop()).toMatchObject({ polls: 2 });
  });
});

describe("a page", () => {
  it("that says that more is there is followed at once, also where it is empty", async () => {
    const feed = memoryFeed({ ...CURSOR, pages: true, pageSize: 2 });
    feed.publishElsewhere(7);
    feed.publish(testEvent("a"));

    const run = consume(feed, () => {});
    await soon();

    expect(feed.acked).toEqual(["a"]);
    await ended(run.stop());
  });

  it("that says so for ever and holds nothing does not make the run hot", async () => {
    const pull = vi.fn(async () => ({ deliveries: [], more: true }));
    const feed = { ...memoryFeed(CURSOR), pull } as unknown as Feed;

    const run = consume(feed, () => {}, quick);
    await vi.advanceTimersByTimeAsync(10_000);

    expect(pull.mock.calls.length).toBeLessThan(200);
    await ended(run.stop());
  });

  it("that says that it was the last ends a drain with one pull", async () => {
    const feed = memoryFeed({ ...CURSOR, pages: true });
    feed.publish(testEvent("a"));

    expect(await drain(feed, () => {})).toMatchObject({ stopped: "empty", polls: 1, acked: 1 });
  });

  it("moves a cursor on where nothing of it was for this feed", async () => {
    const feed = memoryFeed({ ...CURSOR, pages: true, pageSize: 5 });
    feed.publishElsewhere(5);

    await drain(feed, () => {});

    expect(feed.calls.filter(({ operation }) => operation === "ack")).toHaveLength(1);
  });

  it("that is too long in bytes is kept whole, and nothing is pulled before it has left", async () => {
    const inner = filledFeed(6, { ...CURSOR, pageSize: 2 });
    const { handler, gateOf } = slowHandler();
    const { onReport, of } = recorder();
    const pull: Feed["pull"] = async (options) => {
      const pulled = await inner.pull(options);
      return { deliveries: "deliveries" in pulled ? [] : pulled, bytes: 600 };
    };
    const feed = { ...inner, pull } as Feed;

    const run = consume(feed, handler, {
      ...quick,
      onReport,
      concurrency: 10,
      maxInFlightBytes: 1000,
    });
    await vi.advanceTimersByTimeAsync(1000);
    expect(run.health().open).toBe(4);
    expect(of("windowFull")).toMatchObject([{ open: 4, heldBy: "/memory e0" }]);
    for (const id of idsOf(6)) gateOf(id).open();
    await vi.advanceTimersByTimeAsync(1000);

    expect(inner.acked).toEqual(idsOf(6));
    await ended(run.stop());
  });
});

describe("an answer that comes after its time", () => {
  const lateFeed = (kind: typeof QUEUE | typeof LIST) => {
    const answer = gate<readonly Delivery[]>();
    const pull = vi.fn<Feed["pull"]>(async () => []).mockReturnValueOnce(answer.opened);
    const ack = vi.fn<Feed["ack"]>(async (receipts) => receipts.map(() => ({ status: "acked" })));
    const feed = { ...memoryFeed(kind), pull, ack } as Feed;
    return { feed, pull, ack, answer };
  };
  const late: readonly Delivery[] = [{ event: testEvent("a"), raw: {}, receipt: toReceipt("a") }];

  it("counts where the pull has hidden it from others", async () => {
    const { feed, ack, answer } = lateFeed(QUEUE);
    const handler = vi.fn();
    const run = consume(feed, handler, quick);
    await vi.advanceTimersByTimeAsync(60_500);

    answer.open(late);
    await soon();

    expect(handler).toHaveBeenCalledTimes(1);
    expect(ack).toHaveBeenCalledTimes(1);
    expect(await ended(run.stop())).toMatchObject({ pulled: 1, acked: 1 });
  });

  it("is left where the limit is reached", async () => {
    const { feed, pull, answer } = lateFeed(QUEUE);
    pull.mockResolvedValueOnce([{ event: testEvent("b"), raw: {}, receipt: toReceipt("b") }]);
    const drained = drain(feed, () => sleep(5000), { ...quick, limit: 1 });
    await vi.advanceTimersByTimeAsync(61_500);

    answer.open(late);

    expect(await ended(drained)).toMatchObject({ pulled: 1, handled: 1, stopped: "limit" });
  });

  it("does not count where it is an old list", async () => {
    const { feed, answer } = lateFeed(LIST);
    const handler = vi.fn();
    const run = consume(feed, handler, quick);
    await vi.advanceTimersByTimeAsync(60_500);

    answer.open(late);
    await soon();

    expect(handler).not.toHaveBeenCalled();
    await ended(run.stop());
  });
});

describe("the end of pulling", () => {
  it.each([
    ["individual, unacked", LIST],
    ["individual, onward", { acks: "individual", pulls: "onward" }],
    ["cumulative, unacked", { acks: "cumulative" }],
    ["cumulative, onward", CURSOR],
    ["cumulative, on pull", CARRYING],
  ] as const)("is told by a pull that nothing disturbs: %s", async (_, kind) => {
    const feed = filledFeed(25, { ...kind, pageSize: 4 });
    feed.fail({ operation: "ack", delayMs: 300 });
    const handler = () => new Promise<void>((resolve) => setTimeout(resolve, 20));

    const draining = drain(feed, handler, { concurrency: 3 });
    await vi.advanceTimersByTimeAsync(20_000);

    expect(await draining).toMatchObject({ stopped: "empty", handled: 25, acked: 25 });
    expect([...feed.acked].sort()).toEqual(idsOf(25).sort());
  });

  it("is not told by a page that brings only what is known", async () => {
    const pages = [["a", "b"], ["a", "b"], ["c"], []];
    const feed = pagesOf(pages);
    const { handler, gateOf, started } = slowHandler();

    const draining = drain(feed, handler, { ...quick, concurrency: 5 });
    await vi.advanceTimersByTimeAsync(1000);
    for (const id of ["a", "b", "c"]) gateOf(id).open();
    await soon();

    expect(await draining).toMatchObject({ handled: 3, stopped: "empty" });
    expect(started).toEqual(["a", "b", "c"]);
  });

  describe("is not told by an empty page that has moved on", () => {
    /** A log whose first so many pages hold nothing of the feed's; which says no more than where it is. */
    const filtered = (count: number, receiptOf: (place: number) => unknown): Feed => {
      const pull = async ({ after }: PullOptions = {}): Promise<Page> => {
        const place = after === undefined ? 0 : fromReceipt<{ place: number }>(after).place;
        const moved = { receipt: toReceipt(receiptOf(Math.min(place + 1, count + 1))) };
        if (place !== count) return { deliveries: [], ...moved };
        return { deliveries: [{ event: testEvent("a"), raw: {}, ...moved }], ...moved };
      };
      const ack: Feed["ack"] = async (receipts) => receipts.map(() => ({ status: "acked" }));
      return { name: "log", ...CURSOR, pull, ack };
    };

    it("but only by one that has not", async () => {
      const places = Array.from({ length: 20 }, (_, place) => ({ place }));
      const feed = filtered(3, (place) => places[place]);

      expect(await drain(feed, () => {})).toMatchObject({ handled: 1, polls: 5, stopped: "empty" });
    });

    it("or by many, each of which says so", async () => {
      const feed = filtered(3, (place) => ({ place }));

      const draining = drain(feed, () => {}, quick);
      await vi.advanceTimersByTimeAsync(60_000);

      expect(await draining).toMatchObject({ handled: 1, stopped: "empty" });
    });
  });

  it("is reached in time past what can never be acked, though the window holds one", async () => {
    const page: Delivery[] = idsOf(3).map((id) => ({ event: testEvent(id), raw: {} }));
    page.push({ event: testEvent("a"), raw: {}, receipt: toReceipt("a") });
    const feed: Feed = {
      name: "list",
      ...LIST,
      pull: async ({ limit } = {}) => page.slice(0, limit),
      ack: async (receipts) => {
        page.pop();
        return receipts.map(() => ({ status: "acked" }));
      },
    };

    const options = { maxInFlight: 1, deadline: Date.now() + 1000 };
    const draining = drain(feed, () => {}, options);
    await vi.advanceTimersByTimeAsync(1000);

    expect(await draining).toMatchObject({ handled: 4, acked: 1, stopped: "empty" });
  });

  it("comes with the limit, which runs on to the next receipt", async () => {
    const feed = filledFeed(20, { ...CARRYING, pageSize: 8 });
    const wholePages: Feed = { ...feed, pull: (options) => feed.pull({ ...options, limit: 8 }) };
    const page = await drain(wholePages, () => {}, { limit: 3 });
    const each = await drain(filledFeed(20, CURSOR), () => {}, { limit: 3 });
    const list = await drain(filledFeed(20, LIST), () => {}, { limit: 3 });

    expect([page, each, list].map((summary) => summary.handled)).toEqual([8, 3, 3]);
    expect([page, each, list].map((summary) => summary.stopped)).toEqual([
      "limit",
      "limit",
      "limit",
    ]);
  });

  it("cuts a page that is larger than the limit, and leaves the rest", async () => {
    const generous = {
      ...memoryFeed({ acks: "individual", pulls: "onward" }),
      pull: async () =>
        idsOf(10).map((id) => ({ event: testEvent(id), raw: {}, receipt: toReceipt(id) })),
      ack: async (receipts) => receipts.map(() => ({ status: "acked" })),
      nack: vi.fn(async () => {}),
    } as Feed;

    const summary = await drain(generous, () => {}, { limit: 4 });

    expect(summary).toMatchObject({ pulled: 4, handled: 4, unsettled: 0 });
    expect(generous.nack).toHaveBeenCalledWith(idsOf(6, 4), { signal: expect.any(AbortSignal) });
  });

  it("comes with a stop, which cuts the pull; a feed that does not listen brings nothing more", async () => {
    const answer = gate<readonly Delivery[]>();
    let signal: AbortSignal | undefined;
    const deaf: Feed = {
      ...memoryFeed(),
      pull: (options?: PullOptions) => {
        signal = options?.signal;
        return answer.opened;
      },
    };
    const handler = vi.fn();
    const run = consume(deaf, handler);
    await soon();

    const stopped = run.stop();
    expect(signal?.aborted).toBe(true);
    answer.open([{ event: testEvent("a"), raw: {}, receipt: toReceipt("a") }]);
    await soon();

    expect(await stopped).toMatchObject({ pulled: 0, unsettled: 0 });
    expect(handler).not.toHaveBeenCalled();
  });
});

describe("a page that a queue gives after a stop has cut its pull", () => {
  it.each([
    ["while handlers have their time", 100],
    ["after the end", 0],
  ])("is given back: %s", async (_, withinMs) => {
    const answer = gate<readonly Delivery[]>();
    const { feed, nacked } = queueOf(message("at work", "0"));
    let polls = 0;
    const pull: Feed["pull"] = () => (polls++ === 0 ? feed.pull() : answer.opened);
    const run = consume({ ...feed, pull } as Feed, () => sleep(60_000), quick);
    await soon();

    const stopped = run.stop({ withinMs });
    if (withinMs === 0) await stopped;
    answer.open([message("a", "1"), message("b", "2")]);
    const summary = await ended(stopped);
    await soon();

    expect(nacked).toEqual(["1", "2"]);
    expect(summary).toMatchObject({ pulled: 1 });
  });
});

/** An individual feed that pulls onward and gives these pages, whatever it is asked. */
function pagesOf(pages: readonly (readonly string[])[]): Feed {
  const left = [...pages];
  const feed: unknown = {
    ...memoryFeed(QUEUE),
    pull: async () =>
      (left.shift() ?? []).map((id) => ({ event: testEvent(id), raw: {}, receipt: toReceipt(id) })),
    ack: async (receipts: readonly Receipt[]) => receipts.map(() => ({ status: "acked" })),
    nack: async () => {},
  };
  return feed as Feed;
}

/** A queue that brings one page, and what was acked, given back and extended of it. */
function queueOf(...page: readonly Delivery[]) {
  const pages = [page];
  const acked: unknown[] = [];
  const nacked: unknown[] = [];
  const feed: Feed = {
    name: "queue",
    ...QUEUE,
    pull: async () => pages.shift() ?? [],
    ack: async (receipts) => {
      acked.push(...receipts.map(fromReceipt));
      return receipts.map(() => ({ status: "acked" }));
    },
    nack: async (receipts) => void nacked.push(...receipts.map(fromReceipt)),
  };
  return { feed, acked, nacked };
}

const message = (id: string, receipt: string): Delivery => ({
  event: testEvent(id),
  raw: {},
  receipt: toReceipt(receipt),
});

describe("an empty page that says there is more", () => {
  it.each([CURSOR, { acks: "cumulative", pulls: "unacked" }, QUEUE, LIST] as const)(
    "is paced where its receipt is made anew for the same place: %j",
    async (kind) => {
      let pulls = 0;
      const pull = async (): Promise<Page> => {
        pulls += 1;
        return { deliveries: [], receipt: toReceipt({ place: 1 }), more: true };
      };
      const { ack } = queueOf().feed;
      const feed = { name: "paged", ...kind, pull, ack } as Feed;
      const run = consume(feed, () => {}, {
        ...quick,
        idle: { minDelayMs: 1000, maxDelayMs: 1000 },
      });

      await vi.advanceTimersByTimeAsync(10_000);
      await ended(run.stop({ withinMs: 0 }));

      expect(pulls).toBeLessThan(60);
    },
  );
});

describe("a queue that brings one open event back with ever new receipts", () => {
  async function countPulls(...minutes: readonly number[]): Promise<readonly number[]> {
    let pulls = 0;
    const pull: Feed["pull"] = async () => {
      pulls += 1;
      return [{ ...message("a", `r${pulls}`), leaseMs: 30_000 }];
    };
    const feed = { ...queueOf().feed, pull } as Feed;
    const run = consume(feed, () => sleep(3_600_000), {
      ...quick,
      idle: { minDelayMs: 1000, maxDelayMs: 1000 },
    });
    const counts: number[] = [];
    for (const each of minutes) {
      const before = pulls;
      await vi.advanceTimersByTimeAsync(each * 60_000);
      counts.push(pulls - before);
    }
    await ended(run.stop({ withinMs: 0 }));
    return counts;
  }

  it("is asked no more often for each that it has brought", async () => {
    expect(await countPulls(0.025)).toEqual([expect.toSatisfy((count) => count < 12)]);
  });

  it("is asked as often as an idle one when it has gone on so for a while", async () => {
    const [, later] = await countPulls(2, 10);

    // Each wait is half a second at the least.
    expect(later).toBeLessThan(2 * 1200);
  });
});

describe("two messages of one event at the head of a list", () => {
  it("hide nothing behind them, though the event is stuck and the window is small", async () => {
    const page = [message("stuck", "1"), message("stuck", "2"), message("b", "3")];
    const feed: Feed = {
      name: "list",
      ...LIST,
      pull: async ({ limit } = {}) => page.slice(0, limit),
      ack: async (receipts) => {
        page.pop();
        return receipts.map(() => ({ status: "acked" }));
      },
    };
    const handled: string[] = [];
    const run = consume(
      feed,
      async ({ id }) => {
        if (id === "stuck") await sleep(60_000);
        handled.push(id);
      },
      { ...quick, maxInFlight: 2, concurrency: 2 },
    );

    await vi.advanceTimersByTimeAsync(1_000);
    await ended(run.stop({ withinMs: 100 }));

    expect(handled).toEqual(["b"]);
  });
});

describe("two messages of one event in one page", () => {
  it("are handled once and acked both", async () => {
    const { feed, acked } = queueOf(message("a", "1"), message("b", "2"), message("a", "3"));
    const { onReport, of } = recorder();
    const handled: string[] = [];

    const summary = await ended(
      drain(feed, async ({ id }) => void handled.push(id), { ...quick, onReport }),
    );

    expect(handled).toEqual(["a", "b"]);
    expect(acked.sort()).toEqual(["1", "2", "3"]);
    expect(of("duplicate")).toEqual([]);
    expect(summary).toMatchObject({ pulled: 2, handled: 2, duplicates: 0, acked: 2, unsettled: 0 });
  });

  it("are both given back when a stop leaves the event unsettled", async () => {
    const all = [message("at work", "0"), message("a", "1"), message("a", "2")];
    const { feed, acked, nacked } = queueOf(...all);
    const run = consume(feed, () => sleep(60_000), quick);
    await soon();

    const summary = await ended(run.stop({ withinMs: 100 }));

    expect(nacked.sort()).toEqual(["1", "2"]);
    expect(acked).toEqual([]);
    expect(summary).toMatchObject({ pulled: 2, unsettled: 2 });
  });

  it("are one where the receipt is one", async () => {
    const { feed, acked } = queueOf(message("a", "1"), message("a", "1"));

    await ended(drain(feed, () => {}, quick));

    expect(acked).toEqual(["1"]);
  });
});

describe("a queue whose leases end before its handlers", () => {
  /** A queue that gives one message a pull, hides it for a time, and may be slow. */
  function oneByOne(leaseMs: number | undefined, ids: readonly string[]) {
    const items = ids.map((id) => ({ id, hiddenUntil: 0, deliveries: 0 }));
    const queue = { items, pulls: 0, slowMs: 0 };
    const feed: Feed = {
      name: "queue",
      ...QUEUE,
      pull: async () => {
        queue.pulls += 1;
        const item = items.find(({ hiddenUntil }) => hiddenUntil <= performance.now());
        if (item === undefined) return [];
        item.hiddenUntil = performance.now() + (leaseMs ?? 0);
        item.deliveries += 1;
        await sleep(queue.slowMs);
        const receipt = toReceipt(`${items.indexOf(item)} ${item.deliveries}`);
        return [{ event: testEvent(item.id), raw: {}, receipt, leaseMs }];
      },
      ack: async (receipts) =>
        receipts.map((receipt) => {
          const item = items[Number(fromReceipt<string>(receipt).split(" ")[0])];
          if (item) item.hiddenUntil = Number.POSITIVE_INFINITY;
          return { status: "acked" };
        }),
    };
    return { feed, queue };
  }
  const stuck = (id: string): Promise<void> | undefined =>
    id === "stuck" || id === "too" ? new Promise<void>(() => {}) : undefined;

  it("is read past two messages of one event", async () => {
    const { feed, queue } = oneByOne(300, ["stuck", "stuck"]);
    const handled: string[] = [];
    const run = consume(feed, ({ id }) => stuck(id) ?? void handled.push(id), {
      concurrency: 5,
      idle: { minDelayMs: 1000, maxDelayMs: 1000 },
      shutdownTimeoutMs: 0,
    });
    await vi.advanceTimersByTimeAsync(10_000);
    queue.items.push({ id: "behind", hiddenUntil: 0, deliveries: 0 });
    const pulls = queue.pulls;
    await vi.advanceTimersByTimeAsync(10_000);

    expect(handled).toEqual(["behind"]);
    expect(queue.pulls - pulls).toBeLessThan(45);
    await ended(run.stop());
  });

  it("is read past what is stuck, also after it once came all around", async () => {
    const { feed, queue } = oneByOne(300, ["stuck", "too"]);
    const handled: string[] = [];
    const run = consume(feed, ({ id }) => stuck(id) ?? void handled.push(id), {
      concurrency: 5,
      idle: { minDelayMs: 1000, maxDelayMs: 1000 },
      shutdownTimeoutMs: 0,
    });
    await vi.advanceTimersByTimeAsync(2000);
    queue.slowMs = 400;
    await vi.advanceTimersByTimeAsync(5000);
    queue.slowMs = 0;
    queue.items.push({ id: "behind", hiddenUntil: 0, deliveries: 0 });
    await vi.advanceTimersByTimeAsync(10_000);

    expect(handled).toEqual(["behind"]);
    await ended(run.stop());
  });

  it.each([1, 0, undefined])("is not asked in a hurry for what it hides for %s ms", async (ms) => {
    const { feed, queue } = oneByOne(ms, ["stuck", "stuck", "too"]);
    queue.slowMs = 20;
    const run = consume(feed, ({ id }) => stuck(id), { concurrency: 5, shutdownTimeoutMs: 0 });
    await vi.advanceTimersByTimeAsync(600_000);

    expect(queue.pulls).toBeLessThan(150);
    await ended(run.stop());
  });
});

describe("a feed whose delivery throws when it is read", () => {
  const faults = ["event", "receipt", "raw", "leaseMs", "again", "identity", "idDerived"];
  it.each(faults)("at %s is one that cannot be read, and hides none beside it", async (name) => {
    const odd = Object.defineProperty(message("a", "1"), name, {
      get: () => {
        throw new Error("odd");
      },
    });
    const pages: Delivery[][] = [[message("b", "2"), odd, message("c", "3")]];
    const { feed } = queueOf();
    const { onReport, of } = recorder();
    const handled: string[] = [];
    const pull: Feed["pull"] = async () => pages.shift() ?? [];

    const summary = await ended(
      drain({ ...feed, pull }, ({ id }) => void handled.push(id), {
        ...quick,
        onReport,
        unprocessable: "drop",
      }),
    );

    expect(handled).toEqual(["b", "c"]);
    expect(of("dropped")).toMatchObject([{ reason: expect.stringContaining("odd") }]);
    expect(summary).toMatchObject({ handled: 2, dropped: 1, acked: name === "receipt" ? 2 : 3 });
  });
});

describe("pages of what is not for this feed", () => {
  it("are passed at once while they move on, however many", async () => {
    const feed = memoryFeed({ ...CURSOR, pages: true, pageSize: 10 });
    feed.publishElsewhere(400);
    feed.publish(testEvent("behind"));
    const { onReport, of } = recorder();
    const handled: string[] = [];

    const run = consume(feed, ({ id }) => void handled.push(id), { onReport });
    await vi.advanceTimersByTimeAsync(10);

    expect(handled).toEqual(["behind"]);
    expect(of("idle").length).toBeLessThan(2);
    await ended(run.stop());
  });

  it("are not asked for in a hurry while they stand still, though more is promised", async () => {
    const receipt = toReceipt("here");
    const pull = vi.fn<Feed["pull"]>(async () => ({ deliveries: [], receipt, more: true }));
    const feed = { ...memoryFeed(CURSOR), pull } as Feed;

    const run = consume(feed, () => {});
    await vi.advanceTimersByTimeAsync(1000);

    expect(pull.mock.calls.length).toBeLessThan(30);
    await ended(run.stop());
  });
});

describe("a pull of a queue that a pause has cut", () => {
  it.each([
    ["comes late is handled before what follows it", 500, ["e1", "e2"]],
    ["never ends holds the others up no longer than a pull may take", 10 ** 9, ["e2"]],
  ])("and %s", async (_, firstMs, expected) => {
    const handled: string[] = [];
    const pages: Delivery[][] = [[message("e1", "r1")], [message("e2", "r2")]];
    const pull: Feed["pull"] = async () => {
      const page = pages.shift() ?? [];
      if (page[0]?.event?.id === "e1") await sleep(firstMs);
      return page;
    };
    const feed = { ...queueOf().feed, pull } as Feed;
    const run = consume(feed, ({ id }) => void handled.push(id), { ...quick, orderBy: () => "k" });
    await vi.advanceTimersByTimeAsync(20);

    run.pause();
    await vi.advanceTimersByTimeAsync(1);
    run.resume();
    await vi.advanceTimersByTimeAsync(65_000);

    expect(handled).toEqual(expected);
    await ended(run.stop());
  });
});
