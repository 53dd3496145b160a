import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { backoffMs, Pace } from "../../../src/loop/engine/pacing.ts";

const bounds = { minMs: 1000, maxMs: 60_000 };

describe("a backoff", () => {
  it.each([
    [1, 1000],
    [2, 2000],
    [3, 4000],
    [6, 32_000],
    [7, 60_000],
    [5000, 60_000],
  ])("lies between half and the whole of the step: attempt %i, %i ms", (attempt, full) => {
    const random = vi.spyOn(Math, "random");
    random.mockReturnValue(0);
    const least = backoffMs(attempt, bounds);
    random.mockReturnValue(0.999_999);

    const most = backoffMs(attempt, bounds);

    expect(least).toBe(full / 2);
    expect(most).toBeGreaterThan(full * 0.99);
    expect(most).toBeLessThanOrEqual(full);
  });

  it.each([
    [60_000, [0, 2, 4, 8, 16]],
    [5, [0, 2, 4, 5, 5]],
    [0, [0, 0, 0, 0, 0]],
  ])("grows from nothing too, to its ceiling: %i ms", (maxMs, waits) => {
    vi.spyOn(Math, "random").mockReturnValue(1);

    expect([1, 2, 3, 4, 5].map((attempt) => backoffMs(attempt, { minMs: 0, maxMs }))).toEqual(
      waits,
    );
  });

  it("is spread", () => {
    const waits = new Set(Array.from({ length: 20 }, () => backoffMs(3, bounds)));

    expect(waits.size).toBeGreaterThan(15);
  });
});

describe("a pace", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.spyOn(Math, "random").mockReturnValue(1);
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("is open until there is a wait, and when that is over", () => {
    const pace = new Pace(bounds);
    const from = performance.now();
    expect([pace.until, pace.isOpen(from)]).toEqual([0, true]);

    pace.delay();

    expect(pace.until).toBe(from + 1000);
    expect([999, 1000].map((ms) => pace.isOpen(from + ms))).toEqual([false, true]);
  });

  it.each([Number.NaN, -1, "soon", 5n, {}, null])(
    "takes %s for no wait that was asked for",
    (asked) => {
      const pace = new Pace(bounds);

      expect(pace.delay(asked as number)).toBe(1000);
      expect(pace.until).toBe(performance.now() + 1000);
    },
  );

  it("grows to its ceiling and snaps back", () => {
    const pace = new Pace(bounds);
    const grown = Array.from({ length: 8 }, () => pace.delay());

    pace.reset();

    expect(grown).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    expect([pace.attempts, pace.until]).toEqual([0, 0]);
    expect(pace.delay()).toBe(1000);
  });

  it("waits no shorter than the service asked for, and counts that wait", () => {
    const pace = new Pace(bounds);

    expect(pace.delay(90_000)).toBe(90_000);
    expect(pace.attempts).toBe(1);
  });

  it.each([
    [60_000, 300_000],
    [600_000, 600_000],
  ])("caps what a service may ask for: longest wait %i ms, %i ms", (maxMs, most) => {
    expect(new Pace({ minMs: 1000, maxMs }).delay(86_400_000)).toBe(most);
  });

  it("takes what has passed already off its own wait, not off one that was asked for", () => {
    expect(new Pace(bounds).delay(0, { spentMs: 400 })).toBe(600);
    expect(new Pace(bounds).delay(0, { spentMs: 5000 })).toBe(0);
    expect(new Pace(bounds).delay(700, { spentMs: 400 })).toBe(700);
  });

  it("can be cut short, but for a wait that was asked for", () => {
    const own = new Pace(bounds);
    const asked = new Pace(bounds);
    own.delay();
    asked.delay(5000);

    own.cut();
    asked.cut();

    expect(own.until).toBe(0);
    expect(asked.until).toBe(performance.now() + 5000);
    expect([own.attempts, asked.attempts]).toEqual([1, 1]);
  });
});
