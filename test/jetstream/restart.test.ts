import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { describe, expect, it } from "vitest";
import type { FeedEvent } from "../../src/core/event.ts";
import { partitionOf } from "../../src/core/partition.ts";
import { sleep } from "../../src/core/sleep.ts";
import { consume, relay } from "../../src/index.ts";
import { jetStreamQueue } from "../../src/jetstream/index.ts";
import { memoryFeed } from "../../src/testing/index.ts";
import { natsHint, natsUrl, OwnServer } from "./servers.ts";
import { deliveries, idsOf, pulled, receiptsOf } from "./support.ts";

const quick = { idle: { minDelayMs: 20, maxDelayMs: 200 }, logger: false } as const;
const TOTAL = 1500;

describe.skipIf(!natsUrl)(`a server that is killed${natsHint}`, () => {
  it("loses nothing that was acknowledged, and acknowledges nothing early", async () => {
    const server = await OwnServer.start();
    const open = () =>
      connect({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
    const connections = await Promise.all([open(), open(), open()]);
    const [first, ...others] = connections;
    const told = { timeout: 1000 };
    const queue = jetStreamQueue(first, "orders", told);
    await queue.ensure();
    const provider = memoryFeed({ pulls: "unacked" });
    const done: string[] = [];

    const relaying = consume(provider, relay(queue, { callTimeoutMs: 2000 }), quick);
    const working = others.map((connection) =>
      consume(
        jetStreamQueue(connection, "orders", told).feed({ consumer: "billing", ack_wait: 1500 }),
        async ({ id }) => {
          await sleep(2);
          done.push(id);
        },
        { ...quick, concurrency: 5 },
      ),
    );
    let published = 0;
    const publishing = (async () => {
      for (const { event } of deliveries(TOTAL)) {
        provider.publish(event);
        published += 1;
        if (published % 10 === 0) await sleep(20);
      }
    })();
    for (let kill = 0; kill < 3; kill += 1) {
      await sleep(600);
      await server.kill();
      await sleep(150);
      await server.start();
    }
    await publishing;
    const isDone = () => new Set(done).size;
    await expect.poll(isDone, { timeout: 30_000, interval: 50 }).toBe(TOTAL);
    await expect.poll(() => provider.acked.length, { timeout: 10_000 }).toBe(TOTAL);
    const manager = await jetstreamManager(first, { checkAPI: false });
    const pending = async () => (await manager.consumers.info("orders", "billing")).num_pending;
    // What the server has forgotten of acknowledgements comes again.
    await expect.poll(pending, { timeout: 20_000, interval: 100 }).toBe(0);
    await sleep(2500);
    await Promise.all([relaying, ...working].map((run) => run.stop()));
    const left = queue.feed({ consumer: "billing", ack_wait: 1500 });
    const coming = idsOf(await pulled(left, { waitMs: 3500 }));
    await Promise.all(connections.map((each) => each.close()));
    await server.close();

    // Of the stream 2.9.10 may keep what was acknowledged, and of the consumer what is gone; they come to nobody.
    expect(coming).toEqual([]);
    // A repeat is an event whose worker's acknowledgement the server has not kept.
    expect(done.length - TOTAL).toBeLessThan(3 * 200);
  });

  it("is no end of a drain while it is away", async () => {
    const server = await OwnServer.start();
    const connection = await connect({ servers: server.url, maxReconnectAttempts: -1 });
    const queue = jetStreamQueue(connection, "orders");
    await queue.ensure();
    const feed = queue.feed();
    await feed.pull();
    await queue.send(deliveries(2));
    await server.kill();

    await expect(feed.pull()).rejects.toMatchObject({ retryable: true });

    await connection.close();
    await server.close();
  });

  it("holds no partition for an event that is finished", async () => {
    const server = await OwnServer.start();
    const connection = await connect({
      servers: server.url,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 50,
    });
    const orderBy = ({ id }: FeedEvent) => (id === "e1" ? keyIn(0) : keyIn(1));
    const told = { partitions: 2, orderBy, timeout: 1000 };
    const queue = jetStreamQueue(connection, "orders", told);
    await queue.ensure();
    const feed = queue.feed({ consumer: "billing", ack_wait: 1000 });
    const manager = await jetstreamManager(connection, { checkAPI: false });
    const consumer = "billing-2of2";
    const held = async () => (await manager.consumers.info("orders", consumer)).num_ack_pending;
    // What is older than an event that is gone makes the server keep it: e1 stays.
    await queue.send(deliveries(2));
    const first = [...(await pulled(feed, { waitMs: 500 }))];
    if (first.length < 2) first.push(...(await pulled(feed, { waitMs: 500 })));
    const state = join(server.folder, "jetstream/$G/streams/orders/obs", consumer, "o.dat");
    // The server writes it a moment later.
    await sleep(300);
    const before = await readFile(state);
    await feed.ack(receiptsOf(first.filter(({ event }) => event?.id === "e2")));
    expect(await held()).toBe(0);
    await queue.send(deliveries(1, 3));
    // A crash may leave the consumer as it was a moment before, and the stream as it was.
    await server.kill("SIGTERM");
    await writeFile(state, before);
    await server.start();
    await expect.poll(() => held().catch(() => -1), { timeout: 5000 }).toBe(1);

    const found: string[] = [];
    for (let pull = 0; pull < 20 && !found.includes("e3"); pull += 1) {
      found.push(...idsOf(await pulled(feed, { waitMs: 500 })));
    }
    await connection.close();
    await server.close();

    expect(found).toContain("e3");
    expect(found).not.toContain("e2");
  });
});

/** A key that is in a partition of two. */
function keyIn(at: number): string {
  return ["a", "b", "c", "d", "e", "f"].find((key) => partitionOf(key, 2) === at) ?? "";
}
