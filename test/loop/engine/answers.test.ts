import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AckloopError } from "../../../src/core/errors.ts";
import { Answers } from "../../../src/loop/engine/answers.ts";

const error = new AckloopError("transport", "the network failed");

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** Makes calls one after the other, of which each takes a millisecond and fails. */
function failing(answers: Answers, times: number): void {
  for (let count = 0; count < times; count += 1) {
    const sentAt = performance.now();
    answers.sent(sentAt);
    vi.advanceTimersByTime(1);
    answers.failed(error, sentAt);
    vi.advanceTimersByTime(1);
  }
}

describe("answers", () => {
  it("are bad with the third failure in a row, and good with the next that is none", () => {
    const answers = new Answers();

    failing(answers, 2);
    expect([answers.areBad, answers.lastError]).toEqual([false, error]);
    failing(answers, 1);
    expect(answers.areBad).toBe(true);
    answers.sent(performance.now());
    answers.good();

    expect([answers.areBad, answers.lastError]).toEqual([false, undefined]);
  });

  it("count what was under way when a call failed as the same failure", () => {
    const answers = new Answers();
    const sentAt = performance.now();
    for (let count = 0; count < 8; count += 1) answers.sent(sentAt);
    vi.advanceTimersByTime(10);
    for (let count = 0; count < 8; count += 1) answers.failed(error, sentAt);

    expect(answers.areBad).toBe(false);
  });

  it("are bad while none comes for two minutes, and not for a call that was cut", () => {
    const answers = new Answers();
    const cut = new Answers();
    for (const each of [answers, cut]) each.sent(performance.now());
    cut.cut();

    vi.advanceTimersByTime(119_999);
    expect(answers.areBad).toBe(false);
    vi.advanceTimersByTime(1);

    expect([answers.areBad, cut.areBad]).toEqual([true, false]);
  });

  it("are not bad beside one that hangs, while others come", () => {
    const answers = new Answers();
    answers.sent(performance.now());
    for (let minute = 0; minute < 5; minute += 1) {
      answers.sent(performance.now());
      vi.advanceTimersByTime(60_000);
      answers.good();
    }

    expect(answers.areBad).toBe(false);
  });
});
