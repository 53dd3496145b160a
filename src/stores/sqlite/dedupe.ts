import type { DedupeStore, EventKey } from "../../core/stores.ts";
import { configError } from "../check.ts";
import { textFromJson, textsFromJson } from "../json.ts";
import { keyOf } from "../key.ts";
import type { Change } from "../rules/change.ts";
import { begun, type DedupeRow, finished, forgotten, renewed } from "../rules/dedupe.ts";
import { SweepClock, sweptAtOnce } from "../sweep.ts";
import { Connection, numberAt, type Row, textAt } from "./connection.ts";
import { isInTransaction, isSqlite } from "./driver.ts";
import type { SqliteSession } from "./session.ts";
import { sqliteError } from "./sqlite-error.ts";

type Step<Result> = (row: DedupeRow | undefined) => Change<DedupeRow, Result>;

/** The dedupe store in a table: one row for an event. */
export function sqliteDedupe(session: SqliteSession, startsRetentionMs: number): DedupeStore {
  const sweeps = new SweepClock();
  const times = () => ({ now: Date.now(), startsRetentionMs });
  const change = <Result>(operation: string, key: EventKey, step: Step<Result>) =>
    session.write(operation, (connection) => changeRow(connection, key, step));
  return {
    begin: (key, markMs, { mark = crypto.randomUUID() } = {}) =>
      session.write("begin", (connection) => {
        if (sweeps.isDue()) sweeps.swept(sweep(connection));
        return changeRow(connection, key, (row) => begun(row, mark, markMs, times()));
      }),
    renew: (key, mark, markMs) =>
      change("renew", key, (row) => renewed(row, mark, markMs, times())),
    async finish(key, mark, { retentionMs, transaction }) {
      const step: Step<boolean> = (row) => finished(row, mark, retentionMs, Date.now());
      if (transaction === undefined) return await change("finish", key, step);
      return finishIn(session, transaction, (given) => changeRow(given, key, step));
    },
    forget: (key, mark) =>
      change("forget", key, (row) => {
        return { result: undefined, next: forgotten(row, mark, Date.now()) };
      }),
  };
}

/** Makes the step in the caller's transaction, at once: nothing of another's is between. */
function finishIn(
  session: SqliteSession,
  transaction: unknown,
  step: (connection: Connection) => boolean,
): boolean {
  if (!isSqlite(transaction)) {
    throw configError("finish", "`transaction` must be a SQLite database");
  }
  try {
    if (!isInTransaction(transaction)) {
      throw configError("finish", "no transaction is open on the database; `begin` one first");
    }
    if (!session.isOn(transaction)) {
      throw configError("finish", "`transaction` must be on the file of the stores");
    }
    return step(new Connection(transaction, session.prefix));
  } catch (error) {
    throw sqliteError("finish", error);
  }
}

function changeRow<Result>(
  connection: Connection,
  { consumer, feed, identity }: EventKey,
  step: Step<Result>,
): Result {
  const key = keyOf(consumer, feed, identity);
  const [row] = connection.rows(
    `select number(starts), text(mark), number(since), number(ms), number(done),
       number(kept_until), text(forgotten)
     from @dedupe where key = ?`,
    key,
  );
  const { result, next } = step(row && toRow(row));
  if (next) {
    connection.rows(
      `insert or replace into @dedupe (key, starts, mark, since, ms, done, kept_until, forgotten)
       values (?, ?, ?, ?, ?, ?, ?, ?)`,
      key,
      next.starts,
      next.mark === undefined ? null : JSON.stringify(next.mark),
      next.span.from,
      next.span.ms,
      next.done ? 1 : 0,
      next.keptUntil,
      JSON.stringify(next.forgotten),
    );
  }
  return result;
}

function toRow(row: Row): DedupeRow {
  return {
    starts: numberAt(row, "starts"),
    mark: row["mark"] === null ? undefined : textFromJson("begin", textAt(row, "mark")),
    span: { from: numberAt(row, "since"), ms: numberAt(row, "ms") },
    done: numberAt(row, "done") === 1,
    keptUntil: numberAt(row, "kept_until"),
    forgotten: textsFromJson("begin", textAt(row, "forgotten")),
  };
}

function sweep(connection: Connection): number {
  return connection.rows(
    `delete from @dedupe where key in (
       select key from @dedupe where kept_until <= ? limit ${sweptAtOnce}
     ) returning 1`,
    Date.now(),
  ).length;
}
