import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FeedEvent } from "../../src/core/event.ts";
import type { Feed } from "../../src/core/feed.ts";
import type { Report } from "../../src/core/report.ts";
import { batch } from "../../src/loop/batch.ts";
import { consume, drain } from "../../src/loop/consume.ts";
import type { HandlerContext } from "../../src/loop/handler.ts";
import { done } from "../../src/loop/outcome.ts";
import type { Run } from "../../src/loop/run.ts";
import { memoryFeed, testEvent } from "../../src/testing/memory-feed.ts";
import { ended, filledFeed, idsOf, imbalance, passing, recorder, slowHandler } from "./support.ts";

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe("drain", () => {
  it("ends when nothing is there", async () => {
    expect(await ended(drain(memoryFeed(), () => {}))).toEqual({
      feed: "memory",
      stopped: "empty",
      pulled: 0,
      handled: 0,
      retried: 0,
      deadLettered: 0,
      dropped: 0,
      duplicates: 0,
      acked: 0,
      unsettled: 0,
      polls: 1,
      noProgress: false,
      elapsedMs: expect.any(Number),
    });
  });

  it("brings retries to their end before it ends", async () => {
    const feed = filledFeed(3);
    const handler = vi.fn(async (event: FeedEvent, { attempt }: HandlerContext) => {
      if (event.id === "e1" && attempt < 4) throw new Error("not yet");
    });

    const summary = await ended(drain(feed, handler));

    expect(summary).toMatchObject({ stopped: "empty", handled: 3, retried: 3, acked: 3 });
  });

  it("handles what comes while it is at work", async () => {
    const feed = filledFeed(3);
    const handler = async (event: FeedEvent) => {
      if (event.id === "e2") feed.publish(testEvent("late"));
    };

    expect(await ended(drain(feed, handler))).toMatchObject({ handled: 4 });
  });

  it("goes on after polls that failed", async () => {
    const feed = filledFeed(2);
    feed.fail({ operation: "pull", error: passing(), count: 3 });

    expect(await ended(drain(feed, () => {}))).toMatchObject({ handled: 2, stopped: "empty" });
  });

  it("ends at its deadline, and keeps the reserve for the acks", async () => {
    const feed = filledFeed(100);
    const from = Date.now();
    feed.fail({ operation: "ack", delayMs: 50 });
    const started: number[] = [];
    const handler = async () => {
      started.push(Date.now() - from);
      await wait(1100);
    };

    const summary = await ended(drain(feed, handler, { deadline: from + 10_000, reserveMs: 3000 }));

    expect(Math.max(...started)).toBeLessThan(8000);
    expect(Date.now() - from).toBeLessThanOrEqual(10_010);
    expect(summary).toMatchObject({ stopped: "deadline", handled: 7, acked: 7 });
    expect(imbalance(summary)).toBe(0);
  });

  it("fires the handlers' signal when only the reserve is left", async () => {
    const feed = filledFeed(1);
    const from = Date.now();
    const handler = async (_: FeedEvent, { signal }: HandlerContext) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return done();
    };

    const deadline = new Date(from + 10_000);
    const summary = await ended(drain(feed, handler, { deadline, reserveMs: 3000 }), 8100);

    expect(summary).toMatchObject({ stopped: "deadline", handled: 1, acked: 1 });
  });

  it("is over at its deadline although a handler never ends", async () => {
    const from = Date.now();

    const summary = await ended(
      drain(filledFeed(2), () => new Promise<void>(() => {}), { deadline: from + 8000 }),
    );

    expect(Date.now() - from).toBeLessThanOrEqual(8010);
    expect(summary).toMatchObject({ stopped: "deadline", unsettled: 2 });
  });

  it("is over at its deadline although it is stopped for another reason just before", async () => {
    const from = Date.now();
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 4000);

    const summary = await ended(
      drain(filledFeed(2), () => new Promise<void>(() => {}), {
        deadline: from + 10_000,
        signal: controller.signal,
      }),
    );

    expect(Date.now() - from).toBeLessThanOrEqual(10_010);
    expect(summary.stopped).toBe("signal");
  });

  it("handles nothing when its deadline is past", async () => {
    const handler = vi.fn();

    const summary = await ended(drain(filledFeed(2), handler, { deadline: Date.now() - 1 }));

    expect(summary).toMatchObject({ stopped: "deadline", pulled: 0 });
    expect(handler).not.toHaveBeenCalled();
  });

  it("takes a deadline that is further away than a timer reaches", async () => {
    const dayMs = 86_400_000;
    const feed = memoryFeed();
    feed.fail({ operation: "pull", error: passing(), count: 1000 });
    const idle = { minDelayMs: dayMs, maxDelayMs: dayMs };
    const ending = vi.fn();

    const draining = drain(feed, () => {}, { deadline: Date.now() + 40 * dayMs, idle });
    void draining.then(ending);
    await vi.advanceTimersByTimeAsync(39 * dayMs);
    expect(ending).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(dayMs);

    expect((await draining).stopped).toBe("deadline");
  });

  it("ends with its signal", async () => {
    const controller = new AbortController();
    const handler = (event: FeedEvent) => {
      if (event.id === "e3") controller.abort();
    };

    const summary = await ended(drain(filledFeed(9), handler, { signal: controller.signal }));

    expect(summary).toMatchObject({ stopped: "signal", handled: 4, unsettled: 5, acked: 4 });
  });

  it("says when a cumulative feed did not move", async () => {
    const feed = filledFeed(3, { acks: "cumulative", receipts: "page" });
    const options = { deadline: Date.now() + 5000, reserveMs: 1000 };
    const { handler } = slowHandler();
    const stuck = (event: FeedEvent) => (event.id === "e2" ? handler(event) : undefined);

    const summary = await ended(drain(feed, stuck, { ...options, concurrency: 3 }));

    expect(summary).toMatchObject({ handled: 2, unsettled: 1, acked: 0, noProgress: true });
    const next = await ended(drain(feed.reopen(), () => {}));
    expect(next).toMatchObject({ handled: 3, noProgress: false });
  });

  it("gives many at once to a batch handler, the rest without a wait", async () => {
    const feed = filledFeed(250);
    const sizes: number[] = [];
    const from = Date.now();

    const summary = await ended(
      drain(
        feed,
        batch({ size: 100, maxWaitMs: 60_000 }, async (events) => {
          sizes.push(events.length);
          await wait(10);
        }),
      ),
    );

    expect(sizes).toEqual([100, 100, 50]);
    expect(Date.now() - from).toBeLessThan(1000);
    expect(summary).toMatchObject({ handled: 250, acked: 250 });
  });

  it.each([
    [{ deadline: Number.NaN }, "option `deadline` must be a Date or epoch milliseconds"],
    [{ deadline: new Date("never") }, "option `deadline` must be a Date or epoch milliseconds"],
    [{ deadline: "soon" }, "option `deadline` must be a Date or epoch milliseconds"],
    [
      { deadline: 50_000 },
      "option `deadline` must be a Date or epoch milliseconds, such as Date.now(",
    ],
    [{ deadline: Date.now() - 2 * 86_400_000 }, "option `deadline` must be a Date"],
    [{ deadline: new Date(Date.now() + 4000 * 86_400_000) }, "option `deadline` must be a Date"],
    [{ dedline: 5 }, "option `dedline` is unknown; did you mean `deadline`?"],
    [{ limit: 0 }, "option `limit` must be a whole number from 1"],
    [{ limit: 1.5 }, "option `limit` must be a whole number from 1"],
    [{ concurrency: 0 }, "option `concurrency` must be a whole number"],
  ])("refuses %j", async (options, message) => {
    await expect(drain(memoryFeed(), () => {}, options as object)).rejects.toThrow(
      `drain: ${message}`,
    );
  });
});

