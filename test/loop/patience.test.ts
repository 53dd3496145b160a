import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HandlerScope } from "../../src/loop/engine/scope.ts";
import { Patience } from "../../src/loop/patience.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const patienceOf = (limitMs: number) => new Patience(limitMs, new HandlerScope(undefined));

describe("the patience with stores", () => {
  it("makes no timer before somebody waits", () => {
    const patience = patienceOf(100);

    vi.advanceTimersByTime(99);
    expect(patience.isOver).toBe(false);
    expect(vi.getTimerCount()).toBe(0);

    vi.advanceTimersByTime(1);
    expect(patience.isOver).toBe(true);
  });

  it("counts from its beginning, whenever somebody begins to wait", () => {
    const patience = patienceOf(100);
    vi.advanceTimersByTime(60);
    const { over } = patience;

    vi.advanceTimersByTime(39);
    expect(over.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect([over.aborted, patience.isOver]).toEqual([true, true]);
  });

  it.each(["before", "while"])(
    "does not count a handler, and begins anew: waited for %s it",
    (when) => {
      const patience = patienceOf(100);
      if (when === "before") expect(patience.over.aborted).toBe(false);
      vi.advanceTimersByTime(60);

      const leash = patience.open();
      const { over } = patience;
      vi.advanceTimersByTime(10_000);
      expect([over.aborted, patience.isOver]).toEqual([false, false]);

      patience.close(leash);
      vi.advanceTimersByTime(99);
      expect(over.aborted).toBe(false);
      vi.advanceTimersByTime(1);
      expect(over.aborted).toBe(true);
    },
  );

  it("leaves no timer behind at rest", () => {
    const patience = patienceOf(100);
    const { over } = patience;

    patience.rest();
    vi.advanceTimersByTime(10_000);

    expect([over.aborted, vi.getTimerCount()]).toEqual([false, 0]);
  });
});
