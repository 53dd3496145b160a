import { describe, expect, it, vi } from "vitest";
import { backoffMs, Pacing } from "../../../src/loop/engine/pacing.ts";

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

  it("is spread", () => {
    const waits = new Set(Array.from({ length: 20 }, () => backoffMs(3, bounds)));

    expect(waits.size).toBeGreaterThan(15);
  });
});

describe("the pacing", () => {
  it("grows to its ceiling and snaps back", () => {
    vi.spyOn(Math, "random").mockReturnValue(1);
    const pacing = new Pacing(bounds);
    const grown = Array.from({ length: 8 }, () => pacing.next());

    pacing.reset();

    expect(grown).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    expect(pacing.attempts).toBe(0);
    expect(pacing.next()).toBe(1000);
  });

  it("waits no shorter than the provider asked for, and counts that wait", () => {
    const pacing = new Pacing(bounds);

    const asked = pacing.next(90_000);

    expect(asked).toBe(90_000);
    expect(pacing.attempts).toBe(1);
  });
});
