import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sleep } from "../../src/core/sleep.ts";
import { buildScripts, type Child, isLong, type Scripts, until } from "./children.ts";
import { database, type Place, places } from "./places.ts";
import { openProvider, type ProviderSide } from "./provider-side.ts";
import { type ConsumerTask, consumer, wishes } from "./task.ts";

const kills = isLong ? 50 : 4;
/** More starts than there are kills: an event may be the one in work each time. */
const retry = { attempts: 1000, minDelayMs: 20, maxDelayMs: 50 };

let scripts: Scripts;
beforeAll(async () => {
  scripts = await buildScripts();
});
afterAll(async () => await scripts.close());

type Facts = Pick<ConsumerTask, "handlerMs" | "effects" | "options">;

function starter(side: ProviderSide, { place, records }: Place, facts: Facts): () => Child {
  let started = 0;
  return () => {
    started += 1;
    const { name: provider, connection, queue } = side;
    const where = { provider, connection, queue, place, record: records.file, markMs: 1000 };
    return scripts.start("consumer", { name: `consumer-${started}`, ...where, ...facts });
  };
}

async function allAcked(side: ProviderSide, { records }: Place): Promise<void> {
  const published = side.emulator.journal.publishedIds();
  await until(() => side.ackedAt(records).size === published.length, "every event is acked");
}

/** Kills at random moments while events come, and ends when all are acknowledged. */
async function killWhileWorking(side: ProviderSide, place: Place, start: () => Child) {
  let child = start();
  for (let kill = 1; kill <= kills; kill += 1) {
    side.publish(20);
    const started = place.records.of("started").length;
    await until(() => place.records.of("started").length > started + 3, `work for kill ${kill}`);
    await sleep(Math.random() * 60);
    await child.end("SIGKILL");
    child = start();
  }
  await allAcked(side, place);
  await until(() => place.records.of("ready", child.name).length > 0, "the last one is ready");
  expect(await child.end("SIGTERM")).toBe(0);
}

describe.each(places)("dedupe in %s", (_, open, isThere) => {
  it.skipIf(!isThere).concurrent(
    "lets at most one event repeat for each kill",
    { timeout: 30_000 + kills * 5000 },
    async () => {
      const place = await open();
      const side = await openProvider("tiki");
      const start = starter(side, place, { handlerMs: 10, options: { concurrency: 1, retry } });

      await killWhileWorking(side, place, start);

      const handled = place.records.ids("handled");
      const published = side.emulator.journal.publishedIds();
      const repeats = handled.length - new Set(handled).size;
      expect([...new Set(handled)].sort()).toEqual([...published].sort());
      expect(repeats).toBeLessThanOrEqual(kills);
      // Most of each page was delivered again, and was not handled again.
      expect(side.emulator.journal.totals().delivered).toBeGreaterThan(published.length);
      await side.close();
      await place.close();
    },
  );

  it.skipIf(!isThere).concurrent(
    "sets an event aside that kills its process at every start, after `retry.attempts` starts",
    { timeout: 60_000 },
    async () => {
      const place = await open();
      const side = await openProvider("tiki");
      const start = starter(side, place, {
        options: { concurrency: 1, retry: { ...retry, attempts: 3 } },
      });
      side.publish(3);
      const [poison = ""] = side.publish(1, wishes.die);
      side.publish(3);

      let child = start();
      let deaths = 0;
      const acked = () => side.ackedAt(place.records).size;
      await until(() => {
        if (child.hasEnded) {
          deaths += 1;
          child = start();
        }
        return acked() === 7;
      }, "every event is acked");
      await until(() => place.records.of("ready", child.name).length > 0, "it is ready");
      await child.end("SIGTERM");

      const page = await place.stores.deadLetters.list({ consumer, feed: side.feed });
      expect(deaths).toBe(3);
      expect(place.records.ids("started").filter((id) => id === poison)).toHaveLength(3);
      expect(page.letters).toMatchObject([
        {
          event: { id: poison },
          reason: expect.stringContaining("was started 3 times and never ended"),
        },
      ]);
      expect(new Set(place.records.ids("handled")).size).toBe(6);
      await side.close();
      await place.close();
    },
  );
});

describe.each(database)("dedupe in %s", (_, open, isThere) => {
  it.skipIf(!isThere)(
    "repeats no effect that was written in one transaction with `context.finish`",
    { timeout: 30_000 + kills * 5000 },
    async () => {
      const place = await open();
      const side = await openProvider("tiki");
      const effects = `effects_${crypto.randomUUID().replaceAll("-", "")}`;
      await place.pool?.query(`create table ${effects} (event_id text not null)`);
      const start = starter(side, place, { handlerMs: 5, effects, options: { retry } });

      await killWhileWorking(side, place, start);

      const answer = await place.pool?.query(`select event_id from ${effects}`);
      const written = (answer?.rows ?? []).map((row: { event_id: string }) => row.event_id);
      expect(written.sort()).toEqual([...side.emulator.journal.publishedIds()].sort());
      await place.pool?.query(`drop table ${effects}`);
      await side.close();
      await place.close();
    },
  );
});
