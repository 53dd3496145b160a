import { PGlite } from "@electric-sql/pglite";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sleep } from "../../src/core/sleep.ts";
import type { DedupeStore, EventKey } from "../../src/core/stores.ts";
import { drain } from "../../src/loop/consume.ts";
import { type PostgresDatabase, postgresStores } from "../../src/stores/index.ts";
import { type DedupeRow, memoryDedupe } from "../../src/stores/memory/dedupe.ts";
import { memoryFeed, testEvent } from "../../src/testing/memory-feed.ts";
import { freshPrefix, onServer, postgresHint, postgresUrl } from "./servers.ts";

const longMs = 60_000;
const keyOf = (identity: string): EventKey => ({ consumer: "billing", feed: "orders", identity });
const page = (count: number, name = "event"): readonly EventKey[] =>
  Array.from({ length: count }, (_, at) => keyOf(`${name} ${at}`));
const atOnce = async <Answer>(
  keys: readonly EventKey[],
  work: (key: EventKey) => Promise<Answer>,
): Promise<readonly Answer[]> => await Promise.all(keys.map(work));

/** Counts the statements of the steps, and keeps what the database refuses. */
function watched(database: PostgresDatabase) {
  const seen = { statements: 0, refusals: [] as unknown[] };
  const query: PostgresDatabase["query"] = async (text, params) => {
    if (!/pg_class|ackloop_version|limit 1000/.test(text)) seen.statements += 1;
    return await database.query(text, params).catch((error: unknown) => {
      seen.refusals.push(Object(error).code);
      throw error;
    });
  };
  return { seen, query };
}

/** What one call is, and what it said. */
interface Call {
  readonly kind: "begin" | "renew" | "finish" | "forget";
  readonly event: number;
  readonly mark: string;
  readonly isLong: boolean;
}

/** Times differ by as much as the calls took: a long one is told from none. */
async function verdictOf(dedupe: DedupeStore, run: string, call: Call): Promise<string> {
  const { kind, event, mark, isLong } = call;
  // A long key is held by its digest.
  const key = keyOf(`${run} ${event} ${"x\0".repeat(event * 600)}`);
  const markMs = isLong ? longMs : 1;
  if (kind === "renew") return String(await dedupe.renew(key, mark, markMs));
  if (kind === "finish") return String(await dedupe.finish(key, mark, { retentionMs: longMs }));
  if (kind === "forget") return String(await dedupe.forget(key, mark));
  const begun = await dedupe.begin(key, markMs, { mark });
  if (begun.status !== "busy") return JSON.stringify(begun);
  return begun.endsInMs > longMs / 2 ? "busy" : "busy for no time";
}

/**
 * Calls of one event in one breath are in no order, so that no time of theirs may end meanwhile; and of more than
 * four there are too many orders.
 */
function toBreath(all: readonly Call[]): readonly Call[] {
  const calls = all.filter(
    ({ event }, at) => all.slice(0, at).filter((other) => other.event === event).length < 4,
  );
  const isShared = ({ event }: Call) => calls.filter((other) => other.event === event).length > 1;
  return calls.map((call) => (isShared(call) ? { ...call, isLong: true } : call));
}

function ordersOf<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  if (items.length < 2) return [items];
  return items.flatMap((first, at) =>
    ordersOf(items.toSpliced(at, 1)).map((rest) => [first, ...rest]),
  );
}

/** What an event may be like after calls that said so much; none where no order of them explains it. */
async function statesAfter(
  states: readonly ReadonlyMap<string, DedupeRow>[],
  said: readonly (readonly [Call, string])[],
  run: string,
): Promise<readonly ReadonlyMap<string, DedupeRow>[]> {
  const found = new Map<string, ReadonlyMap<string, DedupeRow>>();
  for (const state of states) {
    for (const order of ordersOf(said)) {
      const rows = new Map(state);
      const model = memoryDedupe(longMs, rows);
      let fits = true;
      for (const [call, verdict] of order) fits &&= (await verdictOf(model, run, call)) === verdict;
      const likeness = JSON.stringify([...rows], (name, value) =>
        /until|keptUntil/i.test(name) ? value > performance.now() + 1000 : value,
      );
      if (fits) found.set(likeness, rows);
    }
  }
  return [...found.values()];
}

