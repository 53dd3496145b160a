import { nodeModule } from "../../core/node-module.ts";
import { storeError } from "../error.ts";
import type { Row } from "../sql/session.ts";

/** A value that a statement takes. */
export type SqliteValue = string | number | null;

/** A statement, as far as the stores need it. */
export interface SqliteStatement {
  /** Runs the statement to its end and gives its rows as objects. */
  all(...params: SqliteValue[]): unknown[];
  /** Runs a statement that has no rows to give. */
  run(...params: SqliteValue[]): unknown;
}

/**
 * A SQLite database as far as the stores need it: `node:sqlite`'s `DatabaseSync`, `better-sqlite3` and
 * `libsql` fit.
 */
export interface SqliteDatabase {
  /** Runs statements without parameters. */
  exec(sql: string): unknown;
  /** Makes a statement ready. */
  prepare(sql: string): SqliteStatement;
}

export type SqliteDriver = new (path: string) => SqliteDatabase;

export function isSqlite(value: unknown): value is SqliteDatabase {
  return ["exec", "prepare"].every((name) => typeof memberOf(value, name) === "function");
}

/** Finds a driver: Node's own, or the first of the packages that is there. */
export function findDriver(): SqliteDriver {
  const own: unknown = memberOf(nodeModule("node:sqlite"), "DatabaseSync");
  const driver = isDriver(own) ? own : (installed("better-sqlite3") ?? installed("libsql"));
  if (driver) return driver;
  const text =
    "there is no SQLite here: use Node 22.13 or newer, or install `better-sqlite3`, or `libsql`";
  throw storeError("config", "sqliteStores", text);
}

export function rowsOf(statement: SqliteStatement, ...params: SqliteValue[]): readonly Row[] {
  // better-sqlite3 refuses `all` for a statement that has no rows to give; not all drivers tell.
  if (memberOf(statement, "reader") !== false) return statement.all(...params) as Row[];
  statement.run(...params);
  return [];
}

/** The file of a connection's main database; an empty text for one in memory. */
export function fileOf(database: SqliteDatabase): string {
  const rows = rowsOf(database.prepare("pragma database_list"));
  return String(rows.find(({ name }) => name === "main")?.["file"] ?? "");
}

export function closeQuietly(database: SqliteDatabase): void {
  const close = memberOf(database, "close");
  try {
    if (typeof close === "function") close.call(database);
  } catch {
    // It is closed already.
  }
}

export function isInTransaction(database: SqliteDatabase): boolean {
  // Asked first: libsql ends the process when a closed database is asked for its transaction.
  if (memberOf(database, "open") === false || memberOf(database, "isOpen") === false) {
    throw storeError("config", "finish", "the database is closed");
  }
  const told = memberOf(database, "inTransaction") ?? memberOf(database, "isTransaction");
  if (typeof told === "boolean") return told;
  try {
    database.exec("begin");
  } catch (error) {
    // Any other error, such as that the database is closed, is not the answer.
    if (String(Object(error).message).includes("within a transaction")) return true;
    throw error;
  }
  database.exec("rollback");
  return false;
}

/** A package that is installed for the program, or beside it, and works. */
function installed(name: string): SqliteDriver | undefined {
  const { createRequire } = nodeModule("node:module") ?? {};
  for (const from of [() => process.argv[1] ?? "", () => `${process.cwd()}/`]) {
    try {
      const found: unknown = createRequire?.(from())(name);
      if (!isDriver(found)) continue;
      // Some load their native part only now, and may have one for another version of Node.
      closeQuietly(new found(":memory:"));
      return found;
    } catch {
      // Not there, or not for this runtime, or the working directory is gone: the next one is tried.
    }
  }
  return undefined;
}

function isDriver(value: unknown): value is SqliteDriver {
  return typeof value === "function";
}

function memberOf(value: unknown, name: string): unknown {
  return Reflect.get(Object(value), name);
}
