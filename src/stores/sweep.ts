const everyMs = 60_000;

/** How many rows a sweep takes off at most, so that it holds nobody up. */
export const sweptAtOnce = 1000;

/** Says when a table is to be swept: once a minute, and again at once while there is more. */
export class SweepClock {
  #nextAt = Number.NEGATIVE_INFINITY;

  /** Tells whether it is time, and counts from now. */
  isDue(): boolean {
    const at = performance.now();
    if (at < this.#nextAt) return false;
    this.#nextAt = at + everyMs;
    return true;
  }

  /** Says how many rows a sweep took off. */
  swept(count: number): void {
    if (count >= sweptAtOnce) this.#nextAt = Number.NEGATIVE_INFINITY;
  }
}
