import { afterEach, describe, expect, it, vi } from "vitest";
import { createBell, wait } from "../../src/emulator/wait.ts";

afterEach(() => {
  vi.useRealTimers();
});

describe("a wait", () => {
  it("ends after its time, and leaves no timer", async () => {
    vi.useFakeTimers();
    const { signal } = new AbortController();
    const ended = vi.fn();

    const waiting = wait(100, signal).then(ended);
    await vi.advanceTimersByTimeAsync(99);
    expect(ended).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    await waiting;

    expect(ended).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("rejects with the reason of a signal that has fired, or fires", async () => {
    vi.useFakeTimers();
    const controller = new AbortController();
    const waiting = expect(wait(100, controller.signal)).rejects.toBe("enough");

    controller.abort("enough");

    await waiting;
    await expect(wait(100, controller.signal)).rejects.toBe("enough");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("longer than a timer can hold does not end at once", async () => {
    vi.useFakeTimers();
    const { signal } = new AbortController();
    const ended = vi.fn();

    void wait(2 ** 40, signal).then(ended);
    await vi.advanceTimersByTimeAsync(1_000);

    expect(ended).not.toHaveBeenCalled();
  });
});

describe("a bell", () => {
  it("wakes all that wait, once, and nobody who comes later", async () => {
    const bell = createBell();
    const controller = new AbortController();
    const { signal } = controller;

    const early = [bell.wait(signal), bell.wait(signal)];
    bell.ring();
    const later = expect(bell.wait(signal)).rejects.toBe("enough");
    await Promise.all(early);
    controller.abort("enough");

    await later;
  });
});
