import type { CursorStore, StoredCursor, StoreKey } from "../../core/stores.ts";
import { saved } from "../rules/cursors.ts";
import { type Backing, type Cell, type Codec, isCount, isRecord } from "./backing.ts";

/** The cursor store over any backing: one cell for each consumer and feed. */
export function cursorsOn(backing: Backing): CursorStore {
  const cellOf = (key: StoreKey): Cell<StoredCursor | undefined> =>
    backing.cell("cursors", [key.consumer, key.feed], cursorCodec);
  return {
    load: (key) => cellOf(key).read(),
    save: (key, value, revision) =>
      cellOf(key).update((current) => saved(current, value, revision)),
  };
}

const cursorCodec: Codec<StoredCursor | undefined> = {
  empty: () => undefined,
  encode: (state) => state,
  decode(json) {
    if (!isRecord(json)) return undefined;
    const { value, revision } = json;
    if (typeof value !== "string" || !isCount(revision)) return undefined;
    return { value, revision };
  },
};
