import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FeedEvent } from "../../src/core/event.ts";
import { partitionOf } from "../../src/core/partition.ts";
import { jetStreamQueue } from "../../src/jetstream/index.ts";
import { testEvent } from "../../src/testing/index.ts";
import { connected, freshName, natsHint, natsUrl } from "./servers.ts";
import { deliveryOf, idsOf, pulled, receiptsOf } from "./support.ts";

const orderBy = ({ subject = "" }: FeedEvent): string => subject;
const told = { partitions: 4, orderBy, storage: "memory" } as const;

/** Two keys that are in two partitions. */
const [first = "", second = ""] = ["a", "b", "c", "d", "e"].filter(
  (key, at, all) => at === 0 || partitionOf(key, 4) !== partitionOf(all[0] ?? "", 4),
);

function of(subject: string, id: string) {
  return deliveryOf(testEvent(id, { subject }));
}

describe.skipIf(!natsUrl)(`a JetStream queue with partitions${natsHint}`, () => {
  let connection: NatsConnection;
  let manager: JetStreamManager;
  const made: string[] = [];
  beforeAll(async () => {
    connection = await connected();
    manager = await jetstreamManager(connection, { checkAPI: false });
  });
  afterAll(async () => {
    for (const name of made) await manager.streams.delete(name).catch(() => {});
    await connection.close();
  });

  async function opened() {
    const name = freshName();
    made.push(name);
    const queue = jetStreamQueue(connection, name, told);
    await queue.ensure();
    return { name, queue };
  }

  it("has a subject and a consumer for each, with one event in work", async () => {
    const { name, queue } = await opened();
    await queue.ensure({ consumer: "billing", ack_wait: 5000 });

    const { config } = await manager.streams.info(name);
    expect(config.subjects).toEqual([`${name}.of4.*`]);
    const consumers = await manager.consumers.list(name).next();
    const shown = consumers.map(({ config: { durable_name, filter_subject, max_ack_pending } }) => {
      return [durable_name, filter_subject, max_ack_pending];
    });
    expect(shown.sort()).toEqual(
      [1, 2, 3, 4].map((at) => [`billing-${at}of4`, `${name}.of4.${at}`, 1]),
    );
  });

  it("gives the next event of a key when the one before is acknowledged, and other keys meanwhile", async () => {
    const { queue } = await opened();
    const [feed, other] = [queue.feed(), queue.feed()];
    await queue.send([of(first, "1"), of(first, "2"), of(second, "3")]);

    const held = await pulled(feed, { waitMs: 500 });
    expect(idsOf(held).sort()).toEqual(["1", "3"]);
    const waiting = pulled(other, { waitMs: 8000 });
    await feed.ack(receiptsOf(held));

    expect(idsOf(await waiting)).toEqual(["2"]);
  });

  it("finds what is there at once, although other partitions are asked still", async () => {
    const { queue } = await opened();
    const feed = queue.feed();
    const missed: number[] = [];
    for (let round = 0; round < 40; round += 1) {
      // It leaves the requests of the other partitions as they are.
      const waiting = pulled(feed, { waitMs: 5000 });
      await queue.send([of(first, `${round}a`)]);
      await feed.ack(receiptsOf(await waiting));
      await queue.send([of(second, `${round}b`)]);

      const found = await pulled(feed);

      if (found.length === 0) missed.push(round);
      const all = found.length > 0 ? found : await pulled(feed, { waitMs: 5000 });
      expect(idsOf(all)).toEqual([`${round}b`]);
      await feed.ack(receiptsOf(all));
    }

    expect(missed).toEqual([]);
  });

  it("lets nothing overtake what was given back for later, or is with a dead worker", async () => {
    const { queue } = await opened();
    const consumer = { ack_wait: 1500 };
    const [feed, other] = [queue.feed(consumer), queue.feed(consumer)];
    await queue.send([of(first, "1"), of(first, "2")]);

    await feed.nack?.(receiptsOf(await pulled(feed, { waitMs: 500 })), { afterMs: 500 });
    const again = await pulled(other, { waitMs: 8000 });
    expect(again).toMatchObject([{ event: { id: "1" }, attempt: 2 }]);
    // Nobody lengthens its lease.
    const third = await pulled(feed, { waitMs: 8000 });
    expect(third).toMatchObject([{ event: { id: "1" }, attempt: 3 }]);
    await feed.ack(receiptsOf(third));

    expect(idsOf(await pulled(other, { waitMs: 8000 }))).toEqual(["2"]);
  });

  it("takes no late word of a worker whose lease has ended for that of the next one", async () => {
    const { queue } = await opened();
    const consumer = { ack_wait: 2000 };
    const [late, other] = [queue.feed(consumer), queue.feed(consumer)];
    await queue.send([of(first, "1"), of(first, "2")]);
    const lost = receiptsOf(await pulled(late, { waitMs: 500 }));
    const held = await pulled(other, { waitMs: 8000 });
    expect(held).toMatchObject([{ event: { id: "1" }, attempt: 2 }]);

    await late.extend?.(lost, 1000);
    await late.nack?.(lost);
    expect(await late.ack(lost)).toEqual([{ status: "gone" }]);
    expect(await pulled(late, { waitMs: 100 })).toEqual([]);

    expect(await other.ack(receiptsOf(held))).toEqual([{ status: "acked" }]);
    expect(idsOf(await pulled(late, { waitMs: 8000 }))).toEqual(["2"]);
  });

  it.each([0, 100])(
    "asks each partition once where one is with another worker: %i ms",
    async (waitMs) => {
      const { name, queue } = await opened();
      await queue.send([of(first, "1"), of(first, "2")]);
      const held = await pulled(queue.feed(), { waitMs: 500 });
      let asked = 0;
      const publish: NatsConnection["publish"] = (subject, ...rest) => {
        if (subject.includes(".CONSUMER.MSG.NEXT.")) asked += 1;
        connection.publish(subject, ...rest);
      };
      const counting = new Proxy(connection, {
        get: (target, member) =>
          member === "publish" ? publish : Reflect.get(target, member, target),
      });
      const feed = jetStreamQueue(counting, name, told).feed();

      for (let pull = 0; pull < 4; pull += 1) expect(await pulled(feed, { waitMs })).toEqual([]);

      expect([held.length, asked]).toEqual([1, expect.any(Number)]);
      expect(asked).toBeLessThanOrEqual(4 * 2 * told.partitions);
    },
  );

  it("brings no more than is asked for, and gives back the rest", async () => {
    const { queue } = await opened();
    await queue.send(["a", "b", "c", "d", "e", "f", "g"].map((key) => of(key, key)));
    const feed = queue.feed();

    const one = await pulled(feed, { limit: 1, waitMs: 500 });
    expect(one).toHaveLength(1);
    const partitions = new Set(
      ["a", "b", "c", "d", "e", "f", "g"].map((key) => partitionOf(key, 4)),
    );
    const rest: string[] = [];
    while (rest.length < partitions.size - 1) {
      rest.push(...idsOf(await pulled(queue.feed(), { waitMs: 8000 })));
    }
    expect(new Set([...idsOf(one), ...rest]).size).toBe(partitions.size);
  });

  it("says that relay and workers were told different numbers", async () => {
    const { name, queue } = await opened();
    await queue.send([of(first, "1")]);
    const eight = jetStreamQueue(connection, name, { ...told, partitions: 8 });
    const none = jetStreamQueue(connection, name);

    const text = (wrong: string) => new RegExp(`is made for 4 partitions, not for ${wrong};`);
    for (const [wrong, is] of [
      [eight, text("8 partitions")],
      [none, text("no partitions")],
    ] as const) {
      const refused = { code: "config", message: expect.stringMatching(is) };
      await expect(wrong.ensure()).rejects.toMatchObject(refused);
      await expect(wrong.feed().pull()).rejects.toMatchObject(refused);
      const sending = wrong.send([of(first, "2")]);
      // A relay waits and says so: it makes no dead letters of good events.
      await expect(sending).rejects.toMatchObject({
        code: "notFound",
        message: expect.stringMatching(/made for other `partitions`/),
      });
    }
    const plain = jetStreamQueue(connection, freshName(), { storage: "memory" });
    made.push(plain.name);
    await plain.ensure();
    const refused = { code: "config", message: expect.stringMatching(/made for no partitions/) };
    await expect(jetStreamQueue(connection, plain.name, told).ensure()).rejects.toMatchObject(
      refused,
    );
  });

  it("refuses more than one event in work for a partition, at once", async () => {
    const queue = jetStreamQueue(connection, "orders", told);

    expect(() => queue.feed({ max_ack_pending: 5 })).toThrow(/`max_ack_pending` must be 1/);
  });
});
