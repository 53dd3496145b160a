import { numberAt } from "../sql/session.ts";
import { firstTables, refuseNewer, tableNames } from "../sql/tables.ts";
import type { Connection } from "./connection.ts";

/**
 * The steps from one version of the tables to the next. A step is never changed once released, and can be
 * made again: it is, where tables are missing.
 */
const steps = (): readonly string[] => [
  `${firstTables}
  create table if not exists @inbox_sizes (name text primary key, unfinished integer not null);
  create trigger if not exists @inbox_added after insert on @inbox begin
    insert into @inbox_sizes (name, unfinished) values (new.name, 1)
      on conflict (name) do update set unfinished = unfinished + 1;
  end;
  create trigger if not exists @inbox_finished after update of done_until on @inbox
  when old.done_until is null and new.done_until is not null begin
    update @inbox_sizes set unfinished = unfinished - 1 where name = new.name;
  end;
  create trigger if not exists @inbox_removed after delete on @inbox when old.done_until is null begin
    update @inbox_sizes set unfinished = unfinished - 1 where name = old.name;
  end;`,
];

/** Makes the tables, or brings older ones to this version; refuses newer ones. */
export function migrate(connection: Connection): void {
  if (versionOf(connection) === steps().length) return;
  connection.transact("begin immediate", () => {
    const found = versionOf(connection);
    for (const [at, step] of steps().entries()) {
      if (at < found) continue;
      connection.exec(step);
      connection.rows("insert into @version (version) values ($1)", [at + 1]);
    }
  });
}

/** The version of the tables; 0 where some are missing. */
function versionOf(connection: Connection): number {
  connection.exec("create table if not exists @version (version integer)");
  const names = tableNames.map((name) => `'@bare(${name})'`).join(", ");
  const [row = {}] = connection.rows(`
    select coalesce(max(version), 0) as version, (
      select count(*) from sqlite_master where type = 'table' and name in (${names})
    ) as tables from @version`);
  const version = numberAt("open", row, "version");
  refuseNewer("open", version, steps().length);
  return numberAt("open", row, "tables") === tableNames.length ? version : 0;
}
