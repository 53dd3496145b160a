import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Delivery } from "../../../src/core/feed.ts";
import { toReceipt } from "../../../src/core/feed.ts";
import { Extender } from "../../../src/loop/engine/extending.ts";
import { Window } from "../../../src/loop/engine/window.ts";
import { memoryFeed, testEvent } from "../../../src/testing/memory-feed.ts";
import { passing, toSettings } from "../support.ts";

const LEASE_MS = 3000;

const leased = (id: string, leaseMs: number | undefined = LEASE_MS): Delivery => ({
  event: testEvent(id),
  raw: {},
  receipt: toReceipt(id),
  leaseMs,
});

/** An extender over a window, and the calls it makes. */
function bench() {
  const window = new Window({ acks: "individual", pulls: "onward" });
  const extend = vi.fn(async (_receipts: readonly unknown[], _leaseMs: number) => {});
  const warn = vi.fn();
  const over = new AbortController();
  const feed = { ...memoryFeed(), extend };
  const logger = { ...toSettings().logger, warn };
  const extender = new Extender(feed, window, logger, over.signal);
  const take = (delivery: Delivery) => {
    const { entry } = window.accept(delivery);
    extender.watch(entry);
    return entry;
  };
  return { window, extend, warn, over, take };
}

describe("the extender", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("extends all that is open with one call, three times a lease, and no longer", async () => {
    const { window, extend, take } = bench();
    const a = take(leased("a"));
    const b = take(leased("b"));
    expect(vi.getTimerCount()).toBe(1);

    await vi.advanceTimersByTimeAsync(LEASE_MS / 3);
    window.settle(a);
    await vi.advanceTimersByTimeAsync(LEASE_MS / 3);
    window.settle(b);
    await vi.advanceTimersByTimeAsync(LEASE_MS);

    expect(extend.mock.calls.map(([receipts, leaseMs]) => [receipts, leaseMs])).toEqual([
      [["a", "b"], LEASE_MS],
      [["b"], LEASE_MS],
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("begins anew with the next delivery", async () => {
    const { window, extend, take } = bench();
    window.settle(take(leased("a")));
    await vi.advanceTimersByTimeAsync(LEASE_MS);

    take(leased("b"));
    await vi.advanceTimersByTimeAsync(LEASE_MS / 3);

    expect(extend).toHaveBeenCalledTimes(1);
  });

  it("does nothing where pulling hides nothing", () => {
    const { take } = bench();

    take({ event: testEvent("a"), raw: {}, receipt: toReceipt("a") });

    expect(vi.getTimerCount()).toBe(0);
  });

  it("goes on after a failure, which it logs", async () => {
    const { extend, warn, take } = bench();
    extend.mockRejectedValueOnce(passing());
    take(leased("a"));

    await vi.advanceTimersByTimeAsync(LEASE_MS);

    expect(extend).toHaveBeenCalledTimes(3);
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it("ends with the run, and says nothing of what that cut", async () => {
    const { extend, warn, over, take } = bench();
    extend.mockImplementation(async () => {
      over.abort();
      throw new Error("cut");
    });
    take(leased("a"));

    await vi.advanceTimersByTimeAsync(LEASE_MS);

    expect(extend).toHaveBeenCalledTimes(1);
    expect(warn).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });
});
