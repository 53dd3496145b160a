import { expect } from "vitest";
import { packed, until, walkPage } from "./page.ts";

const { memoryFeed, testEvent } = await packed("ackloop/testing");
const { memoryStores } = await packed("ackloop/stores");

await walkPage("docs/delivery.md", {
  "Delivery and acks": async ({ run }) => {
    const orders = memoryFeed();
    orders.publish(...["done", "unknown", "not ours"].map((id) => testEvent(id)));
    const book = async ({ id }: { readonly id: string }) => id;
    const { deadLetters } = memoryStores();

    const { run: started } = await run({ orders, book, deadLetters });
    await until(() => orders.acked.length === 3);
    await started.stop();

    expect(await started).toMatchObject({ handled: 1, deadLettered: 1, dropped: 1 });
  },
  Order: async ({ run }) => {
    const orders = memoryFeed();
    const subjects = ["a", "b", "a", "b", "a"];
    orders.publish(...subjects.map((subject, at) => testEvent(`${at}`, { subject })));
    const open = new Map<string, number>();
    const most = new Map<string, number>();
    const onOrder = async ({ subject = "" }: { readonly subject?: string }) => {
      open.set(subject, (open.get(subject) ?? 0) + 1);
      most.set(subject, Math.max(most.get(subject) ?? 0, open.get(subject) ?? 0));
      await new Promise((resolve) => setTimeout(resolve, 5));
      open.set(subject, (open.get(subject) ?? 0) - 1);
    };

    const { run: started } = await run({ orders, onOrder });
    await until(() => orders.acked.length === 5);
    await started.stop();

    expect(Object.fromEntries(most)).toEqual({ a: 1, b: 1 });
  },
});
