import { Client, Pool } from "pg";
import { afterEach, describe, expect, it } from "vitest";
import { sleep } from "../../src/core/sleep.ts";
import { type PostgresDatabase, postgresStores } from "../../src/stores/index.ts";
import { freshPrefix, onServer, postgresHint, postgresUrl } from "./servers.ts";

const key = { consumer: "billing", feed: "orders" };
const event = { ...key, identity: "a" };
const retentionMs = 60_000;

const open: { end(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.end();
});

function poolWith(options: ConstructorParameters<typeof Pool>[0] = {}): Pool {
  const pool = new Pool({ connectionString: postgresUrl, max: 4, ...options });
  pool.on("error", () => undefined);
  open.push(pool);
  return pool;
}

function quoted(name: string): string {
  return `"${name.replace('"', '""')}"`;
}

/** A fresh schema, which is taken off with all that is in it at the end. */
async function freshSchema(): Promise<string> {
  const schema = `${freshPrefix()}"it's`;
  const pool = new Pool({ connectionString: postgresUrl, max: 1 });
  await pool.query(`create schema ${quoted(schema)}`);
  open.push({
    async end() {
      await pool.query(`drop schema ${quoted(schema)} cascade`);
      await pool.end();
    },
  });
  return schema;
}

async function markIn({ dedupe }: ReturnType<typeof postgresStores>): Promise<string> {
  const begun = await dedupe.begin(event, 60_000);
  return begun.status === "begun" ? begun.mark : "";
}