const aCall: fc.Arbitrary<Call> = fc.record({
  kind: fc.constantFrom("begin", "begin", "renew", "finish", "forget"),
  event: fc.integer({ min: 0, max: 2 }),
  mark: fc.constantFrom("a", "b\u2028", "it's \ud800"),
  isLong: fc.boolean(),
});
const breaths = fc.array(fc.array(aCall, { minLength: 1, maxLength: 7 }), { maxLength: 6 });

/** Breaths of two processes at once: some order of the calls of each event explains what they said. */
async function explained(
  processes: readonly DedupeStore[],
  drawn: readonly (readonly Call[])[],
): Promise<void> {
  const run = crypto.randomUUID();
  const states = new Map<number, readonly ReadonlyMap<string, DedupeRow>[]>();
  for (const calls of drawn.map(toBreath)) {
    const said = await Promise.all(
      calls.map(async (call, at) => {
        const dedupe = processes[at % processes.length] as DedupeStore;
        return [call, await verdictOf(dedupe, run, call)] as const;
      }),
    );
    for (const event of new Set(calls.map((call) => call.event))) {
      const all = said.filter(([call]) => call.event === event);
      // A begin looks, where it finds the event taken, a moment later: it may be free by then. That wrote nothing.
      const isLate = (verdict: string) => all.length > 1 && verdict === "busy for no time";
      const own = all.filter(([, verdict]) => !isLate(verdict));
      const after = await statesAfter(states.get(event) ?? [new Map()], own, run);
      expect(after.length, JSON.stringify(said)).toBeGreaterThan(0);
      states.set(event, after);
    }
    // What was to last a millisecond has ended, by the clocks of both.
    await sleep(10);
  }
}

