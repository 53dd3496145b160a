import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FeedEvent } from "../../src/core/event.ts";
import type { PartitionOptions } from "../../src/core/partition.ts";
import { sleep } from "../../src/core/sleep.ts";
import { consume, drain } from "../../src/index.ts";
import { jetStreamQueue } from "../../src/jetstream/index.ts";
import { connected, freshName, natsHint, natsUrl } from "./servers.ts";
import { deliveries } from "./support.ts";

const orderBy = ({ id }: FeedEvent): string => id;
const TOTAL = 60;

/** Much longer than a test may take, so that nothing comes again by its lease's end. */
const consumer = { consumer: "billing", ack_wait: 20_000 };

describe.skipIf(!natsUrl)(`a worker's connection${natsHint}`, () => {
  let connection: NatsConnection;
  beforeAll(async () => {
    connection = await connected();
  });
  afterAll(() => connection.close());

  it.each<[string, PartitionOptions]>([
    ["a queue", {}],
    ["a queue with partitions", { partitions: 16, orderBy }],
  ])(
    "is closed right behind the stop of its run: what %s holds is another's at once",
    async (_, partitioned) => {
      const name = freshName();
      const queue = jetStreamQueue(connection, name, { storage: "memory", ...partitioned });
      await queue.ensure();
      await queue.send(deliveries(TOTAL));
      const done = new Set<string>();
      const handler = async ({ id }: FeedEvent): Promise<void> => {
        await sleep(5);
        done.add(id);
      };

      // However far their pulls have come.
      for (const afterMs of [20, 30, 45, 70]) {
        const own = await connected();
        const feed = jetStreamQueue(own, name, partitioned).feed(consumer);
        const run = consume(feed, handler, { concurrency: 2, maxInFlight: 3, logger: false });
        await sleep(afterMs);
        await run.stop();
        await own.close();
      }
      const began = performance.now();
      while (done.size < TOTAL && performance.now() - began < 15_000) {
        await drain(queue.feed(consumer), handler, { concurrency: 10, logger: false });
      }

      expect(done.size).toBe(TOTAL);
      expect(performance.now() - began).toBeLessThan(5000);
    },
    30_000,
  );
});
