import { describe, expect, it } from "vitest";
import { createRateLimit } from "../../src/emulator/rate-limit.ts";

/** A limit of two calls in 1,000 ms, and its clock. */
function limited(limit = 2) {
  const clock = { at: 0 };
  return { clock, rate: createRateLimit({ limit, windowMs: 1_000, now: () => clock.at }) };
}

describe("a rate limit", () => {
  it("allows so many calls of a key in a window, and tells how long to wait", () => {
    const { clock, rate } = limited();
    rate.take("a");
    clock.at = 400;
    rate.take("a");

    expect(rate.take("a")).toBe(600);
    expect(rate.take("b")).toBeUndefined();
    clock.at = 999;
    expect(rate.take("a")).toBe(1);
    clock.at = 1_000;
    expect(rate.take("a")).toBeUndefined();
  });

  it("starts anew when the clock jumps back", () => {
    const { clock, rate } = limited(1);
    clock.at = 1_000_000;
    rate.take("a");
    clock.at = 0;

    expect(rate.take("a")).toBeUndefined();
    expect(rate.take("a")).toBe(1_000);
  });

  it("is off when it is infinite", () => {
    const { rate } = limited(Number.POSITIVE_INFINITY);

    const takes = Array.from({ length: 1_000 }, () => rate.take("a"));

    expect(takes.every((waitMs) => waitMs === undefined)).toBe(true);
  });
});
