import { expect, vi } from "vitest";
import { packed, until, walkPage } from "./page.ts";

const { memoryStores } = await packed("ackloop/stores");
const { memoryFeed, testEvent } = await packed("ackloop/testing");
const stores = memoryStores();

await walkPage("docs/relay.md", {
  "One reader, many workers": [
    ({ text }) => expect(text).toContain("relay"),
    async ({ run }) => {
      const orders = memoryFeed();
      orders.publish(testEvent("1"), testEvent("2"));

      const { passing } = await run({ orders, stores });
      await until(() => orders.acked.length === 2);
      await passing.stop();

      expect(await passing).toMatchObject({ handled: 2 });
    },
    async ({ run }) => {
      const onOrder = vi.fn();

      const { working } = await run({ stores, onOrder });
      await until(() => onOrder.mock.calls.length === 2);
      await working.stop();

      expect(await working).toMatchObject({ handled: 2, acked: 2 });
    },
  ],
  "In NATS JetStream": async ({ text, run }) => {
    const server = process.env["ACKLOOP_NATS_URL"];
    expect(text).toContain("ensure()");
    if (server === undefined) return;
    const name = `t${crypto.randomUUID()}`;
    const { connection, queue } = await run({}, (page) =>
      page
        .replace("nats://127.0.0.1:4222", server)
        .replace("num_replicas: 3", "num_replicas: 1")
        .replace('"orders"', JSON.stringify(name)),
    );

    await queue.send([{ event: testEvent("1"), raw: {} }]);
    const [delivery] = (await queue.feed().pull()).deliveries;

    expect(delivery).toMatchObject({ event: { id: "1" }, attempt: 1 });
    await connection.request(`$JS.API.STREAM.DELETE.${name}`);
    await connection.close();
  },
  "In order": async ({ run }) => {
    const { queue } = await run({ stores });
    const event = (id: string) => testEvent(id, { data: { orderId: "one" } });

    await queue.send([event("3"), event("4")].map((each) => ({ event: each, raw: {} })));

    expect(queue.partitions).toBe(16);
    expect(await queue.feed().pull()).toMatchObject([{ event: { id: "3" } }]);
    expect(await queue.feed().pull()).toEqual([]);
  },
});
