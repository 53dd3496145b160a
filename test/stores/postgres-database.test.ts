import { PGlite } from "@electric-sql/pglite";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type PostgresDatabase, postgresStores } from "../../src/stores/index.ts";
import { freshPrefix } from "./servers.ts";

const key = { consumer: "billing", feed: "orders" };
const event = { ...key, identity: "a" };
const testEvent = { specversion: "1.0", id: "a", source: "s", type: "t", data: 1 } as const;
const secret = "postgres://user:hunter2@db.internal/orders";

/** A driver's error, with all that a driver may put into one. */
function driverError(code: string | undefined): Error {
  return Object.assign(new Error(`failed at ${secret}`), { code, detail: secret });
}

/** What makes every look at the database find it good. */
const goodRow = {
  server: "160000",
  encoding: "UTF8",
  readonly: "off",
  schema: "public",
  versions: "1",
  version: "1",
  tables: "6",
  fence: "1",
};

/** A database that fails with each error in turn, and then answers with a row for everything. */
function failing(...errors: readonly unknown[]): PostgresDatabase & { calls: number } {
  const left = [...errors];
  return {
    calls: 0,
    async query() {
      this.calls += 1;
      if (left.length > 0) throw left.shift();
      return { rows: [goodRow] };
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
    for (const schema of ["", "a\0", "x".repeat(64), 1 as never]) {
      expect(() => postgresStores(database, { schema })).toThrow(config);
    }
    expect(() => postgresStores(database, { schemas: "x" } as never)).toThrow(/`schema`\?/);
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
    ["XX000", "transport", true],
    ["XX001", "config", false],
    ["25P03", "transport", true],
    ["57P05", "transport", true],
    ["55P03", "transport", true],
    ["26000", "config", false],
    ["22P05", "config", false],
    ["CONNECTION_ENDED", "config", false],
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

  it.each(["fetch failed", "Failed to fetch", "Load failed", "Network connection lost."])(
    "takes a driver over HTTP that says `%s` for a database that is away",
    async (words) => {
      const { cursors } = postgresStores(failing(new TypeError(words)));

      await expect(cursors.load(key)).rejects.toMatchObject({ code: "transport", retryable: true });
    },
  );

  it.each([
    ["server", "110022", "version 12"],
    ["encoding", "LATIN1", "UTF8"],
    ["readonly", "on", "primary"],
    ["schema", null, "search path"],
    ["version", "2", "upgrade"],
    ["tables", "5", "call `migrate()` first"],
    ["versions", null, "call `migrate()` first"],
  ])("says at the first use what a person must mend: %s is %s", async (column, value, words) => {
    const query = async () => ({ rows: [{ ...goodRow, [column]: value }] });

    await expect(postgresStores({ query }).cursors.load(key)).rejects.toMatchObject({
      code: "config",
      retryable: false,
      message: expect.stringContaining(words),
    });
  });

  it("is asked again where it becomes read-only later, as in a failover", async () => {
    const state = { isStandby: false };
    const query = async () => {
      if (state.isStandby) throw driverError("25006");
      return { rows: [goodRow] };
    };
    const { leases } = postgresStores({ query });
    await leases.acquire(key, "a", 1000);
    state.isStandby = true;

    await expect(leases.acquire(key, "a", 1000)).rejects.toMatchObject({ retryable: true });
  });

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

  it("sends a statement again that the database undid, and gives up after eight times", async () => {
    const deadlock = driverError("40P01");
    const once = failing(deadlock, deadlock);
    expect(await postgresStores(once).leases.acquire(key, "a", 1000)).toMatchObject({
      status: "held",
    });
    expect(once.calls).toBe(5);

    const always = failing(...Array.from({ length: 9 }, () => deadlock));
    const error = { code: "transport", retryable: true };
    await expect(postgresStores(always).leases.acquire(key, "a", 1)).rejects.toMatchObject(error);
    expect(always.calls).toBe(8);
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

  it("reads rows of a driver that writes the names of columns in its own way", async () => {
    const database = await pglite;
    const camel = ([name, value]: [string, unknown]) => [
      name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ];
    const own: PostgresDatabase = {
      async query(text, params) {
        const { rows } = await database.query<object>(text, params);
        return { rows: rows.map((row) => Object.fromEntries(Object.entries(row).map(camel))) };
      },
    };
    const { leases, dedupe, migrate } = postgresStores(own, { prefix: freshPrefix() });

    await migrate();
    await leases.acquire(key, "a", 60_000);
    await dedupe.begin(event, 60_000);

    const left = { endsInMs: expect.closeTo(60_000, -4) };
    expect(await leases.acquire(key, "b", 1000)).toEqual({ status: "taken", holder: "a", ...left });
    expect(await dedupe.begin(event, 1000)).toEqual({ status: "busy", ...left });
  });

  it("deletes what is of no more use by the way", async () => {
    const prefix = freshPrefix();
    const database = await pglite;
    const options = { prefix, inboxRetentionMs: 0, startsRetentionMs: 0 };
    const stores = postgresStores(database, options);
    const raw = 1;
    await stores.migrate();
    await stores.dedupe.begin(event, 60_000, { mark: "done" });
    await stores.dedupe.finish(event, "done", { retentionMs: 1 });
    await stores.inbox.add("in", [{ event: testEvent, raw }]);
    const [claim] = await stores.inbox.claim("in", 1, 1000);
    await stores.inbox.finish("in", [claim?.token ?? ""]);
    await database.query("select pg_sleep(0.01)");

    const later = postgresStores(database, options);
    await later.dedupe.begin({ ...event, identity: "b" }, 60_000);
    await later.inbox.add("in", [{ event: { ...testEvent, id: "b" }, raw }]);

    const keys = await database.query(
      `select key from ${prefix}dedupe union all select key from ${prefix}inbox`,
    );
    expect(keys.rows).toEqual([
      { key: '["billing","orders","b"]' },
      { key: expect.stringMatching(/^\["in",.*b/) },
    ]);
  });

  it("stores a finished event again after the retention, also before its row is swept", async () => {
    const prefix = freshPrefix();
    const stores = postgresStores(await pglite, { prefix, inboxRetentionMs: 0 });
    await stores.migrate();
    await stores.inbox.add("in", [{ event: testEvent, raw: 1 }]);
    const [claim] = await stores.inbox.claim("in", 1, 1000);
    await stores.inbox.finish("in", [claim?.token ?? ""]);

    await stores.inbox.add("in", [{ event: testEvent, raw: 2 }]);

    expect(await stores.inbox.claim("in", 1, 1000)).toMatchObject([{ attempt: 1, raw: 2 }]);
  });

  it("tells no more than was asked for, and ends in time, when its clock was set back", async () => {
    const prefix = freshPrefix();
    const database = await pglite;
    const { dedupe, inbox, leases, migrate } = postgresStores(database, { prefix });
    await migrate();
    await leases.acquire(key, "a", 50);
    await dedupe.begin(event, 50);
    await inbox.add("in", [{ event: testEvent, raw: 1 }]);
    await inbox.claim("in", 1, 50);
    for (const [table, column] of [
      ["leases", "held_until"],
      ["dedupe", "marked_until"],
      ["inbox", "hidden_until"],
    ]) {
      await database.query(`update ${prefix}${table} set ${column} = ${column} + 3600000`);
    }

    expect(await leases.acquire(key, "b", 60_000)).toEqual({
      status: "taken",
      holder: "a",
      endsInMs: 50,
    });
    expect(await dedupe.begin(event, 60_000)).toEqual({ status: "busy", endsInMs: 50 });
    expect(await inbox.claim("in", 1, 50)).toEqual([]);
    await database.query("select pg_sleep(0.1)");

    expect(await leases.acquire(key, "b", 60_000)).toEqual({ status: "held", fence: 2 });
    expect(await dedupe.begin(event, 60_000)).toMatchObject({ status: "begun", starts: 2 });
    expect(await inbox.claim("in", 1, 50)).toMatchObject([{ attempt: 2 }]);
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

  it("refuses to finish where no transaction is open, and in one that cannot be used", async () => {
    const prefix = freshPrefix();
    const database = await pglite;
    const { dedupe, migrate } = postgresStores(database, { prefix });
    await migrate();
    const begun = await dedupe.begin(event, 60_000);
    const mark = begun.status === "begun" ? begun.mark : "";
    const finish = (transaction: unknown) =>
      dedupe.finish(event, mark, { retentionMs: 60_000, transaction });

    for (const wrong of [database, {}, "x"]) {
      await expect(finish(wrong)).rejects.toMatchObject({ code: "config", provider: "stores" });
    }
    await expect(finish(database)).rejects.toThrow(/no transaction is open/);

    expect(await dedupe.begin(event, 60_000)).toMatchObject({ status: "busy" });
  });

  it("tells a damaged letter and a damaged entry by their places, beside the others", async () => {
    const prefix = freshPrefix();
    const database = await pglite;
    const { deadLetters, inbox, migrate } = postgresStores(database, { prefix });
    await migrate();
    const letter = { ...event, raw: 1, reason: "failed", attempts: 1, failedAt: "" };
    const long = { ...letter, identity: "y".repeat(5000) };
    for (const one of [long, letter]) await deadLetters.put(one);
    await inbox.add("in", [{ event: testEvent, raw: 1 }]);
    await inbox.add("in", [{ event: { ...testEvent, id: "b" }, raw: 1 }]);
    await database.query(`update ${prefix}dead_letters set letter = '{' where place = 1`);
    await database.query(`update ${prefix}inbox set entry = 'null' where place = 1`);

    const { letters } = await deadLetters.list(key);
    const claims = await inbox.claim("in", 10, 1000);

    const placed = expect.stringContaining("place 1 is damaged");
    expect(letters).toMatchObject([
      { identity: long.identity, code: "schema", reason: placed },
      { identity: "a", reason: "failed" },
    ]);
    expect(claims).toMatchObject([{ unreadable: { message: placed } }, { event: { id: "b" } }]);
    await deadLetters.remove(long);
    expect((await deadLetters.list(key)).letters).toHaveLength(1);
    expect(await inbox.finish("in", [claims[0]?.token ?? ""])).toEqual([true]);
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
