import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { earlierTime, toResetTime, toUtcTime } from "../../../src/providers/kekker/time.ts";

describe("a time of Kekker's", () => {
  it.each([
    ["2020-08-04T06:38:39.28", "2020-08-04T06:38:39.28Z"],
    ["2020-08-04T21:23:14.813", "2020-08-04T21:23:14.813Z"],
    ["2020-08-04T21:23:14", "2020-08-04T21:23:14Z"],
    ["2020-08-04T21:23:14.1234567+00:00", "2020-08-04T21:23:14.1234567Z"],
    ["2020-08-04T23:23:14.1234567+02:00", "2020-08-04T21:23:14.1234567Z"],
    ["2020-08-03T22:53:14.5-0530", "2020-08-04T04:23:14.5Z"],
    ["2020-08-04T21:23:14.813z", "2020-08-04T21:23:14.813Z"],
    ["2020-08-04 21:23", "2020-08-04T21:23:00Z"],
    ["2020-02-29", "2020-02-29T00:00:00Z"],
    [" 2020-08-04T21:23:14 ", "2020-08-04T21:23:14Z"],
    ["0001-01-01T00:00:00", "0001-01-01T00:00:00Z"],
  ])("is read: %s as %s", (text, expected) => {
    expect(toUtcTime(text)).toBe(expected);
    expect(Number.isNaN(Date.parse(expected))).toBe(false);
  });

  it.each([
    "",
    "null",
    "soon",
    "2021-02-29T00:00:00",
    "2020-13-01T00:00:00",
    "2020-08-04T25:00:00",
    "2020-08-04T24:00:00",
    "2020-08-04T21:23:14.",
    "04.08.2020 21:23:14",
    "0001-01-01T00:00:00+02:00",
    "9999-12-31T23:30:00-02:00",
    "1596576194813",
  ])("is not read from %j", (text) => {
    expect(toUtcTime(text)).toBeUndefined();
  });

  it("is read alike whether it is plain or has spaces around it", async () => {
    const two = (most: number) =>
      fc.integer({ min: 0, max: most }).map((n) => `${n}`.padStart(2, "0"));
    const year = fc.integer({ min: 0, max: 9_999 }).map((n) => `${n}`.padStart(4, "0"));
    const tail = fc.constantFrom("", "Z", ".5", ".813Z", ".1234567");
    const parts = fc.tuple(year, two(13), two(32), two(24), two(60), two(60), tail);
    await fc.assert(
      fc.property(parts, ([years, month, day, hour, minute, second, end]) => {
        const text = `${years}-${month}-${day}T${hour}:${minute}:${second}${end}`;
        expect(toUtcTime(text)).toBe(toUtcTime(` ${text}`));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ["2020-08-04T21:23:14Z", "2020-08-04T21:23:14.1Z"],
    ["2020-08-04T21:23:14.19Z", "2020-08-04T21:23:14.2Z"],
    ["2020-08-04T21:23:14.1234567Z", "2020-08-04T21:23:14.1234568Z"],
    ["2019-12-31T23:59:59.9Z", "2020-01-01T00:00:00Z"],
  ])("%s is earlier than %s, whichever is named first", (early, late) => {
    expect(earlierTime(early, late)).toBe(early);
    expect(earlierTime(late, early)).toBe(early);
  });
});

describe("a reset time", () => {
  it.each([
    ["2020-08-04T06:38:39.2", "2020-08-04T06:38:39.2"],
    ["2020-08-04T06:38:39.1234567", "2020-08-04T06:38:39.1234567"],
    ["2020-08-04T06:38:39.12345679", "2020-08-04T06:38:39.1234567"],
    ["2020-08-04T06:38:39.99999999Z", "2020-08-04T06:38:39.9999999"],
    ["2020-08-04T08:38:39.2+02:00", "2020-08-04T06:38:39.2"],
    ["2020-08-04T06:38:39", "2020-08-04T06:38:39"],
    [new Date("2020-08-04T06:38:39.999Z"), "2020-08-04T06:38:39.999"],
    [1_596_523_119_999.9, "2020-08-04T06:38:39.999"],
    [-0.5, "1969-12-31T23:59:59.999"],
  ])("is UTC and never later than %s", (time, expected) => {
    expect(toResetTime(time, "none")).toBe(expected);
  });

  it.each([
    ["none", "2020-08-04T06:38:39.2"],
    ["Z", "2020-08-04T06:38:39.2Z"],
    ["offset", "2020-08-04T06:38:39.2+00:00"],
  ] as const)("has its zone written as %s", (zone, expected) => {
    expect(toResetTime("2020-08-04T06:38:39.2", zone)).toBe(expected);
  });

  it.each(["yesterday", "", new Date(Number.NaN), Number.NaN, 1e20])("is refused: %s", (time) => {
    expect(() => toResetTime(time, "none")).toThrow(
      expect.objectContaining({ code: "config", provider: "kekker", operation: "reset" }),
    );
  });
});
