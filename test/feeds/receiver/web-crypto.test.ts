import { afterEach, describe, expect, it, vi } from "vitest";
import { webCryptoOf } from "../../../src/feeds/receiver/web-crypto.ts";
import { post, receiver } from "./support.ts";

const withoutIt = { code: "config", message: expect.stringContaining("has no WebCrypto") };

describe("the runtime's WebCrypto", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("is given as it is", () => {
    expect(webCryptoOf("acme")).toBe(crypto.subtle);
  });

  it.each([
    ["is not there", undefined],
    ["gives ids alone, as that of jsdom", { randomUUID: () => "1" }],
  ])("is told where it %s: an id of the content needs it", async (_, given) => {
    vi.stubGlobal("crypto", given);
    // Node has a way of its own.
    vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined);

    await expect(receiver().receive(post("{}"))).rejects.toMatchObject(withoutIt);
  });
});
