import type { AckloopError } from "../../core/errors.ts";

/**
 * Whether a server's refusal that would end the run is believed: not for one answer, which may be a
 * gateway's, but where it was asked again since, and no answer in between was good.
 */
export class Doubt {
  #since: number | undefined;

  /** An answer was good. */
  clear(): void {
    this.#since = undefined;
  }

  /**
   * Whether this one is sure. What no server said is, and an expired cursor, which its feed asks for twice.
   *
   * @param askedAt When the call was made that it answers, by `performance.now`.
   */
  isSure({ status, code }: AckloopError, askedAt: number): boolean {
    if (status === undefined || code === "cursorExpired") return true;
    this.#since ??= performance.now();
    return askedAt > this.#since;
  }
}
