import type { DeadLetterStore, EventKey, LetterPlace, Skip } from "../../core/stores.ts";
import { keyOfEvent, keyOfPlace, toJson } from "../json.ts";
import { pageOf, pageOfSkips, placeOf, readLetter } from "../letter.ts";
import { countedAtMost, pageOfRows, placeOfKey, shownLast } from "../listing.ts";
import { rowsAfter } from "./rows.ts";

type LetterRow = {
  readonly scope: string;
  readonly place: number;
  readonly name: string;
  readonly letter: string;
};

/** The dead-letter store in memory: a letter keeps its place when it is replaced, here and in the map. */
export function memoryDeadLetters(): Required<DeadLetterStore> {
  const rows = new Map<string, LetterRow>();
  const skips = new Map<string, LetterRow>();
  let last = 0;
  const put = (into: Map<string, LetterRow>, key: EventKey, letter: string): void => {
    const [scope, name] = [keyOfPlace(key), keyOfEvent(key)];
    last += 1;
    into.set(name, { scope, place: into.get(name)?.place ?? last, name, letter });
  };
  return {
    put: async (letter) => put(rows, letter, toJson("put", "letter", letter)),
    async list(key, { limit = 100, after } = {}) {
      const found = rowsOf(rows, keyOfPlace(key), placeOf("list", after), limit + 1);
      return pageOf(found, limit);
    },
    async get(key) {
      const row = rows.get(keyOfEvent(key));
      return row && readLetter(row);
    },
    async remove(key) {
      rows.delete(keyOfEvent(key));
    },
    async places({ limit = 100, after } = {}) {
      const scopes = new Map([...rows.values(), ...skips.values()].map(({ scope }) => [scope, {}]));
      const found = rowsAfter(scopes, shownLast("places", after), limit + 1);
      return pageOfRows(
        found,
        limit,
        ([scope]) => scope,
        ([scope]) => summed(scope, rowsOf(rows, scope), rowsOf(skips, scope)),
      );
    },
    async skip({ consumer, feed, identity }) {
      const skip: Skip = { consumer, feed, identity, at: new Date().toISOString() };
      if (!skips.has(keyOfEvent(skip))) put(skips, skip, JSON.stringify(skip));
    },
    async skips(key, { limit = 100, after } = {}) {
      const found = rowsOf(skips, keyOfPlace(key), placeOf("skips", after), limit + 1);
      return pageOfSkips(found, limit);
    },
    async unskip(key) {
      skips.delete(keyOfEvent(key));
    },
  };
}

function rowsOf(
  rows: Map<string, LetterRow>,
  scope: string,
  behind = 0,
  most = Number.POSITIVE_INFINITY,
): readonly LetterRow[] {
  const found: LetterRow[] = [];
  for (const row of rows.values()) {
    if (found.length >= most) break;
    if (row.place > behind && row.scope === scope) found.push(row);
  }
  return found;
}

function summed(
  scope: string,
  letters: readonly LetterRow[],
  skips: readonly LetterRow[],
): LetterPlace | undefined {
  const place = placeOfKey(scope);
  const [first] = letters;
  return (
    place && {
      ...place,
      letters: Math.min(letters.length, countedAtMost),
      ...(first && { oldestAt: readLetter(first).failedAt }),
      skips: Math.min(skips.length, countedAtMost),
    }
  );
}
