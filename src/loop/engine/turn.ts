/** For how long the loop may hold the thread before it lets timers and others have it, in ms. */
const LONGEST_HOLD_MS = 10;

/**
 * Knows how long this turn of the event loop has lasted: handlers that never wait would else keep timers,
 * signals and other requests from running for a whole page.
 *
 * A timer of no length tells that a turn is over; while it does not fire, the thread is held.
 */
export class Turn {
  readonly #onNext: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #since = 0;
  #isAwaited = false;
  #waiting: (() => void)[] = [];

  /** @param onNext Called in the next turn, where one was waited for. */
  constructor(onNext: () => void) {
    this.#onNext = onNext;
  }

  /** Whether it is time to let others have the thread; `onNext` is called when they have had it. */
  isOver(now: number): boolean {
    if (this.#timer === undefined) {
      this.#since = now;
      this.#timer = setTimeout(() => this.#next(), 0);
    }
    this.#isAwaited ||= now - this.#since >= LONGEST_HOLD_MS;
    return this.#isAwaited;
  }

  /** What to wait for before the thread is held again; `undefined` where there is time. */
  others(now: number): Promise<void> | undefined {
    if (!this.isOver(now)) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Leaves no timer and nobody behind. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isAwaited = false;
    this.#letGo();
  }

  #letGo(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  #next(): void {
    this.#timer = undefined;
    if (!this.#isAwaited) return;
    this.#isAwaited = false;
    this.#letGo();
    this.#onNext();
  }
}
