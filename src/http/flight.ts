import { onAbort } from "../core/abort.ts";

/** One question whose answer several wait for. It is cut when the last of them has gone. */
export class Flight<Value> {
  readonly #own = new AbortController();
  readonly #answer: Promise<Value>;
  #waiting = 0;

  /**
   * @param question Asked at once; its signal fires when nobody waits any more.
   * @param onEnd Called when it was answered, has failed or was cut: nobody is to join it any more.
   */
  constructor(question: (signal: AbortSignal) => Promise<Value>, onEnd: () => void) {
    this.#answer = question(this.#own.signal);
    onAbort(this.#own.signal, onEnd);
    // Those who asked may all have gone by then.
    this.#answer.then(onEnd, onEnd);
  }

  /** Waits for the answer, or until the signal fires, with whose reason it rejects then. */
  join(signal: AbortSignal | undefined): Promise<Value> {
    this.#waiting += 1;
    return new Promise((resolve, reject) => {
      const forget = onAbort(signal, () => {
        this.#waiting -= 1;
        if (this.#waiting === 0) this.#own.abort(signal?.reason);
        reject(signal?.reason);
      });
      this.#answer.then(resolve, reject).finally(forget);
    });
  }
}
