import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import fc from "fast-check";
import Database from "libsql";
import { afterEach, describe, expect, it } from "vitest";
import { isAckloopError } from "../../src/core/errors.ts";
import { toPage } from "../../src/core/feed.ts";
import type { StoreSet } from "../../src/core/stores.ts";
import { inboxFeed, memoryStores, postgresStores, sqliteStores } from "../../src/stores/index.ts";
import { profiles } from "../providers/profiles.ts";
import { answering, endsWell, holds, spoiltText } from "./support.ts";

const key = { consumer: "billing", feed: "orders" };
const event = { specversion: "1.0", id: "e", source: "/s", type: "T", data: { a: 1 } } as const;
const letter = {
  ...key,
  identity: "/s e",
  event,
  raw: 1,
  reason: "failed",
  attempts: 1,
  failedAt: "",
};

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** A closed file that holds something of each kind. */
async function filledFile(): Promise<string> {
  const folder = await mkdtemp(`${tmpdir()}/ackloop-hostile-`);
  folders.push(folder);
  const file = `${folder}/ackloop.db`;
  const { cursors, deadLetters, dedupe, leases, inbox, close } = sqliteStores(file);
  await cursors.save(key, "place", 0);
  await deadLetters.put(letter);
  await dedupe.begin({ ...key, identity: "/s e" }, 60_000);
  await leases.acquire(key, "me", 60_000);
  await inbox.add("in", [{ event, raw: 1 }]);
  await close();
  return file;
}

/** Everything that can be asked of stores, each of which must end well. */
async function askAll(stores: StoreSet): Promise<void> {
  const feed = inboxFeed(stores.inbox, "in");
  const { cursors, deadLetters, dedupe, leases } = stores;
  const loaded = await endsWell(() => cursors.load(key));
  if (loaded && !isAckloopError(loaded)) expect(loaded.value).toBeTypeOf("string");
  await endsWell(() => cursors.save(key, "next", 1));
  const page = await endsWell(() => deadLetters.list(key));
  for (const found of isAckloopError(page) ? [] : page.letters) {
    expect(found).toMatchObject({ identity: expect.any(String), attempts: expect.any(Number) });
  }
  await endsWell(() => deadLetters.get(letter));
  await endsWell(() => deadLetters.put(letter));
  await endsWell(() => dedupe.begin({ ...key, identity: "/s e" }, 1));
  await endsWell(() => leases.acquire(key, "you", 1));
  const pulled = await endsWell(() => feed.pull());
  for (const delivery of isAckloopError(pulled) ? [] : toPage(pulled).deliveries) {
    if (delivery.event === undefined) expect(isAckloopError(delivery.unreadable)).toBe(true);
    else expect(delivery.event.id).toBeTypeOf("string");
  }
  await endsWell(() => deadLetters.remove(letter));
}

describe("a SQLite file that somebody has damaged", () => {
  it.each<[string, (whole: Buffer) => Buffer]>([
    ["was cut short", (whole) => whole.subarray(0, whole.length / 2)],
    ["was cut within a page", (whole) => whole.subarray(0, whole.length - 100)],
    ["has lost its head", (whole) => Buffer.concat([Buffer.alloc(100), whole.subarray(100)])],
    ["is nothing but zeros", (whole) => Buffer.alloc(whole.length)],
    ["has lost the list of its tables", (whole) => whole.fill(0, 100, 4096)],
    ["has lost its last pages", (whole) => whole.fill(0, whole.length - 20_000)],
  ])("is a typed error, or what can be read, when it %s", async (_, damage) => {
    const file = await filledFile();
    await writeFile(file, damage(await readFile(file)));
    const stores = sqliteStores(file);

    await askAll(stores);
    await stores.close();
  });

  it("is one value of a row: all others are as they were", async () => {
    const file = await filledFile();
    const columns = [
      ["cursors", "value"],
      ["cursors", "revision"],
      ["dead_letters", "letter"],
      ["dead_letters", "key"],
      ["dedupe", "mark"],
      ["dedupe", "forgotten"],
      ["dedupe", "marked_until"],
      ["leases", "holder"],
      ["leases", "fence"],
      ["inbox", "entry"],
      ["inbox", "attempts"],
      ["inbox", "hidden_until"],
    ] as const;
    const damage = fc.tuple(fc.constantFrom(...columns), spoiltText({ event, raw: 1 }));

    await holds(
      damage,
      async ([[table, column], text]) => {
        const copy = `${file}.copy`;
        await copyFile(file, copy);
        const database = new Database(copy);
        database.prepare(`update ackloop_${table} set ${column} = ?`).run(text);
        database.close();
        const stores = sqliteStores(copy);

        await askAll(stores);
        await stores.close();
        for (const beside of ["", "-wal", "-shm"]) await rm(`${copy}${beside}`, { force: true });
      },
      60,
    );
  });

  it("hides no other entry of an inbox", async () => {
    const file = await filledFile();
    const { inbox, close } = sqliteStores(file);
    await inbox.add("in", [{ event: { ...event, id: "good" }, raw: 2 }]);
    const database = new Database(file);
    database.exec("update ackloop_inbox set entry = 'null' where place = 1");
    database.close();

    const { deliveries } = toPage(await inboxFeed(inbox, "in").pull());

    expect(deliveries.map((delivery) => delivery.event?.id ?? delivery.unreadable?.code)).toEqual([
      "schema",
      "good",
    ]);
    await close();
  });
});

/** What makes a look at the database find it good. */
const goodLook = {
  server: "160000",
  encoding: "UTF8",
  readonly: "off",
  schema: "public",
  versions: "1",
  version: "1",
  tables: "6",
};

describe("a row of the PostgreSQL stores that somebody has damaged", () => {
  it("is read as what it says, or is a typed error", async () => {
    const row = fc.record({
      value: spoiltText("place"),
      letter: spoiltText(letter),
      entry: spoiltText({ event, raw: 1 }),
      revision: fc.constantFrom("1", "x", "", "1e999"),
    });

    await holds(row, async (found) => {
      const database = {
        query: async () => ({ rows: [{ ...goodLook, place: "1", ...found }] }),
      };

      await askAll(postgresStores(database));
    });
  });
});

const places = profiles.flatMap(({ title, feed }) => {
  const { page, place } = feed ?? {};
  if (!page || !place) return [];
  return place.open.map(([policy, open]) => [title, policy, open, { page, ...place }] as const);
});

describe("a stored place of a feed that somebody has damaged", () => {
  it.each(places)(
    "is a place or a typed error, also when the event is unknown: %s %s",
    async (_title, _policy, open, { saved, page }) => {
      const answers = fc.constantFrom([200, page("[]")], [400, "{}"], [404, "{}"]);

      await holds(fc.tuple(spoiltText(saved), answers), async ([value, [status, body]]) => {
        const { cursors } = memoryStores();
        const fetch = answering(String(body), { status: Number(status) });
        const feed = open({ fetch }, cursors);
        await cursors.save({ consumer: "c", feed: feed.name }, value, 0);

        await endsWell(() => feed.pull());
      });
    },
  );
});
