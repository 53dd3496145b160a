import { describe, expect, it } from "vitest";
import { toStorable } from "../../../src/loop/engine/storable.ts";
import { testEvent } from "../../../src/testing/memory-feed.ts";

const deepText = (depth: number) => `${'{"a":[1,'.repeat(depth)}{}${"]}".repeat(depth)}`;

describe("toStorable", () => {
  it("leaves alone what can be written", () => {
    const raw = { a: [1, null] };

    expect(toStorable(testEvent("e"), raw)).toEqual({ event: testEvent("e"), raw });
    expect(toStorable(undefined, undefined)).toEqual({ event: undefined, raw: undefined });
  });

  it("keeps the text of what nests too deep", () => {
    const text = deepText(20_000);
    const raw: unknown = JSON.parse(text);

    const { event, raw: kept, remark } = toStorable(testEvent("e", { data: raw }), raw);

    expect(event).toBeUndefined();
    expect(kept === text).toBe(true);
    expect(remark).toContain("nests too deep");
  });

  it("writes every kind of member", () => {
    const deep: unknown = JSON.parse(deepText(20_000));

    const zeros = Array(200_000).fill(0);
    const { raw } = toStorable(undefined, { s: '"', n: 1.5, no: undefined, list: [], deep, zeros });

    expect(String(raw).startsWith('{"s":"\\"","n":1.5,"no":null,"list":[],"deep":{"a":[1,')).toBe(
      true,
    );
  });

  it("keeps what JSON has no form for as text", () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;

    expect(toStorable(undefined, circle).raw).toBe('{"self":"[written before]"}');
    expect(toStorable(undefined, { count: 5n })).toEqual({
      event: undefined,
      raw: '{"count":"5"}',
      remark: "it cannot be written as JSON, so that raw is its JSON as text",
    });
  });
});
