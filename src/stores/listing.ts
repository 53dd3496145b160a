import type { Listing, StoreKey } from "../core/stores.ts";
import { storeError } from "./error.ts";
import { parsed } from "./json.ts";

/** How many of a place are counted at the most: a number beyond says no more, and costs time. */
export const countedAtMost = 100_000;

/** Reads the `after` of a query: what was shown last, as {@link pageOfRows} has given it. */
export function shownLast(operation: string, after: string | undefined): string {
  if (after === undefined) return "";
  if (/^(\[.*\]|[0-9a-f]{64})$/s.test(after) && !after.includes("\0")) return after;
  throw storeError("config", operation, "`after` must be the `next` of an earlier page");
}

/**
 * Makes a page of rows of which one more than the limit was looked for.
 *
 * @param keyOfRow What the store has the row under, by which the rows are in order.
 * @param toItem Makes an item of a row; `undefined` where its names cannot be read, `null` where it was taken
 * off meanwhile.
 */
export function pageOfRows<Row, Item>(
  found: readonly Row[],
  limit: number,
  keyOfRow: (row: Row) => string,
  toItem: (row: Row) => Item | null | undefined,
): Listing<Item> {
  const page = found.slice(0, limit);
  const made = page.map(toItem);
  const unnamed = made.filter((item) => item === undefined).length;
  const last = page.at(-1);
  return {
    items: made.filter((item) => item !== undefined && item !== null),
    ...(found.length > limit && last !== undefined && { next: keyOfRow(last) }),
    ...(unnamed > 0 && { unnamed }),
  };
}

/** Reads the names of a key; `undefined` where a digest stands for them, or something else. */
export function namesOf(key: unknown, count: number): readonly string[] | undefined {
  const names = parsed(key);
  if (!Array.isArray(names) || names.length !== count) return undefined;
  return names.every((name) => typeof name === "string") ? names : undefined;
}

/** Reads whose a key is; `undefined` where that cannot be read. */
export function placeOfKey(key: unknown): StoreKey | undefined {
  const [consumer, feed] = namesOf(key, 2) ?? [];
  return consumer === undefined || feed === undefined ? undefined : { consumer, feed };
}
