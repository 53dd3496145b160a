import { describe, expect, it } from "vitest";
import { decodePlace, encodePlace } from "../../../src/feeds/cursor/place.ts";

describe("a stored place", () => {
  it.each([
    ["behind a message", { after: { position: "A12y", time: "2023-04-14T15:07:14.437+00:00" } }],
    ["behind a message without a time", { after: { position: "A12y" } }],
    ["from a time on", { since: "2026-01-02T03:04:05.678Z" }],
    ["at the oldest message", {}],
  ])("%s comes back as it was", (_, place) => {
    const saved = { place, run: "r1", sequence: 7, checkedAt: 1_700_000_000_000 };

    expect(decodePlace(encodePlace(saved))).toEqual(saved);
  });

  it("is one JSON text that holds position and time together, as Workato's was written before", () => {
    const place = { after: { position: "A12y", time: "2023-04-14T15:07:14.437+00:00" } };

    expect(JSON.parse(encodePlace({ place, run: "r1", sequence: 1 }))).toEqual({
      version: 1,
      id: "A12y",
      time: "2023-04-14T15:07:14.437+00:00",
      run: "r1",
      sequence: 1,
    });
  });

  it.each([
    ["not JSON", "A12y"],
    ["null", "null"],
    ["another version", '{"version":2,"run":"r","sequence":0}'],
    ["no run", '{"version":1,"sequence":0}'],
    ["an id that is a number", '{"version":1,"run":"r","sequence":0,"id":5}'],
    ["a time that is none", '{"version":1,"run":"r","sequence":0,"id":"a","time":"soon"}'],
  ])("is refused when it is %s, and not taken for the oldest message", (_, value) => {
    expect(decodePlace(value)).toBeUndefined();
  });
});
