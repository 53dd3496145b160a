import { numberAt } from "../sql/session.ts";
import { refuseNewer, tableNames } from "../sql/versions.ts";
import { type Connection, withPrefix } from "./connection.ts";

/**
 * The steps from one version of the tables to the next. A step is never changed once released, and can be
 * made again: it is, where tables are missing.
 *
 * A key is a list of texts as JSON: any text can be part of it, and a person can read it. So is all that
 * a user wrote. Times are ms since 1970 by the machine's clock; `..._ms` beside a time is how far away
 * it was when it was set.
 */
const steps: readonly string[] = [
  `
  create table if not exists @cursors (
    key text primary key, value text not null, revision integer not null
  );
  create table if not exists @dead_letters (
    place integer primary key autoincrement, scope text not null, key text not null unique,
    name text not null, letter text not null
  );
  create index if not exists @dead_letters_order on @dead_letters (scope, place);
  create table if not exists @dedupe (
    key text primary key, starts integer not null, mark text, forgotten text not null default '',
    marked_until real not null, marked_ms real not null, done_until real, kept_until real not null
  );
  create index if not exists @dedupe_kept on @dedupe (kept_until);
  create table if not exists @leases (
    key text primary key, fence integer not null, holder text not null,
    held_until real not null, held_ms real not null
  );
  create table if not exists @inbox (
    place integer primary key autoincrement, name text not null, key text unique, entry text not null,
    attempts integer not null default 0, token text,
    hidden_until real not null default 0, hidden_ms real not null default 0, done_until real
  );
  create index if not exists @inbox_open on @inbox (name, hidden_until, place)
    where done_until is null;
  create index if not exists @inbox_hidden on @inbox (name, hidden_until - hidden_ms)
    where done_until is null and hidden_until > 0;
  create index if not exists @inbox_done on @inbox (done_until) where done_until is not null;
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
  end;
  `,
];

/** Makes the tables, or brings older ones to this version; refuses newer ones. */
export function migrate(connection: Connection): void {
  if (versionOf(connection) === steps.length) return;
  const { database, prefix } = connection;
  database.exec("begin immediate");
  try {
    const found = versionOf(connection);
    database.exec(withPrefix("create table if not exists @version (version integer)", prefix));
    for (const [at, step] of steps.entries()) {
      if (at < found) continue;
      database.exec(withPrefix(step, prefix));
      connection.rows("insert into @version (version) values (?)", at + 1);
    }
    database.exec("commit");
  } catch (error) {
    database.exec("rollback");
    throw error;
  }
}

/** The version of the tables; 0 where some are missing. */
function versionOf(connection: Connection): number {
  if (countOf(connection, ["version"]) === 0) return 0;
  const [row = {}] = connection.rows("select coalesce(max(version), 0) as version from @version");
  const version = numberAt("open", row, "version");
  refuseNewer("open", version, steps.length);
  return countOf(connection, tableNames) === tableNames.length ? version : 0;
}

function countOf(connection: Connection, tables: readonly string[]): number {
  const names = tables.map((name) => `${connection.prefix}${name}`);
  const [row = {}] = connection.rows(
    `select count(*) as found from sqlite_master where type = 'table'
     and name in (${names.map(() => "?").join(", ")})`,
    ...names,
  );
  return numberAt("open", row, "found");
}
