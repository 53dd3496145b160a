import { http } from "msw";
import { setupServer } from "msw/node";
import { describe, expect, it, onTestFinished } from "vitest";
import { toPage } from "../../src/core/feed.ts";
import { tikiEmulator } from "../../src/emulator/index.ts";
import { clientCredentials, tiki } from "../../src/providers/tiki/index.ts";
import { emulatorHandlers, emulatorSide } from "../../src/testing/index.ts";

/** An emulator that the global `fetch` reaches through msw, and a client that knows nothing of it. */
function intercept(prefix: string) {
  const origin = `https://api.tiki.test${prefix}`;
  const emulator = tikiEmulator();
  const server = setupServer(...emulatorHandlers(http, emulator, origin));
  server.listen({ onUnhandledRequest: "error" });
  onTestFinished(async () => {
    server.close();
    await emulator.close();
  });
  const { baseUrl, tokenUrl, clientId = "", clientSecret = "" } = emulator.connection(origin);
  const token = clientCredentials({ clientId, clientSecret, tokenUrl, authentication: "basic" });
  const shop = tiki({ token, baseUrl, retry: { attempts: 1 } });
  const queue = emulator.createQueue("orders");
  return { emulator, shop, queue, feed: shop.feed(queue) };
}

describe("emulatorHandlers", () => {
  for (const prefix of ["", "/sandbox"]) {
    it(`answers the global fetch with an emulator under "${prefix}"`, async () => {
      const { emulator, shop, queue, feed } = intercept(prefix);
      const payload = { order_code: "745467462" };
      const ids = emulator.publish(queue, [{ type: "ORDER_CREATED_SUCCESSFULLY", payload }]);

      const { deliveries } = toPage(await feed.pull());

      expect(deliveries.map(({ event }) => event?.id)).toEqual(ids);
      expect(await shop.queues.list()).toMatchObject([{ code: queue, name: "orders" }]);
    });
  }

  it("lets a connection that the emulator cuts look like one", async () => {
    const { emulator, feed } = intercept("");
    emulator.faults.add({ kind: "cut", operation: "pull", count: 1 });

    await expect(feed.pull()).rejects.toMatchObject({ code: "transport", retryable: true });
  });
});

describe("emulatorSide", () => {
  it("counts requests, and knows the credentials that went by", async () => {
    const emulator = tikiEmulator();
    onTestFinished(() => emulator.close());
    const side = emulatorSide(emulator, { pull: "pull" });
    const basic = btoa("name:pass:word");

    await side.fetch("https://tiki.test/x", { headers: { authorization: "Bearer a-token" } });
    await side.fetch(
      new Request("https://tiki.test/x", { headers: { authorization: `Basic ${basic}` } }),
    );
    await side.fetch("https://tiki.test/x", {
      headers: { authorization: `Basic ${btoa("name:")}` },
    });
    await side.fetch("https://tiki.test/x");
    await side.fetch("https://tiki.test/x", { headers: { "X-Api-Key": "a-key", accept: "none" } });

    expect(side.secrets()).toEqual(["a-token", basic, "pass:word", btoa("name:"), "a-key"]);
    expect(side.requests()).toEqual({ sent: 5, open: 0 });
    expect(side.failAck).toBeUndefined();
  });
});
