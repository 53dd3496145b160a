import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AckloopError } from "../../../src/core/errors.ts";
import { Counts, withSummary } from "../../../src/loop/engine/counts.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const LOG = { name: "orders", acks: "cumulative" } as const;

describe("the counts of a run", () => {
  it("count each settled event by how it was settled", () => {
    const counts = new Counts(LOG);

    counts.settled("handled");
    counts.settled("handled");
    for (const as of ["deadLettered", "dropped", "duplicate"] as const) counts.settled(as);

    expect(counts).toMatchObject({ handled: 2, deadLettered: 1, dropped: 1, duplicates: 1 });
  });

  it("make the summary, with the time since the run began", async () => {
    const counts = new Counts(LOG);
    counts.pulled = 3;
    counts.retried = 1;
    counts.ackedSo(2);
    counts.settled("handled");
    counts.settled("duplicate");
    await vi.advanceTimersByTimeAsync(500);

    expect(counts.toSummary("signal", 1, 4)).toEqual({
      feed: "orders",
      stopped: "signal",
      pulled: 3,
      handled: 1,
      retried: 1,
      deadLettered: 0,
      dropped: 0,
      duplicates: 1,
      acked: 2,
      unsettled: 1,
      polls: 4,
      noProgress: false,
      elapsedMs: 500,
    });
  });

  it.each([
    ["cumulative", 3, 0, true],
    ["cumulative", 3, 1, false],
    ["cumulative", 0, 0, false],
    ["individual", 3, 0, false],
  ] as const)("say of a run that is %s, pulled %i and acked %i: noProgress %s", (...row) => {
    const [acks, pulled, acked, noProgress] = row;
    const counts = new Counts({ name: "orders", acks });

    counts.pulled = pulled;
    if (acked > 0) counts.ackedSo(acked);

    expect(counts.toSummary("empty", 0, 1).noProgress).toBe(noProgress);
  });
});

describe("the error that ended a run", () => {
  const summary = new Counts(LOG).toSummary(undefined, 0, 0);

  it("carries the summary, and all that it said before", () => {
    const facts = { retryable: true, status: 503, retryAfterMs: 9, requestId: "r", path: "p" };
    const who = { provider: "tiki", operation: "pull", outcomeUnknown: true, cause: 7 };
    const error = new AckloopError("transport", "the server failed", { ...facts, ...who });

    const ended = withSummary(error, "orders", { summary });

    expect(ended).toMatchObject({ ...facts, ...who, code: "transport", summary });
    expect(ended.message).toBe(error.message);
    expect(error.summary).toBeUndefined();
  });

  it("names the feed where it named nobody, once", () => {
    const ended = withSummary(new AckloopError("halted", "no store"), "orders", { summary });

    expect(ended).toMatchObject({ provider: "orders", message: "no store" });
    expect(ended).not.toHaveProperty("operation");
  });
});
