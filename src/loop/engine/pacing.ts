/** The bounds of a backoff, in ms. */
export interface PacingBounds {
  /** The first wait. */
  readonly minMs: number;
  /** The longest wait. */
  readonly maxMs: number;
}

/** The longest wait that a service can ask for, in ms, whatever the bounds are. */
const LONGEST_ASKED_MS = 300_000;

/**
 * The jittered wait before the `attempt`-th repeat, from 1: it doubles from `minMs` to `maxMs`, and
 * lies between half and the whole of that, so that many processes spread and none runs hot.
 */
export function backoffMs(attempt: number, { minMs, maxMs }: PacingBounds): number {
  // Doubled, nothing stays nothing: only the first wait may be none.
  const first = attempt > 1 ? Math.max(1, minMs) : minMs;
  const full = Math.min(maxMs, first * 2 ** Math.min(attempt - 1, 30));
  return full / 2 + (Math.random() * full) / 2;
}

/**
 * The one pace of a service that is asked: all calls of it keep it, whoever makes them. It says when
 * the next may go out; the wait grows while nothing comes or calls fail, and snaps back.
 */
export class Pace {
  readonly #bounds: PacingBounds;
  #attempts = 0;
  #until = 0;
  #setAt = Number.NEGATIVE_INFINITY;
  #isAsked = false;

  constructor(bounds: PacingBounds) {
    this.#bounds = bounds;
  }

  /** When the next call may go out, by `performance.now`; 0: at once. */
  get until(): number {
    return this.#until;
  }

  /** Whether a call may go out now. */
  isOpen(now: number): boolean {
    return now >= this.#until;
  }

  /**
   * Sets the next wait, and gives it, in ms.
   *
   * @param askedMs What the service asks for, such as a `Retry-After`; a wait that was asked for is
   * never cut short.
   * @param call.spentMs What of the wait has passed already.
   * @param call.sentAt When the call was made that failed, by `performance.now`: what was under way when
   * another failed is the same failure, and lets the wait grow no further.
   */
  delay(askedMs = 0, { spentMs = 0, sentAt = Number.POSITIVE_INFINITY } = {}): number {
    const now = performance.now();
    const isSame = sentAt <= this.#setAt;
    if (!isSame) {
      this.#attempts += 1;
      this.#setAt = now;
    }
    const backoff = isSame ? this.#until - now : backoffMs(this.#attempts, this.#bounds) - spentMs;
    const asked = Math.min(toWait(askedMs), Math.max(this.#bounds.maxMs, LONGEST_ASKED_MS));
    const delayMs = Math.max(0, backoff, asked);
    this.#isAsked = asked > 0 || (isSame && this.#isAsked);
    this.#until = now + delayMs;
    return delayMs;
  }

  /** Ends a wait that nobody asked for: something has moved. */
  cut(): void {
    if (!this.#isAsked) this.#until = 0;
  }

  /**
   * Begins anew: something came, or a call succeeded. One that was made, at `sentAt`, before the service
   * asked for a wait says nothing of that.
   */
  reset(sentAt = Number.POSITIVE_INFINITY): void {
    if (this.#isAsked && sentAt <= this.#setAt) return;
    this.#attempts = 0;
    this.#until = 0;
    this.#setAt = Number.NEGATIVE_INFINITY;
    this.#isAsked = false;
  }

  /** How many waits there were since the last reset. */
  get attempts(): number {
    return this.#attempts;
  }
}

/** A feed of the user's may ask for anything, such as the number that an HTTP date is not. */
function toWait(askedMs: unknown): number {
  return typeof askedMs === "number" && askedMs > 0 ? askedMs : 0;
}

/** Of the time that a lease or a mark holds: when it is renewed, and how long the call may take. */
export const RENEWAL = Object.freeze({ period: 1 / 3, call: 3 / 10 });

/**
 * How long to wait after a renewal that has failed, in ms: a tenth of the time it was for, less what the
 * call has taken, so that two that are not answered leave time for a third.
 */
export function renewalWaitMs(ms: number, tookMs: number): number {
  return Math.max(0, ms / 10 - tookMs);
}

/** Until when what is asked for now holds at the least, by both clocks. */
export function timesOf(ms: number): { readonly untilMono: number; readonly untilWall: number } {
  return { untilMono: performance.now() + ms, untilWall: Date.now() + ms };
}
