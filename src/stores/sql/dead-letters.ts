import type { DeadLetterStore } from "../../core/stores.ts";
import { keyOfEvent, keyOfPlace, toJson } from "../json.ts";
import { pageOf, placeOf, readLetter } from "../letter.ts";
import type { SqlSession } from "./session.ts";

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
      const text = toJson("put", "letter", letter);
      await session.run("put", statements.put, [keyOfPlace(letter), keyOfEvent(letter), text]);
    },
    async list(key, { limit = 100, after } = {}) {
      const params = [keyOfPlace(key), placeOf(after), limit + 1];
      return pageOf(await session.run("list", statements.list, params), limit);
    },
    async get(key) {
      const [row] = await session.run("get", statements.get, [keyOfEvent(key)]);
      return row && readLetter(row);
    },
    async remove(key) {
      await session.run("remove", statements.remove, [keyOfEvent(key)]);
    },
  };
}
