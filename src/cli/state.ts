import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { createRequire } from "node:module";
import type { FullStoreSet, PostgresDatabase } from "ackloop/stores";
import { tableNames } from "../stores/sql/tables.ts";
import { closeQuietly, findDriver, rowsOf } from "../stores/sqlite/driver.ts";
import { sqliteError } from "../stores/sqlite/sqlite-error.ts";
import type { Context } from "./command.ts";
import { variable } from "./environment.ts";
import { Failure, UsageError } from "./failure.ts";
import { text, type ValuesOf } from "./option.ts";

/** The variable with the address of the database. */
const databaseVariable = "ACKLOOP_DATABASE_URL";

/** The options of every command that opens stores. */
export const stateOptions = {
  state: text("file", "the SQLite file with the state"),
  database: text(
    "url",
    `PostgreSQL, without a password: that goes in ${databaseVariable}, which is read where neither is given`,
  ),
  schema: text("name", "the schema of the tables, with PostgreSQL"),
  prefix: text("text", 'what the names of the tables begin with (default "ackloop_")'),
};

/** Open stores. */
export interface State {
  readonly stores: FullStoreSet;
  /** What they are, for people: the file, or the database without its password. */
  readonly place: string;
  /** The tables that were not there, of a file that had others; absent with PostgreSQL, which makes none. */
  readonly missing?: readonly string[] | undefined;
  /** Ends them once what was asked for is written. */
  close(): Promise<void>;
}

type StateContext = Pick<Context<ValuesOf<typeof stateOptions>>, "values" | "environment">;

/** Whether stores were named by an option or the variable. */
export function hasState({ values, environment }: StateContext): boolean {
  return Boolean(values.state ?? values.database ?? variable(environment, databaseVariable));
}

/**
 * Opens the stores that the options or the variable name.
 *
 * @param isMade Whether a file that is not there is made; else it is refused.
 * @throws {UsageError} where none or two are named, or a password stands on the command line.
 * @throws {Failure} one sentence for a file that is none, a driver that is missing.
 */
export async function openState(context: StateContext, isMade = false): Promise<State> {
  const { values, environment } = context;
  const { state, prefix, schema } = values;
  if (state !== undefined && values.database !== undefined) {
    throw new UsageError("give --state or --database, not both");
  }
  if (state !== undefined) return await openFile(state, prefix, isMade);
  if (values.database !== undefined) refusePassword(values.database);
  const url = values.database ?? variable(environment, databaseVariable);
  if (url === undefined) {
    throw new UsageError(
      `say where the state is: --state <file>, --database, or ${databaseVariable}`,
    );
  }
  return await openDatabase(url, prefix, schema);
}

async function openFile(file: string, prefix: string | undefined, isMade: boolean): Promise<State> {
  if (!isMade && !existsSync(file)) {
    throw new Failure(
      `there is no file ${file}: give the one that your program's sqliteStores opens`,
    );
  }
  if (!isSqliteFile(file)) throw new Failure(`${file} is no SQLite file, and was left as it is`);
  const missing = missingTables(file, prefix);
  if (!isMade && missing.length === tableNames.length) {
    throw new Failure(
      `${file} holds no state of ackloop: give the file, and the --prefix, of your program's sqliteStores`,
    );
  }
  const { sqliteStores } = await import("ackloop/stores");
  const stores = sqliteStores(file, { prefix });
  return { stores, place: file, missing, close: () => stores.close() };
}

/** Whether the file is one of SQLite's, or is empty or not there and may become one. */
function isSqliteFile(file: string): boolean {
  if (!existsSync(file)) return true;
  const head = Buffer.alloc(16);
  try {
    const handle = openSync(file, "r");
    try {
      const length = readSync(handle, head, 0, 16, 0);
      return length === 0 || head.toString("latin1") === "SQLite format 3\0";
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    const { code } = Object(error) as { code?: string };
    throw new Failure(`${file} cannot be read (${code}): give the path of a SQLite file`);
  }
}

/** Which tables a file does not have: to open it makes them, in whatever database it is. */
function missingTables(file: string, prefix = "ackloop_"): readonly string[] {
  const names = tableNames.map((name) => prefix + name);
  if (!existsSync(file)) return names;
  const Driver = findDriver();
  const database = new Driver(file);
  try {
    const rows = rowsOf(database.prepare("select name from sqlite_master where type = 'table'"));
    const there = new Set(rows.map(({ name }) => name));
    return names.filter((name) => !there.has(name));
  } catch (error) {
    throw sqliteError("open", error);
  } finally {
    closeQuietly(database);
  }
}

function refusePassword(url: string): void {
  const hasPassword = /^[a-z]+:\/\/[^/?#]*:[^/?#]*@/i.test(url) || /[?&]password=/i.test(url);
  if (!hasPassword) return;
  const text = "--database holds a password, which others can read there";
  throw new UsageError(`${text}: set ${databaseVariable} in its place`);
}

/**
 * How long a database may take, in ms. The stores let go of a call after as long; its connection, such as one
 * that waits for what somebody has locked, would be waited for at the end.
 */
const limits = Object.freeze({ connectionTimeoutMillis: 10_000, query_timeout: 30_000 });

/** As much of `pg`'s Pool as is needed. */
interface Pool extends PostgresDatabase {
  end(): Promise<void>;
  on(event: "error", listener: () => void): unknown;
}

async function openDatabase(
  url: string,
  prefix: string | undefined,
  schema: string | undefined,
): Promise<State> {
  const { host, pathname } = toUrl(url);
  const Pool = findPool();
  const pool = new Pool({ connectionString: url, max: 4, ...limits });
  // A connection that is cut while nobody uses it; the next call makes another one.
  pool.on("error", () => undefined);
  const { postgresStores } = await import("ackloop/stores");
  const stores = postgresStores(pool, { prefix, schema });
  return { stores, place: `postgres://${host}${pathname}`, close: () => pool.end() };
}

function toUrl(url: string): URL {
  try {
    const parsed = new URL(url);
    if (/^postgres(ql)?:$/.test(parsed.protocol)) return parsed;
  } catch {
    // Not told: the text may hold a password.
  }
  throw new UsageError("the address of the database must be like postgres://user@host:5432/name");
}

/** The Pool of an installed `pg`: beside the program that is operated, or beside this package. */
function findPool(): new (options: object) => Pool {
  for (const from of [`${process.cwd()}/`, import.meta.url]) {
    try {
      return createRequire(from)("pg").Pool;
    } catch {
      // Not there: the next place is looked at.
    }
  }
  throw new Failure("PostgreSQL needs the package pg: run `npm install pg` here first");
}
