import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Delivery, Feed } from "../../../src/core/feed.ts";
import { toReceipt } from "../../../src/core/feed.ts";
import type { Entry } from "../../../src/loop/engine/entry.ts";
import { Extending } from "../../../src/loop/engine/extending.ts";
import { Window } from "../../../src/loop/engine/window.ts";
import { testEvent } from "../../../src/testing/memory-feed.ts";
import { passing, toSettings } from "../support.ts";

const LEASE_MS = 3000;

const leased = (id: string, leaseMs: number | undefined = LEASE_MS): Delivery => ({
  event: testEvent(id),
  raw: {},
  receipt: toReceipt(id),
  leaseMs,
});

/** The extending side over a window, and the calls it makes. */
function bench(callTimeoutMs = 30_000) {
  const window = new Window({ acks: "individual", pulls: "onward" });
  const page = window.openPage({ deliveries: [] });
  const extend = vi.fn<NonNullable<Feed["extend"]>>(async () => {});
  const warn = vi.fn();
  const over = new AbortController();
  const extending = new Extending({
    feed: { name: "orders", extend },
    callTimeoutMs,
    log: { ...toSettings().logger, warn },
    over: over.signal,
  });
  const take = (delivery: Delivery, pulledAt = performance.now()) => {
    const { message } = window.accept(delivery, page);
    extending.watch(message, delivery.leaseMs, pulledAt);
    return message.entry;
  };
  const calls = () => extend.mock.calls.map(([receipts, leaseMs]) => [receipts, leaseMs]);
  return { window, extending, extend, calls, warn, over, take };
}

