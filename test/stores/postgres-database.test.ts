import { PGlite } from "@electric-sql/pglite";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type PostgresDatabase, postgresStores } from "../../src/stores/index.ts";
import { freshPrefix, onServer, postgresHint, postgresUrl } from "./servers.ts";

const key = { consumer: "billing", feed: "orders" };
const event = { ...key, identity: "a" };
const secret = "postgres://user:hunter2@db.internal/orders";

/** A driver's error, with all that a driver may put into one. */
function driverError(code: string | undefined): Error {
  return Object.assign(new Error(`failed at ${secret}`), { code, detail: secret });
}

/** A database that fails with each error in turn, and then answers with a row for everything. */
function failing(...errors: readonly unknown[]): PostgresDatabase & { calls: number } {
  const left = [...errors];
  return {
    calls: 0,
    async query() {
      this.calls += 1;
      if (left.length > 0) throw left.shift();
      return { rows: [{ version: "1", fence: "1" }] };
    },
  };
}

describe("postgresStores", () => {
  const pglite = PGlite.create();
  // It takes seconds to start on a busy machine.
  beforeAll(async () => await (await pglite).waitReady, 180_000);
  afterAll(async () => await (await pglite).close());
  afterEach(() => {
    vi.useRealTimers();
  });

  it("refuses wrong arguments at once", async () => {
    const database = failing();
    const config = expect.objectContaining({ code: "config" });
    for (const wrong of [undefined, null, {}, { query: 1 }, "postgres://"]) {
      expect(() => postgresStores(wrong as unknown as PostgresDatabase)).toThrow(config);
    }
    for (const prefix of ["", "1a", 'a"', "A", "a".repeat(31), 1 as never]) {
      expect(() => postgresStores(database, { prefix })).toThrow(config);
    }
    expect(() => postgresStores(database, { timeoutMs: 0 })).toThrow(config);
    expect(() => postgresStores(database, { inboxRetentionMs: -1 })).toThrow(config);
    expect(() => postgresStores(database, { schema: "x" } as never)).toThrow(/no option `schema`/);
    expect(database.calls).toBe(0);
  });

  it("says that `migrate()` is missing, and works once it was called", async () => {
    const stores = postgresStores(await pglite, { prefix: freshPrefix() });
    await expect(stores.cursors.load(key)).rejects.toMatchObject({
      code: "config",
      retryable: false,
      message: expect.stringContaining("call `migrate()` first"),
    });

    await stores.migrate();
    await stores.migrate();

    expect(await stores.cursors.load(key)).toBeUndefined();
  });

  it("refuses tables of a newer version, and leaves them alone", async () => {
    const prefix = freshPrefix();
    const database = await pglite;
    await postgresStores(database, { prefix }).migrate();
    await database.query(`insert into ${prefix}version (version) values (99)`);
    const stores = postgresStores(database, { prefix });

    const error = { code: "config", message: expect.stringContaining("version 99") };
    await expect(stores.migrate()).rejects.toMatchObject(error);
    await expect(stores.leases.acquire(key, "a", 1000)).rejects.toMatchObject(error);
  });

  it.each([
    ["08006", "transport", true],
    ["57P01", "transport", true],
    ["53300", "transport", true],
    ["25006", "transport", true],
    ["57014", "timeout", true],
    ["28P01", "auth", false],
    ["3D000", "config", false],
    ["42501", "config", false],
    ["42601", "request", false],
    ["XX000", "request", false],
    ["ECONNREFUSED", "transport", true],
    ["EPIPE", "transport", true],
    [undefined, "transport", true],
    [secret, "transport", true],
  ])(
    "turns a driver's %s into `%s`, without a word of the driver's",
    async (code, ours, retryable) => {
      const { leases } = postgresStores(failing(driverError(code)));

      const error: unknown = await leases
        .acquire(key, "a", 1000)
        .catch((thrown: unknown) => thrown);

      expect(error).toMatchObject({ code: ours, retryable, provider: "stores" });
      expect((error as Error).cause).toBeUndefined();
      const told = `${JSON.stringify(error)}${(error as Error).message}${(error as Error).stack}`;
      expect(told).not.toContain("hunter2");
      expect(told).not.toContain("failed at");
    },
  );

  it("does not wrap a bug", async () => {
    const bug = new TypeError("x is not a function");

    await expect(postgresStores(failing(bug)).cursors.load(key)).rejects.toBe(bug);
  });

  it("refuses a driver whose answers have no rows", async () => {
    const database = { query: async () => [] } as unknown as PostgresDatabase;

    await expect(postgresStores(database).cursors.load(key)).rejects.toMatchObject({
      code: "config",
      message: expect.stringContaining("`{ rows }`"),
    });
  });

  it("sends a statement again that the database undid, and gives up after five times", async () => {
    const deadlock = driverError("40P01");
    const once = failing(deadlock, deadlock);
    expect(await postgresStores(once).leases.acquire(key, "a", 1000)).toMatchObject({
      status: "held",
    });
    expect(once.calls).toBe(4);

    const always = failing(...Array.from({ length: 9 }, () => deadlock));
    const error = { code: "transport", retryable: true };
    await expect(postgresStores(always).leases.acquire(key, "a", 1)).rejects.toMatchObject(error);
    expect(always.calls).toBe(5);
  });

  it("goes on by itself when the database is back", async () => {
    const { leases } = postgresStores(failing(driverError("ECONNREFUSED")));

    await expect(leases.acquire(key, "a", 1000)).rejects.toMatchObject({ retryable: true });

    expect(await leases.acquire(key, "a", 1000)).toEqual({ status: "held", fence: 1 });
  });

  it("gives up a statement that gets no answer in time", async () => {
    vi.useFakeTimers();
    const { migrate } = postgresStores({ query: () => new Promise(() => {}) }, { timeoutMs: 500 });

    const migrated = expect(migrate()).rejects.toMatchObject({
      code: "timeout",
      retryable: true,
      outcomeUnknown: true,
    });
    await vi.advanceTimersByTimeAsync(500);
    await migrated;

    expect(vi.getTimerCount()).toBe(0);
  });

  it("refuses a row that is damaged", async () => {
    const prefix = freshPrefix();
    const database = await pglite;
    const stores = postgresStores(database, { prefix });
    await stores.migrate();
    await stores.cursors.save(key, "one", 0);
    await database.query(`update ${prefix}cursors set value = 'x'`);

    await expect(stores.cursors.load(key)).rejects.toMatchObject({ code: "schema" });
  });

  it("deletes what is of no more use by the way", async () => {
    const prefix = freshPrefix();
    const database = await pglite;
    const options = { prefix, inboxRetentionMs: 0, startsRetentionMs: 0 };
    const stores = postgresStores(database, options);
    const raw = 1;
    const stored = { specversion: "1.0", id: "a", source: "s", type: "t", data: 1 } as const;
    await stores.migrate();
    await stores.dedupe.begin(event, 1);
    await stores.inbox.add("in", [{ event: stored, raw }]);
    const [claim] = await stores.inbox.claim("in", 1, 1000);
    await stores.inbox.finish("in", [claim?.token ?? ""]);
    await database.query("select pg_sleep(0.01)");

    const later = postgresStores(database, options);
    await later.dedupe.begin({ ...event, identity: "b" }, 60_000);
    await later.inbox.add("in", [{ event: { ...stored, id: "b" }, raw }]);

    const ids = await database.query(
      `select event_id from ${prefix}dedupe union all select event_id from ${prefix}inbox`,
    );
    expect(ids.rows).toEqual([{ event_id: "b" }, { event_id: "b" }]);
  });

  it("stores a finished event again after the retention, also before its row is swept", async () => {
    const prefix = freshPrefix();
    const stores = postgresStores(await pglite, { prefix, inboxRetentionMs: 0 });
    const stored = { specversion: "1.0", id: "a", source: "s", type: "t", data: 1 } as const;
    await stores.migrate();
    await stores.inbox.add("in", [{ event: stored, raw: 1 }]);
    const [claim] = await stores.inbox.claim("in", 1, 1000);
    await stores.inbox.finish("in", [claim?.token ?? ""]);

    await stores.inbox.add("in", [{ event: stored, raw: 2 }]);

    expect(await stores.inbox.claim("in", 1, 1000)).toMatchObject([{ attempt: 1, raw: 2 }]);
  });

  it("tells no more than was asked for, and ends in time, when its clock was set back", async () => {
    const prefix = freshPrefix();
    const database = await pglite;
    const { dedupe, leases, migrate } = postgresStores(database, { prefix });
    await migrate();
    await leases.acquire(key, "a", 50);
    await dedupe.begin(event, 50);
    const hour = "+ interval '1 hour'";
    await database.query(`update ${prefix}leases set held_until = held_until ${hour}`);
    await database.query(`update ${prefix}dedupe set marked_until = marked_until ${hour}`);

    expect(await leases.acquire(key, "b", 60_000)).toEqual({ status: "taken", endsInMs: 50 });
    expect(await dedupe.begin(event, 60_000)).toEqual({ status: "busy", endsInMs: 50 });
    await database.query("select pg_sleep(0.1)");

    expect(await leases.acquire(key, "b", 60_000)).toEqual({ status: "held", fence: 2 });
    expect(await dedupe.begin(event, 60_000)).toMatchObject({ status: "begun", starts: 2 });
  });

  it("finishes an event in the caller's transaction, together with its effect", async () => {
    const prefix = freshPrefix();
    const database = await pglite;
    const { dedupe, migrate } = postgresStores(database, { prefix });
    await migrate();
    await database.query(`create table ${prefix}effects (id text)`);
    const begun = await dedupe.begin(event, 60_000);
    const mark = begun.status === "begun" ? begun.mark : "";
    const handle = (fails: boolean): Promise<boolean> =>
      database.transaction(async (transaction) => {
        await transaction.query(`insert into ${prefix}effects values ('a')`);
        const isOurs = await dedupe.finish(event, mark, { retentionMs: 60_000, transaction });
        if (fails) throw new Error("the effect failed");
        return isOurs;
      });

    await expect(handle(true)).rejects.toThrow("the effect failed");
    expect(await dedupe.begin(event, 60_000)).toMatchObject({ status: "busy" });
    expect(await handle(false)).toBe(true);

    expect(await dedupe.begin(event, 60_000)).toEqual({ status: "done" });
    expect((await database.query(`select id from ${prefix}effects`)).rows).toHaveLength(1);
  });

  it("does not care about the client's clock", async () => {
    const prefix = freshPrefix();
    const { leases, migrate } = postgresStores(await pglite, { prefix });
    await migrate();
    await leases.acquire(key, "a", 60_000);
    vi.spyOn(performance, "now").mockReturnValue(1e12);

    expect(await leases.acquire(key, "b", 1000)).toMatchObject({ status: "taken" });
  });
});

