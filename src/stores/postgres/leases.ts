import type { LeaseStore, StoreKey } from "../../core/stores.ts";
import { hashOf } from "../hash.ts";
import { after, beginAnew, leftMs, now } from "./clock.ts";
import { labelOf, numberAt, type Session } from "./database.ts";

/** The lease store in a table: the row stays when a lease ends, so that its fence only grows. */
export function postgresLeases(session: Session): LeaseStore {
  const table = `${session.prefix}leases`;
  const hold = `
    insert into ${table} as known (key, holder, held_until, held_ms, consumer, feed, fence)
    values ($1, $2, ${after("$3")}, $3::float8, $4, $5, 1)
    on conflict (key) do update set
      fence = known.fence + 1, holder = excluded.holder,
      held_until = excluded.held_until, held_ms = excluded.held_ms
    where known.held_until <= ${now} or known.holder = excluded.holder
    returning fence::text as fence`;
  const look = `
    with anew as (${beginAnew(table, "held_until", "held_ms")})
    select ${leftMs("held_until", "held_ms")} as left from ${table} where key = $1`;
  const change = `
    update ${table} set held_until = ${after("$3")}, held_ms = $3::float8
    where key = $1 and fence = $2::bigint and held_until > ${now} returning 1`;

  async function endIn(
    operation: string,
    { consumer, feed }: StoreKey,
    fence: number,
    leaseMs: number,
  ): Promise<boolean> {
    const params = [await hashOf(consumer, feed), String(fence), String(leaseMs)];
    return (await session.run(operation, change, params)).length > 0;
  }

  return {
    async acquire({ consumer, feed }, holder, leaseMs) {
      const key = await hashOf(consumer, feed);
      const [held] = await session.run("acquire", hold, [
        key,
        holderText(holder),
        String(leaseMs),
        labelOf(consumer),
        labelOf(feed),
      ]);
      if (held) return { status: "held", fence: numberAt(held, "fence") };
      const [row] = await session.run("acquire", look, [key]);
      return { status: "taken", endsInMs: row ? numberAt(row, "left") : 0 };
    },
    renew: (key, fence, leaseMs) => endIn("renew", key, fence, leaseMs),
    async release(key, fence) {
      await endIn("release", key, fence, 0);
    },
  };
}

/** A holder's name as a text that PostgreSQL keeps apart from every other. */
function holderText(holder: string): string {
  return JSON.stringify(holder);
}
