import { Pool } from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { postgresStores } from "../../src/stores/index.ts";
import { storeConformance } from "../../src/testing/store-conformance.ts";
import {
  bouncerConnections as connections,
  bouncerHint as hint,
  bouncerProgram as program,
  startBouncer,
} from "./bouncer.ts";
import { onServer } from "./servers.ts";

const key = { consumer: "billing", feed: "orders" };
const event = { ...key, identity: "a" };
const limits = { inboxMaxEntries: 20 };
describe.skipIf(!program)(`postgresStores behind PgBouncer in transaction mode${hint}`, () => {
  const bouncer = program ? startBouncer() : undefined;
  const server = program ? onServer(limits) : undefined;
  const pools: Pool[] = [];
  afterAll(async () => {
    for (const pool of pools) await pool.end();
    await (await bouncer)?.close();
    await (await server)?.close();
  });

  async function freshPool(): Promise<Pool> {
    const pool = new Pool({ connectionString: (await bouncer)?.url, max: 8 });
    pools.push(pool);
    return pool;
  }

  async function freshStores() {
    const { prefix } = (await server) ?? { prefix: "" };
    return postgresStores(await freshPool(), { ...limits, prefix });
  }

  const pair = program ? Promise.all([freshStores(), freshStores()]) : undefined;
  storeConformance({ describe, it }, async () => {
    const [stores, others] = (await pair) ?? [];
    if (!stores || !others) throw new Error("no PgBouncer");
    return { stores, others, ...limits };
  });

  it("takes turns on a few connections, and leaves nothing behind in them", async () => {
    const stores = await freshStores();
    const pool = await freshPool();
    await Promise.all(
      Array.from({ length: 50 }, (_, at) => stores.cursors.save({ ...key, feed: `${at}` }, "x", 0)),
    );

    const asked = Array.from({ length: 8 }, () =>
      pool.query("select pg_backend_pid() as pid, current_setting('lock_timeout') as lock_timeout"),
    );
    const rows = (await Promise.all(asked)).flatMap((answer) => answer.rows);

    expect(new Set(rows.map(({ pid }) => pid)).size).toBeLessThanOrEqual(connections);
    expect(new Set(rows.map(({ lock_timeout }) => lock_timeout))).toEqual(new Set(["0"]));
  });

  it("makes the tables, from several processes at a time", async () => {
    const { prefix } = (await server) ?? { prefix: "" };
    const pool = await freshPool();
    // Not a digit that the first one may end in.
    const stores = postgresStores(pool, { prefix: `${prefix.slice(0, 20)}x_` });
    await Promise.all([stores.migrate(), stores.migrate(), stores.migrate()]);

    expect(await stores.cursors.save(key, "x", 0)).toMatchObject({ status: "saved" });

    const { rows } = await pool.query(
      `select string_agg('drop table ' || oid::regclass, ';') as text from pg_class
       where relkind = 'r' and relname like $1`,
      [`${prefix.slice(0, 20)}x\\_%`],
    );
    await pool.query(rows[0].text);
    for (const change of ["insert", "update", "delete"]) {
      await pool.query(`drop function ${prefix.slice(0, 20)}x_inbox_count_${change}`);
    }
  });

  it("finishes in the transaction of a client, and refuses where none is open", async () => {
    const stores = await freshStores();
    const client = await (await freshPool()).connect();
    const begun = await stores.dedupe.begin(event, 60_000);
    const mark = begun.status === "begun" ? begun.mark : "";
    const finish = () =>
      stores.dedupe.finish(event, mark, { retentionMs: 60_000, transaction: client });

    await expect(finish()).rejects.toMatchObject({ code: "config" });
    await client.query("begin");
    expect(await finish()).toBe(true);
    await client.query("rollback");
    expect(await stores.dedupe.renew(event, mark, 60_000)).toBe(true);
    await client.query("begin");
    expect(await finish()).toBe(true);
    await client.query("commit");
    expect(await stores.dedupe.begin(event, 60_000)).toEqual({ status: "done" });
    client.release();
  });

  it("says in words that a driver must not prepare statements by name", async () => {
    const pool = await freshPool();
    const { prefix } = (await server) ?? { prefix: "" };
    const naming = {
      query: (text: string, values: unknown[] = []) =>
        pool.query({ text, values, name: String(text.length) }),
    };
    const stores = postgresStores(naming, { prefix });

    const calls = Array.from({ length: 40 }, (_, at) =>
      stores.cursors.load({ ...key, feed: `named ${at}` }),
    );
    const failed = (await Promise.allSettled(calls)).filter(({ status }) => status === "rejected");

    expect(failed).not.toEqual([]);
    for (const { reason } of failed as PromiseRejectedResult[]) {
      expect(reason).toMatchObject({ code: "config", message: expect.stringMatching(/no named/) });
    }
  });
});
