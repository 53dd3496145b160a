import { LateController, onAbort, reasonOf } from "../core/abort.ts";

/** What {@link withinLimit} rejects with when the time is over. */
export class TimeIsUp extends Error {
  override readonly name = "TimeIsUp";
}

/** Whether the time was over; what cannot even be asked, such as a revoked proxy, is something else. */
export function isTimeUp(error: unknown): error is TimeIsUp {
  try {
    return error instanceof TimeIsUp;
  } catch {
    return false;
  }
}

/**
 * Runs `work` for at most `limitMs`, and no longer than the caller's signal lets it.
 *
 * The work gets a controller of its own, whose signal fires when the time is over or the caller's signal
 * fires; work that is deaf to it is left behind. The one listener on the caller's signal, which may
 * live for weeks, is gone when this settles; that signal itself is never handed on, since a fetch
 * that gets it leaks.
 *
 * Rejects with {@link TimeIsUp} when the time is over, and with the signal's reason when it fires.
 */
export function withinLimit<Result>(
  work: (own: LateController) => Promise<Result>,
  limitMs: number,
  signal: AbortSignal | undefined,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(reasonOf(signal));
      return;
    }
    const own = new LateController();
    const settle = (): void => {
      clearTimeout(timer);
      forget();
    };
    const cut = (reason: unknown): void => {
      settle();
      reject(reason);
      own.abort(reason);
    };
    const forget = onAbort(signal, () => cut(reasonOf(signal)));
    const timer = setTimeout(() => cut(new TimeIsUp()), limitMs);
    work(own).then(
      (result) => {
        settle();
        resolve(result);
      },
      (error) => {
        settle();
        reject(error);
      },
    );
  });
}
