import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AckloopError } from "../../src/core/errors.ts";
import type { FeedEvent } from "../../src/core/event.ts";
import type { Feed } from "../../src/core/feed.ts";
import type { Report } from "../../src/core/report.ts";
import { consume } from "../../src/loop/consume.ts";
import { retry } from "../../src/loop/outcome.ts";
import type { Run } from "../../src/loop/run.ts";
import { memoryStores } from "../../src/stores/index.ts";
import type { MemoryFeedOptions } from "../../src/testing/memory-feed.ts";
import { memoryFeed } from "../../src/testing/memory-feed.ts";
import { ended, filledFeed, gate, passing, slowHandler } from "./support.ts";

const soon = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("health", () => {
  it("says what a run is about", async () => {
    const { handler, gateOf } = slowHandler();
    const run = consume(filledFeed(3), handler);
    await vi.advanceTimersByTimeAsync(5000);
    const before = run.health();
    gateOf("e0").open();
    await soon();
    const handledAt = Date.now();

    expect(before).toEqual({
      feed: "memory",
      state: "running",
      healthy: true,
      live: true,
      troubles: [],
      lastError: undefined,
      lastPollAt: expect.any(Number),
      lastHandledAt: undefined,
      fruitlessPolls: expect.any(Number),
      open: 3,
      inFlight: 3,
      handling: 1,
      oldestOpen: "/memory e0",
      oldestOpenMs: 5000,
      waitingForLease: false,
      outageMs: undefined,
    });
    expect(run.health()).toMatchObject({ open: 2, lastHandledAt: handledAt });
    await ended(run.stop({ withinMs: 0 }));
  });

  it("is false, and not live, once something has halted the run, and while that stops", async () => {
    const { opened, open } = gate();
    const handler = (event: FeedEvent) => {
      if (event.id === "e0") return opened;
      throw new Error("no stock");
    };
    const run = consume(filledFeed(2), handler, { concurrency: 2, retry: { attempts: 1 } });
    await soon();
    const stopping = run.health();
    open();
    const error: unknown = await ended(run.catch((thrown: unknown) => thrown));

    const halted = { healthy: false, live: false, troubles: ["halted"] };
    expect(stopping).toMatchObject({ ...halted, state: "stopping", lastError: { code: "halted" } });
    expect(run.health()).toMatchObject({
      ...halted,
      state: "ended",
      lastError: { code: "halted" },
    });
    expect(error).toBeInstanceOf(AckloopError);
  });

  it("is false, and live, once the run was stopped", async () => {
    const run = consume(memoryFeed(), () => {});
    await soon();
    await ended(run.stop());

    expect(run.health()).toMatchObject({ healthy: false, live: true, troubles: ["ended"] });
  });

  it("is false when handlers stall for as long as is said, and true when one has ended", async () => {
    const { handler, gateOf } = slowHandler();
    const run = consume(filledFeed(3), handler, { concurrency: 2, stalledAfterMs: 10_000 });

    await vi.advanceTimersByTimeAsync(9_999);
    expect(run.health().healthy).toBe(true);
    await vi.advanceTimersByTimeAsync(2);
    expect(run.health()).toMatchObject({ healthy: false, live: false, troubles: ["stalled"] });
    gateOf("e1").open();
    await soon();

    expect(run.health()).toMatchObject({ healthy: true, live: true, troubles: [] });
    await ended(run.stop({ withinMs: 0 }));
  });

  it("counts no time before the handler was called, as in an outage of a store", async () => {
    const { dedupe } = memoryStores();
    let isAway = true;
    const store: typeof dedupe = {
      begin: (...asked) => (isAway ? Promise.reject(new Error("away")) : dedupe.begin(...asked)),
      finish: (...asked) => dedupe.finish(...asked),
      renew: (...asked) => dedupe.renew(...asked),
      forget: (...asked) => dedupe.forget(...asked),
    };
    const { handler } = slowHandler();
    const lines: string[] = [];
    const logger = { debug() {}, info() {}, error() {}, warn: (line: string) => lines.push(line) };
    const run = consume(filledFeed(1), handler, {
      ...{ dedupe: { store }, consumer: "billing", stalledAfterMs: 60_000, logger },
    });
    await vi.advanceTimersByTimeAsync(300_000);
    isAway = false;
    await vi.advanceTimersByTimeAsync(59_000);

    expect(run.health()).toMatchObject({ live: true, troubles: [], handling: 1 });
    expect(lines.filter((line) => line.includes("with its handler"))).toEqual([]);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(run.health()).toMatchObject({ live: false, troubles: ["stalled"] });
    await ended(run.stop({ withinMs: 0 }));
  });

  it("takes no retry that waits for a stall", async () => {
    const waits = { minDelayMs: 3_600_000, maxDelayMs: 3_600_000 };
    const run = consume(filledFeed(1), () => retry(), { retry: waits, stalledAfterMs: 1000 });

    await vi.advanceTimersByTimeAsync(1_000_000);

    expect(run.health()).toMatchObject({ healthy: true, open: 1, oldestOpenMs: 1_000_000 });
    await ended(run.stop());
  });

  it("does not mind one poll that is lost, nor two, but the third, until one is answered", async () => {
    const feed = memoryFeed();
    feed.fail({ operation: "pull", error: passing(), count: 3 });
    const seen: unknown[] = [];
    const onReport = ({ kind }: Report): void => {
      const { healthy, live, lastError } = run.health();
      if (kind === "pollFailed" || kind === "idle") seen.push([healthy, live, lastError?.code]);
    };
    const run: Run = consume(feed, () => {}, { onReport });
    await vi.advanceTimersByTimeAsync(10_000);

    expect(seen.slice(0, 4)).toEqual([
      [true, true, "transport"],
      [true, true, "transport"],
      [false, true, "transport"],
      [true, true, undefined],
    ]);
    await ended(run.stop());
  });

  it.each<[string, MemoryFeedOptions]>([
    ["individual", {}],
    ["cumulative", { acks: "cumulative", pulls: "onward" }],
  ])("is false while %s acks fail, or hang, and true when one is taken", async (_, options) => {
    const failing = filledFeed(1, options);
    failing.fail({ operation: "ack", error: passing(), count: 6 });
    const hanging = filledFeed(1, options);
    hanging.fail({ operation: "ack", delayMs: 10_000_000 });
    const quick = consume(failing, () => {});
    const slow = consume(hanging, () => {}, { callTimeoutMs: 1_000_000 });

    await vi.advanceTimersByTimeAsync(2000);
    expect(quick.health()).toMatchObject({ healthy: false, live: true, troubles: ["acks"] });
    expect(quick.health().lastError).toMatchObject({ code: "transport" });
    expect(slow.health().healthy).toBe(true);
    await vi.advanceTimersByTimeAsync(120_000);

    expect(slow.health()).toMatchObject({ healthy: false, live: true, troubles: ["acks"] });
    expect(quick.health()).toMatchObject({ healthy: true, inFlight: 0 });
    await ended(Promise.all([quick.stop(), slow.stop()]));
  });

  it("does not wait for acks that are not to come", async () => {
    const feed = filledFeed(1, { acks: "cumulative" });
    const refused = new AckloopError("request", "an old receipt");
    feed.fail({ operation: "ack", error: refused, count: 4 });
    const pull: Feed["pull"] = async (options) => {
      if (hasGone) return [];
      return feed.pull(options);
    };
    let hasGone = false;
    const run = consume({ ...feed, pull } as Feed, () => {}, { idle: { maxDelayMs: 1000 } });
    await vi.advanceTimersByTimeAsync(2500);
    hasGone = true;

    await vi.advanceTimersByTimeAsync(600_000);

    expect(run.health()).toMatchObject({ healthy: true, troubles: [] });
    await ended(run.stop());
  });

  it("is false while a dead-letter store is away, though nothing else is wrong", async () => {
    const { deadLetters } = memoryStores();
    let isAway = true;
    const put: typeof deadLetters.put = async (...given) => {
      if (isAway) throw new Error("the disk is full");
      return deadLetters.put(...given);
    };
    const handler = () => {
      throw new Error("bad");
    };
    const options = { deadLetters: { ...deadLetters, put }, consumer: "c", retry: { attempts: 1 } };
    const run = consume(filledFeed(1), handler, options);
    await vi.advanceTimersByTimeAsync(10_000);
    const away = run.health();
    isAway = false;
    await vi.advanceTimersByTimeAsync(60_000);

    expect(away).toMatchObject({ healthy: false, live: true, troubles: ["stores"] });
    expect(away.lastError?.message).toContain("the disk is full");
    expect(run.health()).toMatchObject({ healthy: true, lastError: undefined });
    await ended(run.stop());
  });

  it("is true while another has the lease, and false while the lease's store is away", async () => {
    const { leases } = memoryStores();
    const lease = { store: leases };
    const first = consume(memoryFeed(), () => {}, { lease, consumer: "c" });
    await soon();
    const second = consume(memoryFeed(), () => {}, { lease, consumer: "c" });
    const acquire = () => Promise.reject(new Error("away"));
    const third = consume(memoryFeed(), () => {}, {
      lease: { store: { ...leases, acquire } },
      consumer: "c",
    });

    await vi.advanceTimersByTimeAsync(60_000);

    expect(first.health()).toMatchObject({ healthy: true, waitingForLease: false });
    expect(second.health()).toMatchObject({ healthy: true, waitingForLease: true });
    expect(third.health()).toMatchObject({ waitingForLease: true, troubles: ["stores"] });
    await ended(Promise.all([first.stop(), second.stop(), third.stop()]));
  });

  it("is false while the circuit breaker is open, and live: a restart ends no outage", async () => {
    let isAway = true;
    const handler = () => {
      if (isAway) throw new Error("the database is away");
    };
    const run = consume(filledFeed(30), handler, { concurrency: 10 });
    await vi.advanceTimersByTimeAsync(10_000);
    const away = run.health();
    isAway = false;
    await vi.advanceTimersByTimeAsync(120_000);

    expect(away).toMatchObject({ healthy: false, live: true, troubles: ["outage"] });
    expect(away.outageMs).toBeGreaterThan(0);
    expect(run.health()).toMatchObject({ healthy: true, outageMs: undefined, open: 0 });
    await ended(run.stop());
  });
});

describe("the option stalledAfterMs", () => {
  it.each([0, -1, Number.NaN, "5m"])("is refused as %s", (stalledAfterMs) => {
    const start = () => consume(memoryFeed(), () => {}, { stalledAfterMs } as never);

    expect(start).toThrow(
      expect.objectContaining({
        code: "config",
        message: expect.stringContaining("stalledAfterMs"),
      }),
    );
  });
});
