import { AckloopError } from "../core/errors.ts";
import { checkText, configError } from "./check.ts";
import { limitsOf } from "./options.ts";
import type { SqlDatabase } from "./sql/database.ts";
import { migrate } from "./sql/schema.ts";
import {
  type SqlStoreOptions,
  type SqlStores,
  sqlOptionNames,
  storesIn,
  toSession,
} from "./sql.ts";

/** Stores in a PGlite database of their own. */
export interface PgliteStores extends SqlStores {
  /** The database, for statements of one's own in it; opened at the first use. */
  readonly database: SqlDatabase;
  /** Closes the database. Calls after it are refused. To close twice is fine. */
  close(): Promise<void>;
}

type Opened = SqlDatabase & { close(): Promise<void> };

/**
 * Makes stores in a PostgreSQL that runs in this process (PGlite), in a folder, or in memory without
 * `path`. The tables are made by themselves at the first use.
 *
 * Needs the package `@electric-sql/pglite`, which is loaded at the first use.
 *
 * **Promises**: those of {@link sqlStores}, for one process: PGlite does not notice a second process in
 * its folder, and the two would damage it. Several processes take `fileStores` or a server.
 *
 * @throws {AckloopError} `config` for a wrong argument, at once; at the first use, when the package is
 * missing or the folder cannot be opened.
 */
export function pgliteStores(path?: string, options: SqlStoreOptions = {}): PgliteStores {
  if (path !== undefined) {
    checkText("pgliteStores", "path", path);
    if (path === "" || path.includes("\0")) {
      throw configError("pgliteStores", "`path` must be the path of a folder");
    }
  }
  const limits = limitsOf("pgliteStores", options, ...sqlOptionNames);
  let opened: Promise<Opened> | undefined;
  let isClosed = false;
  const database: SqlDatabase = {
    async query(text, params) {
      if (isClosed) throw configError("pgliteStores", "the stores are closed");
      opened ??= open(path).catch((error: unknown) => {
        opened = undefined;
        throw error;
      });
      return await (await opened).query(text, params);
    },
  };
  const session = toSession("pgliteStores", database, options, migrate);
  return {
    ...storesIn(session, limits),
    migrate: () => session.prepared(),
    database,
    async close() {
      if (isClosed) return;
      isClosed = true;
      await (await opened)?.close();
    },
  };
}

async function open(path: string | undefined): Promise<Opened> {
  const { PGlite } = await import("@electric-sql/pglite").catch(() => {
    throw configError(
      "pgliteStores",
      "the package `@electric-sql/pglite` is missing; install it, or use another store",
    );
  });
  try {
    return await PGlite.create(path === undefined ? {} : { dataDir: path });
  } catch {
    // PGlite's own error holds the path.
    throw new AckloopError("config", "the folder cannot be opened as a PGlite database", {
      provider: "stores",
      operation: "pgliteStores",
    });
  }
}