/** What holds on a database, whichever it is. */
function gathers(open: () => Promise<{ database: PostgresDatabase; prefix: string }>): void {
  const fresh = async () => {
    const { database, prefix } = await open();
    const { seen, query } = watched(database);
    const stores = postgresStores({ query }, { prefix });
    // The first begin sweeps.
    await stores.dedupe.begin(keyOf("first"), 1);
    seen.statements = 0;
    const other = postgresStores(database, { prefix }).dedupe;
    await other.begin(keyOf("first of the other"), 1);
    return { seen, stores, dedupe: stores.dedupe, other, database, prefix };
  };

  it("marks and finishes a hundred events with two statements", async () => {
    const { dedupe, seen } = await fresh();
    const keys = page(100);

    const begun = await atOnce(keys, (key) => dedupe.begin(key, longMs, { mark: "mine" }));
    const done = await atOnce(keys, (key) => dedupe.finish(key, "mine", { retentionMs: longMs }));

    expect(seen.statements).toBe(2);
    expect(begun).toEqual(keys.map(() => ({ status: "begun", mark: "mine", starts: 1 })));
    expect(done).toEqual(keys.map(() => true));
  });

  it("answers for a hundred that are done or in work with two statements", async () => {
    const { dedupe, other, seen } = await fresh();
    const keys = page(100);
    await atOnce(keys, (key) => other.begin(key, longMs, { mark: "theirs" }));
    await atOnce(keys.slice(50), (key) => other.finish(key, "theirs", { retentionMs: longMs }));

    const found = await atOnce(keys, (key) => dedupe.begin(key, longMs));

    expect(seen.statements).toBe(2);
    const statuses = found.map(({ status }) => status);
    expect(statuses).toEqual(keys.map((_, at) => (at < 50 ? "busy" : "done")));
  });

  it("renews and forgets a hundred with a statement each", async () => {
    const { dedupe, other, seen } = await fresh();
    const keys = page(100);
    await atOnce(keys.slice(1), (key) => other.begin(key, longMs, { mark: "mine" }));

    const renewed = await atOnce(keys, (key) => dedupe.renew(key, "mine", longMs));
    await atOnce(keys, (key) => dedupe.forget(key, "mine"));

    expect(seen.statements).toBe(2);
    expect(renewed).toEqual(keys.map((_, at) => at > 0));
    const late = await atOnce(keys, (key) => other.begin(key, longMs, { mark: "mine" }));
    expect(late).toEqual(keys.map(() => ({ status: "busy", endsInMs: 0 })));
  });

  it("gives one of two in one breath the event, and the same start to a begin that is repeated", async () => {
    const { dedupe, seen } = await fresh();
    const [key, twice] = [keyOf("one"), keyOf("twice")];

    const found = await Promise.all([
      dedupe.begin(key, longMs, { mark: "a" }),
      dedupe.begin(twice, longMs, { mark: "c" }),
      dedupe.begin(key, longMs, { mark: "b" }),
      dedupe.begin(twice, longMs, { mark: "c" }),
    ]);

    expect([found[0].status, found[2].status].toSorted()).toEqual(["begun", "busy"]);
    const same = { status: "begun", mark: "c", starts: 1 };
    expect([found[1], found[3]]).toEqual([same, same]);
    expect(seen.refusals).toEqual([]);
  });

  it("lets one fail whose row is damaged, and not the others of its breath", async () => {
    const { dedupe, database, prefix } = await fresh();
    const keys = page(5);
    await dedupe.begin(keys[2] as EventKey, 1, { mark: "old" });
    await database.query(`update ${prefix}dedupe set starts = 2147483647 where mark like '%old%'`);
    await sleep(10);

    const found = await Promise.allSettled(keys.map((key) => dedupe.begin(key, longMs)));

    const statuses = found.map(({ status }) => status);
    expect(statuses).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled", "fulfilled"]);
    expect(found[2]).toMatchObject({ reason: { code: "request", provider: "stores" } });
  });

  it("says whatever single calls could have said, in the breaths of two processes", async () => {
    const { dedupe, other } = await fresh();
    const property = fc.asyncProperty(breaths, (drawn) => explained([dedupe, other], drawn));
    await fc.assert(property, { numRuns: 40 });
  }, 60_000);
}

