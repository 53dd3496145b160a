import { join } from "node:path";
import Database from "libsql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sleep } from "../../src/core/sleep.ts";
import { redrive } from "../../src/index.ts";
import { buildScripts, type Child, type Scripts, until } from "./children.ts";
import { database, type Place, places } from "./places.ts";
import { openProvider, type ProviderSide } from "./provider-side.ts";
import { type ConsumerTask, consumer, wishes } from "./task.ts";

let scripts: Scripts;
beforeAll(async () => {
  scripts = await buildScripts();
});
afterAll(async () => await scripts.close());

function start(
  side: ProviderSide,
  { place, records }: Place,
  name: string,
  facts: Pick<ConsumerTask, "leaseMs" | "markMs"> = {},
): Child {
  const { name: provider, connection, queue } = side;
  const where = { provider, connection, queue, place, record: records.file };
  return scripts.start("consumer", { name, ...where, ...facts });
}

const [[, inFolder]] = places;

describe("a process whose stores are in SQLite", () => {
  it.concurrent("reads and overwrites nothing while its cursor's row is damaged, and says what to do", {
    timeout: 60_000,
  }, async () => {
    const place = await inFolder();
    const { records, folder } = place;
    const side = await openProvider("workato");
    side.publish(5);
    const first = start(side, place, "first");
    await until(() => side.ackedAt(records).size === 5, "a saved cursor");
    await first.end("SIGTERM");
    const database = new Database(join(folder, "stores", "ackloop.db"));
    const [good] = database.prepare("select value from ackloop_cursors").all() as {
      value: string;
    }[];
    const setTo = (value = "") =>
      database.prepare("update ackloop_cursors set value = ?").run(value);
    setTo(good?.value.slice(0, 20));
    side.publish(5);

    const second = start(side, place, "second");
    await until(() => records.of("pollFailed", "second").length >= 3, "it says so");
    const told = records.of("pollFailed", "second");
    const handled = records.of("handled", "second").length;
    const left = database.prepare("select value from ackloop_cursors").all();
    setTo(good?.value);
    await until(() => side.ackedAt(records).size === 10, "it goes on");
    await second.end("SIGTERM");

    for (const line of told) {
      expect(line).toMatchObject({
        code: "schema",
        message: expect.stringMatching(/a row is damaged; restore it from a backup, or delete/),
      });
    }
    expect({ handled, left }).toEqual({ handled: 0, left: [{ value: good?.value.slice(0, 20) }] });
    database.close();
    await side.close();
    await place.close();
  });

  it.concurrent("keeps its lease and hands it on although the clock is set back an hour", {
    timeout: 60_000,
  }, async () => {
    const place = await inFolder();
    const { records } = place;
    const side = await openProvider("tiki");
    const facts = { leaseMs: 2000, markMs: 2000 };
    const children = ["first", "second"].map((name) => start(side, place, name, facts));
    await until(() => records.of("ready").length === 2, "both are ready");
    await until(() => records.of("leaseAcquired").length === 1, "a holder");
    side.publish(20);
    await until(() => side.ackedAt(records).size === 20, "it works");

    for (const child of children) child.send("SIGUSR2");
    side.publish(20);
    await until(() => side.ackedAt(records).size === 40, "it works on");
    await sleep(2500);
    expect(records.of("leaseAcquired")).toHaveLength(1);
    const holder = children.find(({ name }) => name === records.of("leaseAcquired")[0]?.by);
    await holder?.end("SIGKILL");
    side.publish(20);
    await until(() => side.ackedAt(records).size === 60, "the other works on");

    const handled = records.ids("handled");
    expect(records.of("leaseAcquired")).toHaveLength(2);
    expect(handled.length).toBe(new Set(handled).size);
    for (const child of children) if (child !== holder) await child.end("SIGTERM");
    await side.close();
    await place.close();
  });
});

describe.each(places)("bad input, with the stores in %s", (_, open, isThere) => {
  it.skipIf(!isThere).concurrent(
    "sets an event of 5 MB aside, and sends it again whole",
    { timeout: 60_000 },
    async () => {
      const place = await open();
      const { records, stores } = place;
      const side = await openProvider("tiki");
      const large = `${wishes.fail} ${"x".repeat(5_000_000)}`;
      const [id = ""] = side.publish(1, large);
      const child = start(side, place, "consumer", { markMs: 5000 });
      await until(() => side.ackedAt(records).size === 1, "it is set aside");
      await child.end("SIGTERM");

      const key = { consumer, feed: side.feed };
      const [letter] = (await stores.deadLetters.list(key)).letters;
      const again: string[] = [];
      await redrive(
        stores.deadLetters,
        side.feed,
        (event) => void again.push(JSON.stringify(event.data)),
        { consumer },
      );

      expect(letter?.reason).toContain("cannot make sense of this event");
      expect(again).toHaveLength(1);
      expect(again[0]).toContain(large);
      expect(letter?.event?.id).toBe(id);
      expect(await stores.deadLetters.list(key)).toEqual({ letters: [] });
      await side.close();
      await place.close();
    },
  );

  it.skipIf(!isThere).concurrent(
    "takes ids with NUL, quotes and lone surrogates as they are",
    { timeout: 60_000 },
    async () => {
      const place = await open();
      const { records, stores } = place;
      const side = await openProvider("tiki");
      const ids = ["a\0b", "a'b\"c", "'; drop table x --", "../../etc", "\ud800", "__proto__"];
      side.publishIds(ids);
      const failing = ids.map((id) => `${id} fails`);
      side.publishIds(failing, wishes.fail);
      const child = start(side, place, "consumer", { markMs: 5000 });
      await until(() => side.ackedAt(records).size === 2 * ids.length, "all are acknowledged");
      await child.end("SIGTERM");

      const { letters } = await stores.deadLetters.list({ consumer, feed: side.feed });
      expect([...records.ids("handled")].sort()).toEqual([...ids].sort());
      expect(letters.map(({ event }) => event?.id).sort()).toEqual([...failing].sort());
      await side.close();
      await place.close();
    },
  );
});

describe.each(database)("tables of a newer version, in %s", (_, open, isThere) => {
  it.skipIf(!isThere).each(["tiki", "workato"] as const)(
    "%s: end the run with a typed error, and nothing is read or acknowledged",
    { timeout: 60_000 },
    async (provider) => {
      const place = await open();
      const { records, place: where } = place;
      if (where.url === undefined) throw new Error("this is no database");
      await place.pool?.query(`insert into ${where.prefix}version (version) values (99)`);
      const side = await openProvider(provider);
      side.publish(5);

      const code = await start(side, place, "consumer", { leaseMs: 2000, markMs: 2000 }).ended();

      expect(records.of("failed")).toMatchObject([
        { code: "config", message: expect.stringContaining("version 99") },
      ]);
      expect({ code, handled: records.ids("handled") }).toEqual({ code: 1, handled: [] });
      expect(side.seen).toEqual([]);
      await side.close();
      await place.close();
    },
  );
});
