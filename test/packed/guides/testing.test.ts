import { expect, vi } from "vitest";
import { packed, walkPage } from "./page.ts";

const { retry } = await packed("ackloop");
const { memoryStores } = await packed("ackloop/stores");

/** The handler of the page: it asks for another attempt of one event, and fails with the others. */
const onOrder = vi.fn(({ id, data }: { readonly id: string; readonly data: unknown }) => {
  if (id === "e1" && "order_code" in Object(data)) return retry({ afterMs: 5_000 });
  throw new Error("no such product");
});
const { deadLetters } = memoryStores();

await walkPage("docs/testing.md", {
  "Call the handler": { given: { onOrder } },
  "Run the loop, without a provider": { given: { onOrder, deadLetters } },
  "Run it against the provider's emulator": [
    { given: { handlers: { other: () => undefined } } },
    async ({ run }) => {
      const { server } = await run();

      await expect(fetch("https://api.tiki.vn/integration/v1/queues")).resolves.toMatchObject({
        status: 401,
      });
      server.close();
    },
  ],
  "A webhook": { given: { secret: "a-secret-of-the-test", onMessage: () => undefined } },
});
