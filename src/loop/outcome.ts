import { checkOptions, milliseconds } from "../core/options.ts";

declare const outcomeBrand: unique symbol;

/** What a handler says of an event: made by `done`, `retry`, `deadLetter` or `drop`, by nothing else. */
export interface Outcome {
  readonly [outcomeBrand]: "outcome";
}

/** The closed set of outcomes, as the loop reads them. */
export type Decision =
  | { readonly kind: "done" }
  | { readonly kind: "retry"; readonly afterMs?: number | undefined }
  | { readonly kind: "deadLetter"; readonly reason: string }
  | { readonly kind: "drop"; readonly reason: string };

/** Marks our own objects, whichever copy of the package made them. */
const mark: unique symbol = Symbol.for("ackloop.outcome");

function toOutcome(decision: Decision): Outcome {
  const branded: unknown = Object.freeze({ ...decision, [mark]: true });
  return branded as Outcome;
}

const theDone = toOutcome({ kind: "done" });

/** However long it is, the wait is capped: a far one is no mistake. */
const retryTable = { afterMs: milliseconds(0, Number.POSITIVE_INFINITY) };

/**
 * The event is finished with, even if the handler's signal has fired meanwhile.
 *
 * @example
 * ```ts
 * import { consume, done } from "ackloop";
 *
 * consume(feed, async (event) => {
 *   await save(event.data.code);
 *   return done(); // the same as to return nothing
 * });
 * ```
 */
export function done(): Outcome {
  return theDone;
}

/**
 * The event should be tried again in place.
 *
 * It counts as a failed attempt. `afterMs` is the wait in ms, capped by the option
 * `retry.maxDelayMs`. @default the backoff's own delay
 *
 * @throws {AckloopError} `config` when `afterMs` is no number from 0.
 * @example
 * ```ts
 * import { consume, retry } from "ackloop";
 *
 * consume(feed, async ({ data }) => {
 *   if (!(await isInStock(data.code))) return retry({ afterMs: 30_000 });
 * });
 * ```
 */
export function retry(options: { readonly afterMs?: number | undefined } = {}): Outcome {
  const { afterMs } = checkOptions("retry", options, retryTable);
  return toOutcome({ kind: "retry", afterMs });
}

/**
 * The event goes to the dead-letter store at once; without a store the run halts.
 *
 * @example
 * ```ts
 * import { consume, deadLetter } from "ackloop";
 *
 * consume(feed, async ({ data }) => {
 *   if (data.code === "") return deadLetter("an order without a code");
 * }, { deadLetters: stores.deadLetters });
 * ```
 */
export function deadLetter(reason: string): Outcome {
  return toOutcome({ kind: "deadLetter", reason: String(reason) });
}

/**
 * The event is acknowledged unhandled and counted as dropped.
 *
 * @example
 * ```ts
 * import { consume, drop } from "ackloop";
 *
 * consume(feed, async ({ data }) => {
 *   if (data.code.startsWith("TEST-")) return drop("a test order");
 * });
 * ```
 */
export function drop(reason: string): Outcome {
  return toOutcome({ kind: "drop", reason: String(reason) });
}

/**
 * Reads what a handler returned: an outcome, or `undefined` for anything else, which counts as a bare
 * return, as in a promise: a saved row, whatever a function that is typed `(event) => void` gives.
 */
export function toDecision(returned: unknown): Decision | undefined {
  if (typeof returned !== "object" || returned === null) return undefined;
  try {
    return mark in returned ? (returned as unknown as Decision) : undefined;
  } catch {
    // A revoked proxy: whatever it is, it is no outcome.
    return undefined;
  }
}
