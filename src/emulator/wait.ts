/** A longer timer than this would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Waits `delayMs` milliseconds, or rejects with the signal's reason as soon as it fires.
 *
 * The emulator imports nothing of the library but types, so it has its own. It uses the global
 * `setTimeout`, so that fake timers drive it.
 */
export async function wait(delayMs: number, signal: AbortSignal): Promise<void> {
  const bell = createBell();
  const timer = setTimeout(bell.ring, Math.min(delayMs, longestTimerMs));
  try {
    await bell.wait(signal);
  } finally {
    clearTimeout(timer);
  }
}

/** Lets long polls wait for something and be woken. */
export interface Bell {
  /**
   * Waits for the next ring. Rejects with the signal's reason as soon as it fires, and leaves no
   * listener behind.
   */
  wait(signal: AbortSignal): Promise<void>;
  /** Wakes all that wait now. */
  readonly ring: () => void;
}

/** Makes a bell; one for each queue or topic that can be polled for long. */
export function createBell(): Bell {
  const waiting = new Set<() => void>();
  return {
    wait: (signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason);
          return;
        }
        const leave = (): void => {
          waiting.delete(onRing);
          signal.removeEventListener("abort", onAbort);
        };
        const onRing = (): void => {
          leave();
          resolve();
        };
        const onAbort = (): void => {
          leave();
          reject(signal.reason);
        };
        waiting.add(onRing);
        signal.addEventListener("abort", onAbort, { once: true });
      }),
    ring: () => {
      for (const wake of [...waiting]) wake();
    },
  };
}
