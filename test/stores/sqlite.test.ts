import { chmod, readdir, stat } from "node:fs/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type SqliteDatabase, type SqliteStores, sqliteStores } from "../../src/stores/index.ts";
import { drivers, driversHere, useFiles } from "./sqlite-drivers.ts";

const key = { consumer: "billing", feed: "orders" };
const event = { ...key, identity: "/orders 1" };
const letter = { ...event, raw: 1, reason: "failed", attempts: 1, failedAt: "" };

const { freshFolder, freshFile, closing } = useFiles();

afterEach(() => {
  vi.useRealTimers();
});

function entryOf(id: string) {
  return { event: { specversion: "1.0", id, source: "s", type: "t", data: id } as const, raw: id };
}

/** A begun event's mark. */
async function markIn({ dedupe }: SqliteStores): Promise<string> {
  const begun = await dedupe.begin(event, 60_000);
  return begun.status === "begun" ? begun.mark : "";
}

/** What all connections of a driver share. */
function prototypeOf(database: SqliteDatabase): SqliteDatabase {
  return Object.getPrototypeOf(database) as SqliteDatabase;
}

describe.each(drivers)("$name$hint", ({ isThere, open }) => {
  it.skipIf(!isThere)("has a SQLite that knows `returning`", () => {
    const [row] = closing(open(":memory:")).prepare("select sqlite_version() as version").all();

    const [, minor] = String((row as { version?: unknown }).version).split(".");
    expect(Number(minor)).toBeGreaterThanOrEqual(35);
  });
});

describe.each(driversHere)("sqliteStores by the path of a file, with $name", (driver) => {
  const storesIn = (...given: Parameters<typeof sqliteStores>): SqliteStores =>
    closing(driver.stores(...given));
  const databaseIn = (file: string) => closing(driver.open(file));

  it("makes the folder at the first use, for this user alone, and keeps to it after chdir", async () => {
    const folder = await freshFolder();
    const before = process.cwd();
    vi.spyOn(process, "cwd").mockReturnValue(folder);
    const { cursors } = storesIn("a/b/ackloop.db");
    vi.spyOn(process, "cwd").mockReturnValue(before);
    expect(await readdir(folder)).toEqual([]);

    await cursors.save(key, "one", 0);

    expect(await readdir(`${folder}/a/b`)).toContain("ackloop.db");
    expect((await stat(`${folder}/a/b`)).mode & 0o077).toBe(0);
    vi.restoreAllMocks();
  });

  it("makes the file for this user alone, with those beside it, and leaves the rights of one that is there", async () => {
    const file = await freshFile();
    const first = storesIn(file);
    await first.cursors.save(key, "one", 0);

    for (const used of [file, `${file}-wal`, `${file}-shm`]) {
      expect([used, (await stat(used)).mode & 0o777]).toEqual([used, 0o600]);
    }
    await first.close();
    await chmod(file, 0o640);
    await storesIn(file).cursors.load(key);

    expect((await stat(file)).mode & 0o777).toBe(0o640);
  });

  it("reads what an earlier process has written", async () => {
    const file = await freshFile();
    const first = storesIn(file);
    await first.cursors.save(key, "one", 0);
    await first.close();

    expect(await storesIn(file).cursors.load(key)).toEqual({ value: "one", revision: 1 });
    await expect(first.cursors.load(key)).rejects.toMatchObject({ code: "config" });
  });

  it("writes what is asked for in one turn with one commit", async () => {
    const file = await freshFile();
    const commits = vi.spyOn(prototypeOf(databaseIn(file)), "exec");
    const { dedupe } = storesIn(file);
    await dedupe.begin(event, 1000);
    commits.mockClear();
    const events = Array.from({ length: 100 }, (_, at) => ({ ...key, identity: `e ${at}` }));

    const begun = await Promise.all(events.map((one) => dedupe.begin(one, 60_000)));

    const counted = commits.mock.calls.filter(([sql]) => sql === "commit");
    commits.mockRestore();
    expect(counted).toHaveLength(1);
    expect(new Set(begun.map(({ status }) => status))).toEqual(new Set(["begun"]));
  });

  it("is lost with the process in memory, as its path says", async () => {
    const { cursors } = storesIn(":memory:");

    expect(await cursors.save(key, "one", 0)).toEqual({ status: "saved", revision: 1 });
    expect(await cursors.load(key)).toEqual({ value: "one", revision: 1 });
  });

  it("keeps an ended mark for its caller, though its starts are counted no more", async () => {
    const file = await freshFile();
    const { dedupe } = storesIn(file, { startsRetentionMs: 0 });
    await dedupe.begin(event, 1, { mark: "mark" });
    await new Promise((resolve) => setTimeout(resolve, 20));
    // Sweeps, as any other process does at its first begin.
    await storesIn(file).dedupe.begin({ ...event, identity: "b" }, 1000);

    expect(await dedupe.finish(event, "mark", { retentionMs: 1000 })).toBe(true);
  });

  it("keeps a hundred forgotten marks of an event and no more, however long they are", async () => {
    const file = await freshFile();
    const { dedupe } = storesIn(file);
    const marks = Array.from({ length: 130 }, (_, at) => `${at} `.padEnd(at % 3 ? 10 : 500, "é"));
    for (const mark of marks) await dedupe.forget(event, mark);

    const [row] = databaseIn(file).prepare("select forgotten from ackloop_dedupe").all();

    const kept = String(Object(row).forgotten).trim().split("\n");
    expect(kept.map((mark) => JSON.parse(mark))).toEqual(marks.slice(-100).reverse());
  });

  it("ends what is held although the clock was set back an hour", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 10_000_000_000 });
    const { dedupe, inbox, leases } = storesIn(await freshFile());
    await inbox.add("in", [entryOf("a")]);
    await inbox.claim("in", 1, 1000);
    await leases.acquire(key, "a", 1000);
    await dedupe.begin(event, 1000);

    vi.setSystemTime(10_000_000_000 - 3_600_000);
    const taken = { status: "taken", endsInMs: 1000, holder: "a" };
    expect(await leases.acquire(key, "b", 1000)).toEqual(taken);
    expect(await dedupe.begin(event, 1000)).toEqual({ status: "busy", endsInMs: 1000 });
    expect(await inbox.claim("in", 1, 1000)).toEqual([]);
    vi.setSystemTime(10_000_000_000 - 3_600_000 + 1000);

    expect(await leases.acquire(key, "b", 1000)).toEqual({ status: "held", fence: 2 });
    expect(await dedupe.begin(event, 1000)).toMatchObject({ status: "begun", starts: 2 });
    expect(await inbox.claim("in", 1, 1000)).toMatchObject([{ attempt: 2 }]);
  });

  it("looks at no more rows than it needs, however many there are", async () => {
    const file = await freshFile();
    const { cursors } = storesIn(file);
    await cursors.load(key);
    const database = databaseIn(file);
    const prepare = vi.spyOn(prototypeOf(database), "prepare");
    const { dedupe, deadLetters, inbox, leases } = storesIn(file);
    await dedupe.begin(event, 1000);
    await deadLetters.put(letter);
    await deadLetters.list(key);
    await leases.acquire(key, "a", 1000);
    await inbox.add("in", [entryOf("a")]);
    const [claim] = await inbox.claim("in", 10, 1000);
    await inbox.extend("in", [claim?.token ?? ""], 1000);
    await inbox.finish("in", [claim?.token ?? ""]);
    const statements = new Set(prepare.mock.calls.map(([sql]) => sql));
    prepare.mockRestore();

    // The version's table has one row.
    const told = [...statements].filter((sql) => !/^pragma|version|sqlite_master/.test(sql));
    const plans = told.map((sql) => {
      const given = Array.from(sql.matchAll(/\?/g), () => 1);
      const rows = database.prepare(`explain query plan ${sql}`).all(...given);
      return { sql, plan: JSON.stringify(rows) };
    });
    expect(plans.length).toBeGreaterThan(11);
    expect(plans.filter(({ plan }) => /"SCAN ackloop_/.test(plan))).toEqual([]);
    // A claim puts two short lists in order.
    const sorted = plans.filter(({ plan }) => plan.includes("TEMP B-TREE"));
    expect(sorted.filter(({ sql }) => !sql.includes("oldest"))).toEqual([]);
  });
});

