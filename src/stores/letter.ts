import type { DeadLetter, DeadLetterPage } from "../core/stores.ts";
import { isLetter } from "./check.ts";
import { storeError } from "./error.ts";
import { parsed } from "./json.ts";

/**
 * A row as it was found: its `place` in the order of the first put; its `name`, which is consumer, feed and
 * identity as `keyOf` wrote them; and the `letter` as JSON.
 */
type LetterRow = Readonly<Record<string, unknown>>;

/** Reads the `after` of a query for dead letters: the place of the last letter seen, 0 for none. */
export function placeOf(after = "0"): number {
  if (/^\d{1,15}$/.test(after)) return Number(after);
  throw storeError("config", "list", "`after` must be the `next` of an earlier page");
}

/** Makes a page of letters of which one more than the limit was looked for. */
export function pageOf(found: readonly LetterRow[], limit: number): DeadLetterPage {
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const letters = page.map(readLetter);
  return found.length > limit && last ? { letters, next: `${last.place}` } : { letters };
}

/**
 * Reads a stored letter. One that is damaged is told as a letter by its place, so that it hides no other
 * and can be removed.
 */
export function readLetter({ place, name, letter: text }: LetterRow): DeadLetter {
  const letter = parsed(text);
  if (isLetter(letter)) return letter;
  const parts = parsed(name);
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
