import { expect, vi } from "vitest";
import { packed, walkPage } from "./page.ts";

const { drain } = await packed("ackloop");
const { kekkerEmulator, workatoEmulator } = await packed("ackloop/emulator");
const { kekker } = await packed("ackloop/kekker");
const { sqliteStores } = await packed("ackloop/stores");
const { memoryFeed, testEvent } = await packed("ackloop/testing");
const { workato } = await packed("ackloop/workato");

await walkPage("docs/state.md", {
  "An event stops every run": async ({ runCommands }) => {
    const { deadLetters } = sqliteStores("./state.db");
    const feed = memoryFeed({ name: "orders" });
    feed.publish(testEvent("1042", { source: "/orders" }), testEvent("1043"));
    const handler = vi.fn();
    const options = { deadLetters, consumer: "billing" };
    await deadLetters.list({ consumer: "billing", feed: "orders" });

    runCommands();
    const { letters, ...ended } = {
      ...(await drain(feed, handler, options)),
      ...(await deadLetters.list({ consumer: "billing", feed: "orders" })),
    };

    expect(ended).toMatchObject({ handled: 1, deadLettered: 1 });
    expect(letters).toMatchObject([{ event: { id: "1042" }, reason: "skipped by hand" }]);
  },
  "Once more from a time on": [
    async ({ runCommands }) => {
      const emulator = workatoEmulator();
      const { token } = emulator.connection("https://workato.test");
      const topic = emulator.createTopic("orders");
      emulator.publish(topic, [{ order: 7 }]);
      const { cursors } = sqliteStores("./state.db");
      const client = workato({ token, region: "eu", fetch: emulator.fetch });
      const feed = client.feed(topic, { cursor: cursors, consumer: "billing" });

      const first = await drain(feed, () => undefined);
      const [told] = runCommands((command) => `${command} --yes`);
      const again = await drain(feed, () => undefined);

      expect(told).toContain(feed.name);
      expect([first.handled, again.handled]).toEqual([1, 1]);
    },
    async ({ run }) => {
      const emulator = kekkerEmulator();
      const { channel, login, password, baseUrl } = emulator.connection("https://kekker.test");
      const node = kekker({ baseUrl, channel, login, password, fetch: emulator.fetch });
      emulator.publish([{ event: "DealCreated", category: "Deals", objectId: "7" }]);
      const { cursors } = sqliteStores("./state.db");
      const feed = node.feed({ cursor: cursors, consumer: "deals" });
      await drain(feed, () => undefined);

      const { watermark } = await run({ node, feed });

      expect(watermark).toMatchObject({ value: expect.any(String) });
    },
  ],
});
