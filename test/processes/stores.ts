import { join } from "node:path";
import type { Pool } from "pg";
import type { StoreSet } from "../../src/core/stores.ts";
import { postgresStores, sqliteStores } from "../../src/stores/index.ts";
import type { StorePlace } from "./task.ts";

/** Stores that a process opens where its task says, and how it closes them. */
export interface OpenStores {
  readonly stores: StoreSet;
  /** The database, where there is one. */
  readonly pool: Pool | undefined;
  close(): Promise<void>;
}

/** Opens the stores of a task. The tables are there already. */
export async function openStores(place: StorePlace): Promise<OpenStores> {
  if (place.folder !== undefined) {
    const stores = sqliteStores(join(place.folder, "ackloop.db"));
    return { stores, pool: undefined, close: () => stores.close() };
  }
  // Loaded where it is needed: a process that is killed often should start fast.
  const { Pool } = await import("pg");
  const pool = new Pool({
    connectionString: place.url,
    application_name: place.prefix,
    max: 6,
    connectionTimeoutMillis: 2000,
  });
  // Without it the process ends when the server cuts an idle connection.
  pool.on("error", () => {});
  const stores = postgresStores(pool, { prefix: place.prefix, timeoutMs: 5000 });
  return { stores, pool, close: () => pool.end() };
}
