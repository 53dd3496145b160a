import type { CursorSave, CursorStore, StoredCursor, StoreKey } from "../../core/stores.ts";
import { type Backing, type Cell, type Change, type Codec, isCount, isRecord } from "./backing.ts";

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

function saved(
  current: StoredCursor | undefined,
  value: string,
  revision: number,
): Change<StoredCursor | undefined, CursorSave> {
  const next = { value, revision: revision + 1 };
  if ((current?.revision ?? 0) === revision) {
    return { result: { status: "saved", revision: next.revision }, next };
  }
  // One's own save, made before, whose answer was lost.
  if (current?.revision === next.revision && current.value === value) {
    return { result: { status: "saved", revision: next.revision } };
  }
  return { result: { status: "conflict", current } };
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
