import { expect, vi } from "vitest";
import { packed, until, walkPage } from "./page.ts";

const { memoryFeed, testEvent } = await packed("ackloop/testing");
const consumer = "billing";
const orders = memoryFeed({ name: "tiki/orders" });
let isMended = false;
const onOrder = vi.fn(() => {
  if (!isMended) throw new Error("no such product");
});
let deadLetters: unknown;

await walkPage("docs/failures.md", {
  Retries: async ({ run }) => {
    const feed = memoryFeed();
    feed.publish(testEvent("1"));
    const handler = vi.fn(({ id }: { readonly id: string }, _context: unknown) => {
      if (handler.mock.calls.length < 2) throw new Error(`${id} is not there yet`);
    });

    const { run: started } = await run({ orders: feed, onOrder: handler });
    await until(() => feed.acked.length === 1);
    await started.stop();

    expect(await started).toMatchObject({ handled: 1, retried: 1 });
    expect(handler.mock.calls[0]?.[1]).toMatchObject({
      signal: expect.any(AbortSignal),
      attempt: 1,
    });
  },
  "Dead letters": [
    async ({ run }) => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
      orders.publish(testEvent("1042"));

      const begun = run({ orders, onOrder });
      const { run: started, deadLetters: kept } = await begun;
      deadLetters = kept;
      for (let waits = 0; waits < 100 && orders.acked.length === 0; waits += 1) {
        await vi.advanceTimersByTimeAsync(1_000);
        await new Promise((resolve) => setImmediate(resolve));
      }
      vi.useRealTimers();
      await started.stop();

      expect(await started).toMatchObject({ deadLettered: 1, acked: 1 });
      expect(onOrder).toHaveBeenCalledTimes(5);
    },
    ({ runCommands }) => {
      const [list = "", one = ""] = runCommands();

      expect(list).toMatch(/^billing +tiki\/orders +1 /m);
      expect(one).toContain("no such product");
    },
  ],
  Redrive: async ({ run }) => {
    isMended = true;
    const lines = vi.spyOn(console, "log").mockReturnValue();

    await run({ deadLetters, orders, onOrder, consumer });

    expect(lines.mock.calls).toEqual([["handled 1 of 1 dead letters"]]);
  },
});
