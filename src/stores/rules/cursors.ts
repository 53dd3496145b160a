import type { CursorSave, StoredCursor } from "../../core/stores.ts";
import type { Change } from "./change.ts";

/** Saves a place, if it was made on the newest one. */
export function saved(
  current: StoredCursor | undefined,
  value: string,
  revision: number,
): Change<StoredCursor, CursorSave> {
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
