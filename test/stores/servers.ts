import { Pool } from "pg";
import type { PostgresStores, SqlStoreOptions } from "../../src/stores/index.ts";
import { postgresStores } from "../../src/stores/index.ts";
import { tableNames } from "../../src/stores/sql/tables.ts";

/** The address of a real server, where the environment names one. */
export const postgresUrl = process.env["ACKLOOP_POSTGRES_URL"];

/** What a skipped test says. */
export const postgresHint = postgresUrl
  ? ""
  : ' (skipped: no server; export ACKLOOP_POSTGRES_URL="$(scripts/postgres.sh start)")';

/** A prefix that no other test uses. */
export function freshPrefix(): string {
  return `t${crypto.randomUUID().replaceAll("-", "").slice(0, 20)}_`;
}

/** Stores on a real server, in tables of their own; `close` takes the tables off. */
export async function onServer(options: SqlStoreOptions = {}): Promise<{
  readonly pool: Pool;
  readonly stores: PostgresStores;
  readonly prefix: string;
  close(): Promise<void>;
}> {
  const prefix = options.prefix ?? freshPrefix();
  const pool = new Pool({ connectionString: postgresUrl, max: 8 });
  const stores = postgresStores(pool, { ...options, prefix });
  await stores.migrate();
  return {
    pool,
    stores,
    prefix,
    async close() {
      const names = ["version", ...tableNames];
      await pool.query(names.map((name) => `drop table if exists ${prefix}${name}`).join(";"));
      for (const event of ["insert", "update", "delete"]) {
        await pool.query(`drop function if exists ${prefix}inbox_count_${event}`);
      }
      await pool.end();
    },
  };
}
