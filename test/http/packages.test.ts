import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { inspect } from "node:util";
import crossFetch from "cross-fetch";
import ky from "ky";
import nodeFetch from "node-fetch";
import {
  EnvHttpProxyAgent,
  getGlobalDispatcher,
  ProxyAgent,
  setGlobalDispatcher,
  fetch as undici,
} from "undici";
import { fetch as undici6 } from "undici-6";
import { describe, expect, it, vi } from "vitest";
import { serveEmulators, tikiEmulator } from "../../src/emulator/index.ts";
import { createTransport } from "../../src/http/transport.ts";
import { drain } from "../../src/index.ts";
import { clientCredentials, tiki } from "../../src/providers/tiki/index.ts";
import { loopback } from "./support.ts";

const secret = "hunter2-hunter2";

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

describe("a fetch that takes a refusal for an error of its own", () => {
  /** As people put axios behind a `fetch`: it rejects with the answer in `response`. */
  const likeAxios = (async (url: string, init: RequestInit) => {
    const answer = await fetch(url, init);
    const { status, headers } = answer;
    if (answer.ok) return answer;
    const { authorization } = init.headers as Readonly<Record<string, string>>;
    const config = { url, headers: { authorization } };
    throw Object.assign(new Error(`Request failed with status code ${status}`), {
      config,
      response: { status, headers, data: await answer.text(), config },
    });
  }) as typeof globalThis.fetch;

  it.each([
    ["ky", ky as unknown as typeof globalThis.fetch],
    ["ky's own instance", ky.extend({ retry: 0 }) as unknown as typeof globalThis.fetch],
    ["one around axios", likeAxios],
  ])("tells the provider's word, not the network's: %s", async (_, given) => {
    await using server = await loopback(({ url }, response) => {
      const status = Number(/\d{3}/.exec(url ?? "")?.[0]);
      response.writeHead(status, { "retry-after": "7" }).end(`{"message":"${secret}"}`);
    });
    const read = async (status: number) => {
      const shop = tiki({
        token: secret,
        baseUrl: `${server.baseUrl}/${status}`,
        fetch: given,
        retry: { attempts: 1 },
      });
      return await shop.queues.list().catch((error: unknown) => error);
    };

    expect(await read(401)).toMatchObject({ code: "auth", retryable: false, status: 401 });
    expect(await read(404)).toMatchObject({ code: "notFound", retryable: false, status: 404 });
    expect(await read(409)).toMatchObject({ code: "conflict", retryable: false, status: 409 });
    const busy = await read(429);
    expect(busy).toMatchObject({ code: "rateLimit", retryAfterMs: 7_000 });
    expect(inspect(busy, { depth: 9, showHidden: true })).not.toContain(secret);
  });
});

describe("a fetch whose Response is of no use", () => {
  const read = Response.json({});
  const used = read.text();
  const body = "[]     ";

  it.each([
    ["nothing", undefined, "gave no Response"],
    ["the parsed answer", { data: [] }, "gave no Response"],
    ["no headers", { ok: true, status: 200, json: async () => ({}) }, "gave no Response"],
    ["headers as a record", { status: 200, headers: {}, data: {} }, "gave no Response"],
    ["a status in text", { status: "200", headers: new Headers() }, "gave no Response"],
    ["no body", { status: 200, headers: new Headers() }, "without a body"],
    ["the body read before", read, "was read before"],
  ])("is a config error that says what is right: %s", async (_name, response, what) => {
    await used;
    for (const road of ["injected", "global"]) {
      const given = async () => response as Response;
      if (road === "global") vi.stubGlobal("fetch", given);
      const shop = tiki({ token: secret, ...(road === "injected" && { fetch: given }) });

      await expect(shop.queues.list()).rejects.toMatchObject({
        code: "config",
        retryable: false,
        message: expect.stringContaining(what),
      });
      await expect(shop.events.pull("q")).rejects.toMatchObject({ code: "config" });
    }
  });

  it("is read by its text where it has no stream, as a polyfill's", async () => {
    const fetch = async (status: number) => {
      const text = async () => (status === 200 ? body : '{"error":"no such seller"}');
      return { status, headers: new Headers(), text } as unknown as Response;
    };
    const shop = (status: number) => tiki({ token: secret, fetch: () => fetch(status) });

    expect(await shop(200).queues.list()).toEqual([]);
    await expect(shop(404).queues.list()).rejects.toThrow("no such seller");
    const short = tiki({ token: secret, fetch: () => fetch(200), maxBodyBytes: 5 });
    await expect(short.queues.list()).rejects.toThrow("longer than maxBodyBytes");
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
