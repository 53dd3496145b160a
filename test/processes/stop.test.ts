import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sleep } from "../../src/core/sleep.ts";
import { buildScripts, type Child, type Scripts, until } from "./children.ts";
import { type Place, places } from "./places.ts";
import { pulled } from "./provider.ts";
import { openProvider, type ProviderSide } from "./provider-side.ts";
import { type ConsumerTask, wishes } from "./task.ts";

/** What a busy machine may add to a stop, in ms. */
const slackMs = 4000;

const providers = await pulled();

let scripts: Scripts;
beforeAll(async () => {
  scripts = await buildScripts();
});
afterAll(async () => await scripts.close());

async function start(
  side: ProviderSide,
  { place, records }: Place,
  name: string,
  facts: Pick<ConsumerTask, "handlerMs" | "options"> = {},
): Promise<Child> {
  const { name: provider, connection, queue } = side;
  const where = { provider, connection, queue, place, record: records.file };
  const child = scripts.start("consumer", { name, ...where, ...facts });
  await until(() => records.of("ready", name).length > 0, "it is ready");
  return child;
}

function early(side: ProviderSide, { records }: Place): readonly unknown[] {
  const handledAt = records.handledAt();
  return [...side.ackedAt(records)].filter(([id, at]) => at < (handledAt.get(id) ?? Infinity));
}

const [files] = places;

describe.each([files])("a process that is told to end, with its stores in %s", (_, open) => {
  it.concurrent("ends at once during a long poll, and cuts it", { timeout: 60_000 }, async () => {
    const place = await open();
    const side = await openProvider("workato");
    const child = await start(side, place, "consumer", { options: { waitMs: 30_000 } });
    side.publish(3);
    await until(() => side.ackedAt(place.records).size === 3, "it works");
    await until(() => side.seen.at(-1)?.endedAt === undefined, "a long poll");

    const began = performance.now();
    const code = await child.end("SIGTERM");
    const tookMs = performance.now() - began;

    expect({ code, errors: child.errors }).toEqual({ code: 0, errors: "" });
    expect(tookMs).toBeLessThan(slackMs);
    await until(() => side.seen.every(({ endedAt }) => endedAt !== undefined), "it is cut", 2000);
    await side.close();
    await place.close();
  });

  it.concurrent.each(providers)(
    "$name: lets handlers end, and acknowledges what they did",
    { timeout: 60_000 },
    async ({ name }) => {
      const place = await open();
      const side = await openProvider(name);
      const facts = { handlerMs: 300, options: { concurrency: 20 } };
      side.publish(10);
      const child = await start(side, place, "consumer", facts);
      await until(() => place.records.of("started").length > 0, "handlers");

      const code = await child.end("SIGTERM");

      const started = new Set(place.records.ids("started"));
      expect(code).toBe(0);
      expect(new Set(place.records.ids("handled"))).toEqual(started);
      // Where whole pages are acknowledged, the page is all there was.
      expect(new Set(side.ackedAt(place.records).keys())).toEqual(started);
      await side.close();
      await place.close();
    },
  );

  it.concurrent.each(providers.filter(({ acks }) => acks !== "page"))(
    "$name: is done with its acks in time although a handler hangs, as a container stops it",
    { timeout: 60_000 },
    async ({ name, acks }) => {
      const shutdownTimeoutMs = 1500;
      const place = await open();
      const { records } = place;
      const side = await openProvider(name);
      side.publish(5);
      const [hanging = ""] = side.publish(1, wishes.hang);
      side.publish(5);
      const options = { concurrency: 3, shutdownTimeoutMs, reserveMs: 500 };
      const child = await start(side, place, "first", { options });
      await until(() => records.of("handled").length === 10, "all but one are handled");

      child.send("SIGTERM");
      const began = performance.now();
      await until(() => records.of("ended").length > 0, "the run ends");
      const tookMs = performance.now() - began;
      // The handler keeps the process alive, so the container kills it.
      await sleep(Math.max(0, shutdownTimeoutMs - tookMs));
      const code = await child.end("SIGKILL");

      const before = acks === "each" ? 10 : 5;
      expect(code).toBeNull();
      expect(tookMs).toBeGreaterThan(shutdownTimeoutMs - 700);
      expect(tookMs).toBeLessThan(shutdownTimeoutMs + slackMs);
      expect(side.ackedAt(records).size).toBe(before);
      expect(side.ackedAt(records).has(hanging)).toBe(false);
      expect(early(side, place)).toEqual([]);
      const next = await start(side, place, "second");
      await until(() => records.ids("started", "second").includes(hanging), "it comes again");
      await next.end("SIGKILL");
      await side.close();
      await place.close();
    },
  );
});
