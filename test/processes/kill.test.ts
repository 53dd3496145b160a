import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sleep } from "../../src/core/sleep.ts";
import { providerNames } from "../providers/names.ts";
import { buildScripts, type Child, isLong, type Scripts, until } from "./children.ts";
import { type Place, places } from "./places.ts";
import { openProvider, type ProviderSide } from "./provider-side.ts";

const kills = Number(process.env["ACKLOOP_KILLS"] ?? (isLong ? 200 : 3));
/** How many events are published before each kill. */
const perKill = 30;

let scripts: Scripts;
beforeAll(async () => {
  scripts = await buildScripts();
});
afterAll(async () => await scripts.close());

function start({ name: provider, ...side }: ProviderSide, { place, records }: Place, at: number) {
  const { connection, queue, port } = side;
  const record = records.file;
  const task = { name: `consumer-${at}`, provider, connection, queue, port, place, record };
  return scripts.start("consumer", { ...task, handlerMs: 3 });
}

/** Kills a consumer at random moments and starts it again, while events come. */
async function killAtRandom(side: ProviderSide, place: Place): Promise<Child> {
  let child = start(side, place, 0);
  for (let kill = 1; kill <= kills; kill += 1) {
    side.publish(perKill);
    // Some are killed while they start, most while they pull, handle and acknowledge.
    const handled = place.records.of("handled").length;
    const isAtWork = () => place.records.of("handled").length > handled;
    if (kill % 5 !== 0) await until(isAtWork, `work before kill ${kill}`);
    await sleep(Math.random() * 150);
    await child.end("SIGKILL");
    child = start(side, place, kill);
  }
  return child;
}

async function run(provider: string, open: () => Promise<Place>): Promise<void> {
  const place = await open();
  const side = await openProvider(provider);
  const { records } = place;
  const { journal } = side.emulator;

  const child = await killAtRandom(side, place);
  const published = journal.publishedIds();
  // A slow machine kills before much is handled, so that most is left to the last process.
  const acked = () => side.ackedAt(records);
  await until(
    () => acked().size === published.length,
    "every event is acknowledged",
    60_000 + kills * 1500,
  );
  await until(() => records.of("ready", child.name).length > 0, "the last one is ready");
  const code = await child.end("SIGTERM");

  const handledAt = records.handledAt();
  const early = [...acked()].filter(([id, at]) => at < (handledAt.get(id) ?? Infinity));
  const repeats = records.of("handled").length - handledAt.size;
  expect({
    published: published.length,
    lost: published.filter((id) => !handledAt.has(id)),
    ackedEarly: early,
    failed: records.of("failed"),
    code,
    errors: child.errors,
  }).toEqual({
    published: kills * perKill,
    lost: [],
    ackedEarly: [],
    failed: [],
    code: 0,
    errors: "",
  });
  // A kill brings back what was handled and not acknowledged: two pages at the most.
  expect(repeats).toBeLessThanOrEqual(kills * 2 * perKill);
  if (isLong)
    console.log(JSON.stringify({ provider, kills, published: published.length, repeats }));
  await side.close();
  await place.close();
}

describe.each(places)("consumers that are killed, with their stores in %s", (_, open, isThere) => {
  it.skipIf(!isThere).concurrent.each(providerNames)(
    "%s: lose nothing and acknowledge nothing early",
    { timeout: 30_000 + kills * 15_000 },
    async (provider) => await run(provider, open),
  );
});