describe.skipIf(!postgresUrl)(`postgresStores on a PostgreSQL server${postgresHint}`, () => {
  it("keeps to one schema, whatever else the search path names", async () => {
    const { stores, prefix, close } = await onServer();
    await stores.cursors.save(key, "the first tenant's", 0);
    const schema = await freshSchema();
    const byPath = postgresStores(
      poolWith({ options: `-c search_path=${quoted(schema)},public` }),
      { prefix },
    );
    const byOption = postgresStores(poolWith(), { prefix, schema });

    for (const tenant of [byPath, byOption]) {
      await expect(tenant.cursors.load(key)).rejects.toThrow(/call `migrate\(\)` first/);
    }
    await byPath.migrate();
    await byOption.migrate();
    await byPath.cursors.save(key, "the second tenant's", 0);

    expect(await byOption.cursors.load(key)).toMatchObject({ value: "the second tenant's" });
    expect(await stores.cursors.load(key)).toMatchObject({ value: "the first tenant's" });
    await close();
  });

  it("says that a schema is missing", async () => {
    const error = { code: "config", message: expect.stringContaining("no schema of the name") };
    const stores = postgresStores(poolWith(), { schema: "nobody's" });

    await expect(stores.migrate()).rejects.toMatchObject(error);
    await expect(stores.cursors.load(key)).rejects.toMatchObject(error);
  });

  it.each(["read committed", "repeatable read", "serializable"])(
    "migrates once, whoever begins at the same time: %s",
    async (level) => {
      const schema = await freshSchema();
      const options = `-c default_transaction_isolation=${level.replace(" ", "\\ ")}`;
      const pools = Array.from({ length: 10 }, () => poolWith({ options, max: 1 }));

      await Promise.all(pools.map((pool) => postgresStores(pool, { schema }).migrate()));

      const { rows } = await poolWith().query(
        `select version from ${quoted(schema)}.ackloop_version`,
      );
      expect(rows).toEqual([{ version: 1 }]);
    },
  );

  it.each([
    "drop table ackloop_cursors",
    "drop table ackloop_version",
    "delete from ackloop_version",
  ])("tells and mends tables that are there in part: %s", async (damage) => {
    const schema = await freshSchema();
    const stores = postgresStores(poolWith(), { schema });
    await stores.migrate();
    await stores.leases.acquire(key, "a", 60_000);
    await poolWith().query(damage.replace("ackloop_", `${quoted(schema)}.ackloop_`));
    const fresh = postgresStores(poolWith(), { schema });

    await expect(fresh.cursors.load(key)).rejects.toThrow(/call `migrate\(\)` first/);
    await fresh.migrate();

    expect(await fresh.cursors.load(key)).toBeUndefined();
    expect(await fresh.leases.acquire(key, "b", 1000)).toMatchObject({ status: "taken" });
  });

  it("counts an inbox right, also where somebody deletes rows and moves the schema", async () => {
    const schema = await freshSchema();
    const limits = { inboxMaxEntries: 2 };
    const { inbox, migrate } = postgresStores(poolWith(), { schema, ...limits });
    await migrate();
    const entryOf = (id: string) => {
      return {
        event: { specversion: "1.0", id, source: "s", type: "t", data: 1 } as const,
        raw: 1,
      };
    };
    await inbox.add("in", [entryOf("a"), entryOf("b")]);
    const moved = `${schema}2`;
    const admin = poolWith();
    await admin.query(`alter schema ${quoted(schema)} rename to ${quoted(moved)}`);
    const later = postgresStores(poolWith(), { schema: moved, ...limits });
    const full = { code: "rateLimit", retryable: true };

    await expect(later.inbox.add("in", [entryOf("c")])).rejects.toMatchObject(full);
    await admin.query(`delete from ${quoted(moved)}.ackloop_inbox where place = 1`);
    await later.inbox.add("in", [entryOf("c")]);
    await expect(later.inbox.add("in", [entryOf("d")])).rejects.toMatchObject(full);

    await admin.query(`alter schema ${quoted(moved)} rename to ${quoted(schema)}`);
  });

  it("lets no statement outlast its time in a wait for a lock", async () => {
    const { pool, prefix, stores, close } = await onServer();
    const impatient = postgresStores(pool, { prefix, timeoutMs: 400 });
    await stores.leases.acquire(key, "a", 60_000);
    const client = await pool.connect();
    await client.query("begin");
    await client.query(`update ${prefix}leases set fence = fence`);

    await expect(impatient.leases.acquire(key, "a", 60_000)).rejects.toMatchObject({
      code: "transport",
      retryable: true,
      message: expect.stringContaining("55P03"),
    });
    await client.query("commit");
    client.release();
    await sleep(100);

    expect(await stores.leases.acquire(key, "a", 60_000)).toMatchObject({ fence: 2 });
    const { rows } = await pool.query("show lock_timeout");
    expect(rows).toEqual([{ lock_timeout: "0" }]);
    await close();
  });

  it("never sets a forgotten mark, in whichever order begin and forget run", async () => {
    const { pool, stores, close } = await onServer();
    for (let time = 0; time < 200; time += 1) {
      const fresh = { ...event, identity: `race ${time}` };
      const mark = crypto.randomUUID();

      await Promise.all([
        stores.dedupe.begin(fresh, 60_000, { mark }),
        stores.dedupe.forget(fresh, mark),
      ]);

      expect(await stores.dedupe.begin(fresh, 60_000)).toMatchObject({
        status: "begun",
        starts: 1,
      });
    }
    expect(pool.totalCount).toBeGreaterThan(1);
    await close();
  });

  it("finishes in a transaction, with which it is rolled back, and changes nothing else in it", async () => {
    const { pool, stores, close } = await onServer();
    const mark = await markIn(stores);
    const transaction = await pool.connect();
    const finish = () => stores.dedupe.finish(event, mark, { retentionMs, transaction });
    await expect(finish()).rejects.toThrow(/no transaction is open/);

    await transaction.query("begin");
    expect(await finish()).toBe(true);
    expect((await transaction.query("show lock_timeout")).rows).toEqual([{ lock_timeout: "0" }]);
    await transaction.query("rollback");
    expect(await stores.dedupe.begin(event, 60_000)).toMatchObject({ status: "busy" });

    await transaction.query("begin");
    await transaction.query("select x").catch(() => undefined);
    await expect(finish()).rejects.toMatchObject({ code: "request", retryable: false });
    await transaction.query("rollback");
    transaction.release();

    const transactionOfNobody = { retentionMs, transaction: pool };
    await expect(stores.dedupe.finish(event, mark, transactionOfNobody)).rejects.toMatchObject({
      code: "config",
      message: expect.stringContaining("no transaction is open"),
    });
    await close();
  });

  it("tells nobody else what is wrong with a transaction that was the first thing asked for", async () => {
    const { prefix, close } = await onServer();
    const fresh = postgresStores(poolWith(), { prefix });
    const transaction = await poolWith().connect();
    await transaction.query("begin");
    await transaction.query("select x").catch(() => undefined);

    const finished = fresh.dedupe.finish(event, "m", { retentionMs, transaction });
    const loaded = fresh.cursors.load(key);

    await expect(finished).rejects.toMatchObject({ code: "request" });
    expect(await loaded).toBeUndefined();
    transaction.release();
    await close();
  });

  it("works with a pool of one, also where its transaction is the first thing asked for", async () => {
    const { prefix, stores, close } = await onServer();
    const mark = await markIn(stores);
    const pool = poolWith({ max: 1 });
    const alone = postgresStores(pool, { prefix, timeoutMs: 2000 });
    const transaction = await pool.connect();
    await transaction.query("begin");

    expect(await alone.dedupe.finish(event, mark, { retentionMs, transaction })).toBe(true);
    await transaction.query("commit");
    transaction.release();

    expect(await alone.dedupe.begin(event, 1000)).toEqual({ status: "done" });
    await close();
  });

  it("is `config` where a pool was ended, or a client's connection is gone for good", async () => {
    const { pool, prefix, stores, close } = await onServer();
    const ended = new Pool({ connectionString: postgresUrl });
    await ended.end();
    const client = new Client({ connectionString: postgresUrl });
    client.on("error", () => undefined);
    await client.connect();
    const { rows } = await client.query("select pg_backend_pid() as id");
    const cut = postgresStores(client, { prefix });
    await pool.query("select pg_terminate_backend($1)", [rows[0].id]);
    await sleep(100);

    for (const over of [postgresStores(ended, { prefix }), cut]) {
      await expect(over.cursors.load(key)).rejects.toMatchObject({
        code: "config",
        retryable: false,
        message: expect.stringContaining("make a new one"),
      });
    }
    expect(await stores.cursors.load(key)).toBeUndefined();
    await close();
  });

  it("is `transport`, retryable, while the connections of its pool are cut, and goes on", async () => {
    const { pool, prefix, close } = await onServer();
    const own = poolWith({ application_name: prefix });
    const stores = postgresStores(own, { prefix });
    await stores.cursors.load(key);
    const { rows } = await pool.query(
      "select pid from pg_stat_activity where application_name = $1",
      [prefix],
    );
    expect(rows).toHaveLength(1);

    const asking = own.query("select pg_sleep(10)").catch(() => "cut");
    const cutting = pool.query("select pg_terminate_backend($1)", [rows[0].pid]);

    expect(await Promise.all([asking, cutting])).toMatchObject(["cut", {}]);
    expect(await stores.cursors.load(key)).toBeUndefined();
    await close();
  });

  it("refuses a standby, another encoding and missing rights in words", async () => {
    const admin = poolWith();
    const name = freshPrefix();
    await admin.query(`create database ${name} encoding 'LATIN1' locale 'C' template template0`);
    await admin.query(`create role ${name} login password 'p'`);
    const { prefix, close } = await onServer();
    const url = new URL(postgresUrl ?? "");
    url.pathname = name;
    const other = new URL(postgresUrl ?? "");
    other.username = name;
    other.password = "p";
    const latin = new Pool({ connectionString: url.href });
    const readOnly = poolWith({ options: "-c default_transaction_read_only=on" });
    const nobody = new Pool({ connectionString: other.href });
    const load = (database: PostgresDatabase) =>
      postgresStores(database, { prefix }).cursors.load(key);

    await expect(load(latin)).rejects.toThrow(/UTF8/);
    await expect(load(readOnly)).rejects.toThrow(/read-only, as a standby is/);
    await expect(load(nobody)).rejects.toThrow(/may not use the tables/);

    await Promise.all([latin.end(), nobody.end()]);
    await admin.query(`drop database ${name}`);
    await admin.query(`drop role ${name}`);
    await close();
  });
});