describe.skipIf(!postgresUrl)(`postgresStores on a PostgreSQL server${postgresHint}`, () => {
  it("migrates once, whoever begins at the same time", async () => {
    const { pool, prefix, close } = await onServer();
    const fresh = freshPrefix();
    const stores = Array.from({ length: 8 }, () => postgresStores(pool, { prefix: fresh }));

    await Promise.all(stores.map((store) => store.migrate()));

    const { rows } = await pool.query(`select version from ${fresh}version`);
    expect(rows).toEqual([{ version: 1 }]);
    const names = ["version", "cursors", "dead_letters", "dedupe", "leases", "inbox"];
    await pool.query(names.map((name) => `drop table ${fresh}${name}`).join(";"));
    expect(prefix).not.toBe(fresh);
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

  it("rolls back with the transaction that a finish was made in", async () => {
    const { pool, stores, close } = await onServer();
    const begun = await stores.dedupe.begin(event, 60_000);
    const mark = begun.status === "begun" ? begun.mark : "";
    const transaction = await pool.connect();

    await transaction.query("begin");
    expect(await stores.dedupe.finish(event, mark, { retentionMs: 1, transaction })).toBe(true);
    await transaction.query("rollback");
    expect(await stores.dedupe.begin(event, 60_000)).toMatchObject({ status: "busy" });

    await transaction.query("begin");
    await transaction.query("select x").catch(() => undefined);
    await expect(
      stores.dedupe.finish(event, mark, { retentionMs: 1, transaction }),
    ).rejects.toMatchObject({ code: "request", retryable: false });
    await transaction.query("rollback");
    transaction.release();
    await close();
  });

  it("is `transport`, retryable, while its connections are cut, and then goes on", async () => {
    const { pool, stores, close } = await onServer();
    pool.on("error", () => undefined);
    const client = await pool.connect();
    const broken = postgresStores(client, { prefix: "x_" });
    const { rows } = await client.query("select pg_backend_pid() as id");
    client.on("error", () => undefined);
    await pool.query("select pg_terminate_backend($1)", [rows[0].id]);

    await expect(broken.cursors.load(key)).rejects.toMatchObject({
      code: "transport",
      retryable: true,
    });
    client.release(true);

    expect(await stores.cursors.load(key)).toBeUndefined();
    await close();
  });
});