describe("consume", () => {
  it("handles what comes until it is stopped", async () => {
    const feed = filledFeed(2);
    const seen: string[] = [];
    const run = consume(feed, (event) => void seen.push(event.id));
    await vi.advanceTimersByTimeAsync(5000);
    feed.publish(testEvent("e2"));
    await vi.advanceTimersByTimeAsync(60_000);

    const summary = await ended(run.stop());

    expect(seen).toEqual(idsOf(3));
    expect(summary).toMatchObject({ stopped: "signal", handled: 3, acked: 3 });
  });

  it("never runs more handlers at once than it may", async () => {
    const feed = filledFeed(500);
    let atWork = 0;
    let most = 0;
    const handler = async () => {
      most = Math.max(most, ++atWork);
      await wait(5);
      atWork -= 1;
    };

    const summary = await ended(drain(feed, handler, { concurrency: 7 }));

    expect(most).toBe(7);
    expect(summary.handled).toBe(500);
  });

  it.each([
    ["nothing", undefined],
    ["a source that cannot ack", { pull: async () => [] }],
    ["a sink that cannot pull", { ack: async () => [] }],
  ])("refuses %s in the place of a feed", (_, feed) => {
    expect(() => consume(feed as unknown as Feed, () => {})).toThrow(
      "consume: the first argument must be a feed",
    );
  });

  it.each(["", "x".repeat(501), "a\0b", undefined])("refuses a feed of the name %j", (name) => {
    const feed = { ...memoryFeed(), name } as Feed;
    expect(() => consume(feed, () => {})).toThrow("consume: the feed's name must be a name of 1");
  });

  it("refuses wrong options and handlers at once, and makes no request", () => {
    const feed = memoryFeed();

    expect(() => consume(feed, () => {}, { concurrency: 0 })).toThrow("`concurrency`");
    expect(() => consume(feed, {} as never)).toThrow("consume: the map of handlers is empty");
    expect(feed.calls).toEqual([]);
  });
});

describe("the first report", () => {
  it("comes when the run is known to its listener", async () => {
    const feed = filledFeed(1);
    const kinds: string[] = [];
    const onReport = (report: Report): void => {
      if (run.health().healthy) kinds.push(report.kind);
    };
    const run: Run = consume(feed, () => {}, { onReport });
    await vi.advanceTimersByTimeAsync(50);
    await ended(run.stop());

    expect(kinds.slice(0, 4)).toEqual(["started", "pulled", "handling", "handled"]);
  });

  it.each([
    ["stopped", ["started", "stopping", "stopped"]],
    ["paused", ["started", "paused", "stopping", "stopped"]],
  ])("says that a run was started which is %s at once", async (how, told) => {
    const { onReport, reports } = recorder();
    const run = consume(memoryFeed(), () => {}, { onReport });
    if (how === "paused") run.pause();
    await ended(run.stop());

    expect(reports.map(({ kind }) => kind)).toEqual(told);
  });
});
