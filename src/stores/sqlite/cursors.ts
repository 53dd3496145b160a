import type { CursorStore, StoredCursor } from "../../core/stores.ts";
import { textFromJson } from "../json.ts";
import { keyOf } from "../key.ts";
import { saved } from "../rules/cursors.ts";
import { type Connection, numberAt, textAt } from "./connection.ts";
import type { SqliteSession } from "./session.ts";

/** The cursor store in a table. */
export function sqliteCursors(session: SqliteSession): CursorStore {
  return {
    load: ({ consumer, feed }) =>
      session.read("load", (connection) => load(connection, keyOf(consumer, feed))),
    save: ({ consumer, feed }, value, revision) =>
      session.write("save", (connection) => {
        const key = keyOf(consumer, feed);
        const { result, next } = saved(load(connection, key), value, revision);
        if (next) {
          connection.rows(
            `insert into @cursors (key, value, revision) values (?, ?, ?)
             on conflict (key) do update set value = excluded.value, revision = excluded.revision`,
            key,
            JSON.stringify(next.value),
            next.revision,
          );
        }
        return result;
      }),
  };
}

function load(connection: Connection, key: string): StoredCursor | undefined {
  const [row] = connection.rows(
    "select text(value), number(revision) from @cursors where key = ?",
    key,
  );
  return (
    row && {
      value: textFromJson("load", textAt(row, "value")),
      revision: numberAt(row, "revision"),
    }
  );
}
