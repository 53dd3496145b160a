import type { LeaseStore, StoreKey } from "../../core/stores.ts";
import { keyOf } from "../key.ts";
import type { Change } from "../rules/change.ts";
import { acquired, endingIn, type Lease } from "../rules/leases.ts";
import { numberAt, textAt } from "./connection.ts";
import type { SqliteSession } from "./session.ts";

/** The lease store in a table: the row stays when a lease ends, so that its fence only grows. */
export function sqliteLeases(session: SqliteSession): LeaseStore {
  function change<Result>(
    operation: string,
    { consumer, feed }: StoreKey,
    next: (lease: Lease | undefined) => Change<Lease, Result>,
  ): Promise<Result> {
    const key = keyOf(consumer, feed);
    return session.write(operation, (connection) => {
      const [row] = connection.rows(
        "select number(fence), text(holder), number(since), number(ms) from @leases where key = ?",
        key,
      );
      const held = row && { from: numberAt(row, "since"), ms: numberAt(row, "ms") };
      const step = next(
        row && held && { fence: numberAt(row, "fence"), holder: textAt(row, "holder"), held },
      );
      if (step.next) {
        connection.rows(
          "insert or replace into @leases (key, fence, holder, since, ms) values (?, ?, ?, ?, ?)",
          key,
          step.next.fence,
          step.next.holder,
          step.next.held.from,
          step.next.held.ms,
        );
      }
      return step.result;
    });
  }
  return {
    acquire: (key, holder, leaseMs) =>
      // As JSON: a database's text cannot hold every text.
      change("acquire", key, (lease) =>
        acquired(lease, JSON.stringify(holder), leaseMs, Date.now()),
      ),
    renew: (key, fence, leaseMs) =>
      change("renew", key, (lease) => endingIn(lease, fence, leaseMs, Date.now())),
    async release(key, fence) {
      await change("release", key, (lease) => endingIn(lease, fence, 0, Date.now()));
    },
  };
}
