import { onAbort } from "../core/abort.ts";
import type { CallOptions } from "../core/feed.ts";

/**
 * Runs work that cannot be cut, and lets its caller go when the signal fires.
 *
 * An abort rejects with the signal's reason; before the start, nothing is begun. After it, the work
 * ends by itself and its outcome is unknown to the caller, as with a request whose answer is lost.
 */
export async function abortable<Result>(
  options: CallOptions | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  const signal = options?.signal;
  signal?.throwIfAborted();
  if (!signal) return await work();
  let forget = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    forget = onAbort(signal, () => reject(signal.reason));
  });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    forget();
  }
}
