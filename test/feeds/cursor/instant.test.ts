import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isTimestamp, toUtc } from "../../../src/feeds/cursor/instant.ts";

describe("a timestamp", () => {
  it("stays as it is where it is written as toISOString does", async () => {
    const instants = fc.date({
      min: new Date("0001-01-01T00:00:00.000Z"),
      max: new Date("9999-12-31T23:59:59.999Z"),
      noInvalidDate: true,
    });
    await fc.assert(
      fc.property(instants, (instant) => {
        const text = instant.toISOString();
        expect([isTimestamp(text), toUtc(text)]).toStrictEqual([true, text]);
      }),
    );
  });

  it.each([
    "0000-01-01T00:00:00.000Z",
    "2026-13-01T00:00:00.000Z",
    "2026-00-01T00:00:00.000Z",
    "2026-01-00T00:00:00.000Z",
    "2026-01-32T00:00:00.000Z",
    "2026-01-01T25:00:00.000Z",
    "2026-01-01T00:60:00.000Z",
    "2026-01-01T00:00:60.000Z",
    "2026-01-01T00:00:00.000Z\n",
    "2026-01-01T00:00:00.000",
  ])("is not %j", (text) => {
    expect(isTimestamp(text)).toBe(false);
  });

  it.each([
    ["2026-11-29T10:00:00Z", "2026-11-29T10:00:00.000Z"],
    ["2026-11-29T10:00:00.123456+00:00", "2026-11-29T10:00:00.123456Z"],
    ["2026-11-29T10:00:00.000+07:00", "2026-11-29T03:00:00.000Z"],
    ["2026-02-30T10:00:00.000Z", "2026-03-02T10:00:00.000Z"],
  ])("%s is written in UTC as %s", (text, utc) => {
    expect([isTimestamp(text), toUtc(text)]).toStrictEqual([true, utc]);
  });
});