describe("extending", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("looks at nothing any more once leases are left to end", async () => {
    const { over, calls, take } = bench();
    take(leased("a"));
    over.abort();

    await vi.advanceTimersByTimeAsync(LEASE_MS);

    expect([calls(), vi.getTimerCount()]).toEqual([[], 0]);
  });

  it("extends what is open of a page with one call, three times a lease, and no longer", async () => {
    const { window, calls, take } = bench();
    const a = take(leased("a"));
    const b = take(leased("b"));
    expect(vi.getTimerCount()).toBe(1);

    await vi.advanceTimersByTimeAsync(LEASE_MS / 3);
    window.settle(a);
    await vi.advanceTimersByTimeAsync(LEASE_MS / 3);
    window.settle(b);
    await vi.advanceTimersByTimeAsync(LEASE_MS);

    expect(calls()).toEqual([
      [["a", "b"], LEASE_MS],
      [["b"], LEASE_MS],
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("extends what came without a lease first, and with one when it came again", async () => {
    const { extending, calls, take } = bench();
    const a = take({ event: testEvent("a"), raw: {}, receipt: toReceipt("a") });

    extending.watch(a, LEASE_MS, performance.now());
    await vi.advanceTimersByTimeAsync(LEASE_MS / 3);

    expect(calls()).toEqual([[["a"], LEASE_MS]]);
    extending.close();
  });

  it("forgets what is settled at once, however long its lease is", async () => {
    const { extending, calls, take } = bench();
    extending.forget(take(leased("a", 3_600_000)));
    take(leased("b", 3_600_000));

    await vi.advanceTimersByTimeAsync(1_200_000);

    expect(calls()).toEqual([[["b"], 3_600_000]]);
  });

  it("extends a hundred thousand at once without holding the thread", async () => {
    const { extending, extend, take } = bench();
    for (let count = 0; count < 100_000; count += 1) take(leased(String(count)));
    const receipts = () => extend.mock.calls[0]?.[0] ?? [];

    await vi.advanceTimersByTimeAsync(LEASE_MS / 3);

    expect(receipts()).toHaveLength(100_000);
    extending.close();
  });

  it("counts each lease from before the pull that brought it", async () => {
    const { calls, take } = bench();

    take(leased("a"), performance.now() - 900);
    await vi.advanceTimersByTimeAsync(100);

    expect(calls()).toEqual([[["a"], LEASE_MS]]);
  });

  it("extends each by its own lease", async () => {
    const { calls, take } = bench();
    take(leased("a", 3000));
    take(leased("b", 30_000));

    await vi.advanceTimersByTimeAsync(10_000);

    expect(calls().filter(([receipts]) => String(receipts) === "a")).toHaveLength(10);
    expect(calls().filter(([receipts]) => String(receipts) === "b")).toEqual([[["b"], 30_000]]);
  });

  it("takes along what would be due soon, so that a page stays one call", async () => {
    const { calls, take } = bench();
    take(leased("a"));
    await vi.advanceTimersByTimeAsync(LEASE_MS / 10);
    take(leased("b"));

    await vi.advanceTimersByTimeAsync(2 * LEASE_MS);

    expect(calls().every(([receipts]) => String(receipts) === "a,b")).toBe(true);
  });

  it("begins anew with the next delivery", async () => {
    const { window, extend, take } = bench();
    window.settle(take(leased("a")));
    await vi.advanceTimersByTimeAsync(LEASE_MS);

    take(leased("b"));
    await vi.advanceTimersByTimeAsync(LEASE_MS / 3);

    expect(extend).toHaveBeenCalledTimes(1);
  });

  it("extends with the newest receipt", async () => {
    const { window, calls, take } = bench();
    const entry = take(leased("a"));
    entry.receipt = toReceipt("newer");

    await vi.advanceTimersByTimeAsync(LEASE_MS / 3);
    window.settle(entry);

    expect(calls()).toEqual([[["newer"], LEASE_MS]]);
  });

  it.each([undefined, 0, -1, Number.NaN, null, "3000", 5n])(
    "does nothing for a lease of %s ms",
    (leaseMs) => {
      const { take } = bench();

      take({ ...leased("a"), leaseMs: leaseMs as number });

      expect(vi.getTimerCount()).toBe(0);
    },
  );

  it("does nothing for a feed that cannot", () => {
    const { logger: log } = toSettings();
    const over = new AbortController().signal;
    const feed = { name: "orders" };
    const extending = new Extending({ feed, callTimeoutMs: 1000, log, over });
    const window = new Window({ acks: "individual", pulls: "onward" });

    const { message } = window.accept(leased("a"), window.openPage({ deliveries: [] }));
    extending.watch(message, 1000, performance.now());

    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    ["rejects", () => Promise.reject(passing())],
    [
      "throws",
      () => {
        throw new Error("broken");
      },
    ],
  ])("tries again soon when the feed %s, and logs it", async (_, failure) => {
    const { extend, warn, take } = bench();
    extend.mockImplementationOnce(failure);
    take(leased("a"));

    await vi.advanceTimersByTimeAsync(LEASE_MS / 3 + LEASE_MS / 10);

    expect(extend).toHaveBeenCalledTimes(2);
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it("leaves time for a third call where two are not answered", async () => {
    const { extend, warn, take } = bench();
    const at: number[] = [];
    extend.mockImplementation(() => {
      at.push(performance.now() - began);
      return at.length < 3 ? new Promise(() => {}) : Promise.resolve();
    });
    const began = performance.now();
    take(leased("a"));

    await vi.advanceTimersByTimeAsync(LEASE_MS);

    expect(warn.mock.calls[0]?.[1]).toMatchObject({ error: { code: "timeout" } });
    expect(at).toHaveLength(3);
    expect(at[2]).toBeLessThan(LEASE_MS * 0.95);
  });

  it("knows when the last lease of an entry has ended, and believes no word that comes after it", async () => {
    const { window, extending, extend, take } = bench();
    const isOver = (entry: Entry) => extending.isOver(entry, performance.now());
    const a = take(leased("a"));
    await vi.advanceTimersByTimeAsync(LEASE_MS);
    expect(isOver(a)).toBe(false);

    extend.mockRejectedValue(passing());
    await vi.advanceTimersByTimeAsync(LEASE_MS);
    extend.mockResolvedValue();
    await vi.advanceTimersByTimeAsync(LEASE_MS);
    expect(isOver(a)).toBe(true);

    const page = window.openPage({ deliveries: [] });
    const { message } = window.accept({ ...leased("a"), receipt: toReceipt("again") }, page);
    extending.watch(message, LEASE_MS, performance.now());
    expect([message.entry, isOver(a)]).toEqual([a, false]);
    extending.close();
  });

  it("leaves no timer when it is closed", async () => {
    const { extending, take } = bench();
    take(leased("a"));

    extending.close();

    expect(vi.getTimerCount()).toBe(0);
  });

  it("ends with the run, and says nothing of what that cut", async () => {
    const { extending, extend, warn, over, take } = bench();
    extend.mockImplementation(async () => {
      over.abort();
      extending.close();
      throw new Error("cut");
    });
    take(leased("a"));

    await vi.advanceTimersByTimeAsync(LEASE_MS);
    take(leased("b"));

    expect(extend).toHaveBeenCalledTimes(1);
    expect(warn).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });
});
