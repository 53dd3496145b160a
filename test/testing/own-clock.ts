import { afterAll, beforeAll, vi } from "vitest";

/**
 * Gives the tests of a file a clock of their own: a millisecond of it is a turn of the event loop, so
 * that a wait costs next to nothing, and a busy machine makes nothing late.
 *
 * It fits only where nothing waits for what is outside this thread, such as a socket or a database:
 * that would come after minutes of this clock.
 */
export function ownClock(): void {
  let next: NodeJS.Immediate;
  const tick = (): void => {
    next = setImmediate(tick);
    vi.advanceTimersByTime(1);
  };

  beforeAll(() => {
    const timers = ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] as const;
    vi.useFakeTimers({ toFake: [...timers, "Date", "performance"] });
    next = setImmediate(tick);
  });
  afterAll(() => {
    clearImmediate(next);
    vi.useRealTimers();
  });
}
