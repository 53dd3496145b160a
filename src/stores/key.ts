import type { EventKey, StoreKey } from "../core/stores.ts";

/**
 * One key made of several texts, without a clash: a list as JSON.
 *
 * JSON keeps the parts apart, and writes NUL and lone surrogates as escapes, which a database's text
 * cannot hold.
 */
export function keyOf(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}

/** The key of a reader's place. */
export function keyOfPlace({ consumer, feed }: StoreKey): string {
  return keyOf(consumer, feed);
}

/** The key of an event, for one reader. */
export function keyOfEvent({ consumer, feed, identity }: EventKey): string {
  return keyOf(consumer, feed, identity);
}
