import type { DeadLetter, DeadLetterPage, EventKey, Listing, Skip } from "../core/stores.ts";
import { isLetter, isText } from "./check.ts";
import { storeError } from "./error.ts";
import { parsed } from "./json.ts";

/**
 * A row as it was found: its `place` in the order of the first put; its `name`, which is consumer, feed and
 * identity as `keyOf` wrote them; and the `letter` as JSON.
 */
type LetterRow = Readonly<Record<string, unknown>>;

/** Reads the `after` of a query for what has a place: that of the last one seen, 0 for none. */
export function placeOf(operation: string, after = "0"): number {
  if (/^\d{1,15}$/.test(after)) return Number(after);
  throw storeError("config", operation, "`after` must be the `next` of an earlier page");
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
  return {
    ...keyOfName(name),
    raw: null,
    reason: `the row at place ${place} is damaged; restore it from a backup, or remove the letter`,
    code: "schema",
    attempts: 0,
    failedAt: "1970-01-01T00:00:00.000Z",
  };
}

/** Makes a page of skips of which one more than the limit was looked for. */
export function pageOfSkips(found: readonly LetterRow[], limit: number): Listing<Skip> {
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const items = page.map(readSkip);
  return found.length > limit && last ? { items, next: `${last["place"]}` } : { items };
}

/** Reads a stored skip. Its name says all but the time, so that one that is damaged counts too. */
function readSkip({ name, letter }: LetterRow): Skip {
  const { at } = Object(parsed(letter)) as Partial<Skip>;
  return { ...keyOfName(name), at: isText(at) ? at : "1970-01-01T00:00:00.000Z" };
}

/** Reads the key that `keyOfEvent` wrote. */
export function keyOfName(name: unknown): EventKey {
  const parts = parsed(name);
  const [consumer = "", feed = "", identity = ""] = Array.isArray(parts) ? parts.map(String) : [];
  return { consumer, feed, identity };
}
