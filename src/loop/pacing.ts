/** The bounds of a backoff, in ms. */
export interface PacingBounds {
  /** The first wait. */
  readonly minMs: number;
  /** The longest wait. */
  readonly maxMs: number;
}

/**
 * The jittered wait before the `attempt`-th repeat, from 1: it doubles from `minMs` to `maxMs`, and
 * lies between half and the whole of that, so that many processes spread and none runs hot.
 */
export function backoffMs(attempt: number, { minMs, maxMs }: PacingBounds): number {
  const full = Math.min(maxMs, minMs * 2 ** Math.min(attempt - 1, 30));
  return full / 2 + (Math.random() * full) / 2;
}

/**
 * The one backoff through which every empty or failed poll goes: it grows while nothing comes and
 * snaps back on the first event.
 */
export class Pacing {
  readonly #bounds: PacingBounds;
  #attempt = 0;

  constructor(bounds: PacingBounds) {
    this.#bounds = bounds;
  }

  /** The next wait, in ms; not below what the provider asked for with `atLeastMs`. */
  next(atLeastMs = 0): number {
    this.#attempt += 1;
    return Math.max(backoffMs(this.#attempt, this.#bounds), atLeastMs);
  }

  /** Begins anew: something came. */
  reset(): void {
    this.#attempt = 0;
  }

  /** How many waits there were since the last reset. */
  get attempts(): number {
    return this.#attempt;
  }
}
