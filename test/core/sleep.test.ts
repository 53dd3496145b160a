import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { sleep } from "../../src/core/sleep.ts";

describe("sleep", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("ends after its time and leaves no listener", async () => {
    const { signal } = new AbortController();
    const woken = vi.fn();
    void sleep(1000, signal).then(woken);

    await vi.advanceTimersByTimeAsync(999);
    expect(woken).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);

    expect(woken).toHaveBeenCalledTimes(1);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("ends without a signal too", async () => {
    const asleep = sleep(1000);

    await vi.advanceTimersByTimeAsync(1000);

    await expect(asleep).resolves.toBeUndefined();
  });

  it("rejects with the signal's reason as soon as it fires, and leaves no timer", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const asleep = sleep(1000, controller.signal);

    controller.abort(reason);

    await expect(asleep).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  it("does not begin when the signal has fired before", async () => {
    const reason = new Error("enough");

    await expect(sleep(1000, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("waits as long as a timer can where more is asked for, rather than not at all", async () => {
    const woken = vi.fn();
    void sleep(2 ** 40).then(woken);

    await vi.advanceTimersByTimeAsync(2 ** 31 - 2);
    expect(woken).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);

    expect(woken).toHaveBeenCalledTimes(1);
  });
});
