import type { CursorStore, StoredCursor } from "../../core/stores.ts";
import { keyOfPlace } from "../json.ts";
import { pageOfRows, placeOfKey, shownLast } from "../listing.ts";
import { rowsAfter } from "./rows.ts";

export function memoryCursors(): Required<CursorStore> {
  const rows = new Map<string, StoredCursor>();
  return {
    load: async (place) => rows.get(keyOfPlace(place)),
    async save(place, value, revision) {
      const current = rows.get(keyOfPlace(place));
      const next = { value, revision: revision + 1 };
      // One's own save, made before, whose answer was lost, is one more success.
      const isRepeat = current?.revision === next.revision && current.value === value;
      if ((current?.revision ?? 0) !== revision && !isRepeat) {
        return { status: "conflict", current };
      }
      rows.set(keyOfPlace(place), next);
      return { status: "saved", revision: next.revision };
    },
    async list({ limit = 100, after } = {}) {
      const found = rowsAfter(rows, shownLast("list", after), limit + 1);
      return pageOfRows(found, limit, keyOfRow, ([key, cursor]) => {
        const place = placeOfKey(key);
        return place && { ...place, ...cursor };
      });
    },
  };
}

const keyOfRow = ([key]: readonly [string, unknown]): string => key;