describe.each(driversHere)("sqliteStores on an application's database, with $name", (driver) => {
  const storesIn = (...given: Parameters<typeof sqliteStores>): SqliteStores =>
    closing(sqliteStores(...given));
  const databaseIn = (file: string) => closing(driver.open(file));

  it("finishes in the handler's transaction, which takes nothing else back", async () => {
    const database = databaseIn(await freshFile());
    const stores = storesIn(database);
    database.exec("create table effects (id text)");
    const mark = await markIn(stores);
    const finish = () =>
      stores.dedupe.finish(event, mark, { retentionMs: 60_000, transaction: database });

    await expect(finish()).rejects.toMatchObject({ code: "config" });
    database.exec("begin");
    expect(await stores.deadLetters.get(letter)).toBeUndefined();
    const putting = stores.deadLetters.put(letter);
    database.exec("insert into effects values ('a')");
    expect(await finish()).toBe(true);
    database.exec("rollback");
    await putting;

    expect(await stores.dedupe.begin(event, 1000)).toMatchObject({ status: "busy" });
    expect(await stores.deadLetters.get(letter)).toEqual(letter);
    database.exec("begin");
    expect(await finish()).toBe(true);
    database.exec("commit");
    expect(await stores.dedupe.begin(event, 1000)).toEqual({ status: "done" });
  });

  it("waits for the transaction of a database in memory, and finishes in it", async () => {
    const database = databaseIn(":memory:");
    const stores = storesIn(database);
    const mark = await markIn(stores);

    database.exec("begin");
    const putting = stores.deadLetters.put(letter);
    const options = { retentionMs: 60_000, transaction: database };
    expect(await stores.dedupe.finish(event, mark, options)).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 20));
    database.exec("rollback");
    await putting;

    expect(await stores.deadLetters.get(letter)).toEqual(letter);
    expect(await stores.dedupe.begin(event, 1000)).toMatchObject({ status: "busy" });
  });

  it("refuses a transaction that is none, or on another file", async () => {
    const stores = storesIn(databaseIn(await freshFile()));
    const mark = await markIn(stores);
    const elsewhere = databaseIn(await freshFile());
    elsewhere.exec("begin");
    const closed = driver.open(await freshFile());
    closed.close();

    for (const transaction of [elsewhere, closed, {}, null, 1]) {
      await expect(
        stores.dedupe.finish(event, mark, { retentionMs: 1, transaction }),
      ).rejects.toMatchObject({ code: "config", provider: "stores" });
    }
  });

  it("tells an open transaction by a begin that fails where a driver does not say", async () => {
    const database = databaseIn(await freshFile());
    const silent: SqliteDatabase = {
      exec: (sql) => database.exec(sql),
      prepare: (sql) => database.prepare(sql) as ReturnType<SqliteDatabase["prepare"]>,
    };
    const stores = storesIn(database);
    const mark = await markIn(stores);
    const options = { retentionMs: 1000, transaction: silent };

    await expect(stores.dedupe.finish(event, mark, options)).rejects.toThrow(/no transaction/);
    database.exec("begin");
    expect(await stores.dedupe.finish(event, mark, options)).toBe(true);
    database.exec("commit");
  });
});
