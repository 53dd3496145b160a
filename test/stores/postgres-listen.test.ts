import { Pool } from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { type Feed, toPage } from "../../src/core/feed.ts";
import { sleep } from "../../src/core/sleep.ts";
import type { Inbox } from "../../src/core/stores.ts";
import type { PostgresDatabase } from "../../src/stores/index.ts";
import { inboxFeed, postgresStores } from "../../src/stores/index.ts";
import { bouncerHint, bouncerProgram, startBouncer } from "./bouncer.ts";
import { onServer, postgresHint, postgresUrl } from "./servers.ts";

const minuteMs = 60_000;

function entryOf(id: string) {
  return { event: { specversion: "1.0", id, source: "s", type: "t", data: 1 } as const, raw: 1 };
}

async function pulled(feed: Feed, waitMs: number, signal?: AbortSignal) {
  return toPage(await feed.pull({ waitMs, signal })).deliveries;
}

/** A database that counts what it is asked, on a pool of its own. */
function counted(pool: Pool) {
  const count = { asked: 0 };
  const database: PostgresDatabase & object = new Proxy(pool, {
    get(target, member) {
      const value: unknown = Reflect.get(target, member, target);
      if (typeof value !== "function") return value;
      if (member === "query" || member === "connect") {
        return (...given: unknown[]) => {
          count.asked += 1;
          return Reflect.apply(value, target, given);
        };
      }
      return value.bind(target);
    },
  });
  return { database, count };
}

