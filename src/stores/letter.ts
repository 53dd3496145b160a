import type { DeadLetter } from "../core/stores.ts";
import { configError, isLetter, parsed } from "./check.ts";

/** Reads the `after` of a query for dead letters: the place of the last letter seen, 0 for none. */
export function placeOf(after: string | undefined): number {
  if (after === undefined) return 0;
  if (!/^\d{1,15}$/.test(after)) {
    throw configError("list", "`after` must be the `next` of an earlier page");
  }
  return Number(after);
}

/**
 * Reads a stored letter. One that is damaged is told as a letter by its place, so that it hides no other
 * and can be removed.
 *
 * @param key Consumer, feed and identity, as `keyOf` wrote them.
 */
export function letterFromJson(text: string, key: string, place: string): DeadLetter {
  const letter = parsed(text);
  if (isLetter(letter)) return letter;
  const parts = parsed(key);
  const [consumer = "", feed = "", identity = ""] = Array.isArray(parts) ? parts.map(String) : [];
  return {
    consumer,
    feed,
    identity,
    raw: null,
    reason: `the row at place ${place} is damaged; restore it from a backup, or remove the letter`,
    code: "schema",
    attempts: 0,
    failedAt: "1970-01-01T00:00:00.000Z",
  };
}
