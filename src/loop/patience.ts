import type { HandlerScope, Leash } from "./engine/scope.ts";

/**
 * How long the stores of one delivery are waited for. The time in which its handler works does not
 * count, and the waiting begins anew behind it: what a slow handler did must be remembered too.
 *
 * Signal and timer are made only when somebody waits: most deliveries are done before.
 */
export class Patience implements Pick<HandlerScope, "open" | "close"> {
  readonly #limitMs: number;
  readonly #scope: HandlerScope;
  /** By `performance.now`. */
  #endsAt = Number.POSITIVE_INFINITY;
  #controller: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param scope Where the handler is opened and closed. */
  constructor(limitMs: number, scope: HandlerScope) {
    this.#limitMs = limitMs;
    this.#scope = scope;
    this.#begin();
  }

  /** Fires when it is over. */
  get over(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      this.#watch();
    }
    return this.#controller.signal;
  }

  /** Whether it is over. */
  get isOver(): boolean {
    return this.#controller?.signal.aborted || performance.now() >= this.#endsAt;
  }

  /** Stops counting. */
  rest(): void {
    this.#endsAt = Number.POSITIVE_INFINITY;
    clearTimeout(this.#timer);
  }

  /** The handler begins: it is not counted. */
  open(onTimeout?: () => void): Leash {
    this.rest();
    return this.#scope.open(onTimeout);
  }

  /** The handler has returned. */
  close(leash: Leash): void {
    this.#scope.close(leash);
    this.#begin();
  }

  #begin(): void {
    this.#endsAt = performance.now() + this.#limitMs;
    if (this.#controller) this.#watch();
  }

  #watch(): void {
    if (this.#endsAt === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.max(0, this.#endsAt - performance.now());
    this.#timer = setTimeout(() => this.#controller?.abort(), delayMs);
  }
}
