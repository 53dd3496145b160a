import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Repeats } from "../../src/core/repeats.ts";

const MINUTE = 60_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** At which minutes it is told, and how often it went untold before, where it happens once in each second. */
function toldIn(minutes: number, repeats = new Repeats()): (readonly [number, number])[] {
  const told: (readonly [number, number])[] = [];
  for (let second = 0; second < minutes * 60; second += 1) {
    const untold = repeats.next();
    if (untold !== undefined) told.push([second / 60, untold]);
    vi.advanceTimersByTime(1000);
  }
  return told;
}

it("tells at once, then after a minute, two, four, and so on to an hour", () => {
  expect(toldIn(250)).toEqual([
    [0, 0],
    [1, 59],
    [3, 119],
    [7, 239],
    [15, 479],
    [31, 959],
    [63, 1919],
    [123, 3599],
    [183, 3599],
    [243, 3599],
  ]);
});

it("tells some one by one before that", () => {
  const told = toldIn(4, new Repeats(3));

  expect(told.map(([minute]) => Math.round(minute * 60))).toEqual([0, 1, 2, 62, 182]);
});

it("goes on at its interval where it comes and goes", () => {
  const repeats = new Repeats();
  toldIn(4, repeats);

  vi.advanceTimersByTime(2 * MINUTE);

  expect(toldIn(2, repeats)).toEqual([[1, 119]]);
});

it("begins anew once it has stayed away for long", () => {
  const repeats = new Repeats();
  toldIn(10, repeats);

  vi.advanceTimersByTime(11 * MINUTE);

  expect(toldIn(2, repeats)).toEqual([
    [0, 0],
    [1, 59],
  ]);
});

it("tells another kind at once, and each one only so", () => {
  const repeats = new Repeats();

  expect(["a", "b", "a", "b", "c"].map((kind) => repeats.next(kind))).toEqual([
    0,
    0,
    undefined,
    undefined,
    2,
  ]);
});

it("tells no number of kinds without end", () => {
  const repeats = new Repeats();

  const told = Array.from({ length: 100 }, (_, at) => repeats.next(`${at}`));

  expect(told.filter((untold) => untold !== undefined)).toHaveLength(20);
});
