import { AckloopError, isAckloopError } from "../core/errors.ts";
import { sleep } from "../core/sleep.ts";
import { asUnknown } from "./fail.ts";
import type { RetryLimits } from "./options.ts";
import type { Repeat } from "./types.ts";

/** How one call may be repeated. */
export interface RetryPlan {
  /** When. */
  readonly repeat: Repeat;
  /** How often, and with what waits. */
  readonly limits: RetryLimits;
  /** How much is left of the time for everything together, in ms. */
  readonly remainingMs: () => number;
  /** Cuts the waits. */
  readonly signal: AbortSignal | undefined;
  /** Told before each wait. */
  readonly onRetry?: ((error: AckloopError, attempt: number, delayMs: number) => void) | undefined;
}

/**
 * Makes attempts until one succeeds or may not be repeated.
 *
 * An attempt resolves to its result or to the error that it failed with; what it throws is passed on
 * at once. It is told whether an earlier attempt may have had its effect. The first attempt is called
 * directly and costs nothing more.
 *
 * @throws {AckloopError} the error of the last attempt. An abort rejects with the signal's reason.
 */
export async function withRetry<Result extends object>(
  attempt: (uncertain: boolean) => Promise<Result | AckloopError>,
  plan: RetryPlan,
): Promise<Result> {
  let uncertain = false;
  for (let count = 1; ; count += 1) {
    const outcome: Result | AckloopError = await attempt(uncertain).catch(
      (error: unknown): never => {
        // What an earlier attempt may have done is not undone by a token that cannot be had.
        throw uncertain && isAckloopError(error) ? asUnknown(error) : error;
      },
    );
    if (!(outcome instanceof AckloopError)) return outcome;
    const delayMs = delayBefore(outcome, count, plan);
    if (delayMs === undefined) throw outcome;
    uncertain = outcome.outcomeUnknown === true;
    plan.onRetry?.(outcome, count, delayMs);
    await sleep(delayMs, plan.signal);
  }
}

/** How much time a repeat must have at the least, in ms. */
const leastTryMs = 1_000;

/** How long to wait before the next attempt, in ms; `undefined` when there is to be none. */
function delayBefore(error: AckloopError, count: number, plan: RetryPlan): number | undefined {
  const { limits, remainingMs } = plan;
  if (count >= limits.attempts || !mayRepeat(error, plan.repeat)) return undefined;
  const { retryAfterMs = 0 } = error;
  if (retryAfterMs > limits.maxRetryAfterMs) return undefined;
  const ceilingMs = Math.min(limits.maxDelayMs, limits.minDelayMs * 2 ** (count - 1));
  // Full jitter, so that many clients that failed together do not come back together.
  const delayMs = Math.max(retryAfterMs, Math.random() * ceilingMs);
  // No try without time for it: a call that is known not to be done would end as unknown.
  const leastMs = Math.min(leastTryMs, limits.totalMs / 10);
  return delayMs + leastMs < remainingMs() ? delayMs : undefined;
}

function mayRepeat(error: AckloopError, repeat: Repeat): boolean {
  if (!error.retryable || repeat === "never") return false;
  return repeat === "safe" || error.outcomeUnknown !== true;
}
