import { AckloopError } from "./errors.ts";
import { signal as signalRule } from "./options.ts";

/** Why a signal has fired. Those of libraries may say nothing, and a rejection must say what it is. */
export function reasonOf(signal: AbortSignal | undefined): unknown {
  const reason: unknown = signal?.reason;
  return reason === undefined
    ? new DOMException("This operation was aborted", "AbortError")
    : reason;
}

/**
 * Throws the signal's reason where it has fired already. Not every library's signal can do so itself.
 *
 * @throws {AckloopError} `config` for what is no signal.
 */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  if (signalRule.test(signal) !== true) {
    throw new AckloopError("config", `signal must be ${signalRule.must}`);
  }
  if (signal.aborted) throw reasonOf(signal);
}

/** What ends a piece of work, however it is told. */
export interface Cut {
  /** Throws the reason where it has come already. */
  throwIfAborted(): void;
  /** Calls back once when it comes, until the returned function is called. */
  onAbort(callback: () => void): () => void;
}

/**
 * A controller of one call, whose signal is made only when somebody asks for it: with a listener, a signal
 * costs about what it costs to read a request.
 */
export class LateController implements AbortController, Cut {
  #controller: AbortController | undefined;
  #aborted: { readonly reason: unknown } | undefined;
  readonly #callbacks = new Set<() => void>();

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  abort(reason?: unknown): void {
    if (this.#aborted) return;
    this.#aborted = { reason };
    this.#controller?.abort(reason);
    for (const callback of this.#callbacks) callback();
  }

  throwIfAborted(): void {
    if (this.#aborted) throw this.#aborted.reason ?? reasonOf(this.signal);
  }

  onAbort(callback: () => void): () => void {
    this.#callbacks.add(callback);
    return () => this.#callbacks.delete(callback);
  }
}

/**
 * The one property of all such options, since with a getter of its own each object would be a kind of its own to
 * the engine, which holds on to such kinds for long. It is the object's own, so that who spreads the options hands it on.
 */
const lateSignal = {
  enumerable: true,
  get(this: object) {
    return LateOptions.controllerOf(this)?.signal;
  },
};

/** Options whose signal is made when it is read. */
class LateOptions {
  readonly #controller: LateController;

  constructor(options: object, controller: LateController) {
    this.#controller = controller;
    Object.assign(this, options);
    Object.defineProperty(this, "signal", lateSignal);
  }

  static controllerOf(options: object): LateController | undefined {
    return #controller in options ? options.#controller : undefined;
  }
}

/** Gives the options a `signal` that is made when it is read. {@link cutOf} does not read it. */
export function withLateSignal<Options extends object>(
  options: Options,
  controller: LateController,
): Options & { readonly signal: AbortSignal } {
  const told: object = new LateOptions(options, controller);
  return told as Options & { readonly signal: AbortSignal };
}

/** What ends the work with these options: their signal, if any. */
export function cutOf(options: { readonly signal?: AbortSignal | undefined }): Cut {
  const known = LateOptions.controllerOf(options);
  if (known) return known;
  const { signal } = options;
  return {
    throwIfAborted: () => throwIfAborted(signal),
    onAbort: (callback) => onAbort(signal, callback),
  };
}

/** The callbacks that wait for a signal; with it goes the one listener that serves them all. */
interface Fan {
  readonly callbacks: Set<() => void>;
  readonly listener: () => void;
}

/** Signals that somebody waits for. A signal that nobody holds any more takes its entry along. */
const fans = new WeakMap<AbortSignal, Fan>();

/**
 * Calls back once when the signal fires, until the returned function is called.
 *
 * However many wait for one signal, it has one listener, and none when nobody waits: dozens of calls
 * under way would else set off Node's warning of a leak, and taking a listener off costs the more the
 * more there are. A signal that has fired already does not call back: ask `signal.aborted` first.
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) return () => {};
  const fan = fans.get(signal) ?? spread(signal);
  const { callbacks, listener } = fan;
  // A function of its own for each wait, so that one callback may wait twice.
  const call = (): void => callback();
  callbacks.add(call);
  return () => {
    if (!callbacks.delete(call) || callbacks.size > 0) return;
    signal.removeEventListener("abort", listener);
    fans.delete(signal);
  };
}

function spread(signal: AbortSignal): Fan {
  const callbacks = new Set<() => void>();
  const listener = (): void => {
    fans.delete(signal);
    // Not over a copy: who is made to forget by an earlier callback is not called any more.
    for (const callback of callbacks) callback();
    callbacks.clear();
  };
  const fan = { callbacks, listener };
  signal.addEventListener("abort", listener, { once: true });
  fans.set(signal, fan);
  return fan;
}

/**
 * Runs work that cannot be cut, and lets its caller go when the signal fires.
 *
 * An abort rejects with the signal's reason; before the start, nothing is begun. After it, the work
 * ends by itself and its outcome is unknown to the caller, as with a request whose answer is lost.
 */
export function abortable<Result>(
  { signal }: { readonly signal?: AbortSignal | undefined },
  work: () => Promise<Result>,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    throwIfAborted(signal);
    const forget = onAbort(signal, () => reject(reasonOf(signal)));
    work().finally(forget).then(resolve, reject);
  });
}
