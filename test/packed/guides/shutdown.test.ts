import { expect, vi } from "vitest";
import { packed, until, walkPage } from "./page.ts";

const { memoryFeed, testEvent } = await packed("ackloop/testing");

/** A feed with events. */
function feedOf(...ids: readonly string[]) {
  const feed = memoryFeed();
  feed.publish(...ids.map((id) => testEvent(id)));
  return feed;
}

await walkPage("docs/shutdown.md", {
  "A stop in order": [
    async ({ run }) => {
      const orders = feedOf("1", "2");
      const begun = vi.fn();
      const ended = run({
        orders,
        onOrder: async () => {
          begun();
          await new Promise((resolve) => setTimeout(resolve, 50));
        },
      });
      await until(() => begun.mock.calls.length > 0);

      process.emit("SIGTERM");

      expect((await ended).summary).toMatchObject({ handled: 1, unsettled: 1, stopped: "signal" });
      process.removeAllListeners("SIGINT");
    },
    async ({ run }) => {
      const [orders, stock] = [feedOf("1"), feedOf("2")];
      const [onOrder, onStock] = [vi.fn(), vi.fn()];
      const ended = run({ orders, stock, onOrder, onStock });
      await until(() => orders.acked.length + stock.acked.length === 2);

      process.emit("SIGTERM");

      const [one, two] = await (await ended).all;
      expect([one.handled, two.handled]).toEqual([1, 1]);
    },
  ],
  "A job that ends: cron and serverless": async ({ run }) => {
    const { handler } = await run({ orders: feedOf("1", "2"), onOrder: () => undefined });

    expect(await handler({}, { getRemainingTimeInMillis: () => 15_000 })).toEqual({
      handled: 2,
      stopped: "empty",
    });
  },
});
