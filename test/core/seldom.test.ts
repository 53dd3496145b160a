import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Seldom } from "../../src/core/seldom.ts";

const loggerOf = (warn: (...line: unknown[]) => void) => ({
  debug: () => {},
  info: () => {},
  warn,
  error: () => {},
});

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("tells each line at once, then at growing intervals with how often it was not told", () => {
  const seldom = new Seldom();
  const warn = vi.fn();
  const logger = loggerOf(warn);

  for (let count = 0; count < 1_000; count += 1) seldom.warn(logger, "refused: 401");
  seldom.warn(logger, "refused: 413", { limit: 1 });
  vi.advanceTimersByTime(60_000);
  seldom.warn(logger, "refused: 401");
  seldom.warn(logger, "refused: 413");

  expect(warn.mock.calls).toEqual([
    ["refused: 401", {}],
    ["refused: 413", { limit: 1 }],
    ["refused: 401 (999 more since the last line)", { more: 999 }],
    ["refused: 413", {}],
  ]);
});

it("tells each logger for itself, and lets none that throws out", () => {
  const seldom = new Seldom();
  const warn = vi.fn();

  seldom.warn(undefined, "refused");
  seldom.warn(
    loggerOf(() => {
      throw new Error("full");
    }),
    "refused",
  );
  seldom.warn(loggerOf(warn), "refused");

  expect(warn).toHaveBeenCalledTimes(1);
});

it("tells as many at once as it is told, and says of each whether it was told", () => {
  const seldom = new Seldom(2);
  const logger = loggerOf(() => {});

  const told = Array.from({ length: 4 }, () => seldom.warn(logger, "dropped"));

  expect(told).toEqual([true, true, false, false]);
});

it("counts what is beyond a hundred kinds as one, and keeps the hundred apart", () => {
  const seldom = new Seldom();
  const warn = vi.fn();
  const logger = loggerOf(warn);

  for (let kind = 0; kind < 1_000; kind += 1) seldom.warn(logger, `kind ${kind}`);
  vi.advanceTimersByTime(60_000);
  seldom.warn(logger, "kind 7");
  seldom.warn(logger, "kind 5000");

  expect(warn).toHaveBeenCalledTimes(103);
  expect(warn.mock.calls.slice(-2)).toEqual([
    ["kind 7", {}],
    ["kind 5000 (899 more since the last line)", { more: 899 }],
  ]);
});
