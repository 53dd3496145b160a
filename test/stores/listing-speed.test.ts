import { PGlite } from "@electric-sql/pglite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FullStoreSet, postgresStores } from "../../src/stores/index.ts";
import { driver, useFiles } from "./sqlite-drivers.ts";

const key = { consumer: "billing", feed: "orders" };
const letter = {
  ...key,
  identity: "a",
  raw: "x".repeat(1000),
  reason: "r",
  attempts: 1,
  failedAt: "",
};
const entry = {
  event: { specversion: "1.0", id: "a", source: "s", type: "t", data: 1 },
  raw: 1,
} as const;

/** A hundred thousand letters of one feed, and of a hundred feeds one each; a hundred thousand entries. */
const many = (numbers: string) => `
  insert into ackloop_dead_letters (scope, key, name, letter)
    select scope, 'k' || n, name, letter from ackloop_dead_letters, ${numbers};
  insert into ackloop_dead_letters (scope, key, name, letter)
    select '["c","' || n || '"]', 'f' || n, '["c","' || n || '","i"]', letter
    from ackloop_dead_letters, ${numbers} where key = 'k1' and n <= 100;
  insert into ackloop_inbox (name, key, entry, hidden_until, hidden_ms, done_until)
    select name, 'e' || n, entry, 0, 0, case when n % 2 = 0 then 9e15 end
    from ackloop_inbox, ${numbers};`;

async function seed({ deadLetters, inbox }: FullStoreSet): Promise<void> {
  await deadLetters.put(letter);
  await inbox.add("in", [entry]);
}

/** What each look takes, in ms: the best of three, since the machine is not ours alone. */
async function timesOf({ deadLetters, inbox }: FullStoreSet): Promise<Record<string, number>> {
  const looks = {
    places: () => deadLetters.places(),
    skips: () => deadLetters.skips(key),
    inboxes: () => inbox.list(),
    entries: () => inbox.entries("in"),
  };
  const times: Record<string, number> = {};
  for (const [name, look] of Object.entries(looks)) {
    const all: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const began = performance.now();
      await look();
      all.push(performance.now() - began);
    }
    times[name] = Math.min(...all);
  }
  return times;
}

async function expectQuick(stores: FullStoreSet): Promise<void> {
  const { items, next } = await stores.deadLetters.places();
  expect(items[0]).toMatchObject({ ...key, letters: 100_000 });
  expect(items).toHaveLength(100);
  expect((await stores.deadLetters.places({ after: next })).items).toHaveLength(1);
  expect((await stores.inbox.list()).items).toMatchObject([{ name: "in", waiting: 50_001 }]);
  expect((await stores.inbox.entries("in")).items).toHaveLength(100);
  const times = await timesOf(stores);
  // A walk over all the letters takes seconds; these take some tens of ms on an idle core.
  for (const [name, ms] of Object.entries(times)) expect(ms, name).toBeLessThan(1000);
}

describe("a look at a hundred thousand letters and entries", { timeout: 180_000 }, () => {
  const { freshFile, closing } = useFiles();
  const pglite = PGlite.create();
  beforeAll(async () => await (await pglite).waitReady, 180_000);
  afterAll(async () => await (await pglite).close());

  it("is quick in SQLite", async () => {
    const file = await freshFile();
    const stores = closing(driver.stores(file));
    await seed(stores);
    const database = closing(driver.open(file));
    database.exec(`begin; create temp table numbers as
      with recursive up(n) as (select 1 union all select n + 1 from up where n < 100000) select n from up;
      ${many("numbers")} commit;`);

    await expectQuick(stores);
  });

  it("is quick in PostgreSQL", async () => {
    const database = await pglite;
    const stores = postgresStores(database);
    await stores.migrate();
    await seed(stores);
    await database.exec(`${many("generate_series(1, 100000) as n")} analyze;`);

    await expectQuick(stores);
  });
});
