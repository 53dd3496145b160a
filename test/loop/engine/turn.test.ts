import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Turn } from "../../../src/loop/engine/turn.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function turning() {
  const onNext = vi.fn();
  const turn = new Turn(onNext);
  const from = performance.now();
  return { turn, onNext, from };
}

describe("a turn", () => {
  it("is over when the thread was held for ten milliseconds, and stays so", () => {
    const { turn, from } = turning();

    expect([0, 9, 10, 3].map((ms) => turn.isOver(from + ms))).toEqual([false, false, true, true]);
    expect(vi.getTimerCount()).toBe(1);
  });

  it("tells of the next one where it was waited for", async () => {
    const { turn, onNext, from } = turning();
    turn.isOver(from);
    turn.isOver(from + 10);

    await vi.advanceTimersByTimeAsync(1);

    expect(onNext).toHaveBeenCalledTimes(1);
    expect(turn.isOver(performance.now())).toBe(false);
  });

  it("tells of nothing where nobody waited", async () => {
    const { turn, onNext, from } = turning();
    turn.isOver(from + 5);

    await vi.advanceTimersByTimeAsync(100);

    expect(onNext).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("begins anew whenever timers had the thread, however long ago it began", async () => {
    const { turn, from } = turning();
    turn.isOver(from);
    await vi.advanceTimersByTimeAsync(1000);

    expect(turn.isOver(performance.now())).toBe(false);
  });

  it("lets those who were let begin together have the thread one after the other", async () => {
    const { turn, from } = turning();
    expect(turn.others(from)).toBeUndefined();
    const waited: number[] = [];
    for (const each of [1, 2]) void turn.others(from + 10)?.then(() => waited.push(each));

    await vi.advanceTimersByTimeAsync(1);
    expect(waited).toEqual([1, 2]);
    void turn.others(performance.now());
    const held = turn.others(performance.now() + 10);
    turn.stop();
    await expect(held).resolves.toBeUndefined();
  });

  it("leaves no timer when it is stopped", async () => {
    const { turn, onNext, from } = turning();
    turn.isOver(from);
    turn.isOver(from + 10);

    turn.stop();
    await vi.advanceTimersByTimeAsync(100);

    expect(onNext).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });
});
