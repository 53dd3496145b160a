import { onAbort, reasonOf } from "./abort.ts";

/** A longer delay than this would make `setTimeout` fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Waits `delayMs` milliseconds, or rejects with the signal's reason as soon as it fires.
 *
 * Every wait of the library goes through here. It uses the global `setTimeout`, so that fake
 * timers drive it, keeps the process alive, and leaves neither timer nor listener behind.
 */
export function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(reasonOf(signal));
      return;
    }
    const timer = setTimeout(
      () => {
        forget();
        resolve();
      },
      Math.min(delayMs, LONGEST_MS),
    );
    const forget = onAbort(signal, () => {
      clearTimeout(timer);
      reject(reasonOf(signal));
    });
  });
}
