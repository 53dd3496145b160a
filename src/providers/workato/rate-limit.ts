import { throwIfAborted } from "../../core/abort.ts";
import { sleep } from "../../core/sleep.ts";

/** Paces requests so that no more than so many start in any minute. */
export interface RateLimit {
  /**
   * Waits until a request may start, and counts it.
   *
   * Resolves at once while the minute has room. An abort rejects with the signal's reason and counts
   * nothing. Requests that wait together start in the order they came, as far as timers keep it.
   */
  take(signal?: AbortSignal | undefined): Promise<void>;
}

const minuteMs = 60_000;

/**
 * What is added to the minute. The server counts when a request arrives and we when it leaves; the
 * first one may have travelled longer (a new connection) than the one a minute later.
 */
const slackMs = 1_000;

/**
 * Makes the pace of one plane of the API.
 *
 * It remembers when the last `requestsPerMinute` requests left, and lets the next one go when the
 * oldest of them is a minute old. A bucket that fills steadily would let twice as many through in the
 * first minute; see docs/decisions/060. Time is the process's own monotonic clock.
 *
 * @param requestsPerMinute From 1; `Infinity` turns the pace off.
 */
export function createRateLimit(requestsPerMinute: number): RateLimit {
  if (requestsPerMinute === Number.POSITIVE_INFINITY) return { take: takeAtOnce };
  /** When the last requests left; the oldest of a full list stands at `oldest`. */
  const starts: number[] = [];
  let oldest = 0;

  function waitMs(now: number): number {
    const start = starts[oldest];
    if (starts.length < requestsPerMinute || start === undefined) return 0;
    return start + minuteMs + slackMs - now;
  }

  function count(now: number): void {
    if (starts.length < requestsPerMinute) {
      starts.push(now);
      return;
    }
    starts[oldest] = now;
    oldest = (oldest + 1) % starts.length;
  }

  return {
    async take(signal) {
      throwIfAborted(signal);
      let now = performance.now();
      for (let delay = waitMs(now); delay > 0; delay = waitMs(now)) {
        await sleep(Math.ceil(delay), signal);
        now = performance.now();
      }
      count(now);
    },
  };
}

async function takeAtOnce(signal?: AbortSignal | undefined): Promise<void> {
  throwIfAborted(signal);
}
