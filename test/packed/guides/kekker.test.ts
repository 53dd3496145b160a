import { expect, vi } from "vitest";
import { firstEvent, walkFirstEvent } from "./first-event.ts";
import { packed, until, walkPage } from "./page.ts";

const { drain } = await packed("ackloop");
const { kekkerEmulator } = await packed("ackloop/emulator");
const { kekker } = await packed("ackloop/kekker");
const { sqliteStores } = await packed("ackloop/stores");

walkFirstEvent("docs/providers/kekker.md");

/** A node on an emulator, with one deal. */
function made() {
  const emulator = kekkerEmulator();
  const { baseUrl, channel, login, password } = emulator.connection("https://kekker.test");
  const node = kekker({ baseUrl, channel, login, password, fetch: emulator.fetch });
  return { emulator, node };
}

const deal = { category: "Deals", event: "DealCreated", objectId: "7" };

await walkPage(
  "docs/providers/kekker.md",
  {
    "The first run": async ({ run }) => {
      const { emulator, node } = made();
      emulator.publish([deal]);
      const reset = vi.spyOn(node.events, "reset");

      const { cursors, feed, run: started } = await run({ node, handlers: () => undefined });
      await until(() => emulator.unprocessed() === 0);
      await started.stop();

      expect(reset.mock.calls).toEqual([["2026-01-01T00:00:00"]]);
      expect(await cursors.load({ consumer: "deals", feed: feed.name })).toBeDefined();
    },
    Recovery: async ({ run }) => {
      const { emulator, node } = made();
      emulator.publish([deal]);
      const { cursors } = sqliteStores("./state.db");
      await drain(node.feed({ cursor: cursors, consumer: "deals" }), () => undefined);
      const reset = vi.spyOn(node.events, "reset");

      const { watermark } = await run({ node });

      expect(reset.mock.calls).toEqual([[watermark.value]]);
    },
    "Types of one's own": async ({ run }) => {
      const { emulator, node } = made();
      const more = { objectId: "7", amount: 12 };
      emulator.publish([{ category: "Contracts", event: "ContractSigned", ...more }]);

      const { feed } = await run({ node });

      const page = await feed.pull();
      expect(page.deliveries[0].event).toMatchObject({ type: "ContractSigned", data: more });
    },
  },
  firstEvent,
);
