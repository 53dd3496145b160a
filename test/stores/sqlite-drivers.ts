import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { afterEach, vi } from "vitest";
import { type SqliteStores, sqliteStores } from "../../src/stores/index.ts";
import type { SqliteDatabase, SqliteDriver } from "../../src/stores/sqlite/driver.ts";

/** A driver that may be there: how a test names it, and how it is found. */
export interface TestDriver {
  readonly name: string;
  readonly isThere: boolean;
  /** What a skipped test says. */
  readonly hint: string;
  /** Opens a database of the test's own. */
  open(path: string): SqliteDatabase & { close(): unknown };
  /** Makes stores by a path that this driver opens, whichever else is there. */
  stores(...given: Parameters<typeof sqliteStores>): SqliteStores;
}

/** Every driver of the docs, there or not. */
export const drivers: readonly TestDriver[] = [
  testDriver("node:sqlite", ownDriver(), "Node 22.13 or newer has it"),
  testDriver(
    "better-sqlite3",
    packageDriver("better-sqlite3"),
    "it is built by a compiler; install it into a folder and name it in ACKLOOP_DRIVERS",
  ),
  testDriver("libsql", packageDriver("libsql"), "install it"),
];

/** Those that are there, for `describe.each`. */
export const driversHere = drivers.filter(({ isThere }) => isThere);

/** The driver that takes a program's paths where nothing else is said. */
export const driver: TestDriver = driversHere[0] ?? missing();

/** Fresh folders and files of a test, and what is to be closed at its end. */
export function useFiles() {
  const opened: { close(): unknown }[] = [];
  const folders: string[] = [];
  afterEach(async () => {
    for (const one of opened.splice(0).reverse()) {
      try {
        await one.close();
      } catch {
        // The test has closed it.
      }
    }
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
  });
  const freshFolder = async (): Promise<string> => {
    const folder = await mkdtemp(`${tmpdir()}/ackloop-sqlite-`);
    folders.push(folder);
    return folder;
  };
  return {
    freshFolder,
    freshFile: async (): Promise<string> => `${await freshFolder()}/ackloop.db`,
    /** Closes it when the test ends. */
    closing<One extends { close(): unknown }>(one: One): One {
      opened.push(one);
      return one;
    },
  };
}

function testDriver(name: string, Driver: SqliteDriver | undefined, reason: string): TestDriver {
  return {
    name,
    isThere: Driver !== undefined,
    hint: Driver ? "" : ` (skipped: not here; ${reason})`,
    open: (path) => new (Driver ?? missing())(path) as ReturnType<TestDriver["open"]>,
    stores: (...given) => {
      const real = process.getBuiltinModule;
      const builtin = vi.spyOn(process, "getBuiltinModule");
      // The driver comes in where Node's own does.
      builtin.mockImplementation(((id: string) => {
        return id === "node:sqlite" ? { DatabaseSync: Driver } : real(id);
      }) as typeof real);
      try {
        return sqliteStores(...given);
      } finally {
        builtin.mockRestore();
      }
    },
  };
}

function ownDriver(): SqliteDriver | undefined {
  const found: unknown = process.getBuiltinModule("node:sqlite");
  return (found as { readonly DatabaseSync: SqliteDriver } | undefined)?.DatabaseSync;
}

/** A package, of this repository or of a folder that the environment names. */
function packageDriver(name: string): SqliteDriver | undefined {
  const folder = process.env["ACKLOOP_DRIVERS"];
  for (const from of [import.meta.url, ...(folder ? [`${folder}/`] : [])]) {
    try {
      const Driver = createRequire(from)(name) as SqliteDriver;
      // Some load their native part only now, and may have it for another version of Node.
      (new Driver(":memory:") as ReturnType<TestDriver["open"]>).close();
      return Driver;
    } catch {
      // Not there, or not for this version of Node.
    }
  }
  return undefined;
}

function missing(): never {
  throw new Error("this driver is not here");
}
