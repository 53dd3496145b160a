import { partitionsIn } from "../../core/partition.ts";
import type { Inbox } from "../../core/stores.ts";
import { draftsOf, fullError } from "../entry.ts";
import { keyOf } from "../json.ts";
import type { StoreLimits } from "../options.ts";
import { claimsOf, tokenOf } from "./inbox-claims.ts";
import { sqlInboxLists } from "./inbox-lists.ts";
import { setBackMs, sqlInboxPartitions } from "./inbox-partitions.ts";
import { sqlInboxWait } from "./inbox-wait.ts";
import { after, numberAt, type SqlSession, type Step } from "./session.ts";
import { sweeperOf } from "./sweeper.ts";

const tokenPattern = /^(\d{1,15})\.([0-9a-f-]{36})$/;

const isOpen = "name = @key($1) and done_until is null";
/** A token counts in its own inbox only; said so that no plan goes through all that the inbox holds. */
const isGiven = `place = given.at and token = given.held and done_until is null
  and name || '' = @key($1)`;
const hide = `hidden_ms = cast($3 as float8),
  hidden_until = case when cast($3 as float8) = 0 then 0 else ${after("$3")} end`;

const finish = () => `
  update @inbox set entry = '', done_until = case
    when key is null then @now else ${after("$3")}
  end from @tokens where ${isGiven}`;

const toStatements = () => ({
  /**
   * What nobody has claimed yet is hidden until 0. Of these the oldest, and those whose time has been over
   * for longest, are found by one index each, however many others there are, and the oldest of both
   * are taken. (`<= 0`, so that no plan takes another index, which begins with all that is hidden.)
   */
  claim: [
    `update @inbox set hidden_until = @now + hidden_ms
     where ${isOpen} and hidden_until > 0 and hidden_until - hidden_ms > @now + ${setBackMs}`,
    `with fresh as materialized (
       select place from @inbox where ${isOpen} and hidden_until <= 0
       order by hidden_until, place limit cast($2 as bigint) @lock
     ), ended as materialized (
       select place from @inbox where ${isOpen} and hidden_until > 0 and hidden_until <= @now
       order by hidden_until, place limit cast($2 as bigint) @lock
     ), oldest as (
       select place from fresh union all select place from ended
       order by place limit cast($2 as bigint)
     )
     update @inbox set attempts = attempts + 1, token = $3,
       hidden_until = ${after("$4")}, hidden_ms = cast($4 as float8)
     where place in (select place from oldest) returning place, @text(token), cast(attempts as float8) as attempts, @text(entry)`,
  ],
  finish: `${finish()} returning place, @text(token)`,
  /** It frees the next one, and nobody waits here to take it. */
  finishFirst: `${finish()} returning place, @text(token), @notice as told`,
  release: `update @inbox set token = null, ${hide} from @tokens where ${isGiven} returning @notice as told`,
  extend: `update @inbox set ${hide} from @tokens where ${isGiven}`,
});

/**
 * The inbox in a table: workers claim rows, and pass by those that another worker claims just now.
 *
 * @param add Takes the inbox, the entries as JSON, and the limit. It gives one row, whose `fits` is 0 when
 * there was no room, and nothing was added, and not all of it is there already.
 */
export function sqlInbox(session: SqlSession, limits: StoreLimits, add: Step): Required<Inbox> {
  const statements = toStatements();
  const sweep = sweeperOf(session, "@inbox", "place", "done_until");

  async function settle(
    operation: "finish" | "release" | "extend",
    name: string,
    tokens: readonly string[],
    ms: number,
    step: string = statements[operation],
  ): Promise<readonly boolean[]> {
    const given = tokens.flatMap((text) => {
      const [, at, held] = tokenPattern.exec(text) ?? [];
      return at === undefined ? [] : [{ at, held }];
    });
    if (given.length === 0) return tokens.map(() => false);
    const params = [keyOf(name), JSON.stringify(given), ms];
    const rows = await session.run(operation, step, params);
    const settled = new Set(rows.map(tokenOf));
    return tokens.map((token) => settled.has(token));
  }

  return {
    async add(name, entries) {
      const given = draftsOf(entries).map(({ identity, text }) => {
        return { key: identity === undefined ? null : keyOf(name, identity), entry: text };
      });
      if (given.length === 0) return;
      await sweep("add");
      const params = [keyOf(name), JSON.stringify(given), limits.inboxMaxEntries];
      const rows = await session.run("add", add, params);
      if (rows.some((row) => numberAt("add", row, "fits") === 0)) throw fullError();
      session.bell.ring(keyOf(name));
    },
    async claim(name, limit, leaseMs) {
      const params = [keyOf(name), limit, crypto.randomUUID(), leaseMs];
      return claimsOf(await session.run("claim", statements.claim, params)).map(
        ({ claim }) => claim,
      );
    },
    async finish(name, tokens) {
      const key = keyOf(name);
      const isFirst = partitionsIn(name) > 0;
      const step =
        isFirst && !session.bell.isHeard(key) ? statements.finishFirst : statements.finish;
      const verdicts = await settle("finish", name, tokens, limits.inboxRetentionMs, step);
      if (isFirst) session.bell.ring(key);
      return verdicts;
    },
    async release(name, tokens, afterMs) {
      await settle("release", name, tokens, afterMs);
      session.bell.ring(keyOf(name));
    },
    async extend(name, tokens, leaseMs) {
      await settle("extend", name, tokens, leaseMs);
    },
    ...sqlInboxWait(session),
    ...sqlInboxPartitions(session),
    ...sqlInboxLists(session),
  };
}
