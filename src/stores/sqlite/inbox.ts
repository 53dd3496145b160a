import type { Inbox } from "../../core/stores.ts";
import { claimOf, entriesToJson, fullError, sameAs } from "../entry.ts";
import { keyOf } from "../key.ts";
import type { StoreLimits } from "../options.ts";
import { SweepClock, sweptAtOnce } from "../sweep.ts";
import { type Connection, numberAt, textAt } from "./connection.ts";
import type { SqliteSession } from "./session.ts";

/** An entry to add. */
interface Draft {
  readonly key: string | null;
  readonly text: string;
}

const tokenPattern = /^(\d{1,15})\.([0-9a-f-]{36})$/;
const setBackMs = 1000;

/**
 * The inbox in a table.
 *
 * An entry that may be claimed is hidden until 0, so that an index gives the oldest at once, however many
 * others are hidden; one whose time is over is set to 0 by the next claim.
 */
export function sqliteInbox(session: SqliteSession, limits: StoreLimits): Inbox {
  const sweeps = new SweepClock();
  const clock = new ClockWatch();
  return {
    async add(name, entries) {
      const texts = entriesToJson(entries);
      const drafts = entries.map((entry, at): Draft => {
        const identity = sameAs(entry);
        const key = identity === undefined ? null : keyOf(name, identity);
        return { key, text: texts[at] ?? "" };
      });
      if (drafts.length === 0) return;
      await session.write("add", (connection) => {
        const fresh = freshOf(connection, drafts);
        if (fresh.length === 0) return;
        refuseFull(connection, keyOf(name), limits.inboxMaxEntries);
        insert(connection, keyOf(name), fresh);
        if (sweeps.isDue()) sweeps.swept(sweep(connection));
      });
    },
    async claim(name, limit, leaseMs) {
      const rows = await session.write("claim", (connection) => {
        const now = Date.now();
        if (clock.wasSetBack(name)) beginAnew(connection, keyOf(name), now);
        return claim(connection, keyOf(name), limit, leaseMs, now);
      });
      const inOrder = [...rows].sort((a, b) => numberAt(a, "place") - numberAt(b, "place"));
      return inOrder.map((row) => {
        const token = `${textAt(row, "place")}.${textAt(row, "token")}`;
        return claimOf(textAt(row, "entry"), token, numberAt(row, "attempts"));
      });
    },
    finish: (name, tokens) =>
      session.write("finish", (connection) =>
        tokens.map((token) => finish(connection, name, token, limits.inboxRetentionMs)),
      ),
    async release(name, tokens, afterMs) {
      const sql = `update @inbox set token = null, hidden_until = ?, hidden_ms = ? where ${isHeld}`;
      await session.write("release", (connection) => hide(connection, sql, name, tokens, afterMs));
    },
    async extend(name, tokens, leaseMs) {
      const sql = `update @inbox set hidden_until = ?, hidden_ms = ? where ${isHeld}`;
      await session.write("extend", (connection) => hide(connection, sql, name, tokens, leaseMs));
    },
  };
}

const isHeld = "place = ? and token = ? and name = ? and done_until is null";

/** Those that are not there yet, the same event once. */
function freshOf(connection: Connection, drafts: readonly Draft[]): readonly Draft[] {
  const keys = new Set<string>();
  return drafts.filter(({ key }) => {
    if (key === null) return true;
    const known = connection.rows(
      "select 1 from @inbox where key = ? and (done_until is null or done_until > ?)",
      key,
      Date.now(),
    );
    const isFresh = known.length === 0 && !keys.has(key);
    keys.add(key);
    return isFresh;
  });
}

function refuseFull(connection: Connection, name: string, maxEntries: number): void {
  const [row] = connection.rows("select number(unfinished) from @inbox_sizes where name = ?", name);
  if (row && numberAt(row, "unfinished") >= maxEntries) throw fullError();
}

function insert(connection: Connection, name: string, drafts: readonly Draft[]): void {
  for (const { key, text } of drafts) {
    // One that was finished before its retention ended, and was not swept since.
    if (key !== null) connection.rows("delete from @inbox where key = ?", key);
    connection.rows("insert into @inbox (name, key, entry) values (?, ?, ?)", name, key, text);
  }
}

function claim(
  connection: Connection,
  name: string,
  limit: number,
  leaseMs: number,
  now: number,
): ReturnType<Connection["rows"]> {
  connection.rows(
    `update @inbox set hidden_until = 0 where place in (
       select place from @inbox
       where name = ? and done_until is null and hidden_until > 0 and hidden_until <= ?
       limit ${sweptAtOnce}
     )`,
    name,
    now,
  );
  return connection.rows(
    `update @inbox set attempts = attempts + 1, token = ?, hidden_until = ?, hidden_ms = ?
     where place in (
       select place from @inbox
       where name = ? and done_until is null and hidden_until = 0 order by place limit ?
     ) returning number(place), text(token), number(attempts), text(entry)`,
    crypto.randomUUID(),
    now + leaseMs,
    leaseMs,
    name,
    limit,
  );
}

/** Lets what is hidden begin anew whose time lies further away than it was set. */
function beginAnew(connection: Connection, name: string, now: number): void {
  connection.rows(
    `update @inbox set hidden_until = ? + hidden_ms
     where name = ? and done_until is null and hidden_until > ? + hidden_ms`,
    now,
    name,
    now,
  );
}

function finish(connection: Connection, name: string, token: string, retentionMs: number): boolean {
  const held = heldBy(name, token);
  if (!held) return false;
  const gone = connection.rows(
    `delete from @inbox where ${isHeld} and key is null returning 1`,
    ...held,
  );
  if (gone.length > 0) return true;
  const done = connection.rows(
    `update @inbox set token = null, entry = '', done_until = ? where ${isHeld} returning 1`,
    Date.now() + retentionMs,
    ...held,
  );
  return done.length > 0;
}

function hide(
  connection: Connection,
  sql: string,
  name: string,
  tokens: readonly string[],
  ms: number,
): void {
  for (const token of tokens) {
    const held = heldBy(name, token);
    if (held) connection.rows(sql, ms === 0 ? 0 : Date.now() + ms, ms, ...held);
  }
}

/** The parameters of `isHeld`. */
function heldBy(name: string, token: string): readonly [number, string, string] | undefined {
  const [, place, claimed] = tokenPattern.exec(token) ?? [];
  return place && claimed ? [Number(place), claimed, keyOf(name)] : undefined;
}

function sweep(connection: Connection): number {
  return connection.rows(
    `delete from @inbox where place in (
       select place from @inbox where done_until <= ? limit ${sweptAtOnce}
     ) returning 1`,
    Date.now(),
  ).length;
}

/** Notices that the machine's clock was set back since an inbox was last looked at, or may have been. */
class ClockWatch {
  readonly #offsets = new Map<string, number>();

  wasSetBack(name: string): boolean {
    const offset = Date.now() - performance.now();
    const last = this.#offsets.get(name);
    this.#offsets.set(name, offset);
    return last === undefined || offset < last - setBackMs;
  }
}
