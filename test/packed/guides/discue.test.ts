import { expect, vi } from "vitest";
import { firstEvent, walkFirstEvent } from "./first-event.ts";
import { packed, until, walkPage } from "./page.ts";

const { discue, discueReceiver } = await packed("ackloop/discue");
const { discueEmulator } = await packed("ackloop/emulator");
const secret = "a-secret-of-the-test";

walkFirstEvent("docs/providers/discue.md", (outputOf) =>
  until(() => outputOf("node --env-file=.env discue.mjs").includes("order: 7")),
);

await walkPage(
  "docs/providers/discue.md",
  {
    "Set up": async ({ run }) => {
      await using emulator = discueEmulator();
      const { apiKey, baseUrl } = emulator.connection("https://discue.test");
      const client = discue({ apiKey, baseUrl, fetch: emulator.fetch });
      const queue = await client.queues.create({ name: "orders" });

      await run({ client, queue, secret });

      expect(await client.listeners.list(queue.id)).toMatchObject([{ name: "billing" }]);
    },
    "As a feed": async ({ run }) => {
      const handlers = vi.fn();
      const receiver = discueReceiver({ secret });

      const { orders, run: started, POST } = await run({ receiver, handlers });
      const sent = { method: "POST", body: '{"message":{"id":"m-1","name":"","data":"7"}}' };
      const { status } = await POST(new Request(`https://shop.test/?secret=${secret}`, sent));
      await started.stop();
      orders.close();

      expect([status, handlers.mock.calls.length]).toEqual([200, 1]);
    },
  },
  firstEvent,
);
