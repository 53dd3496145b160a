import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

/** What came of something that a person did. */
export interface Note {
  readonly isBad: boolean;
  readonly text: ComponentChildren;
}

/** Shows what came of it; it is read out as it changes. */
export function Notice({ note }: { readonly note: Note | undefined }) {
  return (
    <div role="status" class="notice">
      {note && <p class={note.isBad ? "bad" : "good"}>{note.text}</p>}
    </div>
  );
}

/** A place for notices: the newest, and what sets it. */
export function useNotice(): readonly [
  note: Note | undefined,
  say: (text: ComponentChildren, isBad?: boolean) => void,
  clear: () => void,
] {
  const [note, setNote] = useState<Note>();
  return [note, (text, isBad = false) => setNote({ text, isBad }), () => setNote(undefined)];
}
