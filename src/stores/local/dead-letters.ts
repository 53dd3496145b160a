import { AckloopError, isAckloopError } from "../../core/errors.ts";
import type { DeadLetter, DeadLetterPage, DeadLetterStore, StoreKey } from "../../core/stores.ts";
import { isLetter, toJson } from "../check.ts";
import { placeOf } from "../place.ts";
import {
  type Backing,
  type Cell,
  type Codec,
  isCount,
  isPayloadName,
  isRecord,
  type Payloads,
} from "./backing.ts";

/** Where a letter stands in the order, and under which name its text is written. */
interface Place {
  readonly place: number;
  readonly payload: string;
}

interface Index {
  /** The place of the letter put last. */
  last: number;
  /** By identity, in the order of the first put. */
  readonly letters: Map<string, Place>;
}

interface Shelf {
  readonly index: Cell<Index>;
  readonly payloads: Payloads;
}

const mostTries = 20;

/** The dead-letter store over any backing: an index for each feed, and a text for each letter. */
export function deadLettersOn(backing: Backing): DeadLetterStore {
  const shelfOf = ({ consumer, feed }: StoreKey): Shelf => ({
    index: backing.cell("dead-letters", [consumer, feed], indexCodec),
    payloads: backing.payloads("dead-letters", [consumer, feed]),
  });
  return {
    async put(letter) {
      await put(shelfOf(letter), letter.identity, toJson("put", "letter", letter));
    },
    async list(key, query) {
      return await list(shelfOf(key), placeOf(query?.after), query?.limit ?? 100);
    },
    get: (key) => get(shelfOf(key), key.identity),
    remove: (key) => remove(shelfOf(key), key.identity),
  };
}

async function put({ index, payloads }: Shelf, id: string, text: string): Promise<void> {
  const payload = crypto.randomUUID();
  await payloads.write(payload, text);
  let replaced: Place | undefined;
  try {
    replaced = await index.update((state) => {
      const old = state.letters.get(id);
      const place = old?.place ?? state.last + 1;
      state.last = Math.max(state.last, place);
      state.letters.set(id, { place, payload });
      return { result: old, next: state };
    });
  } catch (error) {
    // With an unknown outcome the index may name the text already.
    if (isAckloopError(error) && !error.outcomeUnknown) await payloads.remove(payload);
    throw error;
  }
  if (replaced) await payloads.remove(replaced.payload);
}

async function list(shelf: Shelf, after: number, limit: number): Promise<DeadLetterPage> {
  const { letters } = await shelf.index.read();
  const later = [...letters].filter(([, { place }]) => place > after);
  const page = later.slice(0, limit);
  const found = await Promise.all(
    page.map(async ([id, { payload }]) => {
      const text = await shelf.payloads.read(payload);
      // Replaced since the index was read, or taken off: then it is left out.
      return text === undefined ? await get(shelf, id) : parsed(text, id, payload);
    }),
  );
  const last = page.at(-1)?.[1].place;
  return {
    letters: found.filter((letter) => letter !== undefined),
    ...(later.length > limit && { next: String(last) }),
  };
}

async function get(shelf: Shelf, id: string): Promise<DeadLetter | undefined> {
  let missing: string | undefined;
  for (let tries = 0; tries < mostTries; tries += 1) {
    const place = (await shelf.index.read()).letters.get(id);
    if (!place) return undefined;
    const text = await shelf.payloads.read(place.payload);
    if (text !== undefined) return parsed(text, id, place.payload);
    // The same name twice: it was not replaced meanwhile, it is lost.
    if (missing === place.payload) break;
    missing = place.payload;
  }
  throw damaged(id, `${missing}.json`, "is missing");
}

async function remove({ index, payloads }: Shelf, id: string): Promise<void> {
  const place = await index.update((state) => {
    const old = state.letters.get(id);
    if (!old) return { result: undefined };
    state.letters.delete(id);
    return { result: old, next: state };
  });
  if (place) await payloads.remove(place.payload);
}

function parsed(text: string, id: string, payload: string): DeadLetter {
  try {
    const letter: unknown = JSON.parse(text);
    if (isLetter(letter)) return letter;
  } catch {
    // Said below, as of JSON of another shape.
  }
  throw damaged(id, `${payload}.json`, "is not readable");
}

function damaged(id: string, file: string, what: string): AckloopError {
  const named = JSON.stringify(id.slice(0, 100));
  return new AckloopError(
    "schema",
    `the file ${file} of the dead letter ${named} ${what}; restore it from a backup, or remove the letter`,
    { provider: "stores", operation: "get" },
  );
}

const indexCodec: Codec<Index> = {
  empty: () => ({ last: 0, letters: new Map() }),
  encode: ({ last, letters }) => ({
    last,
    letters: [...letters].map(([id, { place, payload }]) => [id, place, payload]),
  }),
  decode(json) {
    if (!isRecord(json) || !isCount(json["last"]) || !Array.isArray(json["letters"])) {
      return undefined;
    }
    const letters = new Map<string, Place>();
    for (const row of json["letters"]) {
      const [id, place, payload] = Array.isArray(row) ? row : [];
      if (typeof id !== "string" || !isCount(place) || !isPayloadName(payload)) return undefined;
      letters.set(id, { place, payload });
    }
    return { last: json["last"], letters };
  },
};
