import { expect, vi } from "vitest";
import { packed, until, walkPage } from "./page.ts";

const { drain } = await packed("ackloop");
const { tikiEmulator } = await packed("ackloop/emulator");
const { clientCredentials, tiki } = await packed("ackloop/tiki");

await walkPage("docs/emulator.md", {
  "In a test": { given: { handlers: { other: () => undefined } } },
  Webhooks: async ({ run }) => {
    const book = vi.fn();

    const { discue } = await run({ secret: "a-secret-of-the-test", book });
    await until(() => book.mock.calls.length > 0);

    expect(book.mock.calls).toEqual([[{ order: 7 }]]);
    await discue.close();
  },
  "The journal": async ({ run, text }) => {
    const emulator = tikiEmulator();
    const { clientId, clientSecret, ...urls } = emulator.connection("https://tiki.test");
    const { baseUrl, tokenUrl } = urls;
    const token = clientCredentials({ clientId, clientSecret, tokenUrl });
    const queue = emulator.createQueue("orders");
    emulator.publish(queue, [
      { id: "order-7", type: "ORDER_CREATED_SUCCESSFULLY", payload: { order_code: "7" } },
    ]);
    await drain(tiki({ token, baseUrl, fetch: emulator.fetch }).feed(queue), () => undefined);

    await run({ emulator, queue });

    expect(emulator.journal.event("order-7")).toMatchObject({
      published: 1,
      delivered: 1,
      acks: expect.any(Number),
    });
    expect(emulator.journal.entries({ kinds: ["acked"], queue })).toHaveLength(1);
    expect(text).toContain('calls("pull")');
    expect(Number(emulator.journal.calls("pull"))).toBeGreaterThan(0);
  },
});
