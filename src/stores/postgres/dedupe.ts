import type { DedupeStore, EventKey } from "../../core/stores.ts";
import { hashOf } from "../hash.ts";
import { forgottenAtMost, forgottenMs } from "../options.ts";
import { after, beginAnew, leftMs, now, Sweeper } from "./clock.ts";
import { checkDatabase, isDatabase, labelOf, numberAt, type Session, textAt } from "./database.ts";

/** The dedupe store in a table: one row for an event, one conditional statement for a step. */
export function postgresDedupe(session: Session, startsRetentionMs: number): DedupeStore {
  const table = `${session.prefix}dedupe`;
  const sweeper = new Sweeper(session, table, "key", "kept_until");
  const statements = dedupeStatements(table);
  const keyOf = ({ consumer, feed, identity }: EventKey): Promise<string> =>
    hashOf(consumer, feed, identity);
  const keptMs = (markMs: number): string => String(Math.max(markMs, startsRetentionMs));
  return {
    async begin(key, markMs, { mark = crypto.randomUUID() } = {}) {
      await sweeper.sweep("begin");
      const id = await keyOf(key);
      const labels = [labelOf(key.consumer), labelOf(key.feed), labelOf(key.identity)];
      const params = [id, markText(mark), String(markMs), keptMs(markMs), ...labels];
      const [begun] = await session.run("begin", statements.begin, params);
      if (begun) return { status: "begun", mark, starts: numberAt(begun, "starts") };
      const [row] = await session.run("begin", statements.look, [id, markText(mark)]);
      if (row && textAt(row, "done") === "1") return { status: "done" };
      return { status: "busy", endsInMs: row ? numberAt(row, "left") : 0 };
    },
    async renew(key, mark, markMs) {
      const params = [await keyOf(key), markText(mark), String(markMs), keptMs(markMs)];
      return (await session.run("renew", statements.renew, params)).length > 0;
    },
    async finish(key, mark, { retentionMs, transaction }) {
      const params = [await keyOf(key), markText(mark), String(retentionMs)];
      if (transaction === undefined) {
        return (await session.run("finish", statements.finish, params)).length > 0;
      }
      checkDatabase("finish", "transaction", transaction);
      if (!isDatabase(transaction)) return false;
      const rows = await session.runIn(transaction, "finish", statements.finish, params);
      return rows.length > 0;
    },
    async forget(key, mark) {
      const labels = [labelOf(key.consumer), labelOf(key.feed), labelOf(key.identity)];
      const params = [await keyOf(key), markText(mark), String(forgottenMs), ...labels];
      await session.run("forget", statements.forget, params);
    },
  };
}

function dedupeStatements(table: string) {
  return {
    begin: `
      insert into ${table} as known
        (key, mark, marked_until, marked_ms, kept_until, consumer, feed, event_id, starts)
      values ($1, $2, ${after("$3")}, $3::float8, ${after("$4")}, $5, $6, $7, 1)
      on conflict (key) do update set
        starts = case
          when known.done_until is not null or known.kept_until <= ${now} then 1
          when known.mark = excluded.mark then known.starts
          else known.starts + 1
        end,
        mark = excluded.mark, marked_until = excluded.marked_until, marked_ms = excluded.marked_ms,
        done_until = null, kept_until = excluded.kept_until
      where (coalesce(known.done_until, known.marked_until) <= ${now}
        or (known.mark = excluded.mark and known.done_until is null))
        and not ${isForgotten("known.forgotten")}
      returning starts::text as starts`,
    look: `
      with anew as (${beginAnew(table, "marked_until", "marked_ms")})
      select (done_until > ${now})::int::text as done,
        case when ${isForgotten("forgotten")} then '0'
          else ${leftMs("marked_until", "marked_ms")} end as left
      from ${table} where key = $1`,
    renew: `
      update ${table} set
        marked_until = ${after("$3")}, marked_ms = $3::float8, kept_until = ${after("$4")}
      where key = $1 and mark = $2 and done_until is null returning 1`,
    finish: `
      update ${table} set done_until = ${after("$3")}, kept_until = ${after("$3")}
      where key = $1 and mark = $2 returning 1`,
    // The row is written also where there is none yet, so that a begin that comes late finds it.
    forget: `
      insert into ${table} as known
        (key, forgotten, marked_until, marked_ms, kept_until, consumer, feed, event_id, starts)
      values ($1, $2, ${now}, 0, ${after("$3")}, $4, $5, $6, 0)
      on conflict (key) do update set
        forgotten = left(excluded.forgotten || known.forgotten, ${forgottenCharacters}),
        kept_until = greatest(known.kept_until, excluded.kept_until),
        mark = case when ${isHeld} then null else known.mark end,
        marked_until = case when ${isHeld} then ${now} else known.marked_until end,
        starts = known.starts - (${isHeld})::int`,
  };
}

const forgottenCharacters = 100 * forgottenAtMost;

/** The row's mark is the given one, and it is in work. */
const isHeld = "(known.mark is not null and known.mark = $2 and known.done_until is null)";

/** Whether the given mark is one of those that are never set again. */
function isForgotten(column: string): string {
  return `strpos(${column}, $2) > 0`;
}

/**
 * A mark as a text that PostgreSQL can hold. No JSON has a line break of its own, so that a mark is found
 * in a list of others only as a whole.
 */
function markText(mark: string): string {
  return `\n${JSON.stringify(mark)}`;
}
