import { afterEach, describe, expect, it, vi } from "vitest";
import { sha256 } from "../../src/core/digest.ts";

afterEach(() => vi.restoreAllMocks());

const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const bytes = new TextEncoder().encode("..abc..").subarray(2, 5);

describe("sha256", () => {
  it("is known at once on Node", () => {
    expect(sha256(bytes)).toBe(abc);
  });

  it.each([
    ["there is no node:crypto", undefined],
    ["node:crypto has no hash", {}],
  ])("is the same where %s", async (_, module) => {
    vi.spyOn(process, "getBuiltinModule").mockReturnValue(module as never);
    const later = sha256(bytes);
    expect(later).toBeInstanceOf(Promise);
    expect(await later).toBe(abc);
  });
});
