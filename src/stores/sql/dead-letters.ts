import type { DeadLetter, DeadLetterStore } from "../../core/stores.ts";
import { toJson } from "../check.ts";
import { keyOf } from "../key.ts";
import { letterFromJson, placeOf } from "../letter.ts";
import { type Row, type SqlSession, textAt } from "./session.ts";

const statements = {
  put: `
    insert into @dead_letters (scope, key, name, letter) values (@key($1), @key($2), $2, $3)
    on conflict (key) do update set letter = excluded.letter`,
  list: `select place, @text(name), @text(letter) from @dead_letters
    where scope = @key($1) and place > cast($2 as bigint) order by place limit cast($3 as bigint)`,
  get: "select place, @text(name), @text(letter) from @dead_letters where key = @key($1)",
  remove: "delete from @dead_letters where key = @key($1)",
};

/** The dead-letter store in a table: a letter keeps its place when it is replaced. */
export function sqlDeadLetters(session: SqlSession): DeadLetterStore {
  return {
    async put(letter) {
      const { consumer, feed, identity } = letter;
      const text = toJson("put", "letter", letter);
      const params = [keyOf(consumer, feed), keyOf(consumer, feed, identity), text];
      await session.run("put", statements.put, params);
    },
    async list({ consumer, feed }, { limit = 100, after } = {}) {
      const params = [keyOf(consumer, feed), placeOf(after), limit + 1];
      const rows = await session.run("list", statements.list, params);
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      return {
        letters: page.map(toLetter),
        ...(rows.length > limit && last && { next: textAt(last, "place") }),
      };
    },
    async get({ consumer, feed, identity }) {
      const [row] = await session.run("get", statements.get, [keyOf(consumer, feed, identity)]);
      return row && toLetter(row);
    },
    async remove({ consumer, feed, identity }) {
      await session.run("remove", statements.remove, [keyOf(consumer, feed, identity)]);
    },
  };
}

function toLetter(row: Row): DeadLetter {
  return letterFromJson(textAt(row, "letter"), textAt(row, "name"), textAt(row, "place"));
}
