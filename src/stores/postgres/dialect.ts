import type { Step } from "../sql/session.ts";

/** The database's clock, at the receipt of the statement: the only clock of the PostgreSQL stores. */
const now = "(extract(epoch from statement_timestamp()) * 1000)::float8";

/** A list of tokens, from a parameter. */
const tokens = "json_to_recordset(cast($2 as json)) as given (at bigint, held text)";

/** An index cannot hold long keys: the longest stand there as the SHA-256 of their text. */
const longestKeyBytes = 1000;

/** A key as its column holds it; `text` is used more than once. */
function keyOf(text: string): string {
  return `case when octet_length(${text}) <= ${longestKeyBytes} then ${text}
    else encode(sha256(convert_to(${text}, 'UTF8')), 'hex') end`;
}

/**
 * A key from a parameter. It is worked out once, before any row is looked at, and so it is the place where
 * the time is set that the statement may wait for a lock of another: `true` keeps that to its transaction.
 */
function keyOfParam(param: string, lockMs: number | undefined): string {
  const key = keyOf(`cast(${param} as text)`);
  if (lockMs === undefined) return `(select ${key})`;
  return `(select ${key} where set_config('lock_timeout', '${lockMs}', true) is not null)`;
}

/** The name of a table, or of what it is made of, as a statement names it. */
export function tableOf(schema: string, prefix: string, name: string): string {
  return `"${schema.replaceAll('"', '""')}".${prefix}${name}`;
}

/** Writes a step as one statement of PostgreSQL. */
export function toPostgres(
  step: Step,
  schema: string,
  prefix: string,
  lockMs: number | undefined,
): string {
  return oneOf(step)
    .replaceAll("@now", now)
    .replaceAll("@lock", "for update skip locked")
    .replaceAll("@tokens", tokens)
    .replace(/@key\((\$\d)\)/g, (_, param: string) => keyOfParam(param, lockMs))
    .replace(/@text\((\w+)\)/g, "$1")
    .replace(/@([a-z_]+)/g, (_, name: string) => tableOf(schema, prefix, name));
}

/** Several statements as one: all but the last are parts of it. */
function oneOf(step: Step): string {
  if (typeof step === "string") return step;
  const parts = step.slice(0, -1).map((text, at) => `step${at} as (${text})`);
  const last = (step.at(-1) ?? "").trim();
  const main = last.startsWith("with ") ? `, ${last.slice("with ".length)}` : ` ${last}`;
  return `with ${parts.join(", ")}${main}`;
}

/** Where there is no room, nothing is added, and it fits only if all of it is there already. */
export const postgresAdd: Step = `
  with row as materialized (
    select ${keyOf("key")} as key, entry
    from json_to_recordset(cast($2 as json)) as given (key text, entry text)
  ), room as materialized (
    select coalesce(sum(unfinished), 0) < cast($3 as bigint) as free
    from @inbox_sizes where name = @key($1)
  ), added as (
    insert into @inbox as known (name, key, entry)
    select @key($1), row.key, row.entry from row, room where room.free
    on conflict (key) do update set
      place = excluded.place, entry = excluded.entry, attempts = 0, token = null,
      hidden_until = 0, hidden_ms = 0, done_until = null
    where known.done_until <= @now
  )
  select case when room.free or not exists (
    select from row where not exists (
      select from @inbox as known where known.key = row.key
      and (known.done_until is null or known.done_until > @now)
    )
  ) then 1 else 0 end as fits from room`;
