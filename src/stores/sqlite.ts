import { checkOptions } from "../core/options.ts";
import type { FullStoreSet } from "../core/stores.ts";
import { type SqlStoreOptions, sqlRules } from "./options.ts";
import { sqlStores } from "./sql/stores.ts";
import { sqliteAdd } from "./sqlite/dialect.ts";
import type { SqliteDatabase } from "./sqlite/driver.ts";
import { openerOf } from "./sqlite/opener.ts";
import { SqliteSession } from "./sqlite/session.ts";

/** Stores in a SQLite database. */
export interface SqliteStores extends FullStoreSet {
  /** Closes the file once what was asked for is written. Calls after it are refused. */
  close(): Promise<void>;
}

/**
 * Makes stores in a SQLite file, which is made with its folder and tables at the first use.
 *
 * A path is opened with Node's own SQLite (22.13 or newer), else with an installed `better-sqlite3` or
 * `libsql`. Of an application's own database the file is opened a second time; the given connection is
 * used only in `dedupe.finish({ transaction })`.
 *
 * **Promises**: any number of processes of one machine may share the file. What a call has written is on
 * the disk (fsync) before it resolves, and whole whenever a process is killed. What is asked for in one
 * turn of the event loop shares one transaction. The thread is never held for a lock.
 *
 * **Limits**: not for network file systems. Times are the machine's clock: set back, what is held lasts
 * for its length anew; set forward, it ends early. `":memory:"` is gone when the process ends.
 *
 * @throws {AckloopError} `config` for a wrong argument, or where there is no driver, at once. The calls:
 * `transport` (retryable) when the disk fails or is full or a lock lasts; `config` when the file cannot be
 * used, is damaged or of a newer version.
 */
export function sqliteStores(
  database: string | SqliteDatabase,
  options: SqlStoreOptions = {},
): SqliteStores {
  const settings = checkOptions("sqliteStores", options, sqlRules);
  const session = new SqliteSession({ ...settings, ...openerOf(database) });
  return { ...sqlStores(session, settings, sqliteAdd()), close: () => session.close() };
}
