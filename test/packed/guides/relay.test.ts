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
});
