import type { LeaseStore } from "../../core/stores.ts";
import { keyOfPlace, parsed } from "../json.ts";
import { pageOfRows, placeOfKey, shownLast } from "../listing.ts";
import { after, leftAt, numberAt, type Param, type Row, type SqlSession } from "./session.ts";

const toStatements = () => ({
  hold: `
    insert into @leases as known (key, holder, held_until, held_ms, fence)
    values (@key($1), $2, ${after("$3")}, cast($3 as float8), 1)
    on conflict (key) do update set
      fence = known.fence + 1, holder = excluded.holder,
      held_until = excluded.held_until, held_ms = excluded.held_ms
    where known.held_until <= @now or known.holder = excluded.holder
    returning cast(fence as float8) as fence`,
  // A time that lies further away than it was ever set begins anew: the clock was set back since. So what is held
  // ends in its own length, and not only when the clock is where it was.
  look: [
    `update @leases set held_until = @now + held_ms
    where key = @key($1) and held_until > @now + held_ms`,
    `select held_until - @now as remaining, cast(held_ms as float8) as ms, @text(holder)
    from @leases where key = @key($1)`,
  ],
  change: `
    update @leases set held_until = ${after("$3")}, held_ms = cast($3 as float8)
    where key = @key($1) and fence = cast($2 as bigint) and held_until > @now
    returning 1 as changed`,
  list: `select @text(key), @text(holder), cast(fence as float8) as fence, held_until - @now as remaining,
      cast(held_ms as float8) as ms
    from @leases where key > cast($1 as text) order by key limit cast($2 as bigint)`,
});

/** The lease store in a table: the row stays when a lease ends, so that its fence only grows. */
export function sqlLeases(session: SqlSession): Required<LeaseStore> {
  const statements = toStatements();
  const change = async (operation: string, ...params: readonly Param[]): Promise<boolean> =>
    (await session.run(operation, statements.change, params)).length > 0;

  return {
    async acquire(place, holder, leaseMs) {
      const key = keyOfPlace(place);
      // As JSON: a database's text cannot hold every text.
      const params = [key, JSON.stringify(holder), leaseMs];
      const [held] = await session.run("acquire", statements.hold, params);
      if (held) return { status: "held", fence: numberAt("acquire", held, "fence") };
      const [row] = await session.run("acquire", statements.look, [key]);
      const name = parsed(row?.["holder"]);
      return {
        status: "taken",
        endsInMs: leftAt("acquire", row),
        holder: typeof name === "string" ? name : undefined,
      };
    },
    renew: (place, fence, leaseMs) => change("renew", keyOfPlace(place), fence, leaseMs),
    async release(place, fence) {
      await change("release", keyOfPlace(place), fence, 0);
    },
    async list({ limit = 100, after: behind } = {}) {
      const params = [shownLast("list", behind), limit + 1];
      const found = await session.run("list", statements.list, params);
      const keyOfRow = (row: Row): string => String(row["key"]);
      return pageOfRows(found, limit, keyOfRow, (row) => {
        const place = placeOfKey(row["key"]);
        const holder = String(parsed(row["holder"]));
        const fence = numberAt("list", row, "fence");
        return place && { ...place, holder, fence, endsInMs: leftAt("list", row) };
      });
    },
  };
}
