import { storeError } from "../error.ts";

/** The tables, without their prefix, beside the one of the versions. */
export const tableNames = ["cursors", "dead_letters", "dedupe", "leases", "inbox", "inbox_sizes"];

/**
 * The tables and indices of the first version, but for `inbox_sizes`, which each database keeps in its
 * own way.
 *
 * A key is a list of texts as JSON: any text can be part of it, and a person can read it. So is all that a
 * user wrote (`jsonb` cannot hold NUL). Times are ms since 1970 by the store's clock; `..._ms` beside a
 * time is how far away it was when it was set.
 */
export const firstTables = `
  create table if not exists @cursors (
    key @name primary key, value text not null, revision @long not null
  );
  create table if not exists @dead_letters (
    place @counted, scope @name not null, key @name not null unique,
    name text not null, letter text not null
  );
  create index if not exists @bare(dead_letters_order) on @dead_letters (scope, place);
  create table if not exists @dedupe (
    key @name primary key, starts integer not null, mark text, forgotten text not null default '',
    marked_until @real not null, marked_ms @real not null, done_until @real, kept_until @real not null
  );
  create index if not exists @bare(dedupe_kept) on @dedupe (kept_until);
  create table if not exists @leases (
    key @name primary key, fence @long not null, holder text not null,
    held_until @real not null, held_ms @real not null
  );
  create table if not exists @inbox (
    place @counted, name @name not null, key @name unique, entry text not null,
    attempts integer not null default 0, token text,
    hidden_until @real not null default 0, hidden_ms @real not null default 0, done_until @real
  );
  create index if not exists @bare(inbox_open) on @inbox (name, hidden_until, place)
    where done_until is null;
  create index if not exists @bare(inbox_hidden) on @inbox (name, (hidden_until - hidden_ms))
    where done_until is null and hidden_until > 0;
  create index if not exists @bare(inbox_done) on @inbox (done_until) where done_until is not null;
`;

export function refuseNewer(operation: string, found: number, known: number): void {
  if (found <= known) return;
  const text = `the tables are of version ${found}, this ackloop knows ${known}; upgrade it`;
  throw storeError("config", operation, text);
}
