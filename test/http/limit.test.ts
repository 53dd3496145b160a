import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TimeIsUp, withinLimit } from "../../src/http/limit.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const never = () => new Promise<never>(() => undefined);

describe("withinLimit", () => {
  it("passes the result on, and leaves neither timer nor listener", async () => {
    const { signal } = new AbortController();

    const result = await withinLimit(() => Promise.resolve(7), 100, signal);

    expect(result).toBe(7);
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("passes a failure on, and leaves neither timer nor listener", async () => {
    const { signal } = new AbortController();
    const failure = new Error("no");

    const work = withinLimit(() => Promise.reject(failure), 100, signal);

    await expect(work).rejects.toBe(failure);
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("rejects when the time is over, and cuts the work", async () => {
    const caller = new AbortController();
    let own: AbortSignal | undefined;
    const work = withinLimit(
      ({ signal }) => {
        own = signal;
        return never();
      },
      100,
      caller.signal,
    );
    const outcome = expect(work).rejects.toBeInstanceOf(TimeIsUp);

    await vi.advanceTimersByTimeAsync(99);
    expect(own?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);

    await outcome;
    expect(own?.aborted).toBe(true);
    expect(own).not.toBe(caller.signal);
    expect(getEventListeners(caller.signal, "abort")).toHaveLength(0);
  });

  it("rejects with the caller's reason, and cuts the work", async () => {
    const caller = new AbortController();
    let own: AbortSignal | undefined;
    const work = withinLimit(
      ({ signal }) => {
        own = signal;
        return never();
      },
      100,
      caller.signal,
    );

    caller.abort("stop");

    await expect(work).rejects.toBe("stop");
    expect(own?.reason).toBe("stop");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("does not begin when the caller's signal has fired", async () => {
    const work = vi.fn(never);

    await expect(withinLimit(work, 100, AbortSignal.abort("stop"))).rejects.toBe("stop");

    expect(work).not.toHaveBeenCalled();
  });
});
