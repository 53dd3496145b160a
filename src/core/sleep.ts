/**
 * Waits `delayMs` milliseconds, or rejects with the signal's reason as soon as it fires.
 *
 * Every wait of the library goes through here. It uses the global `setTimeout`, so that fake
 * timers drive it, keeps the process alive, and leaves neither timer nor listener behind.
 */
export function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    // A longer delay than 2^31 - 1 ms would make setTimeout fire at once.
    const timer = setTimeout(
      () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      },
      Math.min(delayMs, 2 ** 31 - 1),
    );
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
