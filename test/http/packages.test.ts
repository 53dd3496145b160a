import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import crossFetch from "cross-fetch";
import nodeFetch from "node-fetch";
import {
  EnvHttpProxyAgent,
  getGlobalDispatcher,
  ProxyAgent,
  setGlobalDispatcher,
  fetch as undici,
} from "undici";
import { fetch as undici6 } from "undici-6";
import { describe, expect, it } from "vitest";
import { serveEmulators, tikiEmulator } from "../../src/emulator/index.ts";
import { createTransport } from "../../src/http/transport.ts";
import { drain } from "../../src/index.ts";
import { clientCredentials, tiki } from "../../src/providers/tiki/index.ts";
import { loopback } from "./support.ts";

const packages = [
  ["undici 7", undici],
  ["undici 6", undici6],
  ["node-fetch", nodeFetch],
  ["cross-fetch", crossFetch],
] as unknown as readonly (readonly [string, typeof globalThis.fetch])[];

describe.each(packages)("the fetch of %s", (_, fetch) => {
  it("makes every call of a client, and brings a feed's events", async () => {
    const emulator = tikiEmulator();
    await using server = await serveEmulators([emulator]);
    const { baseUrl, tokenUrl, clientId, clientSecret } = emulator.connection(
      `${server.origin}/tiki`,
    );
    const token = clientCredentials({ clientId, clientSecret, tokenUrl });
    const shop = tiki({ token, baseUrl, fetch });
    const { code } = await shop.queues.create({ name: "orders" });
    await shop.subscriptions.create(code, { eventType: "ORDER_CREATED_SUCCESSFULLY" });
    emulator.publish(code, [{ type: "ORDER_CREATED_SUCCESSFULLY", payload: { order_code: "1" } }]);

    expect(await drain(shop.feed(code), () => {})).toMatchObject({ handled: 1, acked: 1 });
  });

  it.each([
    ["in pieces", {}],
    ["at once", { "content-length": "11" }],
  ])("gives a body that comes %s, and none that is too long", async (_name, headers) => {
    await using server = await loopback((_request, response) => {
      response.writeHead(200, headers).end("hello world");
    });
    const request = { method: "GET", url: server.baseUrl, headers: {}, body: undefined };
    const send = (maxBodyBytes: number) =>
      createTransport(fetch)({ ...request, signal: new AbortController().signal, maxBodyBytes });

    expect(await send(100)).toMatchObject({ status: 200, text: "hello world", tooLong: false });
    expect(await send(5)).toMatchObject({ tooLong: true });
  });

  it("is cut by the signal", async () => {
    await using server = await loopback((_request, response) => {
      response.writeHead(200).write("a");
    });
    const cut = new AbortController();
    const request = { method: "GET", url: server.baseUrl, headers: {}, body: undefined };
    const sent = createTransport(fetch)({ ...request, signal: cut.signal, maxBodyBytes: 100 });
    setTimeout(() => cut.abort(), 50);

    await expect(sent).rejects.toThrow();
  });
});

describe("a proxy", () => {
  /** Notes where it was asked to go. */
  async function startProxy() {
    const asked: (string | undefined)[] = [];
    const proxy = createServer().on("connect", (request, socket) => {
      asked.push(request.url);
      const [host = "", port] = (request.url ?? "").split(":");
      const onward = connect(Number(port), host, () => {
        socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
        onward.pipe(socket).pipe(onward);
      });
    });
    await once(proxy.listen(0, "127.0.0.1"), "listening");
    const { port } = proxy.address() as AddressInfo;
    return { asked, url: `http://127.0.0.1:${port}`, close: () => proxy.close() };
  }

  it("is taken by the fetch that is told of it", async () => {
    await using target = await loopback((_request, response) => response.end("[]"));
    const proxy = await startProxy();
    const dispatcher = new ProxyAgent(proxy.url);
    const fetch = ((url: string, init: object) =>
      undici(url, { ...init, dispatcher })) as unknown as typeof globalThis.fetch;

    await tiki({ token: "t", baseUrl: target.baseUrl, fetch })
      .queues.list()
      .catch(() => {});

    expect(proxy.asked).toEqual([new URL(target.baseUrl).host]);
    await dispatcher.close();
    proxy.close();
  });

  it("is taken by every client where it is set for the process", async () => {
    await using target = await loopback((_request, response) => response.end("[]"));
    const proxy = await startProxy();
    const before = getGlobalDispatcher();
    const dispatcher = new EnvHttpProxyAgent({ httpProxy: proxy.url });
    setGlobalDispatcher(dispatcher);

    await tiki({ token: "t", baseUrl: target.baseUrl })
      .queues.list()
      .catch(() => {});

    setGlobalDispatcher(before);
    expect(proxy.asked).toEqual([new URL(target.baseUrl).host]);
    await dispatcher.close();
    proxy.close();
  });
});
