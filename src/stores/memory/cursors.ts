import type { CursorStore, StoredCursor } from "../../core/stores.ts";
import { keyOf } from "../key.ts";
import { saved } from "../rules/cursors.ts";
import { changeRow } from "./rows.ts";

/** The cursor store in memory. */
export function memoryCursors(): CursorStore {
  const rows = new Map<string, StoredCursor>();
  return {
    load: async ({ consumer, feed }) => rows.get(keyOf(consumer, feed)),
    save: async ({ consumer, feed }, value, revision) =>
      changeRow(rows, keyOf(consumer, feed), (row) => saved(row, value, revision)),
  };
}
