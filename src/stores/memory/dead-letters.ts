import type { DeadLetterStore, StoreKey } from "../../core/stores.ts";
import { toJson } from "../check.ts";
import { keyOf } from "../key.ts";
import { letterFromJson, placeOf } from "../letter.ts";

interface Letter {
  readonly place: number;
  readonly text: string;
}

/** The dead-letter store in memory: for each feed, its letters in the order of the first put. */
export function memoryDeadLetters(): DeadLetterStore {
  const shelves = new Map<string, Map<string, Letter>>();
  let last = 0;
  const shelfOf = ({ consumer, feed }: StoreKey): Map<string, Letter> => {
    const key = keyOf(consumer, feed);
    const shelf = shelves.get(key) ?? new Map<string, Letter>();
    shelves.set(key, shelf);
    return shelf;
  };
  const toLetter = (key: string, { text, place }: Letter) => letterFromJson(text, key, `${place}`);
  return {
    async put(letter) {
      const { consumer, feed, identity } = letter;
      const text = toJson("put", "letter", letter);
      const key = keyOf(consumer, feed, identity);
      const shelf = shelfOf(letter);
      last += 1;
      shelf.set(key, { place: shelf.get(key)?.place ?? last, text });
    },
    async list(key, { limit = 100, after } = {}) {
      const place = placeOf(after);
      const later = [...shelfOf(key)].filter(([, letter]) => letter.place > place);
      const page = later.slice(0, limit);
      const next = page.at(-1)?.[1].place;
      return {
        letters: page.map(([name, letter]) => toLetter(name, letter)),
        ...(later.length > limit && { next: String(next) }),
      };
    },
    async get(key) {
      const name = keyOf(key.consumer, key.feed, key.identity);
      const letter = shelfOf(key).get(name);
      return letter && toLetter(name, letter);
    },
    async remove(key) {
      shelfOf(key).delete(keyOf(key.consumer, key.feed, key.identity));
    },
  };
}
