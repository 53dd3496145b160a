import type { NatsConnection } from "@nats-io/transport-node";
import { connect } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PartitionOptions, partitionOf } from "../../src/core/partition.ts";
import { sleep } from "../../src/core/sleep.ts";
import { jetStreamQueue } from "../../src/jetstream/index.ts";
import { testEvent } from "../../src/testing/index.ts";
import { Wire } from "../wire.ts";
import { connected, freshName, natsHint, natsUrl } from "./servers.ts";
import { deliveries, deliveryOf, idsOf, pulled, receiptsOf } from "./support.ts";

const ACK_WAIT = 1500;
const ordered: PartitionOptions = { partitions: 1, orderBy: () => "one" };

describe.skipIf(!natsUrl)(`a worker whose wire stands still${natsHint}`, () => {
  let connection: NatsConnection;
  let wire: Wire;
  let slow: NatsConnection;
  beforeAll(async () => {
    connection = await connected();
    wire = await Wire.to(Number(new URL(natsUrl ?? "").port));
    slow = await connect({ servers: `nats://127.0.0.1:${wire.port}`, maxReconnectAttempts: -1 });
  });
  afterAll(async () => {
    await slow.close();
    await wire.close();
    await connection.close();
  });

  async function opened(told: PartitionOptions = {}) {
    const name = freshName();
    const options = { storage: "memory", ...told } as const;
    const queue = jetStreamQueue(connection, name, options);
    await queue.ensure();
    const consumer = { ack_wait: ACK_WAIT };
    const late = jetStreamQueue(slow, name, options).feed(consumer);
    return { queue, late, others: [queue.feed(consumer), queue.feed(consumer)] as const };
  }

  it("has no event of a partition that came when its lease was over, and frees no other's", async () => {
    const { queue, late, others } = await opened(ordered);
    await pulled(late);
    const pulling = pulled(late, { waitMs: 350 });
    await sleep(20);
    wire.hold();
    await queue.send(deliveries(2));
    const held = await pulled(others[0], { waitMs: 8000 });
    expect(held).toMatchObject([{ event: { id: "e1" }, attempt: 2 }]);
    wire.free();
    const came = await pulling;
    await late.ack(receiptsOf(came));

    expect(idsOf(await pulled(others[1], { waitMs: 300 }))).toEqual([]);
    expect(idsOf(came)).toEqual([]);
    expect(await others[0].ack(receiptsOf(held))).toEqual([{ status: "acked" }]);
    expect(idsOf(await pulled(others[1], { waitMs: 8000 }))).toEqual(["e2"]);
  });

  it("says nothing of a delivery from before the one that it has lost too", async () => {
    const { queue, others } = await opened(ordered);
    await queue.send(deliveries(2));
    const [late, other] = others;
    const first = await pulled(late, { waitMs: 8000 });
    const second = await pulled(late, { waitMs: 8000 });
    expect(second).toMatchObject([{ event: { id: "e1" }, attempt: 2 }]);
    const held = await pulled(other, { waitMs: 8000 });
    expect(held).toMatchObject([{ event: { id: "e1" }, attempt: 3 }]);

    await late.nack?.(receiptsOf(first));
    expect(await late.ack(receiptsOf(first))).toEqual([{ status: "gone" }]);
    expect(await late.ack(receiptsOf(second))).toEqual([{ status: "gone" }]);

    expect(idsOf(await pulled(late, { waitMs: 300 }))).toEqual([]);
    expect(await other.ack(receiptsOf(held))).toEqual([{ status: "acked" }]);
  });

  it("gives back nothing that another worker has by now", async () => {
    const { queue, late, others } = await opened();
    await queue.send(deliveries(1));
    const lost = await pulled(late, { waitMs: 8000 });
    expect(idsOf(lost)).toEqual(["e1"]);
    const held = await pulled(others[0], { waitMs: 8000 });
    expect(held).toMatchObject([{ event: { id: "e1" }, attempt: 2 }]);

    await late.nack?.(receiptsOf(lost));
    await late.extend?.(receiptsOf(lost), 60_000);

    expect(idsOf(await pulled(others[1], { waitMs: 300 }))).toEqual([]);
    const third = await pulled(others[1], { waitMs: 8000 });
    expect(third).toMatchObject([{ event: { id: "e1" }, attempt: 3 }]);
  });
});

describe.skipIf(!natsUrl)(
  `an event that is given back, while requests were taken back${natsHint}`,
  () => {
    let connection: NatsConnection;
    beforeAll(async () => {
      connection = await connected();
    });
    afterAll(() => connection.close());

    const one: PartitionOptions = { partitions: 2, orderBy: ({ subject = "" }) => subject };
    const keyOf = (at: number): string =>
      ["a", "b", "c", "d", "e"].find((key) => partitionOf(key, 2) === at) ?? "";

    it.each([0, 400])(
      "comes once, after %i ms, though a pull before it was aborted",
      async (afterMs) => {
        const queue = jetStreamQueue(connection, freshName(), { storage: "memory" });
        await queue.ensure();
        await queue.send(deliveries(3));
        const feed = queue.feed();
        const held = await pulled(feed, { waitMs: 8000 });
        expect(idsOf(held)).toEqual(["e1", "e2", "e3"]);
        const stop = new AbortController();
        const pulling = feed.pull({ waitMs: 8000, signal: stop.signal });
        await sleep(100);
        stop.abort();
        await expect(pulling).rejects.toThrow();

        await feed.nack?.(receiptsOf(held.slice(0, 1)), { afterMs });
        await sleep(afterMs);

        const again = await pulled(queue.feed(), { waitMs: 2000 });
        expect(again).toMatchObject([{ event: { id: "e1" }, attempt: 2 }]);
        expect(idsOf(await pulled(queue.feed(), { waitMs: 300 }))).toEqual([]);
      },
    );

    it("comes though another worker has left off asking for its partition", async () => {
      const queue = jetStreamQueue(connection, freshName(), { storage: "memory", ...one });
      await queue.ensure();
      const send = (at: number, id: string) =>
        queue.send([deliveryOf(testEvent(id, { subject: keyOf(at) }))]);
      await send(0, "first");
      const [feed, other] = [queue.feed(), queue.feed()];
      const held = await pulled(feed, { waitMs: 8000 });
      expect(idsOf(held)).toEqual(["first"]);
      const pulling = pulled(other, { waitMs: 8000 });
      await sleep(1000);
      await send(1, "second");
      expect(idsOf(await pulling)).toEqual(["second"]);

      await feed.nack?.(receiptsOf(held));

      expect(idsOf(await pulled(feed, { waitMs: 2000 }))).toEqual(["first"]);
    });
  },
);
