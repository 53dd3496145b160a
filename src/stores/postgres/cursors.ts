import type { CursorStore, StoredCursor, StoreKey } from "../../core/stores.ts";
import { hashOf } from "../hash.ts";
import { textFromJson } from "../json.ts";
import { labelOf, numberAt, type Session, textAt } from "./database.ts";

/** The cursor store in a table: a save is one conditional statement. */
export function postgresCursors(session: Session): CursorStore {
  const table = `${session.prefix}cursors`;

  async function load({ consumer, feed }: StoreKey): Promise<StoredCursor | undefined> {
    const [row] = await session.run(
      "load",
      `select value, revision::text as revision from ${table} where key = $1`,
      [await hashOf(consumer, feed)],
    );
    if (!row) return undefined;
    const value = textFromJson("load", textAt(row, "value"));
    return { value, revision: numberAt(row, "revision") };
  }

  const insertion = `
    insert into ${table} (key, value, consumer, feed, revision) values ($1, $2, $3, $4, 1)
    on conflict (key) do nothing returning 1`;
  const update = `
    update ${table} set value = $2, revision = revision + 1, saved_at = statement_timestamp()
    where key = $1 and revision = $3::bigint returning 1`;

  return {
    load,
    async save(key, value, revision) {
      const id = await hashOf(key.consumer, key.feed);
      const json = JSON.stringify(value);
      const rows =
        revision === 0
          ? await session.run("save", insertion, [
              id,
              json,
              labelOf(key.consumer),
              labelOf(key.feed),
            ])
          : await session.run("save", update, [id, json, String(revision)]);
      if (rows.length > 0) return { status: "saved", revision: revision + 1 };
      const current = await load(key);
      // One's own save, made before, whose answer was lost.
      if (current?.revision === revision + 1 && current.value === value) {
        return { status: "saved", revision: current.revision };
      }
      return { status: "conflict", current };
    },
  };
}
