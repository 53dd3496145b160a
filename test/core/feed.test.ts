import { describe, expect, it } from "vitest";
import { fromReceipt, toReceipt } from "../../src/core/feed.ts";

describe("a receipt", () => {
  it("gives back the very value that it was made of", () => {
    const value = { page: 3 };

    expect(fromReceipt(toReceipt(value))).toBe(value);
    expect(fromReceipt(toReceipt("ack-1"))).toBe("ack-1");
  });
});
