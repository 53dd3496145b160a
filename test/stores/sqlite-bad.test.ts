import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { afterEach, describe, expect, it } from "vitest";
import { type SqliteStores, sqliteStores } from "../../src/stores/index.ts";
import { driversHere, useFiles } from "./sqlite-drivers.ts";

const key = { consumer: "billing", feed: "orders" };
const event = { ...key, identity: "/orders 1" };
const letter = { ...event, raw: 1, reason: "failed", attempts: 1, failedAt: "" };
const before = process.cwd();

const { freshFolder, freshFile, closing } = useFiles();

afterEach(() => {
  process.chdir(before);
});

function creating(database: unknown): () => SqliteStores {
  return () => closing(sqliteStores(database as string));
}

describe("what sqliteStores is given", () => {
  it.each([["", undefined, null, 1, {}, [], "a\0b", "a\ud800.db"]])(
    "is refused where it is no path and no database: %j",
    (...wrong) => {
      for (const one of wrong) {
        const error = { code: "config", message: expect.stringContaining("path of a file") };
        expect(creating(one)).toThrow(expect.objectContaining(error));
      }
    },
  );

  it("is refused as an address, and nothing of it is told or made", async () => {
    const folder = await freshFolder();
    process.chdir(folder);
    const addresses = [
      "file:./ackloop.db",
      "file:///ackloop.db?mode=ro",
      "postgres://user:secret@127.0.0.1/db",
      "sqlite:ackloop.db",
    ];
    const windows = process.platform === "win32" ? [] : ["C:\\data\\ackloop.db", "c:/ackloop.db"];
    for (const address of [...addresses, ...windows]) {
      expect(creating(address)).toThrow(/give a path/);
      expect(creating(address)).not.toThrow(/secret/);
    }
    expect(await readdir(folder)).toEqual([]);
  });

  it.skipIf(process.platform === "win32")(
    "may be a name with signs of every other kind",
    async () => {
      const folder = await freshFolder();
      process.chdir(folder);
      for (const name of ["a'b\"c.db", "./with:colon.db", "ä ?#%20.db", "back\\slash.db"]) {
        const { cursors } = creating(name)();
        expect(await cursors.save(key, name, 0)).toMatchObject({ status: "saved" });
        expect(await readdir(folder)).toContain(name.replace("./", ""));
      }
    },
  );

  it("is refused in words where the working directory is gone, unless it is a full path", async () => {
    const folder = await freshFolder();
    const file = await freshFile();
    await mkdir(`${folder}/gone`);
    process.chdir(`${folder}/gone`);
    await rm(`${folder}/gone`, { recursive: true });

    expect(creating("ackloop.db")).toThrow(/config|working directory is gone/);
    expect(await creating(file)().cursors.save(key, "one", 0)).toMatchObject({ status: "saved" });
  });

  it("has a prefix and options that are known", () => {
    expect(() => sqliteStores("x.db", { prefix: "A" })).toThrow(/prefix/);
    expect(() => sqliteStores("x.db", { inboxMaxEntry: 1 } as never)).toThrow(/is unknown/);
  });
});

