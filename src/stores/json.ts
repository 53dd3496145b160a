import type { EventKey, StoreKey } from "../core/stores.ts";
import { storeError } from "./error.ts";

/** Writes a value as JSON, or says which argument cannot be. */
export function toJson(operation: string, argument: string, value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // The error of the engine would quote the payload's field names.
  }
  if (text !== undefined) return text;
  const wrong = `\`${argument}\` cannot be written as JSON (a BigInt or a cycle?)`;
  throw storeError("config", operation, wrong);
}

/** Reads JSON; `undefined` for what is none. */
export function parsed(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}

/**
 * One key made of several texts, without a clash: a list as JSON.
 *
 * JSON keeps the parts apart, and writes NUL and lone surrogates as escapes, which a database's text
 * cannot hold.
 */
export function keyOf(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}

export function keyOfPlace({ consumer, feed }: StoreKey): string {
  return keyOf(consumer, feed);
}

export function keyOfEvent({ consumer, feed, identity }: EventKey): string {
  return keyOf(consumer, feed, identity);
}
