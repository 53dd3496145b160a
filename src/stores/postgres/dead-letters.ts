import type { DeadLetter, DeadLetterStore } from "../../core/stores.ts";
import { toJson } from "../check.ts";
import { hashOf } from "../hash.ts";
import { keyOf } from "../key.ts";
import { letterFromJson } from "../letter.ts";
import { placeOf } from "../place.ts";
import { labelOf, type Row, type Session, textAt } from "./database.ts";

/** The dead-letter store in a table: a letter keeps its place when it is replaced. */
export function postgresDeadLetters(session: Session): DeadLetterStore {
  const table = `${session.prefix}dead_letters`;
  return {
    async put(letter) {
      const { consumer, feed, identity } = letter;
      await session.run(
        "put",
        `insert into ${table} (key, scope, name, consumer, feed, event_id, letter)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (key) do update
         set letter = excluded.letter, stored_at = statement_timestamp()`,
        [
          await hashOf(consumer, feed, identity),
          await hashOf(consumer, feed),
          keyOf(consumer, feed, identity),
          labelOf(consumer),
          labelOf(feed),
          labelOf(identity),
          toJson("put", "letter", letter),
        ],
      );
    },
    async list({ consumer, feed }, query) {
      const limit = query?.limit ?? 100;
      const rows = await session.run(
        "list",
        // Qualified: a bare `place` would be the text of the answer, which sorts 10 before 9.
        `select place::text as place, name, letter from ${table}
         where scope = $1 and place > $2::bigint order by ${table}.place limit $3::bigint`,
        [await hashOf(consumer, feed), String(placeOf(query?.after)), String(limit + 1)],
      );
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      return {
        letters: page.map(toLetter),
        ...(rows.length > limit && last && { next: textAt(last, "place") }),
      };
    },
    async get({ consumer, feed, identity }) {
      const [row] = await session.run(
        "get",
        `select place::text as place, name, letter from ${table} where key = $1`,
        [await hashOf(consumer, feed, identity)],
      );
      return row && toLetter(row);
    },
    async remove({ consumer, feed, identity }) {
      await session.run("remove", `delete from ${table} where key = $1`, [
        await hashOf(consumer, feed, identity),
      ]);
    },
  };
}

function toLetter(row: Row): DeadLetter {
  return letterFromJson(textAt(row, "letter"), textAt(row, "name"), textAt(row, "place"));
}