describe.skipIf(!postgresUrl)(`a waiting pull on a real server${postgresHint}`, () => {
  const server = postgresUrl ? onServer() : undefined;
  const pools: Pool[] = [];
  let names = 0;
  afterAll(async () => {
    for (const pool of pools) if (!pool.ended) await pool.end();
    await (await server)?.close();
  });

  /** A worker with a pool of its own, an inbox that no other test uses, and whoever adds to it. */
  async function opened(how: { max?: number; url?: string | undefined } = {}) {
    const { prefix, stores, pool: other } = (await server) ?? (undefined as never);
    names += 1;
    const name = `in ${names}`;
    const connectionString = how.url ?? postgresUrl;
    // By its name, since the connections of other tests linger.
    const pool = new Pool({ connectionString, max: how.max ?? 4, application_name: name });
    pool.on("error", () => {});
    pools.push(pool);
    const { database, count } = counted(pool);
    const { inbox } = postgresStores(database, { prefix });
    const listeners = async (): Promise<readonly number[]> => {
      const text = "select pid from pg_stat_activity where query = $1 and application_name = $2";
      const { rows } = await other.query(text, [`listen ${prefix}inbox`, name]);
      return rows.map(({ pid }) => Number(pid));
    };
    const add = (id: string, to: Inbox = stores.inbox) => to.add(name, [entryOf(id)]);
    return { prefix, pool, other, inbox, name, count, listeners, add };
  }

  it("hears of a new event at once, however seldom it looks", async () => {
    const { inbox, name, add, listeners } = await opened();
    const feed = inboxFeed(inbox, name, { pollMs: minuteMs });
    const pulling = pulled(feed, minuteMs);
    await expect.poll(async () => (await listeners()).length).toBe(1);
    await sleep(100);

    const began = performance.now();
    await add("a");

    expect(await pulling).toHaveLength(1);
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it("costs an idle worker a tenth of the looks", async () => {
    const { inbox, name, count } = await opened();
    const feed = inboxFeed(inbox, name, { pollMs: 100 });
    await pulled(feed, 500);
    count.asked = 0;

    for (let pull = 0; pull < 4; pull += 1) await pulled(feed, 1000);

    // Two for each pull, and two for each tenth look. Without a notice it is forty and more.
    expect(count.asked).toBeLessThanOrEqual(16);
  });

  it("takes what was given back for later, and what a dead worker held, in time", async () => {
    const { inbox, name, add } = await opened();
    const feed = inboxFeed(inbox, name, { pollMs: minuteMs, leaseMs: 700 });
    await add("a");
    await add("b");
    const [a] = await pulled(feed, 0);
    const pulling = pulled(feed, minuteMs);
    await sleep(100);

    const began = performance.now();
    await feed.nack?.(a?.receipt ? [a.receipt] : [], { afterMs: 200 });

    expect((await pulling).map(({ event }) => event?.id)).toEqual(["a"]);
    expect(performance.now() - began).toBeLessThan(5000);
    expect((await pulled(feed, minuteMs)).map(({ event }) => event?.id)).toEqual(["b"]);
  });

  it("finds what no notice told of", async () => {
    const { inbox, name, other, prefix, add } = await opened();
    const feed = inboxFeed(inbox, name, { pollMs: 50 });
    await add("first");
    await pulled(feed, 0);
    const pulling = pulled(feed, minuteMs);
    await sleep(200);

    const entry = JSON.stringify(entryOf("b"));
    const text = `insert into ${prefix}inbox (name, key, entry) values ($1, 'b', $2)`;
    await other.query(text, [JSON.stringify([name]), entry]);

    expect(await pulling).toMatchObject([{ event: { id: "b" } }]);
  });

  it("looks by itself while its connection is killed, and hears again soon after", async () => {
    const { inbox, name, add, listeners, other } = await opened();
    const feed = inboxFeed(inbox, name, { pollMs: 200 });
    const waiting = pulled(feed, minuteMs);
    await expect.poll(async () => (await listeners()).length).toBe(1);
    const [pid] = await listeners();

    await other.query("select pg_terminate_backend($1)", [pid]);
    await add("a");
    expect(await waiting).toHaveLength(1);

    const slow = inboxFeed(inbox, name, { pollMs: 300 });
    const again = pulled(slow, minuteMs);
    await expect.poll(async () => (await listeners()).filter((one) => one !== pid).length).toBe(1);
    await add("b");
    expect(await again).toMatchObject([{ event: { id: "b" } }]);
  });

  it("gives its connection back at once when its caller leaves, and soon when nobody waits", async () => {
    const { inbox, name, pool, listeners } = await opened();
    const feed = inboxFeed(inbox, name);
    const caller = new AbortController();
    const pulling = pulled(feed, minuteMs, caller.signal);
    await expect.poll(async () => (await listeners()).length).toBe(1);
    await sleep(200);
    caller.abort(new Error("stop"));
    await expect(pulling).rejects.toThrow("stop");
    const began = performance.now();
    await pool.end();

    expect(performance.now() - began).toBeLessThan(5000);
    // The server takes its time to end a connection.
    await expect.poll(listeners).toEqual([]);
  });

  it("does not take the only connection of a pool", async () => {
    const { inbox, name, add, listeners } = await opened({ max: 1 });
    const pulling = pulled(inboxFeed(inbox, name, { pollMs: 100 }), minuteMs);
    await sleep(300);
    expect(await listeners()).toEqual([]);
    await add("a");

    expect(await pulling).toHaveLength(1);
  });

  it.skipIf(!bouncerProgram)(`looks by itself behind PgBouncer${bouncerHint}`, async () => {
    const bouncer = await startBouncer();
    const { inbox, name, add, count, pool } = await opened({ url: bouncer.url });
    const feed = inboxFeed(inbox, name, { pollMs: 100 });
    // Longer than it waits to hear of its own notice.
    await pulled(feed, 4000);
    count.asked = 0;
    await pulled(feed, 2000);
    // Who hears asks six times.
    expect(count.asked).toBeGreaterThan(8);
    const pulling = pulled(feed, minuteMs);
    const began = performance.now();
    await add("a");

    expect(await pulling).toHaveLength(1);
    expect(performance.now() - began).toBeLessThan(5000);
    // The pool has all its connections back.
    expect(pool.totalCount).toBe(pool.idleCount);
    await pool.end();
    await bouncer.close();
  });

  it.each([
    ["refuses to listen", () => Promise.reject(new Error("no"))],
    ["never answers", () => new Promise<never>(() => {})],
    ["listens and tells nothing", async () => async () => {}],
  ])("looks by itself where the driver %s", async (_, listen) => {
    const { pool, name, add, prefix } = await opened();
    const database: PostgresDatabase = {
      query: async (text, params) => await pool.query(text, params),
      listen,
    };
    const { inbox } = postgresStores(database, { prefix });
    const pulling = pulled(inboxFeed(inbox, name, { pollMs: 100 }), minuteMs);
    await sleep(200);
    await add("a");

    expect(await pulling).toHaveLength(1);
  });
});
