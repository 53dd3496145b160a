import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSame } from "../../../src/feeds/receiver/secret.ts";

const bytes = (...values: readonly number[]) => Uint8Array.from(values);

describe("isSame", () => {
  it("is equality of the bytes", () => {
    const any = fc.uint8Array({ minLength: 1, maxLength: 8 });

    void fc.assert(
      fc.property(any, any, (given, expected) => {
        expect(isSame(given, expected)).toBe(given.join() === expected.join());
        expect(isSame(expected, Uint8Array.from(expected))).toBe(true);
      }),
    );
  });

  it("is false for a repetition and for a prefix of what is expected", () => {
    expect(isSame(bytes(1, 2, 1, 2), bytes(1, 2))).toBe(false);
    expect(isSame(bytes(1), bytes(1, 2))).toBe(false);
    expect(isSame(bytes(), bytes(1, 2))).toBe(false);
  });

  it("looks at every byte that was given, whichever differs", () => {
    const looked: number[] = [];
    const watched = new Proxy(bytes(9, 9, 9, 9), {
      get: (target, key) => {
        if (typeof key === "string" && /^\d+$/.test(key)) looked.push(Number(key));
        return Reflect.get(target, key, target);
      },
    });

    isSame(watched, bytes(1, 2, 3, 4));

    expect(looked).toStrictEqual([0, 1, 2, 3]);
  });
});
