import { connect, type NatsConnection } from "@nats-io/transport-node";
import { Pool } from "pg";
import { afterAll, describe, expect, it } from "vitest";
import type { FeedEvent } from "../../src/core/event.ts";
import { sleep } from "../../src/core/sleep.ts";
import type { WorkQueue } from "../../src/core/work-queue.ts";
import { consume, relay } from "../../src/index.ts";
import { jetStreamQueue } from "../../src/jetstream/index.ts";
import { inboxQueue, memoryStores, postgresStores } from "../../src/stores/index.ts";
import { memoryFeed } from "../../src/testing/index.ts";
import { freshName, natsHint, natsUrl } from "../jetstream/servers.ts";
import { diceOf, eventsOf, OrderWatch } from "./order.ts";
import { onServer, postgresHint, postgresUrl } from "./servers.ts";

const TOTAL = 400;
const LEASE_MS = 1500;
const options = {
  partitions: 8,
  orderBy: ({ subject = "" }: FeedEvent): string => subject,
} as const;

/** A queue as one worker has it, and how the worker is cut off from it. */
interface Connected {
  readonly queue: WorkQueue;
  readonly feedOptions: object;
  cut(): Promise<void>;
}

/** Relays events, lets workers fail and die, and gives what broke the order. */
async function tried(open: () => Promise<Connected>): Promise<readonly string[]> {
  const dice = diceOf(7);
  const events = eventsOf(TOTAL, 20, dice);
  const provider = memoryFeed({ pulls: "unacked" });
  const watch = new OrderWatch();
  const quick = { idle: { minDelayMs: 20, maxDelayMs: 200 }, logger: false } as const;
  const retries = { minDelayMs: 5, maxDelayMs: 20 };
  const relaying = await open();
  const run = consume(provider, relay(relaying.queue, { size: 20 }), { ...quick, concurrency: 3 });
  const { deadLetters } = memoryStores();
  let workers = 0;
  const start = async () => {
    const own = await open();
    workers += 1;
    const name = `w${workers}`;
    let isDead = false;
    const feed = (own.queue as { feed(told: object): ReturnType<WorkQueue["feed"]> }).feed({
      consumer: "billing",
      ...own.feedOptions,
    });
    const open_ = new Set<FeedEvent>();
    const work = consume(
      feed,
      async (event) => {
        if (isDead) return await sleep(10 * LEASE_MS);
        watch.begins(event, name);
        open_.add(event);
        await sleep(dice(4));
        const fails = dice(10) === 0;
        if (isDead) return await sleep(10 * LEASE_MS);
        open_.delete(event);
        watch.ends(event, !fails);
        if (fails) throw new Error("by chance");
      },
      { ...quick, concurrency: 4, retry: { ...retries, attempts: 20 }, deadLetters },
    );
    return {
      stop: () => work.stop(),
      async kill() {
        isDead = true;
        for (const event of open_) watch.ends(event, false);
        await own.cut();
        void work.stop().catch(() => {});
      },
    };
  };
  const all = await Promise.all([start(), start(), start(), start()]);
  for (const [at, event] of events.entries()) {
    provider.publish(event);
    if (at % 20 === 0) await sleep(10);
    if (at === 100 || at === 250) {
      await all.shift()?.kill();
      all.push(await start());
    }
  }
  const isDone = () => {
    const last = new Map(events.map(({ subject = "", data }) => [subject, data as { n: number }]));
    return [...last].every(([key, { n }]) => watch.settledOf(key) > n);
  };
  await expect.poll(isDone, { timeout: 60_000, interval: 50 }).toBe(true);
  await Promise.all([run.stop(), ...all.map((worker) => worker.stop())]);
  await relaying.cut();
  return watch.broken;
}

describe("the order of each key, by workers that fail and die", () => {
  const closing: (() => Promise<unknown>)[] = [];
  afterAll(async () => {
    for (const close of closing) await close();
  });

  it.skipIf(!postgresUrl)(`is kept in PostgreSQL${postgresHint}`, async () => {
    const server = await onServer();
    closing.push(() => server.close());
    const open = async (): Promise<Connected> => {
      const pool = new Pool({ connectionString: postgresUrl, max: 4 });
      pool.on("error", () => {});
      let isCut = false;
      const database = {
        query: async (text: string, params?: unknown[]) => {
          if (isCut) return await new Promise<never>(() => {});
          return await pool.query(text, params);
        },
        connect: () => pool.connect(),
        totalCount: 0,
      };
      const { inbox } = postgresStores(database, { prefix: server.prefix });
      const cut = async () => {
        isCut = true;
        closing.unshift(() => pool.end());
      };
      return {
        queue: inboxQueue(inbox, "orders", options),
        feedOptions: { leaseMs: LEASE_MS },
        cut,
      };
    };

    expect(await tried(open)).toEqual([]);
  });

  it.skipIf(!natsUrl)(`is kept in JetStream${natsHint}`, async () => {
    const name = freshName();
    const open = async (): Promise<Connected> => {
      const connection: NatsConnection = await connect({ servers: natsUrl ?? "" });
      const queue = jetStreamQueue(connection, name, { ...options, storage: "memory" });
      await queue.ensure();
      return { queue, feedOptions: { ack_wait: LEASE_MS }, cut: () => connection.close() };
    };

    expect(await tried(open)).toEqual([]);
  });
});
