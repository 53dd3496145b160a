/** A longer timer than this would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** One timer for many things to come: it rings at the earliest time that it was set to. */
export class Alarm {
  readonly #ring: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #at = Number.POSITIVE_INFINITY;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Rings at this time at the latest, by `performance.now`. */
  setTo(at: number): void {
    if (at >= this.#at) return;
    clearTimeout(this.#timer);
    this.#at = at;
    const delayMs = Math.min(LONGEST_MS, Math.max(0, at - performance.now()));
    this.#timer = setTimeout(() => {
      this.stop();
      this.#ring();
    }, delayMs);
  }

  /** Does not ring any more, until it is set again. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#at = Number.POSITIVE_INFINITY;
  }
}
