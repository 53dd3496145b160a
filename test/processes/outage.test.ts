import { PGlite } from "@electric-sql/pglite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AckloopError } from "../../src/core/errors.ts";
import { sleep } from "../../src/core/sleep.ts";
import { consume, type LoopOptions, type Report } from "../../src/index.ts";
import {
  type PostgresDatabase,
  type PostgresStores,
  postgresStores,
} from "../../src/stores/index.ts";
import { memoryFeed, testEvent } from "../../src/testing/memory-feed.ts";
import { postgresUrl } from "../stores/servers.ts";
import { buildScripts, type Scripts, until } from "./children.ts";
import { type Gate, openGate } from "./gate.ts";
import { database, type Place } from "./places.ts";
import { openProvider, type ProviderSide } from "./provider-side.ts";

const awayMs = 1500;

let scripts: Scripts;
beforeAll(async () => {
  scripts = await buildScripts();
});
afterAll(async () => await scripts.close());

/** A database that goes away, and counts how often it is asked meanwhile. */
function leaving(good: PostgresDatabase) {
  const state = { isAway: false, asked: 0 };
  const wrapper: PostgresDatabase = {
    async query(text, params) {
      if (!state.isAway) return await good.query(text, params);
      state.asked += 1;
      throw Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    },
  };
  return { state, wrapper };
}

describe("a database in this process that goes away in mid-run", () => {
  const pglite = PGlite.create();
  beforeAll(async () => await (await pglite).waitReady, 180_000);
  afterAll(async () => await (await pglite).close());

  async function opened(prefix: string): Promise<ReturnType<typeof leaving> & PostgresStores> {
    const way = leaving(await pglite);
    const stores = postgresStores(way.wrapper, { prefix });
    await stores.migrate();
    return { ...way, ...stores };
  }

  const common: LoopOptions = {
    consumer: "billing",
    concurrency: 2,
    retry: { attempts: 1, minDelayMs: 20, maxDelayMs: 100 },
    idle: { minDelayMs: 20, maxDelayMs: 100 },
  };

  it.each([
    ["dedupe", async () => {}, "handled"],
    ["deadLetters", async () => Promise.reject(new Error("never")), "deadLettered"],
  ] as const)(
    "%s: paces, acks nothing that depends on it, and goes on",
    async (which, handler, as) => {
      const { state, dedupe, deadLetters } = await opened(`away_${which.toLowerCase()}_`);
      const feed = memoryFeed();
      const reports: Report[] = [];
      const kept = which === "dedupe" ? { dedupe: { store: dedupe } } : { deadLetters };
      const onReport = (report: Report): void => void reports.push(report);
      // Every event is bad here, which is an outage for all that the loop could know.
      const options = { ...common, ...kept, onReport, circuitBreaker: false } as const;
      const run = consume(feed, handler, options);
      const publish = (name: string): void => {
        feed.publish(...[1, 2, 3, 4, 5].map((each) => testEvent(`${name} ${each}`)));
      };
      publish("before");
      await until(() => feed.acked.length === 5, "the first are acked");

      state.isAway = true;
      publish("meanwhile");
      await sleep(awayMs);
      const ackedMeanwhile = feed.acked.length;
      const { asked } = state;
      state.isAway = false;
      await until(() => feed.acked.length === 10, "all are acked");

      expect(ackedMeanwhile).toBe(5);
      // At least 50 ms between two questions of each of the two handlers.
      expect(asked).toBeGreaterThan(1);
      expect(asked).toBeLessThan((2 * awayMs) / 50 + 4);
      expect(reports.filter(({ kind }) => kind === "storeFailed").length).toBeGreaterThan(0);
      expect(await run.stop()).toMatchObject({ [as]: 10, acked: 10, unsettled: 0 });
    },
  );

  it("lease: a holder that cannot renew acks nothing more and ends with `leaseLost`", async () => {
    const { state, leases } = await opened("away_lease_");
    const feed = memoryFeed();
    const run = consume(feed, async () => await sleep(10), {
      ...common,
      lease: { store: leases, leaseMs: 1000, holder: "first" },
    });
    feed.publish(testEvent("before"));
    await until(() => feed.acked.length === 1, "it works");

    state.isAway = true;
    const error: unknown = await run.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    feed.publish(testEvent("after"));
    const calls = feed.calls.length;
    await sleep(200);

    expect(error).toBeInstanceOf(AckloopError);
    expect(error).toMatchObject({ code: "leaseLost" });
    expect(feed.calls.length).toBe(calls);
    expect(feed.acked).toEqual(["before"]);
  });
});

describe.each(database)("%s that goes away in mid-run", (_, open, isThere) => {
  function start(provider: ProviderSide, { place, records }: Place, gate: Gate | undefined) {
    const { name, connection, queue } = provider;
    const url = new URL(postgresUrl ?? "");
    if (gate) url.port = String(gate.port);
    const prefix = "prefix" in place ? place.prefix : "";
    const task = { provider: name, connection, queue, record: records.file, markMs: 60_000 };
    return scripts.start("consumer", {
      name: "consumer",
      place: { url: url.href, prefix },
      ...task,
    });
  }

  /** Acks of events whose end the database had not taken by then. */
  async function run(provider: string, leave: (gate: Gate, place: Place) => Promise<void>) {
    const place = await open();
    const side = await openProvider(provider);
    const gate = await openGate(Number(new URL(postgresUrl ?? "").port));
    const child = start(side, place, gate);
    const { records } = place;
    side.publish(50);
    await until(() => side.ackedAt(records).size > 20, "it works");

    await leave(gate, place);
    side.publish(50);
    await until(() => side.ackedAt(records).size >= 100, "all are acked");
    const code = await child.end("SIGTERM");

    const handledAt = records.handledAt();
    const early = [...side.ackedAt(records)].filter(
      ([id, at]) => at < (handledAt.get(id) ?? Infinity),
    );
    const untyped = records.lines.filter((line) => line.code === "untyped");
    const failures = records.lines.filter(({ kind }) => kind.endsWith("Failed"));
    expect({ early, untyped, code, errors: child.errors }).toEqual({
      early: [],
      untyped: [],
      code: 0,
      errors: "",
    });
    expect(failures.length).toBeLessThan(200);
    await gate.close();
    await side.close();
    await place.close();
  }

  it.skipIf(!isThere).concurrent.each(["tiki", "workato"] as const)(
    "%s: goes on when the server is back",
    { timeout: 60_000 },
    async (provider) =>
      await run(provider, async (gate, { records }) => {
        gate.shut();
        await sleep(awayMs);
        expect(records.of("saved").filter(({ at }) => at > Date.now() - 1000)).toEqual([]);
        gate.open();
      }),
  );

  it.skipIf(!isThere).concurrent(
    "goes on when its backends are terminated again and again",
    { timeout: 60_000 },
    async () =>
      await run("workato", async (_gate, { pool, place }) => {
        const prefix = "prefix" in place ? place.prefix : "";
        let ended = 0;
        for (let time = 0; time < 5; time += 1) {
          const answer = await pool?.query(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1",
            [prefix],
          );
          ended += answer?.rowCount ?? 0;
          await sleep(100);
        }
        expect(ended).toBeGreaterThan(0);
      }),
  );
});
