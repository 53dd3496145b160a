import type { Run } from "../loop/run.ts";

/** The numbers of runs: each has its own for as long as it lives. */
export class Numbers {
  readonly #numbers = new WeakMap<Run, number>();
  #last = 0;

  of(run: Run): number {
    const known = this.#numbers.get(run);
    if (known !== undefined) return known;
    this.#last += 1;
    this.#numbers.set(run, this.#last);
    return this.#last;
  }
}
