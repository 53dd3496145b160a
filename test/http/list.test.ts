import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { listOf, mostItems } from "../../src/http/list.ts";

describe("listOf", () => {
  it("reads a list whose items fit", () => {
    expect(listOf(z.string()).parse(["a", "b"])).toEqual(["a", "b"]);
  });

  it("says where an item does not fit", () => {
    expect(listOf(z.string()).safeParse(["a", 1]).error?.issues[0]?.path).toEqual([1]);
  });

  it("looks at no item of a list that is too long", () => {
    const { error } = listOf(z.string()).safeParse(Array(mostItems + 1).fill(0));

    expect(error?.issues).toHaveLength(1);
    expect(error?.issues[0]).toMatchObject({ code: "too_big", path: [] });
  });
});
