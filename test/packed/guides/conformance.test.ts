import { packed, walkPage } from "./page.ts";

const { tikiEmulator } = await packed("ackloop/emulator");
const { clientCredentials, tiki } = await packed("ackloop/tiki");

/** Stands for the provider of the page: Tiki, of which `acme` makes feeds. */
function acmeEmulator() {
  const emulator = tikiEmulator();
  const queue = emulator.createQueue("orders");
  let published = 0;
  const order = () => {
    published += 1;
    return { type: "ORDER_CREATED_SUCCESSFULLY", payload: { order_code: `order-${published}` } };
  };
  return {
    fetch: emulator.fetch,
    publish: (count: number) => emulator.publish(queue, Array.from({ length: count }, order)),
    acked: () => emulator.journal.ackedIds(queue),
  };
}

function acme(options: { readonly fetch: typeof globalThis.fetch }) {
  const app = { clientId: "emulator-in-house-app", clientSecret: "emulator-in-house-secret" };
  const shop = tiki({ token: clientCredentials(app), ...options });
  return { feed: (_name: string) => shop.feed("b8b5cbbf-6a25-4731-ae0c-5cfc1adf83dd") };
}

await walkPage("docs/conformance.md", {
  "The conformance kit": { given: { acme, acmeEmulator } },
});
