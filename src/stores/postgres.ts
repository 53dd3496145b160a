import type { StoreSet } from "../core/stores.ts";
import { checkedStores } from "./checked.ts";
import { type SqlStoreOptions, sqlOptionsOf } from "./options.ts";
import { postgresCursors } from "./postgres/cursors.ts";
import { checkDatabase, type PostgresDatabase, Session } from "./postgres/database.ts";
import { postgresDeadLetters } from "./postgres/dead-letters.ts";
import { postgresDedupe } from "./postgres/dedupe.ts";
import { postgresInbox } from "./postgres/inbox.ts";
import { postgresLeases } from "./postgres/leases.ts";
import { checkVersion, migrate } from "./postgres/schema.ts";

/** Stores in a PostgreSQL database. */
export interface PostgresStores extends StoreSet {
  /**
   * Makes the tables, or brings older ones to this version.
   *
   * To be called at each start, or once at each deployment: it changes nothing where nothing is to be
   * done, and any number of processes may call it at a time.
   *
   * @throws {AckloopError} `config` when the tables were made by a newer version.
   */
  migrate(): Promise<void>;
}

/**
 * Makes stores in a PostgreSQL database (12 or newer), over `pg`'s Pool, PGlite or any driver of the
 * same shape.
 *
 * **Promises**: any number of processes on any number of machines may share the tables. Each step is
 * one statement and holds or fails as a whole; no transaction stays open between calls. All times are
 * the database's, so that no clock of a client matters. Any text is safe in any key and payload.
 * `dedupe.finish({ transaction })` takes a client of the same database with an open transaction, and
 * commits or rolls back with the effect that it belongs to.
 *
 * **Limits**: an inbox at its limit may be overrun by as many calls as add at the same moment. What is
 * of no more use is deleted by the way, at most a thousand rows a minute for each process and table.
 *
 * @throws {AckloopError} `config` for a wrong argument, at once. The stores' calls: `transport`
 * (retryable) while the database is away, `timeout` (retryable), `auth`, `config` when `migrate()` was
 * not called or the tables are of a newer version.
 */
export function postgresStores(
  database: PostgresDatabase,
  options: SqlStoreOptions = {},
): PostgresStores {
  checkDatabase("postgresStores", "database", database);
  const { limits, prefix, timeoutMs } = sqlOptionsOf("postgresStores", options);
  const session = new Session(database, { prefix, timeoutMs, prepare: checkVersion });
  const stores = checkedStores({
    cursors: postgresCursors(session),
    deadLetters: postgresDeadLetters(session),
    dedupe: postgresDedupe(session, limits.startsRetentionMs),
    leases: postgresLeases(session),
    inbox: postgresInbox(session, limits),
  });
  return { ...stores, migrate: () => migrate(session) };
}