describe.each(driversHere)("a place that cannot be used, with $name", (driver) => {
  async function expectRefused(path: string, says: RegExp): Promise<void> {
    const { cursors, close } = driver.stores(path);
    for (const call of [() => cursors.load(key), () => cursors.save(key, "x", 0)]) {
      await expect(call()).rejects.toMatchObject({
        code: "config",
        retryable: false,
        operation: expect.any(String),
        message: expect.stringMatching(says),
      });
      await expect(call()).rejects.not.toThrow(path);
    }
    await close();
  }

  it("is a folder, a file that is no database, or under a file", async () => {
    const folder = await freshFolder();
    await writeFile(`${folder}/text`, "no database ".repeat(1000));
    await writeFile(`${folder}/short`, "no");

    await expectRefused(folder, /a folder/);
    await expectRefused(`${folder}/text`, /no SQLite database/);
    await expectRefused(`${folder}/short`, /no SQLite database/);
    await expectRefused(`${folder}/text/x.db`, /leads through a file.* \(E/);
    await expectRefused(`${folder}/text/a/x.db`, /leads through a file.* \(E/);
    await expectRefused(`${folder}/${"long".repeat(100)}.db`, /ENAMETOOLONG/);
  });

  it.skipIf(process.platform !== "linux")("is in a folder that takes no new one", async () => {
    await expectRefused("/proc/ackloop/x.db", /folder of the database cannot be made.* \(ENOENT/);
  });

  it("has tables of a newer version, or a table of another kind under the same name", async () => {
    const file = await freshFile();
    const other = await freshFile();
    const first = closing(driver.stores(file));
    await first.cursors.load(key);
    closing(driver.open(file)).exec("insert into ackloop_version values (99)");
    closing(driver.open(other)).exec("create table ackloop_version (a)");

    await expectRefused(file, /version 99.*upgrade/);
    await expectRefused(other, /tables are missing or do not fit/);
  });
});

describe.each(driversHere)("a database of the application, with $name", (driver) => {
  it("is refused when it is closed", async () => {
    const closed = driver.open(await freshFile());
    closed.close();

    expect(creating(closed)).toThrow(/database is closed/);
  });

  it("may be closed afterwards, when it is on a file", async () => {
    const file = await freshFile();
    const database = driver.open(file);
    const stores = closing(sqliteStores(database));
    await stores.cursors.save(key, "one", 0);
    database.close();

    expect(await stores.cursors.save(key, "two", 1)).toMatchObject({ status: "saved" });
    const finish = stores.dedupe.finish(event, "m", { retentionMs: 1, transaction: database });
    await expect(finish).rejects.toMatchObject({ code: "config" });
  });

  it("is not used any more once the stores are closed", async () => {
    const database = closing(driver.open(await freshFile()));
    const { dedupe, close } = sqliteStores(database);
    const begun = await dedupe.begin(event, 60_000);
    await close();
    database.exec("begin immediate");

    const mark = begun.status === "begun" ? begun.mark : "";
    const finished = dedupe.finish(event, mark, { retentionMs: 1000, transaction: database });

    await expect(finished).rejects.toThrow(/the stores are closed/);
  });

  it("is told closed, when it was in memory", async () => {
    const database = driver.open(":memory:");
    const stores = closing(sqliteStores(database));
    await stores.cursors.save(key, "one", 0);
    database.close();

    const error = { code: "config", message: expect.stringContaining("is closed") };
    await expect(stores.cursors.load(key)).rejects.toMatchObject(error);
    await expect(stores.cursors.save(key, "x", 1)).rejects.toMatchObject(error);
  });

  it("is told when it is full, and goes on when there is room", async () => {
    const database = closing(driver.open(":memory:"));
    const stores = closing(sqliteStores(database));
    await stores.cursors.save(key, "one", 0);
    const [row] = database.prepare("pragma page_count").all();
    const { page_count: pages } = row as { page_count: number };
    database.exec(`pragma max_page_count = ${pages + 4}`);

    const raw = "x".repeat(100_000);
    await expect(stores.deadLetters.put({ ...letter, raw })).rejects.toMatchObject({
      code: "transport",
      retryable: true,
      message: expect.stringContaining("disk is full"),
    });
    expect(await stores.deadLetters.get(event)).toBeUndefined();
    database.exec("pragma max_page_count = 100000");

    await stores.deadLetters.put({ ...letter, raw });
    expect(await stores.deadLetters.get(event)).toEqual({ ...letter, raw });
  });

  it("is told when it is full before it has the tables", async () => {
    const database = closing(driver.open(":memory:"));
    database.exec("create table own (a); pragma max_page_count = 5");
    const stores = closing(sqliteStores(database));

    await expect(stores.cursors.save(key, "one", 0)).rejects.toMatchObject({
      code: "transport",
      message: expect.stringContaining("disk is full"),
    });
    database.exec("pragma max_page_count = 100000");

    expect(await stores.cursors.save(key, "one", 0)).toMatchObject({ status: "saved" });
  });

  it("may be read only, for all but the mark in its transaction", async () => {
    const file = await freshFile();
    const writer = closing(driver.open(file));
    const stores = closing(sqliteStores(writer));
    const begun = await stores.dedupe.begin(event, 60_000);
    writer.exec("pragma query_only = on");
    writer.exec("begin");

    const mark = begun.status === "begun" ? begun.mark : "";
    const options = { retentionMs: 1000, transaction: writer };
    await expect(stores.dedupe.finish(event, mark, options)).rejects.toMatchObject({
      code: "config",
      message: expect.stringContaining("read-only"),
    });
    writer.exec("rollback");
    expect(await stores.dedupe.finish(event, mark, { retentionMs: 1000 })).toBe(true);
  });
});

describe.each(driversHere)("strange values, with $name", (driver) => {
  it("come back as they are", async () => {
    const { cursors, deadLetters, dedupe, inbox } = closing(driver.stores(await freshFile()));
    const strange = "' \" ; -- \ud800 \u0000 \ufeff \u{1f600} %_\\ ".repeat(5);
    const name = strange.replaceAll("\0", "");
    const strangeKey = { consumer: name, feed: `${name}2` };
    const data = { [strange]: [strange, 2 ** 53 + 2, -(2 ** 63), 1e308, 5e-324, 0.1 + 0.2] };
    const told = { specversion: "1.0", id: strange, source: strange, type: strange, data } as const;
    const one = { ...letter, ...strangeKey, identity: strange, event: told, raw: data };

    await cursors.save(strangeKey, strange, 0);
    await deadLetters.put(one);
    await inbox.add(name, [{ event: told, raw: data }]);
    const begun = await dedupe.begin({ ...strangeKey, identity: strange }, 60_000);

    expect(await cursors.load(strangeKey)).toEqual({ value: strange, revision: 1 });
    expect((await deadLetters.list(strangeKey)).letters).toEqual([one]);
    expect(await deadLetters.get(one)).toEqual(one);
    expect(await inbox.claim(name, 1, 1000)).toMatchObject([{ event: told, raw: data }]);
    expect(await dedupe.renew(one, begun.status === "begun" ? begun.mark : "", 60_000)).toBe(true);
  });

  it("may have 20 MB", async () => {
    const { cursors, deadLetters } = closing(driver.stores(await freshFile()));
    const raw = "ä€ 0123456".repeat(2_000_000);

    await deadLetters.put({ ...letter, raw });
    await cursors.save(key, raw, 0);

    expect((await deadLetters.get(letter))?.raw === raw).toBe(true);
    expect((await cursors.load(key))?.value === raw).toBe(true);
  });
});
