import type { DeadLetterStore, StoreKey } from "../../core/stores.ts";
import { keyOfEvent, keyOfPlace, toJson } from "../json.ts";
import { pageOf, placeOf, readLetter, type StoredLetter } from "../letter.ts";

/** The dead-letter store in memory: for each feed, its letters in the order of the first put. */
export function memoryDeadLetters(): DeadLetterStore {
  const shelves = new Map<string, Map<string, StoredLetter>>();
  let last = 0;
  const shelfOf = (key: StoreKey): Map<string, StoredLetter> => {
    const shelf = shelves.get(keyOfPlace(key)) ?? new Map<string, StoredLetter>();
    shelves.set(keyOfPlace(key), shelf);
    return shelf;
  };
  return {
    async put(letter) {
      const text = toJson("put", "letter", letter);
      const name = keyOfEvent(letter);
      const shelf = shelfOf(letter);
      last += 1;
      shelf.set(name, { place: shelf.get(name)?.place ?? last, name, text });
    },
    async list(key, { limit = 100, after } = {}) {
      const seen = placeOf(after);
      const later = [...shelfOf(key).values()].filter(({ place }) => place > seen);
      return pageOf(later.slice(0, limit + 1), limit);
    },
    async get(key) {
      const letter = shelfOf(key).get(keyOfEvent(key));
      return letter && readLetter(letter);
    },
    async remove(key) {
      shelfOf(key).delete(keyOfEvent(key));
    },
  };
}
