import type { DeadLetterStore, LetterPlace, Skip } from "../../core/stores.ts";
import { keyOfEvent, keyOfPlace, toJson } from "../json.ts";
import { keyOfName, pageOf, pageOfSkips, placeOf, readLetter } from "../letter.ts";
import { countedAtMost, pageOfRows, shownLast } from "../listing.ts";
import { numberAt, type Row, type SqlSession } from "./session.ts";

/**
 * Skips stand beside the letters, in a scope and under keys of their own: `skips ` and what the letter's
 * would be. No key begins so, since one is JSON or a digest.
 */
const skips = "skips ";

/** Before it are the scopes of letters, behind it those of skips. */
const border = "'s'";

/** The next scope, of letters or of skips, behind one that was found. Each is one look at an index. */
const nextBehind = (scope: string): string => `(
  select min(next) from (
    select min(scope) as next from @dead_letters where scope > ${scope} and scope < ${border}
    union all
    select substr(min(scope), ${skips.length + 1}) from @dead_letters
      where scope > '${skips}' || ${scope} and scope < 't'
  ) as either)`;

/** In the index's order, so that no plan looks at the letters themselves, of whatever scope. */
const countOf = (scope: string): string => `(select count(*) from (
  select one.place from @dead_letters as one where one.scope = ${scope}
  order by one.scope, one.place limit ${countedAtMost}
) as counted)`;

const toStatements = () => ({
  put: `
    insert into @dead_letters (scope, key, name, letter) values (@key($1), @key($2), $2, $3)
    on conflict (key) do update set letter = excluded.letter`,
  list: `select place, @text(name), @text(letter) from @dead_letters
    where scope = @key($1) and place > cast($2 as bigint) order by place limit cast($3 as bigint)`,
  get: "select place, @text(name), @text(letter) from @dead_letters where key = @key($1)",
  remove: "delete from @dead_letters where key = @key($1)",
  // It begins with `select`, so that it is known to write nothing.
  places: `
    select @text(scope), cast(${countOf("found.scope")} as float8) as letters,
      cast(${countOf(`'${skips}' || found.scope`)} as float8) as skips
    from (
      with recursive walk(scope, nth) as (
        select ${nextBehind("cast($1 as text)")}, 1
        union all
        select ${nextBehind("walk.scope")}, nth + 1 from walk
        where walk.scope is not null and nth < cast($2 as bigint)
      )
      select scope from walk where scope is not null
    ) as found order by scope`,
  first: `select place, @text(name), @text(letter) from @dead_letters
    where scope = cast($1 as text) order by place limit 1`,
  skip: `
    insert into @dead_letters (scope, key, name, letter)
    values ('${skips}' || @key($1), '${skips}' || @key($2), $2, $3)
    on conflict (key) do nothing`,
  skips: `select place, @text(name), @text(letter) from @dead_letters
    where scope = '${skips}' || @key($1) and place > cast($2 as bigint)
    order by place limit cast($3 as bigint)`,
  unskip: `delete from @dead_letters where key = '${skips}' || @key($1)`,
});

/** The dead-letter store in a table: a letter keeps its place when it is replaced. */
export function sqlDeadLetters(session: SqlSession): Required<DeadLetterStore> {
  const statements = toStatements();

  async function placeOfScope(row: Row): Promise<LetterPlace> {
    const scope = String(row["scope"]);
    const [letter] = await session.run("places", statements.first, [scope]);
    const [skip] = letter ? [] : await session.run("places", statements.first, [skips + scope]);
    const { consumer, feed } = keyOfName((letter ?? skip)?.["name"]);
    return {
      consumer,
      feed,
      letters: numberAt("places", row, "letters"),
      ...(letter && { oldestAt: readLetter(letter).failedAt }),
      skips: numberAt("places", row, "skips"),
    };
  }

  return {
    async put(letter) {
      const text = toJson("put", "letter", letter);
      await session.run("put", statements.put, [keyOfPlace(letter), keyOfEvent(letter), text]);
    },
    async list(key, { limit = 100, after } = {}) {
      const params = [keyOfPlace(key), placeOf("list", after), limit + 1];
      return pageOf(await session.run("list", statements.list, params), limit);
    },
    async get(key) {
      const [row] = await session.run("get", statements.get, [keyOfEvent(key)]);
      return row && readLetter(row);
    },
    async remove(key) {
      await session.run("remove", statements.remove, [keyOfEvent(key)]);
    },
    async places({ limit = 100, after } = {}) {
      const params = [shownLast("places", after), limit + 1];
      const found = await session.run("places", statements.places, params);
      const known = new Map<Row, LetterPlace>();
      // One after the other: of each a whole letter is read, which may be long.
      for (const row of found.slice(0, limit)) known.set(row, await placeOfScope(row));
      return pageOfRows(
        found,
        limit,
        (row) => String(row["scope"]),
        (row) => {
          const place = known.get(row);
          // What was taken off meanwhile has no name any more.
          return place && place.consumer !== "" ? place : null;
        },
      );
    },
    async skip({ consumer, feed, identity }) {
      const skip: Skip = { consumer, feed, identity, at: new Date().toISOString() };
      const params = [keyOfPlace(skip), keyOfEvent(skip), JSON.stringify(skip)];
      await session.run("skip", statements.skip, params);
    },
    async skips(key, { limit = 100, after } = {}) {
      const params = [keyOfPlace(key), placeOf("skips", after), limit + 1];
      return pageOfSkips(await session.run("skips", statements.skips, params), limit);
    },
    async unskip(key) {
      await session.run("unskip", statements.unskip, [keyOfEvent(key)]);
    },
  };
}
