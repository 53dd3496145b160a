import type { DeadLetterStore } from "../../core/stores.ts";
import { keyOfEvent, keyOfPlace, toJson } from "../json.ts";
import { pageOf, placeOf, readLetter } from "../letter.ts";

/** The dead-letter store in memory: a letter keeps its place when it is replaced, here and in the map. */
export function memoryDeadLetters(): DeadLetterStore {
  const rows = new Map<string, { scope: string; place: number; name: string; letter: string }>();
  let last = 0;
  return {
    async put(letter) {
      const text = toJson("put", "letter", letter);
      const [scope, name] = [keyOfPlace(letter), keyOfEvent(letter)];
      last += 1;
      rows.set(name, { scope, place: rows.get(name)?.place ?? last, name, letter: text });
    },
    async list(key, { limit = 100, after } = {}) {
      const [scope, seen] = [keyOfPlace(key), placeOf(after)];
      const later = [...rows.values()].filter((row) => row.scope === scope && row.place > seen);
      return pageOf(later.slice(0, limit + 1), limit);
    },
    async get(key) {
      const row = rows.get(keyOfEvent(key));
      return row && readLetter(row);
    },
    async remove(key) {
      rows.delete(keyOfEvent(key));
    },
  };
}
