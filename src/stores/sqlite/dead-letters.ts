import type { DeadLetterStore } from "../../core/stores.ts";
import { toJson } from "../check.ts";
import { keyOf } from "../key.ts";
import { letterFromJson } from "../letter.ts";
import { placeOf } from "../place.ts";
import { type Row, textAt } from "./connection.ts";
import type { SqliteSession } from "./session.ts";

/** The dead-letter store in a table: a letter keeps its place when it is replaced. */
export function sqliteDeadLetters(session: SqliteSession): DeadLetterStore {
  const toLetter = (row: Row) => {
    return letterFromJson(textAt(row, "letter"), textAt(row, "key"), textAt(row, "place"));
  };
  return {
    async put(letter) {
      const { consumer, feed, identity } = letter;
      const text = toJson("put", "letter", letter);
      await session.write("put", (connection) =>
        connection.rows(
          `insert into @dead_letters (scope, key, letter) values (?, ?, ?)
           on conflict (key) do update set letter = excluded.letter`,
          keyOf(consumer, feed),
          keyOf(consumer, feed, identity),
          text,
        ),
      );
    },
    async list({ consumer, feed }, { limit = 100, after } = {}) {
      const place = placeOf(after);
      const rows = await session.read("list", (connection) =>
        connection.rows(
          `select number(place), text(key), text(letter) from @dead_letters where scope = ? and place > ?
           order by @dead_letters.place limit ?`,
          keyOf(consumer, feed),
          place,
          limit + 1,
        ),
      );
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      return {
        letters: page.map(toLetter),
        ...(rows.length > limit && last && { next: textAt(last, "place") }),
      };
    },
    async get({ consumer, feed, identity }) {
      const [row] = await session.read("get", (connection) =>
        connection.rows(
          "select number(place), text(key), text(letter) from @dead_letters where key = ?",
          keyOf(consumer, feed, identity),
        ),
      );
      return row && toLetter(row);
    },
    async remove({ consumer, feed, identity }) {
      await session.write("remove", (connection) =>
        connection.rows("delete from @dead_letters where key = ?", keyOf(consumer, feed, identity)),
      );
    },
  };
}
