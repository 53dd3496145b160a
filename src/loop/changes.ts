/** Wakes whoever waits for something to have moved; costs nothing while nobody does. */
export class Changes {
  #wake: (() => void) | undefined;
  #waiting: Promise<void> | undefined;

  /** Something has moved. */
  notify(): void {
    const wake = this.#wake;
    if (wake === undefined) return;
    this.#wake = undefined;
    this.#waiting = undefined;
    wake();
  }

  /** Resolves with the next {@link Changes.notify}. */
  next(): Promise<void> {
    this.#waiting ??= new Promise((resolve) => {
      this.#wake = resolve;
    });
    return this.#waiting;
  }

  /** Resolves once `holds` is true; it is asked now and after every change. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await this.next();
  }
}
