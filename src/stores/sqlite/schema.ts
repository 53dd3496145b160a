import { AckloopError } from "../../core/errors.ts";
import { type Connection, numberAt, withPrefix } from "./connection.ts";

/**
 * The steps from one version of the tables to the next; a step is never changed once released.
 *
 * A key is a list of texts as JSON: any text can be part of it, and a person can read it. So is all that
 * a user wrote. Times are ms since 1970 by the machine's clock; `..._ms` beside a time is how far away
 * it was when it was set.
 */
const steps: readonly string[] = [
  `
  create table @cursors (key text primary key, value text not null, revision integer not null);
  create table @dead_letters (
    place integer primary key autoincrement, scope text not null, key text not null unique,
    letter text not null
  );
  create index @dead_letters_order on @dead_letters (scope, place);
  create table @dedupe (
    key text primary key, starts integer not null, mark text, since real not null, ms real not null,
    done integer not null, kept_until real not null, forgotten text not null
  );
  create index @dedupe_kept on @dedupe (kept_until);
  create table @leases (
    key text primary key, fence integer not null, holder text not null,
    since real not null, ms real not null
  );
  create table @inbox (
    place integer primary key autoincrement, name text not null, key text unique, entry text not null,
    attempts integer not null default 0, token text,
    hidden_until real not null default 0, hidden_ms real not null default 0, done_until real
  );
  create index @inbox_open on @inbox (name, hidden_until, place) where done_until is null;
  create index @inbox_done on @inbox (done_until) where done_until is not null;
  create table @inbox_sizes (name text primary key, unfinished integer not null);
  create trigger @inbox_added after insert on @inbox begin
    insert into @inbox_sizes (name, unfinished) values (new.name, 1)
      on conflict (name) do update set unfinished = unfinished + 1;
  end;
  create trigger @inbox_finished after update of done_until on @inbox
  when old.done_until is null and new.done_until is not null begin
    update @inbox_sizes set unfinished = unfinished - 1 where name = new.name;
  end;
  create trigger @inbox_removed after delete on @inbox when old.done_until is null begin
    update @inbox_sizes set unfinished = unfinished - 1 where name = old.name;
  end;
  `,
];

/** Makes the tables, or brings older ones to this version; refuses newer ones. */
export function migrate(connection: Connection): void {
  if (isCurrent(connection)) return;
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

function isCurrent(connection: Connection): boolean {
  const found = versionOf(connection);
  if (found <= steps.length) return found === steps.length;
  throw new AckloopError(
    "config",
    `the tables are of version ${found}, this ackloop knows ${steps.length}; upgrade it`,
    { provider: "stores", operation: "open" },
  );
}

function versionOf(connection: Connection): number {
  const name = `${connection.prefix}version`;
  const known = "select 1 from sqlite_master where type = 'table' and name = ?";
  if (connection.rows(known, name).length === 0) return 0;
  const [row] = connection.rows(
    "select number(version) from @version order by version desc limit 1",
  );
  return row ? numberAt(row, "version") : 0;
}
