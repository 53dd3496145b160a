import { LateController, onAbort, reasonOf } from "./abort.ts";
import { AckloopError, isAckloopError } from "./errors.ts";
import { inWords } from "./words.ts";

/** A longer timer than this would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What a call to somebody else came to. It is the only thing that such a call ever gives. */
export type Answer<Value> =
  | { readonly kind: "answered"; readonly value: Value }
  /** It threw, rejected, or gave no answer in time. `thrown` is what was thrown, for people. */
  | { readonly kind: "failed"; readonly error: AckloopError; readonly thrown?: unknown }
  /** The caller's signal fired first; what became of the call is not known. */
  | { readonly kind: "cut" };

/** How a call to somebody else is made. */
export interface Asking<Value> {
  /** What is asked, for the message of a failure, such as `"pull"`. */
  readonly what: string;
  /** Whom, such as the feed's name. */
  readonly whom?: string | undefined;
  /** How long the answer may take, in ms. */
  readonly limitMs: number;
  /** Cuts the call. */
  readonly signal?: AbortSignal | undefined;
  /** The controller of the call's own signal, where the caller wants to cut this one call by it. */
  readonly own?: AbortController | undefined;
  /** Gets an answer that came after its time was over, or after the signal. */
  readonly onLate?: ((late: Answer<Value>) => void) | undefined;
}

/**
 * Calls a feed, a store or a user's function that answers later, and gives what it came to.
 *
 * It never rejects and never takes longer than its limit. The call gets a signal of its own, which
 * fires at the limit and when the caller's does.
 */
export function ask<Value>(
  asking: Asking<Value>,
  call: (signal: AbortSignal) => PromiseLike<Value> | Value,
): Promise<Answer<Value>> {
  const own = asking.own ?? new AbortController();
  return answerTo(asking, own, () => call(own.signal));
}

/** The same, for a call that seldom needs its signal: it is made where the call reads it. */
export function askLate<Value>(
  asking: Omit<Asking<Value>, "own">,
  call: (own: LateController) => PromiseLike<Value> | Value,
): Promise<Answer<Value>> {
  const own = new LateController();
  return answerTo(asking, own, () => call(own));
}

function answerTo<Value>(
  asking: Asking<Value>,
  own: AbortController,
  call: () => PromiseLike<Value> | Value,
): Promise<Answer<Value>> {
  return new Promise((resolve) => {
    const { signal, limitMs } = asking;
    if (signal?.aborted || asking.own?.signal.aborted) {
      resolve(CUT);
      return;
    }
    let isOver = false;
    const end = (answer: Answer<Value>): void => {
      if (isOver) {
        if (asking.onLate) asking.onLate(answer);
        return;
      }
      isOver = true;
      clearTimeout(timer);
      forget();
      forgetOwn();
      resolve(answer);
    };
    const cut = (answer: Answer<Value>, reason: unknown): void => {
      end(answer);
      own.abort(reason);
    };
    const forget = onAbort(signal, () => cut(CUT, reasonOf(signal)));
    const forgetOwn = onAbort(asking.own?.signal, () => end(CUT));
    const timer = setTimeout(
      () => {
        const error = noAnswer(asking);
        cut({ kind: "failed", error }, error);
      },
      Math.min(limitMs, LONGEST_TIMER_MS),
    );
    settle(
      call,
      (value) => end({ kind: "answered", value }),
      (thrown) => end({ kind: "failed", error: toFailure(thrown, asking), thrown }),
    );
  });
}

/** A value now, or later. */
export type MaybePromise<Value> = Value | Promise<Value>;

const CUT = Object.freeze({ kind: "cut" as const });

function noAnswer({ what, whom, limitMs }: Asking<never>): AckloopError {
  const facts = { provider: whom, operation: what, retryable: true, outcomeUnknown: true };
  return new AckloopError("timeout", `no answer within ${inWords(limitMs)}`, facts);
}

/**
 * Calls a user's function that may answer at once or later, for as long as it likes, and says what it
 * came to: exactly one of the two callbacks is called, once; at once where the function answered so.
 */
export function settle<Value>(
  call: () => PromiseLike<Value> | Value,
  onValue: (value: Value) => void,
  onThrown: (thrown: unknown) => void,
): void {
  let value: PromiseLike<Value> | Value;
  try {
    value = call();
    if (isThenable(value)) {
      toOwnPromise(value).then(onValue, onThrown);
      return;
    }
  } catch (thrown) {
    onThrown(thrown);
    return;
  }
  onValue(value as Value);
}

/** An own promise around a foreign one, whose `then` may call back twice, or both ways, or throw. */
export function toOwnPromise<Value>(value: PromiseLike<Value>): Promise<Value> {
  // Not by `instanceof`, nor by `Promise.resolve`: a subclass or the promise itself may have a `then` of its own.
  const isOwn = Object.getPrototypeOf(value) === Promise.prototype && !Object.hasOwn(value, "then");
  return isOwn ? (value as Promise<Value>) : new Promise((resolve) => resolve(value));
}

/**
 * Calls a user's function that is to answer at once, such as a logger or a listener, and lets nothing
 * that it throws or rejects with get any further than `onThrown`.
 */
export function notify(call: () => unknown, onThrown: (thrown: unknown) => void = () => {}): void {
  try {
    const value = call();
    if (isThenable(value)) toOwnPromise(value).then(undefined, onThrown);
  } catch (thrown) {
    onThrown(thrown);
  }
}

/** Whether something can be waited for, whichever realm or library made it. May throw what a getter throws. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === "object" && value !== null) || typeof value === "function") &&
    typeof (value as { readonly then?: unknown }).then === "function"
  );
}

/**
 * The error for whatever was thrown: one of ours as it is; anything else as a failure that may pass,
 * since nothing says that it will not.
 */
export function toFailure(
  thrown: unknown,
  { what, whom }: { readonly what: string; readonly whom?: string | undefined },
): AckloopError {
  if (isAckloopError(thrown)) return thrown;
  const facts = { provider: whom, operation: what, retryable: true, outcomeUnknown: true };
  return new AckloopError("transport", describeThrown(thrown), { ...facts, cause: thrown });
}

/** The longest text of a failure that is kept, in characters. */
const LONGEST_TEXT = 500;

/** A short text for whatever was thrown, odd values and hostile objects included. It never throws. */
export function describeThrown(thrown: unknown): string {
  try {
    return textOf(thrown).slice(0, LONGEST_TEXT);
  } catch {
    return "something that cannot be read was thrown";
  }
}

function textOf(thrown: unknown): string {
  if (thrown === undefined) return "nothing was thrown (undefined)";
  if (typeof thrown === "function") return `a function was thrown (${thrown.name || "nameless"})`;
  if (typeof thrown !== "object" || thrown === null) return String(thrown);
  const { name, code, message } = thrown as Record<string, unknown>;
  if (typeof message === "string") {
    const kind = [name, code].find((text) => typeof text === "string" && text !== "");
    return kind === undefined ? message : `${String(kind)}: ${message}`;
  }
  if (typeof code === "string" || typeof code === "number") return `an object with code ${code}`;
  const members = Object.keys(thrown).slice(0, 5).join(", ");
  return members ? `an object with ${members}` : "an object without a message";
}
