import type { CursorStore, StoredCursor } from "../../core/stores.ts";
import { keyOf } from "../key.ts";

/** The cursor store in memory. */
export function memoryCursors(): CursorStore {
  const rows = new Map<string, StoredCursor>();
  return {
    load: async ({ consumer, feed }) => rows.get(keyOf(consumer, feed)),
    async save({ consumer, feed }, value, revision) {
      const key = keyOf(consumer, feed);
      const current = rows.get(key);
      const next = { value, revision: revision + 1 };
      // One's own save, made before, whose answer was lost, is one more success.
      const isRepeat = current?.revision === next.revision && current.value === value;
      if ((current?.revision ?? 0) !== revision && !isRepeat) {
        return { status: "conflict", current };
      }
      rows.set(key, next);
      return { status: "saved", revision: next.revision };
    },
  };
}
