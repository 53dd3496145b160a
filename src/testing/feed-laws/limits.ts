import { AckloopError } from "../../core/errors.ts";
import type { Feed, PullOptions } from "../../core/feed.ts";
import { sleep } from "../../core/sleep.ts";
import { wrapFeed } from "./wrapping.ts";

/** How long anything that must happen may take, in ms, unless the harness says otherwise. */
const usualPatienceMs = 2_500;

/** How much of a pull's own wait its limit allows for, in ms; no law waits longer for nothing. */
const longestWaitMs = 1_000;

/** How long a feed may answer without letting a timer run, in ms. */
const turnMs = 20;

/**
 * What keeps a law from running on for ever: a limit on each call of a feed, a limit on the whole law,
 * and turns for timers, which a feed that answers on microtasks alone would never let run.
 */
export class LawLimits {
  /** How long anything that must happen may take, in ms. */
  readonly patienceMs: number;
  /** Rejects with the first thing that ends the law before its own end; never resolves. */
  readonly failed: Promise<never>;
  readonly #controller = new AbortController();
  readonly #fail: (error: Error) => void;
  readonly #timer: ReturnType<typeof setTimeout>;
  #turnedAt = performance.now();

  constructor(limitMs: number, patienceMs: number = usualPatienceMs) {
    this.patienceMs = patienceMs;
    let reject: (error: Error) => void = () => {};
    this.failed = new Promise<never>((_, rejectFailed) => {
      reject = rejectFailed;
    });
    this.failed.catch(() => {});
    this.#fail = reject;
    const tooLong = `broken: the law did not come to its end within ${limitMs} ms`;
    this.#timer = setTimeout(() => this.fail(tooLong), limitMs);
  }

  /** Fires when the law is over: for what it has started. */
  get over(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends the law as broken, whoever would swallow what is thrown. */
  fail(message: string): Error {
    const error = new Error(message);
    this.#fail(error);
    return error;
  }

  /** The law is over: nothing that it left running gets an answer any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#controller.abort(new Error("the law is over"));
  }

  /** The same feed, each of its calls with a limit. */
  watch(feed: Feed): Feed {
    const { patienceMs } = this;
    const pullLimitMs = ({ waitMs = 0 }: PullOptions = {}) =>
      patienceMs + Math.min(waitMs, longestWaitMs);
    return wrapFeed(feed, {
      pull: (options) => this.#limit("pull", pullLimitMs(options), () => feed.pull(options)),
      ack: (receipts, options) => this.#limit("ack", patienceMs, () => feed.ack(receipts, options)),
      nack: async (receipts, options) =>
        await this.#limit("nack", patienceMs, async () => await feed.nack?.(receipts, options)),
      extend: async (receipts, leaseMs, options) =>
        await this.#limit(
          "extend",
          patienceMs,
          async () => await feed.extend?.(receipts, leaseMs, options),
        ),
      release: async (options) =>
        await this.#limit("release", patienceMs, async () => await feed.release?.(options)),
    });
  }

  async #limit<Answer>(
    what: string,
    limitMs: number,
    call: () => Promise<Answer>,
  ): Promise<Answer> {
    if (this.over.aborted) throw new AckloopError("config", "the law is over", { operation: what });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      const message = `broken: no answer to ${what} within ${limitMs} ms`;
      timer = setTimeout(() => reject(this.fail(message)), limitMs);
    });
    try {
      return await Promise.race([call(), late]);
    } finally {
      clearTimeout(timer);
      await this.#letTimersRun();
    }
  }

  async #letTimersRun(): Promise<void> {
    if (performance.now() - this.#turnedAt < turnMs) return;
    await sleep(0);
    this.#turnedAt = performance.now();
  }
}
