import { describe, expect, it } from "vitest";
import { abortable } from "../../src/stores/abortable.ts";

describe("abortable", () => {
  it("lets the caller go when the signal fires in the middle of the work", async () => {
    const caller = new AbortController();
    const work = abortable({ signal: caller.signal }, () => new Promise(() => {}));

    caller.abort(new Error("left"));

    await expect(work).rejects.toThrow("left");
  });

  it("begins nothing once the signal has fired", async () => {
    let begun = false;
    const work = abortable({ signal: AbortSignal.abort(new Error("left")) }, async () => {
      begun = true;
    });

    await expect(work).rejects.toThrow("left");
    expect(begun).toBe(false);
  });

  it("gives the result or the error of the work, with and without a signal", async () => {
    const { signal } = new AbortController();

    expect(await abortable({ signal }, async () => 1)).toBe(1);
    expect(await abortable({}, async () => 2)).toBe(2);
    const failing = abortable({ signal }, () => Promise.reject(new Error("broken")));
    await expect(failing).rejects.toThrow("broken");
  });
});
