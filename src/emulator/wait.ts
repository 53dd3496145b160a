/**
 * Waits `delayMs` milliseconds, or rejects with the signal's reason as soon as it fires.
 *
 * The emulator imports nothing of the library but types, so it has its own. It uses the global
 * `setTimeout`, so that fake timers drive it.
 */
export function wait(delayMs: number, signal: AbortSignal): Promise<void> {
  return createBell().wait(delayMs, signal).then(ignore);
}

function ignore(): void {}

/** Lets long polls wait for something and be woken. */
export interface Bell {
  /**
   * Waits for the next ring. True: it rang; false: `maxMs` passed first.
   *
   * Rejects with the signal's reason as soon as it fires. Leaves no timer and no listener behind.
   */
  wait(maxMs: number, signal: AbortSignal): Promise<boolean>;
  /** Wakes all that wait now. */
  ring(): void;
}

/** Makes a bell; one for each queue or topic that can be polled for long. */
export function createBell(): Bell {
  const waiting = new Set<() => void>();
  return {
    wait: (maxMs, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason);
          return;
        }
        const leave = (): void => {
          clearTimeout(timer);
          waiting.delete(onRing);
          signal.removeEventListener("abort", onAbort);
        };
        const onRing = (): void => {
          leave();
          resolve(true);
        };
        const onAbort = (): void => {
          leave();
          reject(signal.reason);
        };
        // A longer delay than 2^31 - 1 ms would make setTimeout fire at once.
        const timer = setTimeout(
          () => {
            leave();
            resolve(false);
          },
          Math.min(maxMs, 2 ** 31 - 1),
        );
        waiting.add(onRing);
        signal.addEventListener("abort", onAbort, { once: true });
      }),
    ring: () => {
      for (const wake of [...waiting]) wake();
    },
  };
}
