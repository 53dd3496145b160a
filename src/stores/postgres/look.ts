import { storeError } from "../error.ts";
import type { PostgresSettings } from "../options.ts";
import { numberAt, type Row } from "../sql/session.ts";
import { refuseNewer, tableNames } from "../sql/tables.ts";
import type { Ask } from "./database.ts";
import { tableOf } from "./dialect.ts";
import { countOf, steps } from "./migrations.ts";

export interface Found {
  readonly schema: string;
  /** Whether the tables are all there, and of this version. */
  readonly isCurrent: boolean;
}

/**
 * Looks whether the database can be used at all, and what tables it has.
 *
 * @throws {AckloopError} `config` where a person must mend something, and for tables of a newer version.
 */
export async function look(
  operation: string,
  ask: Ask,
  { schema, prefix }: PostgresSettings,
): Promise<Found> {
  const [row = {}] = await ask(
    `select current_setting('server_version_num') as server,
      current_setting('server_encoding') as encoding,
      current_setting('transaction_read_only') as readonly, space.nspname::text as schema,
      (select oid::text from pg_class where relnamespace = space.oid
        and relname = '${prefix}version') as versions
    from (select coalesce($1::text, current_schema()::text) as name) as wanted
    left join pg_namespace as space on space.nspname = wanted.name`,
    [schema ?? null],
  );
  const misfit = misfitOf(row, schema);
  if (misfit) throw storeError("config", operation, misfit);
  const found = String(row["schema"]);
  if (row["versions"] === null) return { schema: found, isCurrent: false };
  const table = tableOf(found, prefix, "version");
  const [tables = {}] = await ask(
    `select (select coalesce(max(version), 0) from ${table}) as version,
      (${countOf("$1::oid", prefix)}) as tables`,
    [String(row["versions"])],
  );
  const version = numberAt(operation, tables, "version");
  refuseNewer(operation, version, steps().length);
  const isWhole = numberAt(operation, tables, "tables") === tableNames.length;
  return { schema: found, isCurrent: isWhole && version === steps().length };
}

/** What a person must mend first, in words. */
function misfitOf(row: Row, schema: string | undefined): string | undefined {
  if (!(Number(row["server"]) >= 120_000)) {
    return "the database is no PostgreSQL of version 12 or newer";
  }
  if (row["encoding"] !== "UTF8") {
    return "the database's encoding must be UTF8; make another database";
  }
  if (row["readonly"] === "on") {
    return "the database is read-only, as a standby is; give the address of the primary";
  }
  if (typeof row["schema"] === "string") return undefined;
  return schema === undefined
    ? "the search path names no schema that exists; give the option `schema`"
    : "there is no schema of the name in `schema`; create it first";
}

/** Gives the schema, if its tables are of this version. */
export function refuseOld({ schema, isCurrent }: Found): string {
  if (isCurrent) return schema;
  throw storeError("config", "open", "the tables are missing or old; call `migrate()` first");
}
