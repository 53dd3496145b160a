import { AckloopError } from "../../core/errors.ts";
import type { Delivery } from "../../core/feed.ts";
import type { Logger } from "../../core/logger.ts";
import type { HandlerContext } from "../handler.ts";

/** Ends one handler: its signal, made only when somebody asks for it. */
export class Leash {
  #controller: AbortController | undefined;
  /** Why the handler was told to end, as its signal says it. */
  #reason: unknown;
  /** What told the handler to end, once something did. */
  endedBy: "stop" | "timeout" | undefined;

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
 * The time limits of the handlers at work, and what ends them all.
 *
 * A controller costs 3 us and a timer more, so an event pays for them only when its handler reads
 * `context.signal`; all time limits share one timer, since they are equally long.
 */
export class HandlerScope {
  readonly #running = new Set<Leash>();
  readonly #timeoutMs: number | undefined;
  readonly #deadlines = new Map<Leash, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #aborted: { readonly reason: unknown } | undefined;

  constructor(timeoutMs: number | undefined) {
    this.#timeoutMs = timeoutMs;
  }

  /** A handler begins. */
  open(): Leash {
    const leash = new Leash();
    this.#running.add(leash);
    if (this.#aborted) leash.end("stop", this.#aborted.reason);
    else if (this.#timeoutMs !== undefined) {
      this.#deadlines.set(leash, performance.now() + this.#timeoutMs);
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
    if (this.#aborted) return;
    this.#aborted = { reason };
    this.#clearTimer();
    for (const leash of this.#running) leash.end("stop", reason);
  }

  #expire(): void {
    this.#timer = undefined;
    const now = performance.now();
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

/** Finishes an event in the user's transaction. */
export type FinishIn = (transaction: unknown) => Promise<boolean>;

/** What a handler gets besides its event. */
export class EventContext implements HandlerContext {
  readonly #leash: Leash;
  readonly #finish: FinishIn | undefined;
  readonly attempt: number;
  readonly delivery: Delivery;
  readonly logger: Logger;

  constructor(
    leash: Leash,
    attempt: number,
    delivery: Delivery,
    logger: Logger,
    finish: FinishIn | undefined,
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
  get finish(): FinishIn {
    return this.#finish ?? withoutMark;
  }
}

async function withoutMark(): Promise<boolean> {
  const rule = "context.finish() needs the option `dedupe`, and an event with an id of its own";
  throw new AckloopError("config", rule);
}
