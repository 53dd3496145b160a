import { expect, vi } from "vitest";
import * as z from "zod/mini";
import { firstEvent, walkFirstEvent } from "./first-event.ts";
import { packed, until, walkPage } from "./page.ts";

const { consume, drain } = await packed("ackloop");
const { kekkerEmulator } = await packed("ackloop/emulator");
const { kekker } = await packed("ackloop/kekker");
const { memoryStores } = await packed("ackloop/stores");

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
      const stores = memoryStores();
      const reset = vi.spyOn(node.events, "reset");
      const runs: { stop(): Promise<unknown> }[] = [];
      const given = {
        node,
        sqliteStores: () => stores,
        handlers: () => undefined,
        consume: (...all: Parameters<typeof consume>) => {
          const started = consume(...all);
          runs.push(started);
          return started;
        },
      };

      const ended = run(given);
      await until(() => emulator.unprocessed() === 0);
      await runs[0]?.stop();

      const { feed } = await ended;
      expect(reset.mock.calls).toEqual([["2026-01-01T00:00:00"]]);
      expect(await stores.cursors.load({ consumer: "deals", feed: feed.name })).toBeDefined();
    },
    Recovery: async ({ run }) => {
      const { emulator, node } = made();
      emulator.publish([deal]);
      const stores = memoryStores();
      await drain(node.feed({ cursor: stores.cursors, consumer: "deals" }), () => undefined);
      const reset = vi.spyOn(node.events, "reset");

      const { watermark } = await run({ node, sqliteStores: () => stores });

      expect(reset.mock.calls).toEqual([[watermark.value]]);
    },
    "Types of one's own": async ({ run }) => {
      const { emulator, node } = made();
      const more = { objectId: "7", amount: 12 };
      emulator.publish([{ category: "Contracts", event: "ContractSigned", ...more }]);

      const { feed } = await run({ node, z });

      const page = await feed.pull();
      expect(page.deliveries[0].event).toMatchObject({ type: "ContractSigned", data: more });
    },
  },
  firstEvent,
);
