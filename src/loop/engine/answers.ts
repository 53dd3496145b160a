import type { AckloopError } from "../../core/errors.ts";

/** How many calls in a row must fail before a service counts as failing: one that is lost is no news. */
const FAILING_AFTER = 3;

/** How long calls may be under way without any answer before a service counts as silent, in ms. */
export const SILENT_AFTER_MS = 120_000;

/** How somebody who is asked answers: a provider its pulls or acks, or a store. */
export class Answers {
  /** Why the last call failed; absent where it was answered. */
  lastError: AckloopError | undefined;
  #failures = 0;
  #failedAt = Number.NEGATIVE_INFINITY;
  #calls = 0;
  #stillSince = 0;

  /** A call goes out. */
  sent(now: number): void {
    if (this.#calls === 0) this.#stillSince = now;
    this.#calls += 1;
  }

  /** It was answered. */
  good(): void {
    this.#failures = 0;
    this.lastError = undefined;
    this.cut();
  }

  /** It failed. What was under way when another failed is the same failure. */
  failed(error: AckloopError, sentAt: number): void {
    this.lastError = error;
    this.cut();
    if (sentAt <= this.#failedAt) return;
    this.#failures += 1;
    this.#failedAt = performance.now();
  }

  /** Its answer is not waited for any more, and says nothing. */
  cut(): void {
    this.#calls = Math.max(0, this.#calls - 1);
    this.#stillSince = performance.now();
  }

  /** Whether calls fail again and again, or are not answered. */
  get areBad(): boolean {
    const isSilent = this.#calls > 0 && performance.now() - this.#stillSince >= SILENT_AFTER_MS;
    return isSilent || this.#failures >= FAILING_AFTER;
  }
}
