import { AckloopError } from "../../core/errors.ts";
import type { ReadableDelivery } from "../../core/feed.ts";
import type { Logger } from "../../core/logger.ts";
import type { HandlerContext } from "../handler.ts";

/** Ends one handler: its signal, made only when somebody asks for it. */
export class Leash {
  readonly #scope: HandlerScope;
  readonly #onTimeout: (() => void) | undefined;
  #controller: AbortController | undefined = undefined;
  #timedOut: AckloopError | undefined = undefined;
  /** Whether the handler has returned: a signal that is asked for later is not watched for ever. */
  isOver = false;

  constructor(scope: HandlerScope, onTimeout?: () => void) {
    this.#scope = scope;
    this.#onTimeout = onTimeout;
  }

  /** What told the handler to end, once something did. */
  get endedBy(): "stop" | "timeout" | undefined {
    if (this.#timedOut) return "timeout";
    return this.#scope.isAborted ? "stop" : undefined;
  }

  /** The handler's own signal, so that what the handler hangs on it goes with the handler. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.endedBy) this.#controller.abort(this.#timedOut ?? this.#scope.reason);
      else if (!this.isOver) this.#scope.watch(this);
    }
    return this.#controller.signal;
  }

  /** Whether somebody has asked for the signal. */
  get isWatched(): boolean {
    return this.#controller !== undefined;
  }

  /** The handler's time is over. */
  timeOut(error: AckloopError): void {
    this.#timedOut = error;
    this.#onTimeout?.();
    this.#controller?.abort(error);
  }

  /** The run stops. */
  stop(reason: unknown): void {
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
  readonly #timeoutMs: number | undefined;
  /** Those whose signal somebody has asked for. */
  readonly #watched = new Set<Leash>();
  readonly #deadlines = new Map<Leash, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #aborted: { readonly reason: unknown } | undefined;

  constructor(timeoutMs: number | undefined) {
    this.#timeoutMs = timeoutMs;
  }

  /** Whether every handler was told to end. */
  get isAborted(): boolean {
    return this.#aborted !== undefined;
  }

  /** Why, as the handlers' signals say it. */
  get reason(): unknown {
    return this.#aborted?.reason;
  }

  /**
   * A handler begins.
   *
   * @param onTimeout Told when its time is over, before its signal fires.
   */
  open(onTimeout?: () => void): Leash {
    const leash = new Leash(this, onTimeout);
    if (this.#timeoutMs !== undefined && !this.#aborted) {
      this.#deadlines.set(leash, performance.now() + this.#timeoutMs);
      this.#timer ??= setTimeout(() => this.#expire(), this.#timeoutMs);
    }
    return leash;
  }

  /** Somebody has asked for its signal. */
  watch(leash: Leash): void {
    this.#watched.add(leash);
  }

  /** A handler has returned. */
  close(leash: Leash): void {
    leash.isOver = true;
    if (leash.isWatched) this.#watched.delete(leash);
    if (this.#timeoutMs === undefined) return;
    this.#deadlines.delete(leash);
    if (this.#deadlines.size === 0) this.#clearTimer();
  }

  /** Tells every handler to end, those that begin later included. */
  abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = { reason };
    this.#clearTimer();
    for (const leash of this.#watched) leash.stop(reason);
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
      leash.timeOut(timeoutError(this.#timeoutMs));
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
  readonly attempt: number;
  readonly delivery: ReadableDelivery;
  readonly logger: Logger;
  /** A member of its own, so that a handler may take it apart from the context, or spread that. */
  readonly finish: FinishIn;

  constructor(
    leash: Leash,
    attempt: number,
    delivery: ReadableDelivery,
    logger: Logger,
    finish: FinishIn | undefined,
  ) {
    this.#leash = leash;
    this.attempt = attempt;
    this.delivery = delivery;
    this.logger = logger;
    this.finish = finish ?? withoutMark;
  }

  /** Of the class: as the object's own, a getter would cost as much as the event's whole way. */
  get signal(): AbortSignal {
    return this.#leash.signal;
  }
}

async function withoutMark(): Promise<boolean> {
  const rule = "context.finish() needs the option `dedupe`, and an event with an id of its own";
  throw new AckloopError("config", rule);
}
