import type { StoreSet } from "../core/stores.ts";
import { checkMs, checkText, configError } from "./check.ts";
import { checkedStores } from "./checked.ts";
import { limitsOf, type StoreLimits, type StoreOptions } from "./options.ts";
import { sqlCursors } from "./sql/cursors.ts";
import { checkDatabase, Session, type SqlDatabase } from "./sql/database.ts";
import { sqlDeadLetters } from "./sql/dead-letters.ts";
import { sqlDedupe } from "./sql/dedupe.ts";
import { sqlInbox } from "./sql/inbox.ts";
import { sqlLeases } from "./sql/leases.ts";
import { checkVersion, migrate } from "./sql/schema.ts";

/** What {@link sqlStores} may be told. */
export interface SqlStoreOptions extends StoreOptions {
  /**
   * What the names of the tables begin with: small letters, digits and `_`, up to 30, no digit first.
   * @default "ackloop_"
   */
  readonly prefix?: string | undefined;
  /** How long one statement may take, in ms, from 1. @default 30 000 */
  readonly timeoutMs?: number | undefined;
}

/** Stores in a PostgreSQL database. */
export interface SqlStores extends StoreSet {
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

/** The names of the options beside those of all stores. */
export const sqlOptionNames = ["prefix", "timeoutMs"] as const;

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
export function sqlStores(database: SqlDatabase, options: SqlStoreOptions = {}): SqlStores {
  checkDatabase("sqlStores", "database", database);
  const limits = limitsOf("sqlStores", options, ...sqlOptionNames);
  return storesIn(toSession("sqlStores", database, options, checkVersion), limits);
}

/** Makes the way to a database, with the options checked. */
export function toSession(
  operation: string,
  database: SqlDatabase,
  options: SqlStoreOptions,
  prepare: (session: Session) => Promise<void>,
): Session {
  const { prefix = "ackloop_", timeoutMs = 30_000 } = options;
  checkPrefix(operation, prefix);
  checkMs(operation, "timeoutMs", timeoutMs);
  return new Session(database, { prefix, timeoutMs, prepare });
}

/** Refuses what cannot stand before the name of a table. */
export function checkPrefix(operation: string, prefix: unknown): void {
  checkText(operation, "prefix", prefix);
  if (!/^[a-z_][a-z0-9_]{0,29}$/.test(String(prefix))) {
    throw configError(
      operation,
      "`prefix` must have up to 30 small letters, digits and `_`, and not begin with a digit",
    );
  }
}

/** The whole set of stores over one session. */
export function storesIn(session: Session, limits: StoreLimits): SqlStores {
  const stores = checkedStores({
    cursors: sqlCursors(session),
    deadLetters: sqlDeadLetters(session),
    dedupe: sqlDedupe(session, limits.startsRetentionMs),
    leases: sqlLeases(session),
    inbox: sqlInbox(session, limits),
  });
  return { ...stores, migrate: () => migrate(session) };
}