describe("what is asked of dedupe in one breath on PGlite", () => {
  const pglite = PGlite.create();
  // It takes seconds to start on a busy machine.
  beforeAll(async () => await (await pglite).waitReady, 180_000);
  afterAll(async () => await (await pglite).close());

  gathers(async () => {
    const [database, prefix] = [await pglite, freshPrefix()];
    await postgresStores(database, { prefix }).migrate();
    return { database, prefix };
  });

  it("is asked once for all while the database is away, and each caller is told", async () => {
    const database = await pglite;
    const prefix = freshPrefix();
    await postgresStores(database, { prefix }).migrate();
    let isAway = false;
    let asked = 0;
    const away = Object.assign(new Error("no"), { code: "ECONNREFUSED" });
    const query: PostgresDatabase["query"] = async (text, params) => {
      asked += 1;
      if (isAway) throw away;
      return await database.query(text, params);
    };
    const { dedupe } = postgresStores({ query }, { prefix });
    await dedupe.begin(keyOf("first"), 1);
    isAway = true;
    asked = 0;

    const found = await Promise.allSettled(page(100).map((key) => dedupe.begin(key, longMs)));

    expect(asked).toBe(1);
    const told = found.map((one) => (one.status === "rejected" ? one.reason.code : one.status));
    expect(told).toEqual(found.map(() => "transport"));
  });

  it("lets a caller go whose signal fires, and answers the others", async () => {
    const database = await pglite;
    const prefix = freshPrefix();
    await postgresStores(database, { prefix }).migrate();
    const { dedupe } = postgresStores(database, { prefix });
    const leaving = new AbortController();

    const calls = page(3).map((key, at) =>
      dedupe.begin(key, longMs, at === 1 ? { signal: leaving.signal } : {}),
    );
    leaving.abort(new Error("left"));
    const found = await Promise.allSettled(calls);

    expect(found.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(found[1]).toMatchObject({ reason: { message: "left" } });
  });

  it.each([
    [1, 200],
    [10, 20],
    [100, 4],
  ])(
    "costs a run of a hundred events with concurrency %i at most %i statements",
    async (concurrency, most) => {
      const database = await pglite;
      const prefix = freshPrefix();
      await postgresStores(database, { prefix }).migrate();
      const { seen, query } = watched(database);
      const { dedupe } = postgresStores({ query }, { prefix });
      await dedupe.begin(keyOf("first"), 1);
      seen.statements = 0;
      const feed = memoryFeed({ pageSize: 100 });
      feed.publish(...Array.from({ length: 100 }, (_, at) => testEvent(`e${at}`)));

      const summary = await drain(feed, async () => {}, {
        concurrency,
        consumer: "counting",
        dedupe: { store: dedupe },
      });

      expect(summary.handled).toBe(100);
      expect(seen.statements).toBeLessThanOrEqual(most);
    },
  );
});

describe.skipIf(!postgresUrl)(
  `what is asked of dedupe in one breath on a server${postgresHint}`,
  () => {
    const closing: (() => Promise<void>)[] = [];
    afterAll(async () => {
      for (const close of closing) await close();
    });
    const server = async () => {
      const opened = await onServer();
      closing.push(opened.close);
      return opened;
    };

    gathers(async () => {
      const { pool, prefix } = await server();
      return { database: pool, prefix };
    });

    it("waits for a user's transaction with the event that it holds, and with no other", async () => {
      const { pool, stores, prefix } = await server();
      const keys = page(20);
      const held = keys[7] as EventKey;
      await atOnce(keys, (key) => stores.dedupe.begin(key, longMs, { mark: "mine" }));
      const client = await pool.connect();
      await client.query("begin");
      await stores.dedupe.finish(held, "mine", { retentionMs: longMs, transaction: client });
      const { seen, query } = watched(pool);
      const { dedupe } = postgresStores({ query }, { prefix });
      const answered = new Set<EventKey>();

      const calls = keys.map(async (key) => {
        const isRenewed = await dedupe.renew(key, "mine", longMs);
        answered.add(key);
        return isRenewed;
      });
      await expect.poll(() => answered.size).toBe(19);
      await sleep(50);
      expect(answered.has(held)).toBe(false);
      expect(seen.refusals).toEqual([]);
      await client.query("commit");
      client.release();

      expect(await Promise.all(calls)).toEqual(keys.map((key) => key !== held));
    });

    it("is never undone for two processes that ask for the same events in another order", async () => {
      const { pool, prefix } = await server();
      const { seen, query } = watched(pool);
      const make = () => postgresStores({ query }, { prefix }).dedupe;
      const stores = [make(), make(), make()];

      for (let round = 0; round < 30; round += 1) {
        const keys = page(60, `round ${round % 3}`);
        const orders = [keys, keys.toReversed(), keys.toSorted(() => Math.random() - 0.5)];
        await Promise.all(
          stores.map(async (dedupe, at) => {
            const mark = `${at} ${round}`;
            const own = orders[at] ?? keys;
            await atOnce(own, (key) => dedupe.begin(key, longMs, { mark }));
            await atOnce(own.toReversed(), (key) => dedupe.renew(key, mark, longMs));
            await atOnce(own, (key) => dedupe.forget(key, mark));
          }),
        );
      }

      expect(seen.refusals).toEqual([]);
    });
  },
);
