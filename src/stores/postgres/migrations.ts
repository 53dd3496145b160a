import { firstTables, tableNames } from "../sql/tables.ts";
import { tableOf, toPostgres } from "./dialect.ts";

/** Any number, but the same in every version: it keeps two migrations from running at a time. */
const migrationLock = 7_405_311_846;

const added = "select name, 1 as n from added where done_until is null";
const gone = "select name, -1 as n from gone where done_until is null";

/**
 * Keeps the sizes, whoever adds, finishes or deletes rows, in some rows for each inbox, so that those who
 * add at a time need not wait for each other. The schema's name may change later.
 */
const sizes = (): readonly string[] =>
  [
    ["insert", "new table as added", added],
    ["update", "old table as gone new table as added", `${added} union all ${gone}`],
    ["delete", "old table as gone", gone],
  ].map(
    ([event, tables, changes]) => `
  create or replace function @inbox_count_${event}() returns trigger
  language plpgsql as $count$
  begin
    execute format('
      insert into %I.@bare(inbox_sizes) as known (name, slot, unfinished)
      select name, floor(random() * 8), sum(n) from (${changes}) as changes
      group by name having sum(n) <> 0
      on conflict (name, slot) do update set unfinished = known.unfinished + excluded.unfinished
    ', tg_table_schema);
    return null;
  end $count$;
  drop trigger if exists @bare(inbox_count_${event}) on @inbox;
  create trigger @bare(inbox_count_${event}) after ${event} on @inbox
    referencing ${tables} for each statement
    execute function @inbox_count_${event}();`,
  );

/**
 * The steps from one version of the tables to the next. A step is never changed once released, and can be
 * made again: it is, where tables are missing.
 */
export const steps = (): readonly string[] => [
  `${firstTables}
  create table if not exists @inbox_sizes (
    name text collate "C", slot integer, unfinished bigint not null, primary key (name, slot)
  );
  ${sizes().join("")}`,
];

/** One statement that makes what is missing, so that it is one transaction whatever the driver. */
export function migration(schema: string, prefix: string): string {
  const version = tableOf(schema, prefix, "version");
  const changes = steps().map(
    (step, at) => `
    if is_of < ${at + 1} then
      ${toPostgres(step, schema, prefix)}
      insert into ${version} (version) values (${at + 1}) on conflict do nothing;
    end if;`,
  );
  // A tag that no name of a schema holds.
  const tag = `$m${crypto.randomUUID().replaceAll("-", "")}$`;
  return `do ${tag}
  declare is_of integer := 0;
  begin
    perform pg_advisory_xact_lock(${migrationLock});
    create table if not exists ${version} (
      version integer primary key, applied_at timestamptz not null default statement_timestamp()
    );
    if (${countOf(`'${version.replaceAll("'", "''")}'::regclass`, prefix)}) = ${tableNames.length} then
      select coalesce(max(version), 0) into is_of from ${version};
    end if;
    ${changes.join("")}
  end ${tag}`;
}

/** How many of the tables there are beside the one of the versions. */
export function countOf(versionTable: string, prefix: string): string {
  const names = tableNames.map((name) => `'${prefix}${name}'`).join(", ");
  return `select count(*) from pg_class as other join pg_class as version
    on version.relnamespace = other.relnamespace
    where version.oid = ${versionTable} and other.relname in (${names})`;
}
