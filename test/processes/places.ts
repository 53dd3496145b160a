import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pool } from "pg";
import type { StoreSet } from "../../src/core/stores.ts";
import { sqliteStores } from "../../src/stores/index.ts";
import { onServer, postgresHint, postgresUrl } from "../stores/servers.ts";
import { Records } from "./children.ts";
import type { StorePlace } from "./task.ts";

/** A fresh place for the stores and the record of one test. */
export interface Place {
  /** What the processes are told. */
  readonly place: StorePlace;
  /** The same stores, for the test itself. */
  readonly stores: StoreSet;
  readonly records: Records;
  /** A folder of the test's own. */
  readonly folder: string;
  /** The database, where there is one. */
  readonly pool: Pool | undefined;
  close(): Promise<void>;
}

async function inFolder(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "ackloop-processes-"));
  const stores = sqliteStores(join(folder, "stores", "ackloop.db"));
  return {
    place: { folder: join(folder, "stores") },
    stores,
    records: new Records(folder),
    folder,
    pool: undefined,
    async close() {
      await stores.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function inDatabase(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "ackloop-processes-"));
  const { stores, prefix, pool, close } = await onServer();
  return {
    place: { url: postgresUrl ?? "", prefix },
    stores,
    records: new Records(folder),
    folder,
    pool,
    async close() {
      await close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The kinds of places that tests run on: name, how to open one, whether there is one here. */
export const places = [
  ["SQLite", inFolder, true],
  [`a PostgreSQL server${postgresHint}`, inDatabase, Boolean(postgresUrl)],
] as const;

/** The server, for tests that need nothing else. */
export const database = [places[1]] as const;
