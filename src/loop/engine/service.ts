import pRetry from "p-retry";
import { abortable, onAbort } from "../../core/abort.ts";
import type { AckloopError } from "../../core/errors.ts";
import type { Answer } from "../../core/guard.ts";
import { ask } from "../../core/guard.ts";
import { sleep } from "../../core/sleep.ts";
import { Answers } from "./answers.ts";
import type { PacingBounds } from "./pacing.ts";
import { Pace } from "./pacing.ts";

/** What a service works with. */
export interface ServiceParts {
  /** What it is called in messages, such as `"dedupe"`. */
  readonly name: string;
  readonly bounds: PacingBounds;
  /** How long one call may take, in ms. */
  readonly limitMs: number;
  /** A call failed and is made again in `delayMs`. */
  readonly onFailed: (error: unknown, delayMs: number) => void;
  /** It has answered, after calls that failed. */
  readonly onBack: () => void;
}

/**
 * A store, as the loop asks it: every question is asked again until it is answered or nobody wants to
 * know any more, and while the store fails, one call at a time tries whether it is back.
 */
export class Service {
  readonly #parts: ServiceParts;
  readonly #pace: Pace;
  /** How the store answers. */
  readonly answers = new Answers();
  /** Resolves when whoever came last, while the store failed, has had its turn. */
  #lastTurn: Promise<void> | undefined;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
    this.#pace = new Pace(parts.bounds);
  }

  /**
   * Asks until there is an answer; `undefined` once `quit` has fired.
   *
   * @param isLast Asks at once, though the store fails: there may be no time to wait for its turn.
   * @throws {AckloopError} `config`: what repeating cannot mend.
   */
  async ask<Value>(
    operation: string,
    quit: AbortSignal,
    call: (signal: AbortSignal) => PromiseLike<Value>,
    isLast = false,
  ): Promise<{ readonly value: Value } | undefined> {
    if (isLast || this.#pace.attempts === 0) {
      const answer = await this.#askOnce(operation, quit, call);
      if (answer.kind === "failed" && answer.error.code === "config") throw answer.error;
      if (answer.kind !== "failed") return known(answer, quit);
    }
    return this.#askUntilAnswered(operation, quit, call);
  }

  async #askUntilAnswered<Value>(
    operation: string,
    quit: AbortSignal,
    call: (signal: AbortSignal) => PromiseLike<Value>,
  ): Promise<{ readonly value: Value } | undefined> {
    // A signal of its own: p-retry hangs a listener on it for each event that waits.
    const ending = new AbortController();
    const forget = onAbort(quit, () => ending.abort(quit.reason));
    const attempt = async (): Promise<Answer<Value>> => {
      const answer = await this.#inTurn(operation, quit, call);
      if (answer.kind === "failed") throw answer.error;
      return answer;
    };
    try {
      const answer = await pRetry(attempt, {
        retries: Number.POSITIVE_INFINITY,
        // The pace of the store says when: each attempt waits for its turn.
        minTimeout: 0,
        maxTimeout: 0,
        signal: ending.signal,
        shouldRetry: ({ error }) => !quit.aborted && (error as AckloopError).code !== "config",
      });
      return known(answer, quit);
    } catch (error) {
      if (quit.aborted) return undefined;
      throw error;
    } finally {
      forget();
    }
  }

  async #askOnce<Value>(
    operation: string,
    quit: AbortSignal,
    call: (signal: AbortSignal) => PromiseLike<Value>,
  ): Promise<Answer<Value>> {
    const { name, limitMs, onFailed, onBack } = this.#parts;
    const sentAt = performance.now();
    this.answers.sent(sentAt);
    const answer = await ask({ what: operation, whom: name, limitMs, signal: quit }, call);
    if (answer.kind === "cut") this.answers.cut();
    if (answer.kind === "answered") {
      this.answers.good();
      if (this.#pace.attempts > 0) onBack();
      this.#pace.reset(sentAt);
    }
    if (answer.kind === "failed") {
      const { error, thrown = error } = answer;
      this.answers.failed(error, sentAt);
      onFailed(thrown, this.#pace.delay(error.retryAfterMs, { sentAt }));
    }
    return answer;
  }

  /** Asks when those that came before have tried, and the wait is over. */
  async #inTurn<Value>(
    operation: string,
    quit: AbortSignal,
    call: (signal: AbortSignal) => PromiseLike<Value>,
  ): Promise<Answer<Value>> {
    const before = this.#lastTurn;
    let endTurn = (): void => {};
    this.#lastTurn = new Promise((resolve) => {
      endTurn = resolve;
    });
    try {
      if (before) await abortable({ signal: quit }, () => before).catch(() => {});
      // The store is back: nobody waits for anybody any more.
      if (this.#pace.attempts === 0) endTurn();
      const waitMs = this.#pace.until - performance.now();
      if (waitMs > 0) await sleep(waitMs, quit).catch(() => {});
      return await this.#askOnce(operation, quit, call);
    } finally {
      endTurn();
    }
  }
}

/** An answer that comes as the run quits is thrown away: the event stays unsettled, which is safe. */
function known<Value>(
  answer: Answer<Value>,
  quit: AbortSignal,
): { readonly value: Value } | undefined {
  return quit.aborted || answer.kind !== "answered" ? undefined : answer;
}
