import type { Change, Span } from "../rules/change.ts";

/**
 * A state that is changed by one function at a time, in this process and in others.
 *
 * This is all that the memory and the file stores ask of the place they write to.
 */
export interface Cell<State> {
  /** Gives the state as it is; not to be changed. */
  read(): Promise<State>;
  /**
   * Changes the state as one step: nothing happens between what `change` is given and what it
   * returns. `change` may be called again with a newer state; it throws before it changes anything.
   */
  update<Result>(change: (state: State) => Change<State, Result>): Promise<Result>;
}

/** How a cell's state is made, and how it is written as JSON. */
export interface Codec<State> {
  /** The state of a cell that was never written. */
  empty(): State;
  /** The state as a JSON value. */
  encode(state: State): unknown;
  /** The state from a JSON value; `undefined` when it is none. */
  decode(json: unknown): State | undefined;
}

/** Texts beside a cell that are too large to be in it, by a name that is never used twice. */
export interface Payloads {
  /** Writes a text durably. */
  write(name: string, text: string): Promise<void>;
  /** Gives a text, or `undefined`. */
  read(name: string): Promise<string | undefined>;
  /** Takes a text off. One that is not there is success. */
  remove(name: string): Promise<void>;
}

/** Where the memory or the file stores write to. */
export interface Backing {
  /** The clock of the store, in ms. */
  now(): number;
  /** Gives the cell of a kind of store and a key. */
  cell<State>(kind: string, key: readonly string[], codec: Codec<State>): Cell<State>;
  /** Gives the texts beside it. */
  payloads(kind: string, key: readonly string[]): Payloads;
}

/** Tells whether a JSON value is an object. */
export function isRecord(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

/** Tells whether a JSON value is a span: `1e999` is a number of JSON too, and no time. */
export function isSpan(json: unknown): json is Span {
  return isRecord(json) && Number.isFinite(json["from"]) && Number.isFinite(json["ms"]);
}

/** Tells whether a JSON value counts something. */
export function isCount(json: unknown): json is number {
  return Number.isSafeInteger(json) && Number(json) >= 0;
}

/** Tells whether a JSON value names a text as we name them: no other file may be read or removed. */
export function isPayloadName(json: unknown): json is string {
  return typeof json === "string" && /^[0-9a-f-]{36}$/.test(json);
}
