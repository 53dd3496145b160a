import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Alarm } from "../../../src/loop/engine/alarm.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function alarmed() {
  const ring = vi.fn();
  const alarm = new Alarm(ring);
  const setIn = (ms: number): void => alarm.setTo(performance.now() + ms);
  return { alarm, ring, setIn };
}

describe("an alarm", () => {
  it("rings once, at the earliest time that it was set to, with one timer", async () => {
    const { ring, setIn } = alarmed();

    for (const ms of [300, 100, 200]) setIn(ms);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(99);
    expect(ring).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1000);

    expect(ring).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("may be set again while it rings", async () => {
    const alarm: Alarm = new Alarm(() => {
      rings.push(performance.now());
      if (rings.length < 3) alarm.setTo(performance.now() + 10);
    });
    const rings: number[] = [];
    const from = performance.now();

    alarm.setTo(from + 10);
    await vi.advanceTimersByTimeAsync(100);

    expect(rings.map((at) => at - from)).toEqual([10, 20, 30]);
  });

  it("rings at once for a time that has passed, and never within the call", async () => {
    const { ring, setIn } = alarmed();

    setIn(-1000);
    expect(ring).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(0);

    expect(ring).toHaveBeenCalledTimes(1);
  });

  it("sets no timer for what never comes", () => {
    const { alarm } = alarmed();

    alarm.setTo(Number.POSITIVE_INFINITY);

    expect(vi.getTimerCount()).toBe(0);
  });

  it("rings too early rather than at once for a time beyond what a timer holds", async () => {
    const { ring, setIn } = alarmed();

    setIn(365 * 86_400_000);
    await vi.advanceTimersByTimeAsync(2 ** 31 - 2);
    expect(ring).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);

    expect(ring).toHaveBeenCalledTimes(1);
  });

  it("does not ring once stopped, until it is set again", async () => {
    const { alarm, ring, setIn } = alarmed();
    setIn(100);
    alarm.stop();
    expect(vi.getTimerCount()).toBe(0);

    setIn(500);
    await vi.advanceTimersByTimeAsync(499);
    expect(ring).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);

    expect(ring).toHaveBeenCalledTimes(1);
  });
});
