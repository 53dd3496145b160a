import type { Inbox } from "../../core/stores.ts";
import { keyOf } from "../json.ts";
import { namesOf } from "../listing.ts";
import { claimsOf } from "./inbox-claims.ts";
import { after, type SqlSession } from "./session.ts";

/** How much later than now something may have been hidden before the clock counts as set back, in ms. */
export const setBackMs = 1000;

const toStatements = () => ({
  /**
   * The head of an inbox is known before a row is locked, so that one that is locked is not passed by. It is 0,
   * which is none, while any entry is held: where two send at a time, an earlier one may be there later. Each
   * look is one into an index: a plan that seems dear is compiled, which takes PostgreSQL a hundred times as
   * long as the claim.
   */
  claimFirst: [
    `update @inbox set hidden_until = @now + hidden_ms where place in (
       select (
         select place from @inbox as other
         where other.name = given.name and done_until is null and hidden_until > 0
           and hidden_until - hidden_ms > @now + ${setBackMs}
         order by hidden_until - hidden_ms desc limit 1
       ) from @names
     )`,
    `with heads as materialized (
       select (
         select case when hidden_until > @now and token is not null then 0 else place end
         from @inbox as other
         where other.name = given.name and done_until is null and hidden_until > 0
         order by hidden_until desc limit 1
       ) as tried, (
         select place from @inbox as other
         where other.name = given.name and done_until is null and hidden_until <= 0
         order by hidden_until, place limit 1
       ) as fresh
       from @names
     ), oldest as materialized (
       select place from @inbox where done_until is null and hidden_until <= @now and place in (
         select case when fresh is null or tried < fresh then tried else fresh end from heads
       )
       order by place limit cast($2 as bigint) @lock
     )
     update @inbox set attempts = attempts + 1, token = $3,
       hidden_until = ${after("$4")}, hidden_ms = cast($4 as float8)
     where place in (select place from oldest) returning place, @text(token),
       cast(attempts as float8) as attempts, @text(entry), @text(name)`,
  ],
  partitions: `select @text(name) from @inbox_sizes
    where name = @key($1) or (name >= cast($2 as text) and name < cast($3 as text))
    group by name having sum(unfinished) > 0 order by name`,
});

/** What reads several inboxes of a table as the partitions of one. */
export function sqlInboxPartitions(
  session: SqlSession,
): Pick<Required<Inbox>, "claimFirst" | "partitions"> {
  const statements = toStatements();
  return {
    async claimFirst(names, limit, leaseMs) {
      const places = new Map(names.map((name) => [keyOf(name), name]));
      const keys = JSON.stringify([...places.keys()]);
      const params = [keys, limit, crypto.randomUUID(), leaseMs];
      const rows = await session.run("claimFirst", statements.claimFirst, params);
      return claimsOf(rows).map(({ row, claim }) => {
        return { ...claim, name: places.get(String(row["name"])) ?? "" };
      });
    },
    async partitions(name) {
      const key = keyOf(name);
      const from = keyOf(`${name} (`).slice(0, -2);
      const rows = await session.run("partitions", statements.partitions, [key, from, `${from}~`]);
      return rows.flatMap((row) => namesOf(row["name"], 1) ?? []);
    },
  };
}
