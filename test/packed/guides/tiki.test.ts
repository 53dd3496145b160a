import { expect, vi } from "vitest";
import { firstEvent, walkFirstEvent } from "./first-event.ts";
import { packed, walkPage } from "./page.ts";

const { tikiEmulator } = await packed("ackloop/emulator");
const { clientCredentials, tiki } = await packed("ackloop/tiki");

walkFirstEvent("docs/providers/tiki.md");

/** A shop on an emulator, with one queue. */
function made() {
  const emulator = tikiEmulator();
  const { clientId, clientSecret, baseUrl, tokenUrl } = emulator.connection("https://tiki.test");
  const token = clientCredentials({ clientId, clientSecret, tokenUrl });
  const queueCode = emulator.createQueue("orders");
  return { emulator, shop: tiki({ token, baseUrl, fetch: emulator.fetch }), queueCode };
}

await walkPage(
  "docs/providers/tiki.md",
  {
    "Which token": async ({ run }) => {
      const emulator = tikiEmulator();
      const connection = emulator.connection("https://api.tiki.vn");
      const {
        publicClientId: clientId,
        publicClientSecret: clientSecret,
        publicRedirectUri,
      } = connection;
      const own = { clientId, clientSecret, authentication: "post" } as const;
      const redirectUri = String(publicRedirectUri);
      const code = emulator.authorize({ clientId, scopes: ["offline", "order", "product"] });
      const shop = tiki({ token: clientCredentials(own), fetch: emulator.fetch });
      const queue = await shop.queues.create({ name: "orders" });
      const onRefresh = vi.fn();
      const given = {
        ...{ clientId, clientSecret, redirectUri, code, onRefresh, shop },
        ...{ state: "a-random-text", stored: "a-stored-token", queueCode: queue.code },
        eventType: "ORDER_STATUS_UPDATED",
      };

      // The emulator's public app sends its secret in the form.
      const { url } = await run(given, (text) =>
        text.replaceAll(
          "({ clientId, clientSecret,",
          '({ authentication: "post", clientId, clientSecret,',
        ),
      );

      expect(new URL(url).searchParams.get("scope")).toBe("offline order product");
      expect(onRefresh).toHaveBeenCalledTimes(1);
    },
    "Types of one's own": async ({ run }) => {
      const { emulator, shop, queueCode } = made();
      emulator.publish(queueCode, [
        { type: "PRODUCT_ATTRIBUTES_UPDATED", payload: { product_id: 7, more: 1 } },
      ]);

      const { feed } = await run({ shop, queueCode });

      const page = await feed.pull();
      expect(page.deliveries[0].event.data).toEqual({ product_id: 7, more: 1 });
    },
  },
  firstEvent,
);
