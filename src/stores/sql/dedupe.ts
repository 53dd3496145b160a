import type { DedupeStore, EventKey } from "../../core/stores.ts";
import { keyOfEvent } from "../json.ts";
import { forgottenAtMost, markKeptMs } from "../options.ts";
import { type Asked, leftAt, numberAt, type SqlSession } from "./session.ts";
import { sweeperOf } from "./sweeper.ts";

/** The mark in a parameter is not one of those that are never set again. */
const mayBeSet = (mark: string): string =>
  `replace(known.forgotten, ${mark}, '') = known.forgotten`;

/** The row's mark is the forgotten one, and it is in work. */
const isHeld = "known.mark = excluded.forgotten and known.done_until is null";

/** All of the forgotten marks but for the line breaks that they begin with. */
const letters = "replace(known.forgotten, '\n', '')";

const fromGiven = "from @given as item where known.key = item.event and @among(known.key)";

/** `ms` is the time that is asked for, `kept` how long the row is of use. */
const toStatements = () => ({
  begin: `
    insert into @dedupe as known (key, mark, marked_until, marked_ms, kept_until, starts)
    select event, mark, @now + ms, ms, @now + kept, 1 from @given as item where true
    on conflict (key) do update set
      starts = case
        when known.done_until is not null or known.kept_until <= @now then 1
        when known.mark = excluded.mark then known.starts
        else known.starts + 1
      end,
      mark = excluded.mark, marked_until = excluded.marked_until, marked_ms = excluded.marked_ms,
      done_until = null, kept_until = excluded.kept_until
    where (coalesce(known.done_until, known.marked_until) <= @now
      or (known.mark = excluded.mark and known.done_until is null))
      and ${mayBeSet("excluded.mark")}
    returning key, cast(starts as float8) as starts`,
  // As with leases, where the clock was set back, a time that lies too far away begins anew.
  look: [
    `update @dedupe as known set marked_until = @now + known.marked_ms
    ${fromGiven} and known.marked_until > @now + known.marked_ms`,
    `select key, case when done_until > @now then 1 else 0 end as done,
      case when ${mayBeSet("item.mark")} then marked_until - @now else 0 end as remaining,
      cast(marked_ms as float8) as ms
    from @dedupe as known, @given as item where known.key = item.event and @among(known.key)`,
  ],
  renew: `
    update @dedupe as known set
      marked_until = @now + item.ms, marked_ms = item.ms, kept_until = @now + item.kept
    ${fromGiven} and known.mark = item.mark and known.done_until is null
    returning key`,
  finish: `
    update @dedupe as known set done_until = @now + item.ms, kept_until = @now + item.kept
    ${fromGiven} and known.mark = item.mark
    returning key`,
  // The row is written also where there is none yet, so that a begin that comes late finds it. Where as
  // many marks are known as may be, the oldest goes: it is what ends the list behind its last line break.
  forget: `
    insert into @dedupe as known (key, forgotten, marked_until, marked_ms, kept_until, starts)
    select event, mark, @now, 0, @now + kept, 0 from @given as item where true
    on conflict (key) do update set
      forgotten = excluded.forgotten || case
        when length(known.forgotten) - length(${letters}) < ${forgottenAtMost} then known.forgotten
        else rtrim(rtrim(known.forgotten, ${letters}), '\n')
      end,
      kept_until = case
        when known.kept_until > excluded.kept_until then known.kept_until else excluded.kept_until
      end,
      mark = case when ${isHeld} then null else known.mark end,
      marked_until = case when ${isHeld} then @now else known.marked_until end,
      starts = case when ${isHeld} then known.starts - 1 else known.starts end
    returning key`,
});

/**
 * The dedupe store in a table: one row for an event, one conditional statement for a step, of as many events
 * as were asked for in one breath.
 */
export function sqlDedupe(session: SqlSession, startsRetentionMs: number): DedupeStore {
  const statements = toStatements();
  const isOver = `and (done_until is not null or kept_until <= @now - ${markKeptMs})`;
  const sweep = sweeperOf(session, "@dedupe", "key", "kept_until", isOver);
  const keptMs = (markMs: number): number => Math.max(markMs, startsRetentionMs);
  return {
    async begin(key, markMs, { mark = crypto.randomUUID() } = {}) {
      await sweep("begin");
      const item = itemOf(key, mark, markMs, keptMs(markMs));
      const [begun] = await session.run("begin", statements.begin, item);
      if (begun) return { status: "begun", mark, starts: numberAt("begin", begun, "starts") };
      const [row] = await session.run("begin", statements.look, item);
      if (row && numberAt("begin", row, "done") === 1) return { status: "done" };
      return { status: "busy", endsInMs: leftAt("begin", row) };
    },
    async renew(key, mark, markMs) {
      const item = itemOf(key, mark, markMs, keptMs(markMs));
      return (await session.run("renew", statements.renew, item)).length > 0;
    },
    async finish(key, mark, { retentionMs, transaction }) {
      const asked: Asked = ["finish", statements.finish, itemOf(key, mark, retentionMs)];
      const isOwn = transaction === undefined;
      const rows = isOwn ? session.run(...asked) : session.runIn(transaction, ...asked);
      return (await rows).length > 0;
    },
    async forget(key, mark) {
      await session.run("forget", statements.forget, itemOf(key, mark, markKeptMs));
    },
  };
}

/**
 * The event, the mark as a text that a database can hold, and the times. No JSON has a line break of its own, so
 * that a mark is found in a list of others only as a whole.
 */
function itemOf(key: EventKey, mark: string, ms: number, keptMs = ms): Asked[2] {
  return [keyOfEvent(key), `\n${JSON.stringify(mark)}`, ms, keptMs];
}
