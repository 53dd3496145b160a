import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AckloopError } from "../../../src/core/errors.ts";
import type { FeedEvent } from "../../../src/core/event.ts";
import type { Feed } from "../../../src/core/feed.ts";
import { sleep } from "../../../src/core/sleep.ts";
import type { DedupeStore, LeaseStore } from "../../../src/core/stores.ts";
import type { Summary } from "../../../src/core/summary.ts";
import { consume, drain } from "../../../src/loop/consume.ts";
import type { HandlerContext } from "../../../src/loop/handler.ts";
import type { LoopOptions } from "../../../src/loop/options.ts";
import { done, retry } from "../../../src/loop/outcome.ts";
import type { Run } from "../../../src/loop/run.ts";
import { memoryStores } from "../../../src/stores/index.ts";
import { memoryFeed, testEvent } from "../../../src/testing/memory-feed.ts";
import { ended, filledFeed, gate, idsOf, imbalance, recorder, slowHandler } from "../support.ts";

const STOP: LoopOptions = { shutdownTimeoutMs: 10_000, reserveMs: 2000 };
const soon = () => vi.advanceTimersByTimeAsync(0);

/** What a run rejects with. */
async function halt(run: PromiseLike<Summary>): Promise<AckloopError> {
  return ended(
    run.then(
      () => {
        throw new Error("the run did not halt");
      },
      (error: AckloopError) => error,
    ),
  );
}

