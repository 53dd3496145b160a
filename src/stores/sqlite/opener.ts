import { nodeModule } from "../../core/node-module.ts";
import { storeError } from "../error.ts";
import {
  closeQuietly,
  fileOf,
  findDriver,
  isSqlite,
  type SqliteDatabase,
  type SqliteDriver,
} from "./driver.ts";

/** How a session gets its connection. */
export interface Opener {
  readonly open: () => SqliteDatabase;
  /** Whether somebody else uses the same connection. */
  readonly isShared: boolean;
}

/** Opens the file of a path, which is made with its folder where there is none, or a database's again. */
export function openerOf(database: unknown): Opener {
  if (isSqlite(database)) return openerOfDatabase(database);
  // A lone surrogate would become another sign in the name of the file.
  if (typeof database !== "string" || /^$|\0|\p{Surrogate}/u.test(database)) {
    const text = "`database` must be the path of a file, or a SQLite database";
    throw storeError("config", "sqliteStores", text);
  }
  const Driver = findDriver();
  const file = database === ":memory:" ? database : fullPathOf(database);
  return {
    isShared: false,
    open() {
      if (file !== ":memory:") makeReady(file);
      return new Driver(file);
    },
  };
}

/** Opens a second connection to a database's file; one in memory has none, and is shared. */
function openerOfDatabase(database: SqliteDatabase): Opener {
  let file: string;
  try {
    file = fileOf(database);
  } catch {
    throw storeError("config", "sqliteStores", "the database is closed, or is no SQLite");
  }
  if (file === "") return { isShared: true, open: () => database };
  // The same driver: two copies of SQLite in one process undo each other's locks.
  const Driver = database.constructor as SqliteDriver;
  return {
    isShared: false,
    open() {
      const second: unknown = new Driver(file);
      if (isSqlite(second) && fileOf(second) === file) return second;
      if (isSqlite(second)) closeQuietly(second);
      const text = "the file of the database cannot be opened again; give its path";
      throw storeError("config", "open", text);
    },
  };
}

/** The full path, so that a later change of the working directory does not lead elsewhere. */
function fullPathOf(path: string): string {
  const { resolve, sep } = nodeModule("node:path") ?? {};
  const isDrive = /^[a-z]:/i.test(path) && sep !== "/";
  // Taken for a path, it would make a file of a strange name in the working directory.
  if (/^[a-z][a-z\d+.-]*:/i.test(path) && !isDrive) {
    const text =
      "`database` is an address, or a path of Windows elsewhere; give a path (`fileURLToPath(url)` makes one of a URL)";
    throw storeError("config", "sqliteStores", text);
  }
  try {
    return resolve?.(path) ?? path;
  } catch {
    throw storeError("config", "sqliteStores", "the working directory is gone; give a full path");
  }
}

/** Makes the folder, and asks for what a person must mend. */
function makeReady(file: string): void {
  const fs = nodeModule("node:fs");
  const path = nodeModule("node:path");
  if (!fs || !path) return;
  // Not with `recursive`, which never ends where a folder that exists holds no new one, as `/proc`.
  const makeFolder = (folder: string): void => {
    const isThere = (): unknown => fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory();
    if (isThere()) return;
    if (path.dirname(folder) !== folder) makeFolder(path.dirname(folder));
    try {
      fs.mkdirSync(folder, 0o700);
    } catch (error) {
      if (!isThere()) throw error;
    }
  };
  makeFolder(path.dirname(file));
  const found = fs.statSync(file, { throwIfNoEntry: false });
  if (found?.isDirectory()) throw storeError("config", "open", "the path is that of a folder");
  // The folder and its neighbours too: the log of what is not in the file yet stands beside it.
  for (const used of [path.dirname(file), file, `${file}-wal`, `${file}-shm`]) {
    if (fs.existsSync(used)) fs.accessSync(used, fs.constants.R_OK | fs.constants.W_OK);
  }
  if (!found) makeFile(file);
}

/** Makes an empty file for this user alone; SQLite gives those beside it the same rights. */
function makeFile(file: string): void {
  const fs = nodeModule("node:fs");
  try {
    // Never one that is there: to close it would let go of the locks that this process has on it.
    fs?.closeSync(fs.openSync(file, "ax", 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
