import { checkOptions } from "../core/options.ts";
import type { FullStoreSet } from "../core/stores.ts";
import { checkArgument } from "./check.ts";
import { type PostgresStoreOptions, postgresRules } from "./options.ts";
import { aDatabase, type PostgresDatabase } from "./postgres/database.ts";
import { postgresAdd } from "./postgres/dialect.ts";
import { PostgresSession } from "./postgres/session.ts";
import { sqlStores } from "./sql/stores.ts";

/** Stores in a PostgreSQL database. */
export interface PostgresStores extends FullStoreSet {
  /**
   * Makes the tables, or brings older ones to this version; to be called at each start or deployment, by
   * any number of processes at a time. It changes nothing where nothing is to be done.
   *
   * @throws {AckloopError} `config` when the tables were made by a newer version.
   */
  migrate(): Promise<void>;
}

/**
 * Makes stores in a PostgreSQL database (12 or newer), over `pg`'s Pool, PGlite or any driver of the
 * same shape.
 *
 * **Promises**: any number of processes on any number of machines may share the tables. Each step is one
 * statement, and what is asked of `dedupe` in one turn of the event loop is one for all, where each caller gets
 * the answer that it would get alone; no transaction stays open between calls. All times are the database's.
 * Any text is safe in any key and payload. `dedupe.finish({ transaction })` takes a client with an open
 * transaction, and commits or rolls back with it.
 *
 * **Limits**: an inbox at its limit may be overrun by as many calls as add at the same moment.
 *
 * @throws {AckloopError} `config` for a wrong argument, at once. The calls: `transport` (retryable) while
 * the database is away, `timeout` (retryable), `auth`, and `config` for what a person must mend, such as
 * tables that are missing or of a newer version.
 */
export function postgresStores(
  database: PostgresDatabase,
  options: PostgresStoreOptions = {},
): PostgresStores {
  checkArgument("postgresStores", "database", database, aDatabase);
  const settings = checkOptions("postgresStores", options, postgresRules);
  const session = new PostgresSession(database, settings);
  return { ...sqlStores(session, settings, postgresAdd()), migrate: () => session.migrate() };
}
