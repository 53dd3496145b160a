import type { AckloopError } from "../core/errors.ts";
import { checkOptions, milliseconds } from "../core/options.ts";
import type { Summary } from "../core/summary.ts";
import type { Engine } from "./engine/engine.ts";

/** How a run is doing, at the moment it was asked. */
export interface Health {
  /** What it is about. */
  readonly state: "standby" | "running" | "paused" | "stopping" | "ended";
  /**
   * False when no pull was answered for 2 min + `idle.maxDelayMs` + `waitMs` (205 s by default), although one
   * should have been, or when handlers are at work and none has ended for 5 min, or twice
   * `handlerTimeoutMs` where that is more: the process looks alive and does nothing. False too once
   * something has halted the run. A standby that waits for its lease is healthy, and so is a run that
   * holds in an outage: `outageMs` tells of that.
   */
  readonly healthy: boolean;
  /** What has halted the run. */
  readonly lastError?: AckloopError | undefined;
  /** When a pull was last answered, in epoch ms; absent before the first. */
  readonly lastPollAt?: number | undefined;
  /** How many polls in a row brought nothing new or failed. */
  readonly fruitlessPolls: number;
  /** Deliveries that are not settled. */
  readonly open: number;
  /** Deliveries that are not acknowledged, settled ones included. */
  readonly unacked: number;
  /** The delivery that has been open longest, by its identity, and for how long, in ms. */
  readonly oldest?: { readonly identity: string; readonly forMs: number } | undefined;
  /**
   * For how long the run has held since handlers failed with event after event, in ms; absent while it
   * does not. See the option `circuitBreaker`.
   */
  readonly outageMs?: number | undefined;
}

const stopTable = { withinMs: milliseconds(0) };

/** How long pulls may go unanswered, beyond the run's own waits, before it counts as stalled, in ms. */
const SILENT_AFTER_MS = 120_000;

/** How long handlers may be at work without one that ends, before they count as stalled, in ms. */
const STALLED_AFTER_MS = 300_000;

/**
 * A loop at work: awaitable, to be stopped, paused and asked for its health.
 *
 * Awaiting it gives the summary once it has ended by itself or was stopped, and rejects with an
 * {@link AckloopError} that carries the summary when it had to halt.
 */
export class Run implements Promise<Summary>, AsyncDisposable {
  /** What `Object.prototype.toString` says it is. */
  readonly [Symbol.toStringTag] = "Run";
  readonly #engine: Engine;
  readonly #ended: Promise<Summary>;
  #state: "going" | "ended" = "going";

  /** Made by `consume`. */
  constructor(engine: Engine) {
    this.#engine = engine;
    this.#ended = engine.run().finally(() => {
      this.#state = "ended";
    });
  }

  /**
   * Stops the run: pulling ends, handlers at work may finish, then their signal fires, then what is
   * settled is acknowledged, and what is not is let go of: given back where the API can, its marks are
   * taken back, the lease is released. What a handler still has in its hands when the time is over is not
   * given back, but its mark is taken back too: a stop counts no start. Resolves like the run itself.
   *
   * A stop is never a failed attempt. Called twice, or from many places, it gives the same result; of
   * several times the shortest holds, also for a halt that is under way. Of the time, the part
   * `reserveMs` is kept for the last acknowledgements, at most a fifth; in the last half of that, at most
   * a second, handlers are not waited for any more, so that there is time to let go. Letting go has 100 ms
   * in any case, and a second where the lease was lost: a stop may be so much longer than its time.
   * A handler calls it without awaiting it: what awaits the run's end cannot be a part of it.
   *
   * @param options.withinMs How long the stop may take in all, in ms. @default the option `shutdownTimeoutMs`
   * @throws {AckloopError} `config` when `withinMs` is no number from 0 to a year; whatever halted the run.
   */
  stop(options: { readonly withinMs?: number | undefined } = {}): Promise<Summary> {
    try {
      const { withinMs } = checkOptions("run.stop", options, stopTable);
      this.#engine.stop("signal", withinMs);
      return this.#ended;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Pulls no more and starts no handler until {@link Run.resume}. Handlers at work go on. */
  pause(): void {
    this.#engine.pause();
  }

  /** Goes on after {@link Run.pause}. */
  resume(): void {
    this.#engine.resume();
  }

  /**
   * Reads again which events are to be skipped, as the dead-letter store keeps them (`ackloop skip`).
   *
   * Resolves when that is known, and every event that is started from then on goes by it; while the store
   * fails, not before it is back. Resolves at once where no dead-letter store keeps skips, and once the run
   * is stopping.
   *
   * @throws {AckloopError} `config`, where no waiting mends the store: the run goes on with what it knew.
   */
  reload(): Promise<void> {
    return this.#engine.reload();
  }

  /** How the run is doing. */
  health(): Health {
    const { phase, lastPollAt, fruitlessPolls, open, unacked, oldest, ...times } =
      this.#engine.state;
    const { pullDueSince, longestSilenceMs, stillSince, longestWorkMs, outageSince, error } = times;
    const state = this.#state === "ended" ? "ended" : phase;
    const now = performance.now();
    const isSilent = now - (pullDueSince ?? now) >= SILENT_AFTER_MS + longestSilenceMs;
    const isStalled = now - (stillSince ?? now) >= Math.max(STALLED_AFTER_MS, longestWorkMs);
    return {
      state,
      healthy: error === undefined && !(state === "running" && (isSilent || isStalled)),
      ...(error === undefined ? {} : { lastError: error }),
      lastPollAt,
      fruitlessPolls,
      open,
      unacked,
      oldest: oldest && { identity: oldest.identity, forMs: now - oldest.openedAt },
      ...(outageSince === undefined ? {} : { outageMs: now - outageSince }),
    };
  }

  /** Makes the run awaitable. */
  // biome-ignore lint/suspicious/noThenProperty: a run is awaited by design, DESIGN section 3.
  then<Result1 = Summary, Result2 = never>(
    onFulfilled?: ((summary: Summary) => Result1 | PromiseLike<Result1>) | null,
    onRejected?: ((reason: unknown) => Result2 | PromiseLike<Result2>) | null,
  ): Promise<Result1 | Result2> {
    return this.#ended.then(onFulfilled, onRejected);
  }

  /** Gets what halted the run. */
  catch<Result = never>(
    onRejected?: ((reason: unknown) => Result | PromiseLike<Result>) | null,
  ): Promise<Summary | Result> {
    return this.#ended.catch(onRejected);
  }

  /** Called when the run has ended, however that was. */
  finally(onFinally?: (() => void) | null): Promise<Summary> {
    return this.#ended.finally(onFinally);
  }

  /** Stops the run at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
