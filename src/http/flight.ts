import { onAbort } from "../core/abort.ts";

/** One question whose answer several wait for. It is cut when the last of them has gone. */
export class Flight<Value> {
  readonly #own = new AbortController();
  readonly #answer: Promise<Value>;
  readonly #graceMs: number;
  #waiting = 0;
  #cutting: ReturnType<typeof setTimeout> | undefined;

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
      clearTimeout(this.#cutting);
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
    clearTimeout(this.#cutting);
    return new Promise((resolve, reject) => {
      const forget = onAbort(signal, () => {
        this.#waiting -= 1;
        if (this.#waiting === 0) this.#leave(signal?.reason);
        reject(signal?.reason);
      });
      this.#answer.then(resolve, reject).finally(forget);
    });
  }

  #leave(reason: unknown): void {
    const cut = (): void => this.#own.abort(reason);
    if (this.#graceMs === 0) cut();
    else this.#cutting = setTimeout(cut, this.#graceMs);
  }
}
