import { beforeEach, describe, expect, it, vi } from "vitest";
import { createRateLimit } from "../../../src/providers/workato/rate-limit.ts";

beforeEach(() => {
  vi.useFakeTimers();
  return () => {
    vi.useRealTimers();
  };
});

/** When each of `count` takes began to hold, in ms from now. */
function takes(limit: ReturnType<typeof createRateLimit>, count: number): number[] {
  const startedAt = performance.now();
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    void limit.take().then(() => times.push(performance.now() - startedAt));
  }
  return times;
}

describe("createRateLimit", () => {
  it("lets a whole minute's requests go at once, and the next when the first is a minute old", async () => {
    const times = takes(createRateLimit(60), 61);

    await vi.advanceTimersByTimeAsync(60_999);
    expect(times).toHaveLength(60);
    await vi.advanceTimersByTimeAsync(1);

    expect(times).toHaveLength(61);
  });

  it("never lets more than the limit start within any minute", async () => {
    const times = takes(createRateLimit(3), 11);

    await vi.advanceTimersByTimeAsync(300_000);

    expect(times).toHaveLength(11);
    for (const [index, time] of times.entries()) {
      const earlier = times[index - 3];
      if (earlier !== undefined) expect(time - earlier).toBeGreaterThanOrEqual(60_000);
    }
  });

  it("ends the wait with the signal's reason, and counts nothing", async () => {
    const limit = createRateLimit(1);
    await limit.take();
    const controller = new AbortController();
    const reason = new Error("stop");

    const waiting = limit.take(controller.signal);
    controller.abort(reason);

    await expect(waiting).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(61_000);
    await limit.take();
  });

  it("rejects at once when the signal has fired, limited or not", async () => {
    const reason = new Error("stop");
    for (const limit of [createRateLimit(1), createRateLimit(Number.POSITIVE_INFINITY)]) {
      await expect(limit.take(AbortSignal.abort(reason))).rejects.toBe(reason);
    }
  });

  it("keeps no pace at Infinity", async () => {
    const limit = createRateLimit(Number.POSITIVE_INFINITY);

    const times = takes(limit, 1_000);
    await vi.advanceTimersByTimeAsync(0);

    expect(times).toHaveLength(1_000);
  });
});
