import { describe, expect, it } from "vitest";
import { checkText, checkTopicId, toRfc3339 } from "../../../src/providers/workato/arguments.ts";

describe("checkTopicId", () => {
  it.each([[334525], ["334525"], ["E1 2/3"]])("takes %s", (id) => {
    expect(checkTopicId("pull", id)).toBe(id);
  });

  it.each([[undefined], [""], ["."], [".."], [-1], [1.5], [Number.NaN], [null], [{}]])(
    "refuses %s",
    (id) => {
      expect(() => checkTopicId("pull", id)).toThrow(expect.objectContaining({ code: "config" }));
    },
  );
});

describe("checkText", () => {
  it("refuses what is no text, by its name", () => {
    expect(checkText("x", "name", "orders")).toBe("orders");
    expect(() => checkText("topics.create", "name", "")).toThrow(
      "workato topics.create: name must be a non-empty text",
    );
  });
});

describe("toRfc3339", () => {
  it.each([
    [new Date("2026-01-02T03:04:05.678Z"), "2026-01-02T03:04:05.678Z"],
    [Date.UTC(2026, 0, 2), "2026-01-02T00:00:00.000Z"],
    ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z"],
    ["2024-09-25T09:47:54.089-07:00", "2024-09-25T16:47:54.089Z"],
    ["2026-01-02T03:04:05.6789999Z", "2026-01-02T03:04:05.678Z"],
  ])("turns %s into UTC in whole ms", (value, expected) => {
    expect(toRfc3339("feed", "from", value)).toBe(expected);
  });

  it.each([["2026-01-02T03:04:05"], ["soon"], [Number.NaN], [new Date(Number.NaN)]])(
    "refuses %s, which is no instant",
    (value) => {
      expect(() => toRfc3339("feed", "from", value)).toThrow(
        "workato feed: from must be a Date, epoch ms, or RFC 3339 text with Z or an offset",
      );
    },
  );
});
