import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Rate } from "../../../src/loop/engine/rate.ts";

const rates = fc.oneof(
  fc.integer({ min: 1, max: 300 }),
  fc.double({ min: 0.01, max: 0.99, noNaN: true }),
);

/** When handlers are started whose turn always comes as late as `lateness` says, in ms. */
function startsOf(perSecond: number, lateness: readonly number[]): readonly number[] {
  const rate = new Rate(perSecond);
  let now = 5000;
  return lateness.map((lateMs) => {
    now = Math.max(now, rate.nextAt) + lateMs;
    rate.take(now);
    return now;
  });
}

/** The most that lie within so long; the end does not belong to it. */
function mostWithin(starts: readonly number[], spanMs: number): number {
  let first = 0;
  return starts.reduce((most, at, index) => {
    // A sum of binary fractions may lie below by the least of them.
    while (at - (starts[first] ?? at) >= spanMs - 1e-6) first += 1;
    return Math.max(most, index - first + 1);
  }, 0);
}

describe("a rate", () => {
  it("lets no more through in any second, however late each turn comes", () => {
    const late = fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(0, 0.1, 1) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 3000 }) },
    );
    fc.assert(
      fc.property(rates, fc.array(late, { minLength: 1, maxLength: 2000 }), (perSecond, lates) => {
        const starts = startsOf(perSecond, lates);

        expect(mostWithin(starts, 1000 * Math.max(1, 1 / perSecond))).toBeLessThanOrEqual(
          Math.max(1, perSecond),
        );
      }),
    );
  });

  it.each([1, 7, 20, 25, 100, 1000])("spreads %i over the second, and gives them all", (most) => {
    const starts = startsOf(most, Array(3 * most).fill(0));

    expect(mostWithin(starts, 50)).toBeLessThanOrEqual(Math.max(1, Math.ceil(most / 20)));
    expect(starts.filter((at) => at < 5000 + 2000 - 1e-6)).toHaveLength(2 * most);
  });

  it.each([100, 1000])("makes up for timers that are a millisecond late: %i", (most) => {
    const rate = new Rate(most);
    let now = 0;
    let count = 0;
    while (now < 10_000) {
      while (rate.nextAt <= now) {
        rate.take(now);
        count += 1;
      }
      now = Math.ceil(rate.nextAt) + 1;
    }

    expect(count).toBeGreaterThan(9.5 * most);
  });
});
