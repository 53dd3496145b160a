import { onAbort, reasonOf } from "../core/abort.ts";
import { sleep } from "../core/sleep.ts";

/** One question whose answer several wait for. It is cut when the last of them has gone. */
export class Flight<Value> {
  readonly #own = new AbortController();
  readonly #answer: Promise<Value>;
  readonly #graceMs: number;
  #waiting = 0;
  /** Ends the time that is left, since somebody waits again or it is over. */
  #grace: AbortController | undefined;

  /**
   * @param question Asked at once; its signal fires when nobody waits any more.
   * @param onEnd Called when it was answered, has failed or was cut: nobody is to join it any more.
   * @param graceMs How much longer it may take when nobody waits any more, in ms.
   */
  constructor(
    question: (signal: AbortSignal) => Promise<Value>,
    onEnd: () => void,
    graceMs: number = 0,
  ) {
    this.#graceMs = graceMs;
    const end = (): void => {
      this.#grace?.abort();
      onEnd();
    };
    this.#answer = question(this.#own.signal);
    onAbort(this.#own.signal, end);
    // Those who asked may all have gone by then.
    this.#answer.then(end, end);
  }

  /** Waits for the answer, or until the signal fires, with whose reason it rejects then. */
  join(signal: AbortSignal | undefined): Promise<Value> {
    this.#waiting += 1;
    this.#grace?.abort();
    return new Promise((resolve, reject) => {
      const forget = onAbort(signal, () => {
        this.#waiting -= 1;
        if (this.#waiting === 0) this.#leave(reasonOf(signal));
        reject(reasonOf(signal));
      });
      this.#answer.then(resolve, reject).finally(forget);
    });
  }

  #leave(reason: unknown): void {
    const cut = (): void => {
      if (this.#waiting === 0) this.#own.abort(reason);
    };
    if (this.#graceMs === 0) {
      cut();
      return;
    }
    this.#grace = new AbortController();
    sleep(this.#graceMs, this.#grace.signal).then(cut, () => {});
  }
}
