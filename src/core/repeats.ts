/** The shortest and the longest time for which what repeats is not told again, in ms. */
const QUIET_MS = Object.freeze({ least: 60_000, most: 3_600_000 });

/** What stays away for so long begins anew, in ms: longer than a service may ask to be let alone. */
const CALM_MS = 600_000;

/** How many kinds of one thing are told at once. */
const MOST_KINDS = 20;

/**
 * Says when what may repeat at any rate is told: at once, and then after a minute, after two, four, and so on to
 * an hour.
 */
export class Repeats {
  readonly #free: number;
  readonly #kinds = new Set<string>();
  #left = 0;
  #lastAt = Number.NEGATIVE_INFINITY;
  #toldAt = 0;
  #quietMs = 0;
  #untold = 0;

  /** @param free How many are told at once before the first is not. @default 1 */
  constructor(free = 1) {
    this.#free = free;
  }

  /**
   * It has happened once more. Gives how often it has without being told since it was told last, where it is to
   * be told now; else `undefined`.
   *
   * @param kind One of a few; another one than before is told at once. @default the same
   */
  next(kind = ""): number | undefined {
    const now = performance.now();
    if (now - this.#lastAt > Math.max(CALM_MS, this.#quietMs)) this.#begin();
    this.#lastAt = now;
    const isNew = !this.#kinds.has(kind) && this.#kinds.size < MOST_KINDS;
    const untold = this.#untold;
    if (!isNew && this.#left === 0 && now - this.#toldAt < this.#quietMs) {
      this.#untold += 1;
      return undefined;
    }
    this.#kinds.add(kind);
    this.#untold = 0;
    this.#toldAt = now;
    if (this.#left > 0) this.#left -= 1;
    else if (!isNew) this.#quietMs = Math.min(QUIET_MS.most, 2 * this.#quietMs);
    return untold;
  }

  #begin(): void {
    this.#kinds.clear();
    this.#left = this.#free;
    this.#quietMs = QUIET_MS.least;
    this.#untold = 0;
  }
}
