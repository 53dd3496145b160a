/**
 * Writes the state that this version of the stores keeps into `test/fixtures/stores/`, to be opened by
 * every later version. Run once for each version of the tables; a file that is there is never written anew.
 *
 *     ACKLOOP_POSTGRES_URL=... node --import ./scripts/typescript.mjs scripts/freeze-stores.ts 1
 */
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { Pool } from "pg";
import { postgresStores, sqliteStores } from "../src/stores/index.ts";
import { fillStores } from "../test/stores/frozen.ts";

const [version, dumper = "pg_dump"] = process.argv.slice(2);
const url = process.env["ACKLOOP_POSTGRES_URL"];
if (!version || !url) throw new Error("give the version of the tables, and ACKLOOP_POSTGRES_URL");
const file = `test/fixtures/stores/v${version}`;
if (existsSync(`${file}.db`)) throw new Error("this version is frozen already");

const sqlite = sqliteStores(`${file}.db`);
await fillStores(sqlite);
await sqlite.close();

const pool = new Pool({ connectionString: url });
await pool.query("create schema frozen");
const postgres = postgresStores(pool, { schema: "frozen" });
await postgres.migrate();
await fillStores(postgres);
await pool.end();
const dump = execFileSync(dumper, [
  "--schema=frozen",
  "--inserts",
  "--no-owner",
  "--no-privileges",
  url,
]);
// Settings of the dumping server, which an older one may not know.
const lines = dump.toString().split("\n");
const kept = lines.filter((line) => !/^(SET|SELECT pg_catalog.set_config|\\|--|$)/.test(line));
writeFileSync(`${file}.sql`, `${kept.join("\n")}\n`);
