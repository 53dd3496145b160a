import { mkdtemp, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { afterEach, describe, expect, it, vi } from "vitest";
import { fileStores } from "../../src/stores/index.ts";
import { storeConformance } from "../../src/testing/store-conformance.ts";

const key = { consumer: "billing", feed: "orders" };
const letter = { ...key, identity: "a", raw: 1, reason: "failed", attempts: 1, failedAt: "" };

const folders: string[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(`${tmpdir()}/ackloop-files-`);
  folders.push(folder);
  return folder;
}

/** The one file under a folder whose name matches. */
async function fileIn(folder: string, pattern: RegExp): Promise<string> {
  const names = await readdir(folder, { recursive: true });
  const found = names.filter((name) => pattern.test(name));
  expect(found).toHaveLength(1);
  return `${folder}/${found[0]}`;
}

describe("fileStores", () => {
  storeConformance({ describe, it }, async () => {
    const folder = await freshFolder();
    const options = { inboxMaxEntries: 20 };
    return { stores: fileStores(folder, options), others: fileStores(folder, options), ...options };
  });

  it("makes no file before the first write, and then only its own", async () => {
    const folder = await freshFolder();
    const { cursors } = fileStores(`${folder}/a/b/`);

    expect(await cursors.load(key)).toBeUndefined();
    expect(await readdir(folder)).toEqual([]);
    await cursors.save(key, "one", 0);
    for (let revision = 1; revision < 10; revision += 1) await cursors.save(key, "x", revision);

    const names = (await readdir(folder, { recursive: true })).sort();
    expect(
      names.map((name) => name.replace(/[0-9a-f]{8}-?[0-9a-f]{4}[0-9a-f-]{20,24}/g, "*")),
    ).toEqual([
      "a",
      "a/b",
      "a/b/cursors",
      "a/b/cursors/billing-orders-*",
      "a/b/cursors/billing-orders-*/10.*.json",
      "a/b/cursors/billing-orders-*/at.10.*",
    ]);
    expect((await stat(`${folder}/a/b`)).mode & 0o077).toBe(0);
  });

  it("reads what an earlier process has written", async () => {
    const folder = await freshFolder();
    await fileStores(folder).cursors.save(key, "one", 0);

    expect(await fileStores(folder).cursors.load(key)).toEqual({ value: "one", revision: 1 });
  });

  it.each([
    ["cut short", '{"format":1,"sta'],
    ["empty", ""],
    ["of another shape", '{"format":1,"state":{"value":1}}'],
    ["no object", "[]"],
  ])("refuses a cursor's file that is %s, and overwrites nothing", async (_, text) => {
    const folder = await freshFolder();
    const { cursors } = fileStores(folder);
    await cursors.save(key, "one", 0);
    const file = await fileIn(folder, /\.json$/);
    await writeFile(file, text);

    const error = {
      code: "schema",
      retryable: false,
      message: expect.stringMatching(
        /^stores read: the file 1\.[0-9a-f-]+\.json is damaged; restore/,
      ),
    };
    await expect(cursors.load(key)).rejects.toMatchObject(error);
    await expect(cursors.save(key, "two", 1)).rejects.toMatchObject(error);
    await expect(fileIn(folder, /\.json$/)).resolves.toBe(file);
  });

  it("starts anew once the folder of a damaged file is deleted, as its message says", async () => {
    const folder = await freshFolder();
    const { cursors } = fileStores(folder);
    await cursors.save(key, "one", 0);
    const file = await fileIn(folder, /\.json$/);
    await rm(file);
    await expect(cursors.load(key)).rejects.toMatchObject({
      code: "schema",
      message: expect.stringContaining(
        "is missing; restore it from a backup, or delete its folder",
      ),
    });

    await rm(file.replace(/\/[^/]*$/, ""), { recursive: true });

    expect(await cursors.save(key, "two", 0)).toEqual({ status: "saved", revision: 1 });
  });

  it("refuses a file of a newer version", async () => {
    const folder = await freshFolder();
    const { cursors } = fileStores(folder);
    await cursors.save(key, "one", 0);
    await writeFile(await fileIn(folder, /\.json$/), '{"format":2,"state":{}}');

    await expect(cursors.load(key)).rejects.toMatchObject({
      code: "config",
      message: expect.stringContaining("newer version of ackloop; upgrade"),
    });
  });

  it.each(["dedupe", "leases", "inbox", "dead-letters"])("refuses damaged %s", async (kind) => {
    const folder = await freshFolder();
    const { deadLetters, dedupe, inbox, leases } = fileStores(folder);
    const event = { specversion: "1.0", id: "a", source: "s", type: "t", data: 1 } as const;
    const calls: Record<string, () => Promise<unknown>> = {
      dedupe: () => dedupe.begin(letter, 1000),
      leases: () => leases.acquire(key, "a", 1000),
      inbox: () => inbox.add("in", [{ event, raw: 1 }]),
      "dead-letters": () => deadLetters.put(letter),
    };
    await calls[kind]?.();

    for (const state of [
      "{}",
      "[1]",
      "null",
      '{"open":[1],"finished":[],"last":1,"letters":[1]}',
    ]) {
      await writeFile(
        await fileIn(`${folder}/${kind}`, /\/\d+\.[0-9a-f-]{36}\.json$/),
        `{"format":1,"state":${state}}`,
      );
      await expect(calls[kind]?.()).rejects.toMatchObject({ code: "schema" });
    }
  });

  it("names the dead letter whose file is gone or damaged", async () => {
    const folder = await freshFolder();
    const { deadLetters } = fileStores(folder);
    await deadLetters.put(letter);
    const file = await fileIn(folder, /-texts\/[0-9a-f-]{36}\.json$/);
    const error = {
      code: "schema",
      message: expect.stringMatching(/the file [0-9a-f-]{36}\.json of the dead letter "a" is /),
    };

    await writeFile(file, "{");
    await expect(deadLetters.get(letter)).rejects.toMatchObject(error);
    await rename(file, `${file}.away`);
    await expect(deadLetters.list(key)).rejects.toMatchObject(error);

    await deadLetters.remove(letter);
    expect(await deadLetters.list(key)).toEqual({ letters: [] });
  });

  it("gives an entry whose file is gone as unreadable, so that it blocks no other", async () => {
    const folder = await freshFolder();
    const { inbox } = fileStores(folder);
    const event = { specversion: "1.0", id: "a", source: "s", type: "t", data: 1 } as const;
    await inbox.add("in", [{ event, raw: 1 }]);
    await rm(await fileIn(folder, /-texts\/[0-9a-f-]{36}\.json$/));

    const [claim] = await inbox.claim("in", 1, 1000);

    expect(claim).toMatchObject({ attempt: 1, unreadable: { message: /lost an entry/ } });
  });

  it("leaves no text behind when an index cannot be written", async () => {
    const folder = await freshFolder();
    const { deadLetters } = fileStores(folder);
    await deadLetters.put(letter);
    await writeFile(await fileIn(`${folder}/dead-letters`, /\/\d+\.[0-9a-f-]{36}\.json$/), "{");

    await expect(deadLetters.put({ ...letter, identity: "b" })).rejects.toMatchObject({
      code: "schema",
    });

    await fileIn(folder, /-texts\/[0-9a-f-]{36}\.json$/);
  });

  it("refuses a folder that cannot be one", async () => {
    const folder = await freshFolder();
    await writeFile(`${folder}/file`, "");
    const { cursors, inbox } = fileStores(`${folder}/file`);
    const entry = { raw: 1, unreadable: { message: "" } };

    const error = { code: "config", message: expect.stringContaining("(ENOTDIR); give another") };
    await expect(cursors.load(key)).rejects.toMatchObject(error);
    await expect(cursors.save(key, "x", 0)).rejects.toMatchObject(error);
    await expect(inbox.add("in", [entry])).rejects.toMatchObject(error);
    for (const wrong of ["", "a\0", undefined, 1]) {
      expect(() => fileStores(wrong as string)).toThrow(
        expect.objectContaining({ code: "config" }),
      );
    }
    expect(() => fileStores(folder, { inboxMaxEntry: 1 } as never)).toThrow(/no option/);
    expect(() => fileStores(folder, { inboxMaxEntries: 0 })).toThrow(/whole number/);
  });

  it("ends what is held although the clock was set back an hour", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 10_000_000 });
    const { dedupe, inbox, leases } = fileStores(await freshFolder());
    const event = { specversion: "1.0", id: "a", source: "s", type: "t", data: 1 } as const;
    await inbox.add("in", [{ event, raw: 1 }]);
    await inbox.claim("in", 1, 1000);
    await leases.acquire(key, "a", 1000);
    await dedupe.begin(letter, 1000);

    vi.setSystemTime(10_000_000 - 3_600_000);
    const taken = { status: "taken", endsInMs: 1000 };
    expect(await leases.acquire(key, "b", 1000)).toEqual(taken);
    expect(await dedupe.begin(letter, 1000)).toEqual({ status: "busy", endsInMs: 1000 });
    expect(await inbox.claim("in", 1, 1000)).toEqual([]);
    vi.setSystemTime(10_000_000 - 3_600_000 + 1000);

    expect(await leases.acquire(key, "b", 1000)).toEqual({ status: "held", fence: 2 });
    expect(await dedupe.begin(letter, 1000)).toMatchObject({ status: "begun", starts: 2 });
    expect(await inbox.claim("in", 1, 1000)).toMatchObject([{ attempt: 2 }]);
  });

  it("writes what many calls change at a time at once", async () => {
    const folder = await freshFolder();
    const { inbox } = fileStores(folder);
    const entries = Array.from({ length: 50 }, (_, at) => ({
      event: { specversion: "1.0", id: `${at}`, source: "s", type: "t", data: at } as const,
      raw: at,
    }));

    await Promise.all(entries.map((entry) => inbox.add("in", [entry])));

    const file = await fileIn(folder, /\/\d+\.[0-9a-f-]{36}\.json$/);
    expect(Number(/\/(\d+)\.[^/]*$/.exec(file)?.[1])).toBeLessThan(25);
    expect(await inbox.claim("in", 100, 1000)).toHaveLength(50);
  });
});