/** A handler that waits for its signal, and what it does then. */
const untilSignal =
  (end: () => ReturnType<typeof done> | void = () => {}) =>
  async (_: FeedEvent, { signal }: HandlerContext) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    return end();
  };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe("a stop", () => {
  it("lets handlers end, acks what they were done with, and leaves what was not begun", async () => {
    const feed = filledFeed(10);
    const { started, handler, gateOf } = slowHandler();
    const run = consume(feed, handler, { ...STOP, concurrency: 2 });
    await soon();

    const stopped = run.stop();
    expect(run.health().state).toBe("stopping");
    await vi.advanceTimersByTimeAsync(3000);
    gateOf("e0").open();
    await vi.advanceTimersByTimeAsync(1000);
    expect(feed.acked).toEqual(["e0"]);
    gateOf("e1").open();

    const summary = await ended(stopped);
    expect(started).toEqual(["e0", "e1"]);
    expect(feed.acked).toEqual(["e0", "e1"]);
    expect(summary).toMatchObject({ stopped: "signal", pulled: 10, handled: 2, unsettled: 8 });
    expect(summary.elapsedMs).toBe(4000);
    expect(run.health().state).toBe("ended");
  });

  it("fires the handlers' signal when their time is over, and keeps time for the acks", async () => {
    const feed = filledFeed(1);
    const firedAt: number[] = [];
    const handler = untilSignal(() => {
      firedAt.push(Date.now());
      return done();
    });
    feed.fail({ operation: "ack", delayMs: 1900 });
    const run = consume(feed, handler, STOP);
    await soon();
    const from = Date.now();

    const summary = await ended(run.stop());

    expect(firedAt).toEqual([from + 8000]);
    expect(feed.acked).toEqual(["e0"]);
    expect(summary).toMatchObject({ handled: 1, acked: 1 });
  });

  it("does not wait for a store that does not answer before a handler", async () => {
    const { dedupe } = memoryStores();
    const store: DedupeStore = { ...dedupe, begin: () => new Promise<never>(() => {}) };
    const options = { ...STOP, consumer: "billing", dedupe: { store } };
    const run = consume(filledFeed(3), () => {}, { ...options, concurrency: 2 });
    await soon();

    const summary = await ended(run.stop());

    expect(summary).toMatchObject({ handled: 0, unsettled: 3 });
    expect(summary.elapsedMs).toBeLessThan(100);
  });

  it("does not wait for a schema that does not answer", async () => {
    const validate = () => new Promise<never>(() => {});
    const events = {
      test: { "~standard": { version: 1, vendor: "test", validate } },
    } as const;
    const run = consume({ ...filledFeed(1), events }, () => {}, STOP);
    await soon();

    const summary = await ended(run.stop());

    expect(summary).toMatchObject({ handled: 0, unsettled: 1 });
    expect(summary.elapsedMs).toBeLessThan(100);
  });

  it("leaves an event unsettled whose handler returns nothing after its signal", async () => {
    const feed = filledFeed(1);
    const { deadLetters } = memoryStores();
    const { onReport, of } = recorder();
    const run = consume(feed, untilSignal(), {
      ...STOP,
      onReport,
      deadLetters,
      consumer: "billing",
      retry: { attempts: 1 },
    });
    await soon();

    const summary = await ended(run.stop());

    expect(summary).toMatchObject({ handled: 0, retried: 0, deadLettered: 0, unsettled: 1 });
    expect(feed.acked).toEqual([]);
    expect(of("retried")).toEqual([]);
  });

  it("is over in time although a handler never ends", async () => {
    const feed = filledFeed(2);
    const run = consume(feed, () => new Promise<void>(() => {}), STOP);
    await soon();
    const from = Date.now();

    const summary = await ended(run.stop());

    expect(Date.now() - from).toBe(9000);
    expect(summary).toMatchObject({ unsettled: 2 });
  });

  it("ignores what a handler does after it is over", async () => {
    const feed = filledFeed(1);
    const { handler, gateOf } = slowHandler();
    const run = consume(feed, handler, STOP);
    await soon();
    const summary = await ended(run.stop({ withinMs: 100 }));

    gateOf("e0").open();
    await vi.advanceTimersByTimeAsync(60_000);

    expect(summary).toMatchObject({ handled: 0, unsettled: 1 });
    expect(feed.acked).toEqual([]);
  });

  it("does not wait for an event that waits for its next attempt", async () => {
    const feed = filledFeed(1);
    const run = consume(feed, () => retry({ afterMs: 50_000 }), STOP);
    await soon();
    const from = Date.now();

    const summary = await ended(run.stop());

    expect(Date.now() - from).toBeLessThan(100);
    expect(summary).toMatchObject({ retried: 1, unsettled: 1 });
  });

  it("counts no attempt that fails by the very signal that stopped the run", async () => {
    const feed = filledFeed(1);
    const controller = new AbortController();
    const { signal } = controller;
    const handler = () =>
      new Promise<void>((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      });
    const run = consume(feed, handler, { ...STOP, signal, retry: { attempts: 1 } });
    await soon();

    controller.abort();

    expect(await ended(run)).toMatchObject({ stopped: "signal", unsettled: 1, retried: 0 });
  });

  it("gives the same result however often and from wherever it is asked for", async () => {
    const feed = filledFeed(3);
    const run = consume(feed, () => {}, STOP);
    await soon();

    const summaries = await ended(Promise.all([run.stop(), run.stop({ withinMs: 1 }), run]));
    const late = await run.stop();

    expect(new Set([...summaries, late]).size).toBe(1);
  });

  it("may be asked for by a handler that does not wait for it", async () => {
    const feed = filledFeed(5);
    const run: Run = consume(feed, (event) => {
      if (event.id === "e2") void run.stop();
    });

    const summary = await ended(run, 100);

    expect(summary).toMatchObject({ handled: 3, acked: 3, unsettled: 2 });
  });

  it("takes no longer than its time when a handler waits for it", async () => {
    const feed = filledFeed(2);
    const run: Run = consume(
      feed,
      async () => {
        await run.stop();
      },
      STOP,
    );

    const summary = await ended(run, 10_100);

    expect(summary).toMatchObject({ handled: 0, unsettled: 2 });
  });

  it("refuses a time that is none", async () => {
    const run = consume(memoryFeed(), () => {});

    await expect(run.stop({ withinMs: -1 })).rejects.toMatchObject({
      code: "config",
      message: "run.stop: option `withinMs` must be a number of milliseconds from 0 to 31536000000",
    });
    await ended(run.stop());
  });

  it("comes with the user's signal, on which nothing is left", async () => {
    const controller = new AbortController();
    const run = consume(filledFeed(2), () => {}, { signal: controller.signal });
    await soon();
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);

    controller.abort();
    await ended(run);
    const another = consume(memoryFeed(), () => {}, { signal: controller.signal });

    expect(await ended(another)).toMatchObject({ stopped: "signal", polls: 0 });
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  it("leaves nothing on a signal that never fires", async () => {
    const { signal } = new AbortController();

    await drain(filledFeed(2), () => {}, { signal });

    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("comes at the end of a block", async () => {
    const feed = filledFeed(2);
    let held: Run | undefined;
    const block = async (): Promise<void> => {
      await using run = consume(feed, () => {});
      held = run;
      await vi.advanceTimersByTimeAsync(10);
    };

    await block();

    expect(held?.health().state).toBe("ended");
    expect(feed.acked).toEqual(["e0", "e1"]);
  });

  it("gives back what is unsettled and not at work, where the provider takes it", async () => {
    const feed = filledFeed(4, { acks: "individual", pulls: "onward", leaseMs: 60_000 });
    const run = consume(feed, (event) => (event.id === "e0" ? undefined : new Promise(() => {})));
    await soon();

    await ended(run.stop({ withinMs: 100 }));

    expect(feed.calls.at(-1)).toMatchObject({ operation: "nack", ids: ["e2", "e3"] });
  });

  it("waits for the end of a signal's stop no longer than that has, though another had more", async () => {
    const stopper = new AbortController();
    const options = { shutdownTimeoutMs: 1000, signal: stopper.signal };
    const run = consume(filledFeed(1), untilSignal(), options);
    await soon();
    const from = Date.now();

    const stopped = run.stop({ withinMs: 20_000 });
    stopper.abort();
    await ended(stopped);

    expect(Date.now() - from).toBeLessThanOrEqual(1000);
  });

  it("leaves no timer behind, whenever a handler ends as it lets go", async () => {
    const handlerOf =
      (turns: number) =>
      async (_: FeedEvent, { signal }: HandlerContext) => {
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        for (let turn = 0; turn < turns; turn += 1) await undefined;
      };
    const timers: number[] = [];

    for (let turns = 0; turns < 20; turns += 1) {
      const run = consume(filledFeed(1), handlerOf(turns));
      await soon();
      await ended(run.stop({ withinMs: 0 }), 0);
      timers.push(vi.getTimerCount());
    }

    expect(timers).toEqual(Array(20).fill(0));
  });

  it("is shortened by another also while it gives back what is unsettled", async () => {
    const feed = filledFeed(2, { acks: "individual", pulls: "onward" });
    const hanging = { ...feed, nack: () => new Promise(() => {}) } as Feed;
    const run = consume(hanging, untilSignal(), { shutdownTimeoutMs: 20_000, reserveMs: 20_000 });
    await soon();
    const from = Date.now();

    const stopped = run.stop();
    await vi.advanceTimersByTimeAsync(16_500);
    void run.stop({ withinMs: 0 });
    await ended(stopped);

    expect(Date.now() - from).toBe(16_500);
  });

  it.each([[25_000], [5000], [500]])(
    "of %i ms is over in them although giving back hangs",
    async (withinMs) => {
      const feed = filledFeed(2, { acks: "individual", pulls: "onward" });
      const nack = vi.fn(() => new Promise<void>(() => {}));
      const run = consume({ ...feed, nack } as Feed, () => new Promise<void>(() => {}));
      await soon();
      const from = Date.now();

      await ended(run.stop({ withinMs }));

      expect(Date.now() - from).toBeLessThanOrEqual(withinMs + 50);
      expect(nack).toHaveBeenCalledTimes(1);
    },
  );

  it("goes on when giving back fails, and waits for that no longer than 100 ms", async () => {
    const feed = filledFeed(2, { acks: "individual", pulls: "onward" });
    const warn = vi.fn();
    const logger = { debug() {}, info() {}, warn, error() {} };
    const handler = () => new Promise<void>(() => {});
    const failing = { ...feed, nack: () => Promise.reject(new Error("down")) } as Feed;
    const hanging = { ...feed.reopen(), nack: () => new Promise(() => {}) } as Feed;
    const first = consume(failing, handler, { logger });
    await soon();
    await ended(first.stop({ withinMs: 0 }), 100);
    const second = consume(hanging, handler);
    await soon();

    await ended(second.stop({ withinMs: 0 }), 200);

    expect(warn).toHaveBeenCalledTimes(1);
  });

  it("ends when the feed has released what it holds, of which nothing is left to give back", async () => {
    const { opened, open } = gate();
    const release = vi.fn(() => opened);
    const feed = { ...filledFeed(0, { acks: "individual", pulls: "onward" }), release } as Feed;
    const run = consume(feed, () => {});
    await soon();
    let isOver = false;

    const stopped = run.stop().then(() => {
      isOver = true;
    });
    await vi.advanceTimersByTimeAsync(500);

    expect([release.mock.calls.length, isOver]).toEqual([1, false]);
    open();
    await ended(stopped, 0);
  });

  it("waits for a release that hangs or fails no longer than a second, and says so", async () => {
    const queue = filledFeed(0, { acks: "individual", pulls: "onward" });
    const warn = vi.fn();
    const logger = { debug() {}, info() {}, warn, error() {} };
    for (const release of [() => Promise.reject(new Error("down")), () => new Promise(() => {})]) {
      const run = consume({ ...queue.reopen(), release } as Feed, () => {}, { logger });
      await soon();
      await ended(run.stop(), 1000);
    }

    expect(warn.mock.calls.map(([text]) => text)).toEqual([
      expect.stringMatching(
        /could not be given back: memory release: Error: down; they come again later$/,
      ),
      expect.stringMatching(
        /given back: memory release: no answer within 1 s; they come again later$/,
      ),
    ]);
  });

  it("tells in order what happens", async () => {
    const { onReport, reports } = recorder();
    const run = consume(filledFeed(1), () => {}, { onReport });
    await soon();
    run.pause();
    run.pause();
    run.resume();
    run.resume();
    await ended(run.stop());
    run.pause();
    run.resume();

    const quiet = new Set(["pulled", "idle"]);
    expect(reports.map((report) => report.kind).filter((kind) => !quiet.has(kind))).toEqual([
      "started",
      "handling",
      "handled",
      "acked",
      "paused",
      "resumed",
      "stopping",
      "stopped",
    ]);
    expect(reports.at(-1)).toMatchObject({ summary: { handled: 1 } });
  });

  it("is told after the start, even when it came before", async () => {
    const { onReport, reports } = recorder();

    await ended(consume(memoryFeed(), () => {}, { onReport, signal: AbortSignal.abort() }));

    expect(reports.map((report) => report.kind)).toEqual(["started", "stopping", "stopped"]);
  });
});

describe("a halt", () => {
  it.each([
    [
      "pull",
      new AckloopError("auth", "refused", { provider: "tiki", operation: "pull", status: 401 }),
    ],
    ["ack", new AckloopError("cursorExpired", "too old", { provider: "workato" })],
  ] as const)(
    "rejects with the error of a %s, which carries the summary",
    async (operation, error) => {
      const feed = filledFeed(1);
      feed.fail({ operation, error, count: 2 });

      const failure = await halt(consume(feed, () => {}, STOP));

      const { code, message, provider } = error;
      expect(failure).toBeInstanceOf(AckloopError);
      expect(failure).toMatchObject({ code, message, provider });
      expect(failure.status).toBe(error.status);
      expect(failure.summary).toMatchObject({ feed: "memory", stopped: undefined });
      expect(imbalance(failure.summary)).toBe(0);
    },
  );

  it.each(
    (
      [
        { acks: "individual", pulls: "unacked" },
        { acks: "individual", pulls: "onward" },
        { acks: "cumulative", pulls: "unacked" },
        { acks: "cumulative", pulls: "onward" },
      ] as const
    ).flatMap((kind) =>
      (["pull", "ack"] as const).flatMap((operation) =>
        ([401, 403, 404, 409] as const).map((status) => [status, operation, kind] as const),
      ),
    ),
  )(
    "does not come for one %i of a %s that was not asked again, %j",
    async (status, operation, kind) => {
      const codes = { 401: "auth", 403: "auth", 404: "notFound", 409: "conflict" } as const;
      const error = new AckloopError(codes[status], "refused", { status });
      const feed = filledFeed(3, kind);
      feed.fail({ operation, error, count: 1 });
      const run = consume(feed, () => {}, STOP);
      await vi.advanceTimersByTimeAsync(5_000);
      expect([...feed.acked].sort()).toEqual(idsOf(3));

      // A good answer has come since: it is odd once more.
      feed.fail({ operation, error, count: 1 });
      feed.publish(testEvent("e3"));
      await vi.advanceTimersByTimeAsync(60_000);

      expect([...feed.acked].sort()).toEqual(idsOf(4));
      await ended(run.stop());
    },
  );

  it.each(["pull", "ack"] as const)(
    "does not come for a plain error of a %s, which may pass",
    async (operation) => {
      const feed = filledFeed(1);
      feed.fail({ operation, error: new TypeError("x is not a function"), count: 3 });
      const { onReport, of } = recorder();
      const run = consume(feed, () => {}, { ...STOP, onReport });

      await vi.advanceTimersByTimeAsync(20_000);

      expect(feed.acked).toEqual(["e0"]);
      expect(of(operation === "pull" ? "pollFailed" : "ackFailed")).toHaveLength(3);
      expect(await ended(run.stop())).toMatchObject({ handled: 1, acked: 1 });
    },
  );

  it("does not wait for acks that were refused for good", async () => {
    const feed = filledFeed(3);
    feed.fail({ operation: "ack", error: new AckloopError("auth", "refused"), count: 100 });
    const from = Date.now();

    await halt(consume(feed, () => {}, STOP));

    expect(Date.now() - from).toBeLessThan(100);
  });

  it("brings to its end what is at work, and acks it", async () => {
    const feed = filledFeed(3);
    const { handler, gateOf } = slowHandler();
    const failing = async (event: FeedEvent) => {
      if (event.id === "e0") throw new Error("poison");
      return handler(event);
    };
    const run = consume(feed, failing, { ...STOP, concurrency: 2, retry: { attempts: 1 } });
    const halted = halt(run);
    await vi.advanceTimersByTimeAsync(500);
    gateOf("e1").open();

    const failure = await halted;

    expect(failure.message).toContain("event e0 (test): failed once: Error: poison");
    expect(failure.summary).toMatchObject({ pulled: 3, handled: 1, acked: 1, unsettled: 2 });
    expect(feed.acked).toEqual(["e1"]);
  });

  it("does not come when onReport throws, which is told once", async () => {
    const error = vi.fn();
    const onReport = vi.fn((report: { readonly kind: string }) => {
      if (report.kind === "handled") throw new Error("full disk");
    });
    const logger = { debug() {}, info() {}, warn() {}, error };

    const summary = await ended(drain(filledFeed(3), () => {}, { onReport, logger }));

    expect(summary).toMatchObject({ handled: 3, acked: 3 });
    expect(onReport.mock.calls.at(-1)?.[0].kind).toBe("handled");
    expect(error.mock.calls).toEqual([
      [
        "ackloop: memory: onReport threw and is not called again: Error: full disk",
        { feed: "memory" },
      ],
    ]);
  });

  it("keeps the first error", async () => {
    const feed = filledFeed(2);
    const handler = async (event: FeedEvent) => {
      throw new Error(event.id);
    };

    const failure = await halt(consume(feed, handler, { concurrency: 2, retry: { attempts: 1 } }));

    expect(failure.message).toContain("event e0");
  });

  it("is told when it comes in the middle of a stop, which it does not hold up", async () => {
    const feed = filledFeed(1);
    const refusal = new AckloopError("auth", "the acks are refused");
    feed.fail({ operation: "ack", error: refusal, count: 10 });
    const error = vi.fn();
    const logger = { debug() {}, info() {}, warn() {}, error };
    const { handler, gateOf } = slowHandler();
    const { onReport, of } = recorder();
    const run = consume(feed, handler, { ...STOP, logger, onReport });
    await soon();

    const stopped = run.stop();
    gateOf("e0").open();

    expect(await ended(stopped, 100)).toMatchObject({ stopped: "signal", handled: 1, acked: 0 });
    expect(of("halted")).toMatchObject([{ error: refusal }]);
    expect(error.mock.calls).toEqual([
      [
        "ackloop: memory: failed while stopping: the acks are refused; " +
          "what is not acknowledged comes again once it is mended and started anew",
        { feed: "memory", error: expect.objectContaining({ code: "auth" }) },
      ],
    ]);
  });

  it("is told, and ends a drain too", async () => {
    const feed = filledFeed(1);
    const { onReport, reports } = recorder();
    feed.fail({ operation: "pull", error: new AckloopError("notFound", "no such queue") });

    const failure = await halt(drain(feed, () => {}, { onReport }));

    expect(failure.code).toBe("notFound");
    expect(reports.map((report) => report.kind)).toEqual([
      "started",
      "stopping",
      "halted",
      "stopped",
    ]);
  });

  it("does not come for a handler that returns what is no outcome, which is done", async () => {
    const warn = vi.fn();
    const logger = { debug() {}, info() {}, warn, error() {} };
    const handler = (() => false) as unknown as () => void;

    const summary = await ended(drain(filledFeed(2), handler, { logger }));

    expect(summary).toMatchObject({ handled: 2, acked: 2 });
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]?.[0]).toContain("the handler of test returned false for e0");
  });

  it("comes for an order that cannot be made, though not for an event that is not valid", async () => {
    const orderBy = (event: FeedEvent) => (event.data as { order: { code: string } }).order.code;

    const failure = await halt(drain(filledFeed(1), () => {}, { orderBy }));

    expect(failure.message).toContain("memory: event e0 (test): orderBy threw: TypeError");
  });
});

describe("a run with a lease", () => {
  const leased = (leases: LeaseStore, holder: string): LoopOptions => ({
    ...STOP,
    consumer: "billing",
    lease: { store: leases, leaseMs: 3000, holder },
  });

  it("waits for the lease in good health, and gives it up at its end", async () => {
    const { leases } = memoryStores();
    const feed = filledFeed(2);
    const first = consume(feed, () => {}, leased(leases, "one"));
    await soon();
    const second = consume(feed.reopen(), () => {}, leased(leases, "two"));
    await vi.advanceTimersByTimeAsync(600_000);
    expect(second.health()).toMatchObject({ healthy: true, state: "standby" });
    expect(second.health().lastPollAt).toBeUndefined();

    await ended(first.stop());
    await vi.advanceTimersByTimeAsync(4000);

    expect(second.health().lastPollAt).toBeDefined();
    await ended(second.stop());
    const waiting = consume(feed.reopen(), () => {}, leased(leases, "three"));
    await soon();
    await ended(waiting.stop());
  });

  it("ends at once when it is lost: no pull, no ack, no handler is started", async () => {
    const { leases } = memoryStores();
    const feed = filledFeed(10);
    const reasons: unknown[] = [];
    const handler = untilSignal(() => done());
    const noting = async (event: FeedEvent, context: HandlerContext) => {
      context.signal.addEventListener("abort", () => reasons.push(context.signal.reason));
      return handler(event, context);
    };
    const losing = { ...leases, renew: async () => false };
    const run = consume(feed, noting, { ...leased(losing, "one"), concurrency: 2 });

    const failure = await halt(run);

    expect(failure).toMatchObject({ code: "leaseLost", summary: { handled: 0, unsettled: 10 } });
    expect(reasons).toMatchObject([{ code: "leaseLost" }, { code: "leaseLost" }]);
    expect(feed.calls.filter((call) => call.operation === "ack")).toEqual([]);
    const calls = feed.calls.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(feed.calls).toHaveLength(calls);
  });

  it("cuts a stop that is under way short when it is lost, and rejects", async () => {
    const { leases } = memoryStores();
    const feed = filledFeed(3);
    feed.fail({ operation: "ack", delayMs: Number.POSITIVE_INFINITY });
    const reasons: unknown[] = [];
    const handler = async ({ id }: FeedEvent, { signal }: HandlerContext) => {
      if (id === "e0") return;
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      reasons.push(signal.reason);
    };
    const losing = { ...leases, renew: async () => false };
    const { of, onReport } = recorder();
    const options = { ...leased(losing, "one"), concurrency: 2, onReport };
    const run = consume(feed, handler, options);
    await soon();

    const failure = halt(run.stop({ withinMs: 600_000 }));
    await vi.advanceTimersByTimeAsync(3000);

    expect(await failure).toMatchObject({ code: "leaseLost", summary: { unsettled: 2, acked: 0 } });
    expect(reasons).toMatchObject([{ code: "leaseLost" }, { code: "leaseLost" }]);
    expect(of("halted")).toMatchObject([{ error: { code: "leaseLost" } }]);
    expect(of("stopping")).toHaveLength(1);
  });

  it("starts nothing after the process was paused for longer than the lease", async () => {
    const { leases } = memoryStores();
    const feed = filledFeed(3);
    const { started, handler, gateOf } = slowHandler();
    const run = consume(feed, handler, leased(leases, "one"));
    const halted = halt(run);
    await soon();
    const now = performance.now();
    const clock = vi.spyOn(performance, "now").mockReturnValue(now + 5000);

    gateOf("e0").open();
    await soon();

    expect((await halted).code).toBe("leaseLost");
    expect(started).toEqual(["e0"]);
    expect(feed.acked).toEqual([]);
    clock.mockRestore();
  });

  it("halts when the store refuses its options", async () => {
    const { leases } = memoryStores();
    const acquire = () => Promise.reject(new AckloopError("config", "no such table"));

    const failure = await halt(
      consume(memoryFeed(), () => {}, leased({ ...leases, acquire }, "one")),
    );

    expect(failure.code).toBe("config");
  });
});

describe("a run with stores that fail", () => {
  it("does not run a handler again, and acks nothing, until a dead letter is stored", async () => {
    const { deadLetters } = memoryStores();
    const put = vi.fn(deadLetters.put);
    for (let index = 0; index < 5; index += 1) put.mockRejectedValueOnce(new Error("down"));
    const feed = filledFeed(1);
    const handler = vi.fn(async () => {
      throw new Error("poison");
    });
    const run = consume(feed, handler, {
      deadLetters: { ...deadLetters, put },
      consumer: "billing",
      retry: { attempts: 2, minDelayMs: 100, maxDelayMs: 100 },
    });
    await vi.advanceTimersByTimeAsync(250);
    expect([handler.mock.calls.length, feed.acked]).toEqual([2, []]);

    await vi.advanceTimersByTimeAsync(4000);

    expect(handler).toHaveBeenCalledTimes(2);
    expect(feed.acked).toEqual(["e0"]);
    expect(await ended(run.stop())).toMatchObject({ deadLettered: 1, retried: 1 });
  });

  it("holds a stop up no longer than its time", async () => {
    const { deadLetters } = memoryStores();
    const put = () => Promise.reject(new Error("down"));
    const feed = filledFeed(1);
    const run = consume(
      feed,
      async () => {
        throw new Error("poison");
      },
      { ...STOP, deadLetters: { ...deadLetters, put }, consumer: "b", retry: { attempts: 1 } },
    );
    await vi.advanceTimersByTimeAsync(100);
    const from = Date.now();

    const summary = await ended(run.stop());

    expect(Date.now() - from).toBe(9000);
    expect(summary).toMatchObject({ unsettled: 1, deadLettered: 0 });
    expect(feed.acked).toEqual([]);
  });

  it("lets go of marks whose events it leaves, so that the next run begins them at once", async () => {
    const { dedupe } = memoryStores();
    const feed = filledFeed(2);
    const options = { ...STOP, dedupe: { store: dedupe, markMs: 60_000 }, consumer: "billing" };
    const first = consume(feed, untilSignal(), { ...options, concurrency: 2 });
    await soon();
    await ended(first.stop());

    const summary = await ended(
      drain(feed.reopen(), () => {}, options),
      1000,
    );

    expect(summary).toMatchObject({ handled: 2, stopped: "empty" });
  });
});

describe("a mark that is being set when the run stops", () => {
  const slowBegin = (dedupe: DedupeStore, delayMs: number): DedupeStore => ({
    ...dedupe,
    begin: async (...args) => {
      const begun = await dedupe.begin(...args);
      await sleep(delayMs, args[2]?.signal);
      return begun;
    },
  });
  const options = { ...STOP, shutdownTimeoutMs: 0, consumer: "billing", retry: { attempts: 1 } };

  it("is taken back, so that a start that never was is no attempt", async () => {
    const { dedupe } = memoryStores();
    const feed = filledFeed(2);
    const run = consume(feed, () => expect.unreachable("no handler was to start"), {
      ...options,
      dedupe: { store: slowBegin(dedupe, 600) },
    });
    await soon();

    const from = Date.now();
    await ended(run.stop());
    const tookMs = Date.now() - from;
    const summary = await ended(
      drain(feed.reopen(), () => {}, { ...options, dedupe: { store: dedupe } }),
      1000,
    );

    expect(tookMs).toBeLessThan(100);
    expect(summary).toMatchObject({ handled: 2, stopped: "empty" });
  });
});

describe("the health of a run", () => {
  it("is bad when pulls fail or hang for minutes, and good again with the next answer", async () => {
    const feed = memoryFeed();
    feed.fail({ operation: "pull", delayMs: 600_000, count: 100 });
    const run = consume(feed, () => {}, { waitMs: 0, idle: { maxDelayMs: 10_000 } });

    await vi.advanceTimersByTimeAsync(59_000);
    expect(run.health()).toMatchObject({ healthy: true, fruitlessPolls: 0 });
    await vi.advanceTimersByTimeAsync(200_000);
    expect(run.health().healthy).toBe(false);
    feed.heal();
    await vi.advanceTimersByTimeAsync(80_000);

    expect(run.health()).toMatchObject({ healthy: true, lastPollAt: expect.any(Number) });
    await ended(run.stop());
  });

  it("is bad while handlers are at work and none ends, and good again when one has", async () => {
    const { handler, gateOf } = slowHandler();
    const quick = consume(filledFeed(3), handler, { concurrency: 2 });
    const slow = consume(filledFeed(3), handler, { concurrency: 2, handlerTimeoutMs: 300_000 });
    const healths = () => [quick, slow].map((run) => run.health().healthy);

    await vi.advanceTimersByTimeAsync(299_000);
    expect(healths()).toEqual([true, true]);
    await vi.advanceTimersByTimeAsync(2000);
    expect(healths()).toEqual([false, true]);
    await vi.advanceTimersByTimeAsync(300_000);
    expect(healths()).toEqual([false, false]);
    gateOf("e0").open();
    await soon();

    expect(healths()).toEqual([true, true]);
    await ended(Promise.all([quick, slow].map((run) => run.stop({ withinMs: 1 }))));
  });

  it("shows no stall while an attempt waits for a store, or an event for its next attempt", async () => {
    const { dedupe } = memoryStores();
    const away = { ...dedupe, begin: () => Promise.reject(new Error("away")) };
    const store = consume(filledFeed(1), () => {}, { dedupe: { store: away }, consumer: "c" });
    const again = consume(filledFeed(1), () => retry(), {
      retry: { minDelayMs: 3_600_000, maxDelayMs: 3_600_000 },
    });
    await vi.advanceTimersByTimeAsync(1_800_000);

    expect([store, again].map((run) => run.health().troubles)).toEqual([["stores"], []]);
    await ended(Promise.all([store.stop(), again.stop()]));
  });

  it("is bad once something has halted the run, and says what", async () => {
    const run = consume(filledFeed(1), { "another.type": () => {} } as never);
    const error = await halt(run);

    expect(run.health()).toMatchObject({ healthy: false, state: "ended" });
    expect(error.message).toContain(run.health().lastError?.message);
  });

  it("is good while pulling waits for handlers, for a long idle wait, or in a pause", async () => {
    const handler = () => new Promise<void>((resolve) => setTimeout(resolve, 240_000));
    const busy = consume(filledFeed(50), handler, { maxInFlight: 1 });
    const idle = consume(memoryFeed(), () => {}, {
      idle: { minDelayMs: 7_200_000, maxDelayMs: 7_200_000 },
    });
    const paused = consume(memoryFeed(), () => {});
    await soon();
    paused.pause();

    await vi.advanceTimersByTimeAsync(3_000_000);

    expect([busy, idle, paused].map((run) => run.health().healthy)).toEqual([true, true, true]);
    expect(paused.health().state).toBe("paused");
    paused.resume();
    expect(paused.health()).toMatchObject({ healthy: true, state: "running" });
    await ended(Promise.all([busy.stop({ withinMs: 1 }), idle.stop(), paused.stop()]));
    await vi.advanceTimersByTimeAsync(240_000);
  });
});

describe("a pause", () => {
  it("keeps the process alive", async () => {
    const run = consume(memoryFeed(), () => {});
    await soon();
    run.pause();
    await vi.advanceTimersByTimeAsync(100_000_000);

    expect(vi.getTimerCount()).toBe(1);
    await ended(run.stop());
  });

  it("starts no handler and no pull, sends the acks, and keeps what is there", async () => {
    const feed = filledFeed(6, {
      acks: "cumulative",
      acksOnPull: true,
      receipts: "page",
      pageSize: 3,
    });
    const { started, handler, gateOf } = slowHandler();
    const run = consume(feed, handler, { concurrency: 3 });
    await soon();

    run.pause();
    for (const id of idsOf(6)) gateOf(id).open();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(started).toEqual(idsOf(3));
    expect(feed.acked).toEqual(idsOf(3));
    run.resume();
    await soon();

    expect(started).toEqual(idsOf(6));
    await ended(run.stop());
  });

  it("can be stopped", async () => {
    const feed = filledFeed(6);
    const run = consume(feed, () => {});
    run.pause();
    await soon();

    expect(await ended(run.stop(), 100)).toMatchObject({ pulled: 0 });
  });
});

describe("a handler's time limit", () => {
  it("never lets a second run of an event begin before the first has returned", async () => {
    const feed = filledFeed(1);
    const opening = gate();
    let atWork = 0;
    let most = 0;
    const handler = async (_: FeedEvent, { attempt }: HandlerContext) => {
      most = Math.max(most, ++atWork);
      if (attempt === 1) await opening.opened;
      atWork -= 1;
    };
    const draining = drain(feed, handler, { handlerTimeoutMs: 100, retry: { minDelayMs: 10 } });
    await vi.advanceTimersByTimeAsync(60_000);
    opening.open(undefined);

    const summary = await ended(draining);

    expect(most).toBe(1);
    expect(summary).toMatchObject({ handled: 1, retried: 1 });
  });
});

describe("one feed object", () => {
  it("serves two runs that share nothing", async () => {
    const feed = memoryFeed({ acks: "individual", pulls: "onward" });
    const seen: string[][] = [[], []];
    const runs = seen.map((ids) => consume(feed, (event) => void ids.push(event.id)));
    feed.publish(...idsOf(100).map((id) => testEvent(id)));

    await vi.advanceTimersByTimeAsync(5000);
    const summaries = await ended(Promise.all(runs.map((run) => run.stop())));

    expect(seen.flat().sort()).toEqual(idsOf(100).sort());
    expect(summaries.map((summary) => summary.handled)).toEqual(seen.map((ids) => ids.length));
  });
});

describe("acks", () => {
  const ackSizes = (feed: ReturnType<typeof filledFeed>): number[] => {
    const sizes: number[] = [];
    const { ack } = feed;
    feed.ack = (receipts, options) => {
      sizes.push(receipts.length);
      return ack.call(feed, receipts, options);
    };
    return sizes;
  };

  it("go by one call for what settles in one breath", async () => {
    const feed = filledFeed(60, { acks: "individual" });
    const sizes = ackSizes(feed);

    await ended(drain(feed, async () => {}, { concurrency: 10, ackConcurrency: 100 }));

    expect(sizes).toEqual([60]);
  });

  it("wait for others while handlers are at work, where the feed says so, and never for long", async () => {
    const feed = Object.assign(filledFeed(12, { acks: "individual" }), { ackGroupMs: 20 });
    const sizes = ackSizes(feed);
    const handle = (): Promise<void> => sleep(6);

    await ended(drain(feed, handle, { concurrency: 1 }));

    // The last ones wait for nobody.
    expect(sizes).toEqual([4, 4, 4]);
  });

  it("wait no longer once a call is full, nor for a stop", async () => {
    const feed = Object.assign(filledFeed(5, { acks: "individual" }), { ackGroupMs: 1000 });
    const sizes = ackSizes(feed);
    const run = consume(feed, () => sleep(5), { concurrency: 1, ackConcurrency: 2 });

    await vi.advanceTimersByTimeAsync(11);
    const full = [...sizes];
    await vi.advanceTimersByTimeAsync(5);
    const summary = await ended(run.stop());

    expect(full).toEqual([2]);
    // The third at the stop, and the fourth when its handler is done.
    expect(sizes).toEqual([2, 1, 1]);
    expect(summary).toMatchObject({ handled: 4, acked: 4 });
  });

  it("say once that a call was refused for good, however many events it carried", async () => {
    const feed = Object.assign(filledFeed(10, { acks: "individual" }), { ackGroupMs: 20 });
    const error = new AckloopError("auth", "no");
    feed.ack = async () => Promise.reject(error);
    const { onReport, of } = recorder();

    const thrown = await halt(consume(feed, () => sleep(1), { concurrency: 1, onReport }));

    expect(thrown).toMatchObject({ code: "auth", message: "no" });
    expect(of("halted")).toHaveLength(1);
  });

  it("wait for no others where an empty slot waits for their room", async () => {
    const feed = Object.assign(filledFeed(60, { acks: "individual" }), { ackGroupMs: 20 });
    let handled = 0;
    const handle = async ({ id }: FeedEvent): Promise<void> => {
      if (id === "e1") await sleep(10_000);
      handled += 1;
    };
    const run = consume(feed, handle, { concurrency: 2, maxInFlight: 2 });

    await vi.advanceTimersByTimeAsync(100);

    expect(handled).toBeGreaterThan(20);
    await ended(run.stop());
  });

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY, 1001, "20"])(
    "are refused a group time of %s",
    async (ackGroupMs) => {
      const feed = Object.assign(filledFeed(1, { acks: "individual" }), { ackGroupMs });

      expect(() => consume(feed as never, () => {})).toThrow(/`ackGroupMs` must be a number/);
    },
  );

  it("do not wait for the last of many handlers that compute", async () => {
    const feed = filledFeed(50, { acks: "individual" });
    let at = 0;
    vi.spyOn(performance, "now").mockImplementation(() => at);
    const handled = vi.fn();
    const handledBefore: number[] = [];
    const { ack } = feed;
    feed.ack = (receipts, options) => {
      handledBefore.push(handled.mock.calls.length);
      return ack.call(feed, receipts, options);
    };

    await ended(
      drain(feed, async () => {
        handled();
        at += 1;
      }),
    );

    expect(handledBefore[0]).toBeLessThan(10);
    vi.restoreAllMocks();
  });
});
