import { onAbort, throwIfAborted } from "../core/abort.ts";
import type { CallOptions } from "../core/feed.ts";

/**
 * Runs work that cannot be cut, and lets its caller go when the signal fires.
 *
 * An abort rejects with the signal's reason; before the start, nothing is begun. After it, the work
 * ends by itself and its outcome is unknown to the caller, as with a request whose answer is lost.
 */
export function abortable<Result>(
  { signal }: CallOptions,
  work: () => Promise<Result>,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    throwIfAborted(signal);
    const forget = onAbort(signal, () => reject(signal?.reason));
    work().finally(forget).then(resolve, reject);
  });
}
