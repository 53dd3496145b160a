import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AckloopError } from "../../src/core/errors.ts";
import { type RetryPlan, withRetry } from "../../src/http/retry.ts";

beforeEach(() => {
  vi.useFakeTimers();
  // The longest wait that the jitter can give.
  vi.spyOn(Math, "random").mockReturnValue(1);
});
afterEach(() => {
  vi.useRealTimers();
});

const failed = new AckloopError("transport", "no", { retryable: true });
const unknown = new AckloopError("transport", "no", { retryable: true, outcomeUnknown: true });
const refused = new AckloopError("request", "no");
const slowDown = (retryAfterMs: number) =>
  new AckloopError("rateLimit", "no", { retryable: true, retryAfterMs });

function planOf(
  parts: Partial<RetryPlan> = {},
  limits: Partial<RetryPlan["limits"]> = {},
): RetryPlan {
  const deadline = performance.now() + 60_000;
  return {
    repeat: "safe",
    limits: {
      attempts: 5,
      minDelayMs: 100,
      maxDelayMs: 300,
      maxRetryAfterMs: 5_000,
      totalMs: 60_000,
      ...limits,
    },
    remainingMs: () => deadline - performance.now(),
    signal: undefined,
    ...parts,
  };
}

/** Gives the outcomes in order, and notes when each attempt was made, in ms from now. */
function attempts(...outcomes: readonly (AckloopError | { readonly done: true })[]) {
  const startedAt = performance.now();
  const times: number[] = [];
  const doubts: boolean[] = [];
  const attempt = async (uncertain: boolean) => {
    const outcome = outcomes[times.length] ?? { done: true as const };
    times.push(Math.round(performance.now() - startedAt));
    doubts.push(uncertain);
    return outcome;
  };
  return { attempt, times, doubts };
}

describe("withRetry", () => {
  it("makes one attempt when it succeeds, without a timer", async () => {
    const { attempt, times } = attempts();

    await expect(withRetry(attempt, planOf())).resolves.toEqual({ done: true });

    expect(times).toEqual([0]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("doubles its waits up to the longest one", async () => {
    const { attempt, times } = attempts(failed, failed, failed, failed);

    const work = withRetry(attempt, planOf());
    await vi.runAllTimersAsync();

    await expect(work).resolves.toEqual({ done: true });
    expect(times).toEqual([0, 100, 300, 600, 900]);
  });

  it("jitters its waits over their whole length", async () => {
    vi.mocked(Math.random).mockReturnValueOnce(0).mockReturnValueOnce(0.5);
    const { attempt, times } = attempts(failed, failed);

    const work = withRetry(attempt, planOf());
    await vi.runAllTimersAsync();
    await work;

    expect(times).toEqual([0, 0, 100]);
  });

  it("fails with the last error once the attempts are used up", async () => {
    const last = new AckloopError("transport", "last", { retryable: true });
    const { attempt, times } = attempts(failed, last);

    const work = withRetry(attempt, planOf({}, { attempts: 2 }));
    const outcome = expect(work).rejects.toBe(last);
    await vi.runAllTimersAsync();

    await outcome;
    expect(times).toHaveLength(2);
  });

  it.each([
    ["safe", failed, 2],
    ["safe", unknown, 2],
    ["safe", refused, 1],
    ["unsent", failed, 2],
    ["unsent", slowDown(1), 2],
    ["unsent", unknown, 1],
    ["never", failed, 1],
    ["never", slowDown(1), 1],
  ] as const)("with repeat %s after %o makes %i attempts", async (repeat, error, count) => {
    const { attempt, times } = attempts(error);

    const work = withRetry(attempt, planOf({ repeat })).catch(() => undefined);
    await vi.runAllTimersAsync();
    await work;

    expect(times).toHaveLength(count);
  });

  it("tells each attempt whether an earlier one may have had its effect", async () => {
    const { attempt, doubts } = attempts(failed, unknown);

    const work = withRetry(attempt, planOf());
    await vi.runAllTimersAsync();
    await work;

    expect(doubts).toEqual([false, false, true]);
  });

  it("waits as long as it is told, when that is longer than its own wait", async () => {
    const { attempt, times } = attempts(slowDown(2_000), slowDown(0));

    const work = withRetry(attempt, planOf());
    await vi.runAllTimersAsync();
    await work;

    expect(times).toEqual([0, 2_000, 2_200]);
  });

  it("fails at once when it is told to wait longer than it may", async () => {
    const { attempt, times } = attempts(slowDown(5_001));

    await expect(withRetry(attempt, planOf())).rejects.toMatchObject({ retryAfterMs: 5_001 });

    expect(times).toEqual([0]);
  });

  it("fails at once when the wait does not fit into the time that is left", async () => {
    const { attempt, times } = attempts(slowDown(2_000), slowDown(2_000));
    const endsAt = performance.now() + 3_500;

    const work = withRetry(attempt, planOf({ remainingMs: () => endsAt - performance.now() }));
    const outcome = expect(work).rejects.toMatchObject({ code: "rateLimit" });
    await vi.runAllTimersAsync();

    await outcome;
    expect(times).toHaveLength(2);
  });

  it("makes no try that has no time", async () => {
    const { attempt, times } = attempts(slowDown(2_000));
    const endsAt = performance.now() + 2_900;

    const work = withRetry(attempt, planOf({ remainingMs: () => endsAt - performance.now() }));

    await expect(work).rejects.toMatchObject({ code: "rateLimit" });
    expect(times).toEqual([0]);
  });

  it("keeps in doubt what an earlier attempt may have done when a later one throws", async () => {
    const attempt = vi
      .fn()
      .mockResolvedValueOnce(unknown)
      .mockRejectedValueOnce(new AckloopError("auth", "no token"));

    const outcome = expect(withRetry(attempt, planOf())).rejects.toMatchObject({
      code: "auth",
      outcomeUnknown: true,
    });
    await vi.runAllTimersAsync();
    await outcome;
  });

  it("ends its wait when the signal fires", async () => {
    const caller = new AbortController();
    const { attempt, times } = attempts(slowDown(2_000));
    const work = withRetry(attempt, planOf({ signal: caller.signal }));
    await vi.advanceTimersByTimeAsync(10);

    caller.abort("stop");

    await expect(work).rejects.toBe("stop");
    expect(times).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("passes on at once what an attempt throws", async () => {
    const bug = new TypeError("x is not a function");
    const attempt = vi.fn(() => Promise.reject(bug));

    await expect(withRetry(attempt, planOf())).rejects.toBe(bug);

    expect(attempt).toHaveBeenCalledTimes(1);
  });

  it("tells of each repeat before its wait", async () => {
    const onRetry = vi.fn();
    const { attempt } = attempts(failed, unknown);

    const work = withRetry(attempt, planOf({ onRetry }));
    await vi.runAllTimersAsync();
    await work;

    expect(onRetry.mock.calls).toEqual([
      [failed, 1, 100],
      [unknown, 2, 200],
    ]);
  });
});
