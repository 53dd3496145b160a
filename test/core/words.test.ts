import { describe, expect, it } from "vitest";
import { inWords, onOneLine } from "../../src/core/words.ts";

describe("a duration in words", () => {
  it.each([
    [-1, "0 ms"],
    [0.4, "0 ms"],
    [999.7, "1 s"],
    [1000, "1 s"],
    [1400, "1.4 s"],
    [8400, "8.4 s"],
    [10_400, "10 s"],
    [60_000, "1 min"],
    [90_000, "90 s"],
    [240_000, "4 min"],
    [3_600_000, "1 h"],
    [5_400_000, "90 min"],
    [3 * 3_600_000, "3 h"],
    [86_400_000, "1 day"],
    [172_800_000, "2 days"],
    [31_622_400_000, "366 days"],
  ])("of %d ms is %s", (ms, text) => {
    expect(inWords(ms)).toBe(text);
  });
});

describe("a text on one line", () => {
  it("has no place to fill in", () => {
    expect(onOneLine('50% of 100%d %% {"a":{}}')).toBe('50% of 100% d % % ("a":())');
  });

  it("has no character that ends it, and an end", () => {
    expect(onOneLine("a\r\n\u0000b\u2029c\u001b[2J\u0085d")).toBe("a b c [2J d");
    expect(onOneLine("x".repeat(5000))).toHaveLength(2000);
  });
});
