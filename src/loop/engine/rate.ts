/** Into how many parts a second is cut, so that what may start in it does not start all at once. */
const PARTS = 20;

/**
 * Says when the next handler may be started. In no second are there more than so many, and in no twentieth
 * of one more than its share, or one: a timer that fires late is made up for within that time.
 */
export class Rate {
  readonly #perSecond: number;
  readonly #share: number;
  /** When the last handlers were started, by `performance.now`; the newest takes the oldest one's place. */
  readonly #startedAt: number[];
  #count = 0;

  /** @param perSecond A whole number, or a part of 1: 0.5 is one in two seconds. */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#share = Math.max(1, Math.ceil(perSecond / PARTS));
    this.#startedAt = Array(Math.max(1, perSecond)).fill(Number.NEGATIVE_INFINITY);
  }

  /** When the next may be started, by `performance.now`; long ago where it is free. */
  get nextAt(): number {
    return Math.max(this.#after(this.#startedAt.length), this.#after(this.#share));
  }

  /** One is started now. */
  take(now: number): void {
    this.#startedAt[this.#count % this.#startedAt.length] = now;
    this.#count += 1;
  }

  /** When one may follow that many earlier ones. */
  #after(count: number): number {
    const { length } = this.#startedAt;
    const startedAt = this.#startedAt[(this.#count + length - count) % length];
    return (startedAt ?? Number.NEGATIVE_INFINITY) + (1000 * count) / this.#perSecond;
  }
}
