import type { Inbox, InboxEntry } from "../../core/stores.ts";
import { claimOf, entriesToJson, fullError, sameAs } from "../entry.ts";
import { hashOf } from "../hash.ts";
import type { StoreLimits } from "../options.ts";
import { after, now, Sweeper } from "./clock.ts";
import { labelOf, numberAt, type Row, type Session, textAt } from "./database.ts";

const tokenPattern = /^(\d{1,18})\.([0-9a-f-]{36})$/;

/** The inbox in a table: workers claim rows, and pass by those that another worker claims just now. */
export function postgresInbox(session: Session, limits: StoreLimits): Inbox {
  const table = `${session.prefix}inbox`;
  const statements = inboxStatements(table);
  const sweeper = new Sweeper(session, table, "place", "done_until");

  async function settle(
    operation: "finish" | "release" | "extend",
    name: string,
    tokens: readonly string[],
    ms: number,
  ): Promise<readonly boolean[]> {
    const given = tokens.flatMap((text) => {
      const [, place, token] = tokenPattern.exec(text) ?? [];
      return place === undefined ? [] : [{ place, token }];
    });
    if (given.length === 0) return tokens.map(() => false);
    const params = [await hashOf(name), JSON.stringify(given), String(ms)];
    const rows = await session.run(operation, statements[operation], params);
    const settled = new Set(rows.map((row) => textAt(row, "given")));
    return tokens.map((token) => settled.has(token));
  }

  return {
    async add(name, entries) {
      const given = await givenOf(name, entries);
      if (given.length === 0) return;
      await sweeper.sweep("add");
      const [row] = await session.run("add", statements.add, [
        await hashOf(name),
        labelOf(name),
        JSON.stringify(given),
        String(limits.inboxMaxEntries),
      ]);
      if (row && numberAt(row, "fits") === 0) throw fullError();
    },
    async claim(name, limit, leaseMs) {
      const params = [await hashOf(name), crypto.randomUUID(), String(limit), String(leaseMs)];
      const rows = await session.run("claim", statements.claim, params);
      return [...rows].sort(byPlace).map((row) => {
        const token = `${textAt(row, "place")}.${textAt(row, "token")}`;
        return claimOf(textAt(row, "entry"), token, numberAt(row, "attempts"));
      });
    },
    finish: (name, tokens) => settle("finish", name, tokens, limits.inboxRetentionMs),
    async release(name, tokens, afterMs) {
      await settle("release", name, tokens, afterMs);
    },
    async extend(name, tokens, leaseMs) {
      await settle("extend", name, tokens, leaseMs);
    },
  };
}

interface Given {
  readonly key: string | null;
  readonly event_id: string | null;
  readonly entry: string;
}

/** The entries as rows, the same event once. */
async function givenOf(name: string, entries: readonly InboxEntry[]): Promise<readonly Given[]> {
  const jsons = entriesToJson(entries);
  const rows = await Promise.all(
    entries.map(async (entry, at): Promise<Given> => {
      const identity = sameAs(entry);
      return {
        key: identity === undefined ? null : await hashOf(name, identity),
        event_id: entry.event ? labelOf(entry.event.id) : null,
        entry: jsons[at] ?? "",
      };
    }),
  );
  const keys = new Set<string>();
  return rows.filter(({ key }) => {
    if (key === null) return true;
    const isNew = !keys.has(key);
    keys.add(key);
    return isNew;
  });
}

function byPlace(left: Row, right: Row): number {
  return numberAt(left, "place") - numberAt(right, "place");
}

function inboxStatements(table: string) {
  const given = `json_to_recordset($2::json) as given (place bigint, token text)`;
  const isHeld = `${table}.inbox = $1 and ${table}.place = given.place
      and ${table}.token = given.token and ${table}.done_until is null`;
  const giveBack = `returning (given.place || '.' || given.token) as given`;
  return {
    // Where there is no room, nothing is added, and it fits only if all of it is there already.
    add: `
      with given as (
        select * from json_to_recordset($3::json) as row (key text, event_id text, entry text)
      ), room as (
        select count(*) < $4::bigint as free from (
          select 1 from ${table} where inbox = $1 and done_until is null limit $4::bigint
        ) as unfinished
      ), added as (
        insert into ${table} as known (inbox, name, key, event_id, entry)
        select $1, $2, given.key, given.event_id, given.entry from given, room where room.free
        on conflict (key) do update set
          place = excluded.place, entry = excluded.entry, attempts = 0, token = null,
          hidden_until = ${now}, added_at = ${now}, done_until = null
        where known.done_until <= ${now}
      )
      select (room.free or not exists (
        select from given where not exists (
          select from ${table} as known where known.key = given.key
          and (known.done_until is null or known.done_until > ${now})
        )
      ))::int::text as fits from room`,
    claim: `
      with free as materialized (
        select place from ${table}
        where inbox = $1 and done_until is null and hidden_until <= ${now}
        order by place limit $3::bigint for update skip locked
      )
      update ${table} set
        attempts = attempts + 1, token = $2, hidden_until = ${after("$4")}
      from free where ${table}.place = free.place
      returning ${table}.place::text as place, token, attempts::text as attempts, entry`,
    finish: `
      update ${table} set token = null, entry = '', done_until = case
        when key is null then ${now} else ${after("$3")}
      end from ${given} where ${isHeld} ${giveBack}`,
    release: `
      update ${table} set token = null, hidden_until = ${after("$3")}
      from ${given} where ${isHeld} ${giveBack}`,
    extend: `
      update ${table} set hidden_until = ${after("$3")}
      from ${given} where ${isHeld} ${giveBack}`,
  };
}
