import { AckloopError } from "../core/errors.ts";
import type { Delivery } from "../core/feed.ts";
import type { Logger } from "../core/logger.ts";
import type { HandlerContext } from "./handler.ts";

/** Ends one handler: its signal, made only when somebody asks for it. */
export class Leash {
  #controller: AbortController | undefined;
  /** Why the handler was told to end, as its signal says it. */
  #reason: unknown;
  /** What told the handler to end, once something did. */
  endedBy: "stop" | "timeout" | undefined;

  constructor(scope: HandlerScope) {
    if (scope.aborted) this.end("stop", scope.reason);
  }

  /** The handler's own signal, so that what the handler hangs on it goes with the handler. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.endedBy) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Tells the handler to end. */
  end(by: "stop" | "timeout", reason: unknown): void {
    if (this.endedBy) return;
    this.endedBy = by;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}

/**
 * The handlers at work in one run, and what ends them.
 *
 * A controller costs 3 us and a timer more, so an event pays for them only when its handler reads
 * `context.signal`; all time limits share one timer, since they are equally long.
 */
export class HandlerScope {
  readonly #running = new Set<Leash>();
  readonly #timeoutMs: number | undefined;
  readonly #deadlines = new Map<Leash, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether every handler was told to end. */
  aborted = false;
  /** Why, as the handlers' signals say it. */
  reason: unknown;

  constructor(timeoutMs: number | undefined) {
    this.#timeoutMs = timeoutMs;
  }

  /** A handler begins. */
  open(): Leash {
    const leash = new Leash(this);
    this.#running.add(leash);
    if (this.#timeoutMs !== undefined && !this.aborted) {
      this.#deadlines.set(leash, Date.now() + this.#timeoutMs);
      this.#timer ??= setTimeout(() => this.#expire(), this.#timeoutMs);
    }
    return leash;
  }

  /** A handler has returned. */
  close(leash: Leash): void {
    this.#running.delete(leash);
    if (this.#timeoutMs === undefined) return;
    this.#deadlines.delete(leash);
    if (this.#deadlines.size === 0) this.#clearTimer();
  }

  /** Tells every handler to end, those that begin later included. */
  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.#clearTimer();
    for (const leash of this.#running) leash.end("stop", reason);
  }

  #expire(): void {
    this.#timer = undefined;
    const now = Date.now();
    for (const [leash, deadline] of this.#deadlines) {
      if (deadline > now) {
        this.#timer = setTimeout(() => this.#expire(), deadline - now);
        return;
      }
      this.#deadlines.delete(leash);
      leash.end("timeout", timeoutError(this.#timeoutMs));
    }
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** The error of an attempt whose handler took too long. */
export function timeoutError(timeoutMs: number | undefined): AckloopError {
  return new AckloopError("timeout", `the handler took longer than ${timeoutMs} ms`, {
    retryable: true,
  });
}

/** What a handler gets besides its event. */
export class EventContext implements HandlerContext {
  readonly #leash: Leash;
  readonly #finish: ((transaction: unknown) => Promise<boolean>) | undefined;
  readonly attempt: number;
  readonly delivery: Delivery;
  readonly logger: Logger;

  constructor(
    leash: Leash,
    attempt: number,
    delivery: Delivery,
    logger: Logger,
    finish: ((transaction: unknown) => Promise<boolean>) | undefined,
  ) {
    this.#leash = leash;
    this.attempt = attempt;
    this.delivery = delivery;
    this.logger = logger;
    this.#finish = finish;
  }

  get signal(): AbortSignal {
    return this.#leash.signal;
  }

  /** A getter, so that a handler may take it apart from the context. */
  get finish(): (transaction: unknown) => Promise<boolean> {
    return this.#finish ?? withoutDedupe;
  }
}

async function withoutDedupe(): Promise<boolean> {
  throw new AckloopError("config", "context.finish() needs the option `dedupe`");
}
