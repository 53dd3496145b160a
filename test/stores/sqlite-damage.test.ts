import { open, truncate } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import type { SqliteStores } from "../../src/stores/index.ts";
import { driversHere, type TestDriver, useFiles } from "./sqlite-drivers.ts";

const key = { consumer: "billing", feed: "orders" };
const many = Array.from({ length: 60 }, (_, at) => at);
const isSafe = { code: expect.stringMatching(/^(config|schema)$/), provider: "stores" };

const { freshFile, closing } = useFiles();

function letterOf(at: number) {
  const identity = `/orders ${at}`;
  const raw = "x".repeat(200);
  return { ...key, identity, raw, reason: "failed", attempts: 1, failedAt: "" };
}

function entryOf(at: number) {
  const event = { specversion: "1.0", id: `${at}`, source: "s", type: "t", data: at } as const;
  return { event, raw: "x".repeat(200) };
}

/** A file with something in every table, closed. */
async function writtenFile(driver: TestDriver): Promise<string> {
  const file = await freshFile();
  const stores = driver.stores(file);
  const { cursors, deadLetters, dedupe, inbox, leases } = stores;
  await Promise.all(
    many.flatMap((at): Promise<unknown>[] => [
      cursors.save({ ...key, feed: `${at}` }, "one", 0),
      deadLetters.put(letterOf(at)),
      dedupe.begin({ ...key, identity: `${at}` }, 60_000, { mark: "mark" }),
      leases.acquire({ ...key, feed: `${at}` }, "a", 60_000),
    ]),
  );
  await inbox.add("in", many.map(entryOf));
  await stores.close();
  return file;
}

/** Makes every kind of call on a file; each must answer, or reject with an error of the stores. */
async function useAll({ cursors, deadLetters, dedupe, inbox, leases }: SqliteStores) {
  const calls: (() => Promise<unknown>)[] = many.flatMap((at) => [
    () => cursors.load({ ...key, feed: `${at}` }),
    () => cursors.save({ ...key, feed: `${at}` }, "two", 1),
    () => deadLetters.get(letterOf(at)),
    () => dedupe.begin({ ...key, identity: `${at}` }, 1000),
    () => dedupe.renew({ ...key, identity: `${at}` }, "mark", 1000),
    () => leases.acquire({ ...key, feed: `${at}` }, "b", 1000),
    () => inbox.add("in", [entryOf(100 + at)]),
  ]);
  calls.push(
    () => deadLetters.list(key),
    () => inbox.claim("in", 1000, 1000),
    () => deadLetters.put(letterOf(1000)),
    () => deadLetters.remove(letterOf(0)),
  );
  const answers = await Promise.allSettled(calls.map((call) => call()));
  const refused = answers.filter(({ status }) => status === "rejected");
  for (const { reason } of refused as PromiseRejectedResult[]) expect(reason).toMatchObject(isSafe);
  return refused.length;
}

/** Numbers from 0 to 1 that a seed decides. */
function drawn(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state / 0x7fff_ffff;
  };
}

async function scribble(file: string, seed: number): Promise<void> {
  const random = drawn(seed);
  const handle = await open(file, "r+");
  const { size } = await handle.stat();
  const bytes = Uint8Array.from({ length: 300 }, () => Math.floor(random() * 256));
  // Not the header, which is told apart: no database.
  await handle.write(bytes, 0, bytes.length, 100 + Math.floor(random() * (size - 400)));
  await handle.close();
}

describe.each(driversHere)("a damaged file, with $name", (driver) => {
  it("is told when it was cut in half", async () => {
    const file = await writtenFile(driver);
    await truncate(file, 40_960);

    expect(await useAll(closing(driver.stores(file)))).toBeGreaterThan(0);
  });

  it.each([1, 2, 3, 4, 5])("answers or is told, with random bytes in it: seed %i", async (seed) => {
    const file = await writtenFile(driver);
    await scribble(file, seed);

    await useAll(closing(driver.stores(file)));
  });

  it("answers or is told, where any column holds anything", async () => {
    const file = await writtenFile(driver);
    const database = closing(driver.open(file));
    const tables = ["cursors", "dead_letters", "dedupe", "leases", "inbox"];
    for (const [at, wrong] of ["cast(x'ff61' as text)", "9007199254740993", "x'00'"].entries()) {
      for (const table of tables) {
        const columns = database.prepare(`pragma table_info(ackloop_${table})`).all();
        const names = (columns as { name: string }[]).map(({ name }) => name);
        const changed = names.filter((name) => !/^(key|place|scope|name)$/.test(name));
        const sets = changed.map((name) => `${name} = ${wrong}`).join();
        database.exec(`update ackloop_${table} set ${sets} where rowid % 4 = ${at}`);
      }
    }

    await useAll(closing(driver.stores(file)));
  });

  it("keeps what can be read: the other letters, and the place of the damaged one", async () => {
    const file = await writtenFile(driver);
    const stores = closing(driver.stores(file));
    const database = closing(driver.open(file));
    const set = (value: string, place: number) =>
      database.exec(`update ackloop_dead_letters set letter = ${value} where place = ${place}`);
    set("'{'", 1);
    // Read with a sign in place of the byte, it would pass for a letter.
    set("cast(replace(letter, 'failed', x'ff') as text)", 2);

    const { letters } = await stores.deadLetters.list(key);

    expect(letters).toHaveLength(60);
    expect(letters.slice(0, 3)).toMatchObject([
      { identity: "/orders 0", code: "schema", reason: expect.stringContaining("place 1") },
      { identity: "/orders 1", code: "schema", reason: expect.stringContaining("place 2") },
      { identity: "/orders 2", reason: "failed" },
    ]);
    for (const letter of letters.slice(0, 2)) await stores.deadLetters.remove(letter);
    expect((await stores.deadLetters.list(key)).letters).toHaveLength(58);
  });

  it("gives a damaged entry of an inbox as an unreadable one, beside the others", async () => {
    const file = await writtenFile(driver);
    const stores = closing(driver.stores(file));
    closing(driver.open(file)).exec(
      "update ackloop_inbox set entry = cast(x'ff' as text) where place = 1",
    );

    const claims = await stores.inbox.claim("in", 100, 1000);

    expect(claims).toHaveLength(60);
    expect(claims[0]).toMatchObject({ unreadable: { message: expect.stringMatching(/damaged/) } });
    expect(claims[1]).toMatchObject(entryOf(1));
  });
});
