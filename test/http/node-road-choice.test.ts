import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { inspect } from "node:util";
import { createContext, runInContext } from "node:vm";
import { HttpResponse, http as handle } from "msw";
import { setupServer } from "msw/node";
import {
  Agent,
  type Dispatcher,
  EnvHttpProxyAgent,
  getGlobalDispatcher,
  interceptors,
  MockAgent,
  ProxyAgent,
  setGlobalDispatcher,
} from "undici";
import { Agent as Agent6, setGlobalDispatcher as setGlobalDispatcher6 } from "undici-6";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createTransport } from "../../src/http/transport.ts";
import { callOf, clientOf, loopback } from "./support.ts";

/** A client's road, asked by real calls to a real server. */
async function startRoad() {
  const server = await loopback((_request, response) => response.end("{}"));
  let road: string | undefined;
  const transport = createTransport(undefined, { onRoad: (taken) => (road = taken) });
  const call = async (url = server.baseUrl, { signal } = new AbortController()) => {
    const request = { method: "POST", url, headers: {}, body: "{}", signal, maxBodyBytes: 100 };
    const { text } = await transport({ ...request, hot: true });
    return text;
  };
  return {
    baseUrl: server.baseUrl,
    call,
    /** The road that a call takes now. */
    taken: async () => {
      const cut = new AbortController();
      // Some of the agents here never answer.
      const timer = setTimeout(() => cut.abort(), 200);
      await call(undefined, cut).catch(() => {});
      clearTimeout(timer);
      return road;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A proxy for `CONNECT` and for whole addresses, which notes that it was asked. */
async function startProxy() {
  const asked: string[] = [];
  const proxy = createServer((socket) => {
    socket
      .on("error", () => {})
      .once("data", (head) => {
        const [method, target = ""] = head.toString().split(" ");
        asked.push(`${method} ${target}`);
        if (method !== "CONNECT") {
          socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
          return;
        }
        const [host = "", port] = target.split(":");
        const onward = connect(Number(port), host, () => {
          socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
          onward.pipe(socket).pipe(onward);
        });
        onward.on("error", () => {});
      });
  });
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  const { port } = proxy.address() as AddressInfo;
  return { asked, url: `http://127.0.0.1:${port}`, close: () => proxy.close() };
}

describe("the road of node:http", () => {
  const before = getGlobalDispatcher();
  /** Puts back what the process had, as somebody who stops mocking does. */
  const restore = (): void => setGlobalDispatcher(before);
  afterEach(restore);

  it("is taken where nothing is known against it", async () => {
    await using road = await startRoad();

    expect(await road.taken()).toBe("node:http");
    await fetch(road.baseUrl);
    expect(await road.taken()).toBe("node:http");
  });

  const agents: readonly (readonly [string, () => Dispatcher])[] = [
    ["an authority", () => new Agent({ connect: { ca: "x" } })],
    ["a connector", () => new Agent({ connect: () => {} })],
    ["a number of connections", () => new Agent({ connections: 2 })],
    ["a time limit", () => new Agent({ bodyTimeout: 5 })],
    ["a factory", () => new Agent({ factory: () => new MockAgent() })],
    ["an interceptor", () => new Agent().compose(interceptors.retry())],
    ["no interceptors, yet composed", () => new Agent().compose([])],
    ["mocks", () => new MockAgent()],
    ["a proxy", () => new ProxyAgent("http://127.0.0.1:1")],
    ["a proxy of the environment", () => new EnvHttpProxyAgent()],
    ["a dispatch of its own", () => Object.assign(new Agent(), { dispatch: () => false })],
    ["a listener", () => new Agent().on("connect", () => {})],
    ["a class of its own", () => new (class Mine extends Agent {})()],
    [
      "a class of its own by the same name",
      () =>
        new (class extends Agent {
          static override readonly name = "Agent";
          override dispatch(): boolean {
            return false;
          }
        })(),
    ],
  ];
  it.each(agents)("is left while undici's agent for all has %s", async (_what, make) => {
    await using road = await startRoad();
    expect(await road.taken()).toBe("node:http");

    setGlobalDispatcher(make());
    const left = await road.taken();
    restore();

    expect(left).toBe("fetch");
    expect(await road.taken()).toBe("node:http");
  });

  it("is left while the agent that was there all along is changed", async () => {
    await using road = await startRoad();
    const agent = new Agent();
    setGlobalDispatcher(agent);
    expect(await road.taken()).toBe("node:http");

    const listener = (): void => {};
    agent.on("connect", listener);
    expect(await road.taken()).toBe("fetch");
    agent.off("connect", listener);
    expect(await road.taken()).toBe("node:http");
    const dispatch = vi.spyOn(agent, "dispatch");
    expect(await road.taken()).toBe("fetch");
    dispatch.mockRestore();
    const prototype = vi.spyOn(Agent.prototype, "dispatch");
    expect(await road.taken()).toBe("fetch");
    prototype.mockRestore();
    await agent.close();
    expect(await road.taken()).toBe("fetch");
  });

  it("is left for an agent of undici 6 with settings, and taken for one without", async () => {
    await using road = await startRoad();

    setGlobalDispatcher6(new Agent6());
    expect(await road.taken()).toBe("node:http");
    setGlobalDispatcher6(new Agent6({ interceptors: { Agent: [] } } as object));
    expect(await road.taken()).toBe("fetch");
  });

  it("is left for whatever cannot be an agent", async () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const hostile = Object.defineProperty({}, "constructor", {
      get: () => {
        throw new Error("no");
      },
    });
    const transport = createTransport(undefined, { onRoad: (road) => expect(road).toBe("fetch") });
    for (const value of [null, 7, {}, Object.create(null), proxy, hostile]) {
      Reflect.set(globalThis, Symbol.for("undici.globalDispatcher.1"), value);
      const { signal } = new AbortController();
      const request = { method: "GET", url: "http://127.0.0.1:1", headers: {}, body: undefined };

      await transport({ ...request, signal, maxBodyBytes: 9, hot: true }).catch(() => {});
    }
    expect.assertions(1);
  });

  it("lets undici's mocks see every call", async () => {
    await using road = await startRoad();
    const agent = new MockAgent();
    agent.disableNetConnect();
    agent
      .get("https://mocked.example")
      .intercept({ path: "/", method: "POST" })
      .reply(200, '"mocked"');
    expect(await road.taken()).toBe("node:http");

    setGlobalDispatcher(agent);

    expect(await road.call("https://mocked.example")).toBe('"mocked"');
  });

  it.each([
    ["ProxyAgent", (url: string) => new ProxyAgent(url)],
    ["EnvHttpProxyAgent", (url: string) => new EnvHttpProxyAgent({ httpProxy: url })],
  ])("lets every call go through a proxy of undici's %s", async (_name, agentOf) => {
    await using road = await startRoad();
    const proxy = await startProxy();
    setGlobalDispatcher(agentOf(proxy.url));

    await road.call();

    expect(proxy.asked).toHaveLength(1);
    proxy.close();
  });

  it("lets msw see every call while it listens", async () => {
    await using road = await startRoad();
    const mocks = setupServer(handle.post(`${road.baseUrl}/`, () => HttpResponse.json("mocked")));
    expect(await road.call()).toBe("{}");

    mocks.listen();
    expect(await road.call()).toBe('"mocked"');
    expect(await road.taken()).toBe("fetch");
    mocks.close();

    expect(await road.call()).toBe("{}");
    expect(await road.taken()).toBe("node:http");
  });

  it("lets whoever replaces http.request see every call, as nock does", async () => {
    await using road = await startRoad();
    await road.call();
    const http = process.getBuiltinModule("node:http");
    const seen = vi.spyOn(http, "request");

    await road.call();
    await road.call();

    expect(seen).toHaveBeenCalledTimes(2);
  });

  it("is left while the global fetch is not Node's own", async () => {
    await using road = await startRoad();
    const own = globalThis.fetch;
    const others: unknown[] = [
      async () => new Response("{}"),
      (...args: Parameters<typeof own>) => own(...args),
      own.bind(undefined),
      new Proxy(own, {}),
      Object.assign(() => {}, { toString: () => Function.prototype.toString.call(own) }),
      Object.setPrototypeOf(async () => {}, null),
      // As in Jest: the fetch of another realm, whose settings are elsewhere.
      runInContext(
        `(function fetch() { require('internal/deps/undici/undici') })`,
        createContext(),
      ),
    ];
    for (const fetch of others) {
      expect(await road.taken()).toBe("node:http");
      vi.stubGlobal("fetch", fetch);
      expect(await road.taken(), inspect(fetch)).toBe("fetch");
      vi.unstubAllGlobals();
    }
  });

  it.each([
    "undici:request:create",
    "undici:request:headers",
    "undici:request:error",
    "undici:client:sendHeaders",
    "undici:client:connected",
  ])("is left while somebody listens to %s, who hears of every call", async (name) => {
    await using road = await startRoad();
    const listener = vi.fn();
    expect(await road.taken()).toBe("node:http");

    subscribe(name, listener);
    expect(await road.taken()).toBe("fetch");
    if (name === "undici:request:create") expect(listener).toHaveBeenCalledTimes(1);
    unsubscribe(name, listener);

    expect(await road.taken()).toBe("node:http");
  });

  it("is left off Node, however much it looks like Node", async () => {
    await using road = await startRoad();
    const { versions } = process;
    const like = (parts: object) => ({
      process: Object.create(process, Object.getOwnPropertyDescriptors(parts)),
    });
    const others: readonly Record<string, unknown>[] = [
      like({ versions: { ...versions, bun: "1.2.0" } }),
      like({ versions: { ...versions, electron: "40.0.0" } }),
      like({ versions: {} }),
      like({ getBuiltinModule: undefined }),
      { Deno: { version: { deno: "2.1.0" } } },
      { EdgeRuntime: "edge-runtime" },
      { navigator: { userAgent: "Cloudflare-Workers" } },
    ];
    for (const globals of others) {
      expect(await road.taken()).toBe("node:http");
      for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
      const left = await road.taken();
      vi.unstubAllGlobals();
      expect(left, inspect(globals, { depth: 1 })).toBe("fetch");
    }
  });

  it.each([
    ["its `fetch` was given", { fetch: globalThis.fetch }],
    ["`transport` is fetch", { transport: "fetch" }],
  ] as const)("is never taken by a client where %s", async (_what, settings) => {
    await using server = await loopback((_request, response) => response.end("{}"));
    const asked = vi.spyOn(process.getBuiltinModule("node:http"), "request");
    const { fetch, ...more } = { fetch: undefined, ...settings };

    await clientOf(fetch, { baseUrl: server.baseUrl, ...more }).call(callOf({ hot: true }));

    expect(asked).not.toHaveBeenCalled();
  });

  it("is not taken by a call that is not hot", async () => {
    await using server = await loopback((_request, response) => response.end("{}"));
    const asked = vi.spyOn(process.getBuiltinModule("node:http"), "request");

    await clientOf(undefined, { baseUrl: server.baseUrl }).call(callOf());

    expect(asked).not.toHaveBeenCalled();
  });

  it("is told in one line when it is another one than before", async () => {
    await using server = await loopback((_request, response) => response.end("{}"));
    const debug = vi.fn();
    const none = (): void => {};
    const logger = { debug, info: none, warn: none, error: none };
    const client = clientOf(undefined, { baseUrl: server.baseUrl, logger });
    const call = () => client.call(callOf({ hot: true }));
    await call();
    await call();
    subscribe("undici:request:create", none);
    await call();
    unsubscribe("undici:request:create", none);
    await call();

    const lines = debug.mock.calls.map(([text]) => text);

    expect(lines).toEqual([
      "acme: pulls and acks go by node:http",
      "acme: pulls and acks go by fetch",
      "acme: pulls and acks go by node:http",
    ]);
  });

  it("sends nothing where the logger, which hears of the road, cuts the call", async () => {
    await using server = await loopback((_request, response) => response.end("{}"));
    const asked = vi.spyOn(process.getBuiltinModule("node:http"), "request");
    const cut = new AbortController();
    const none = (): void => {};
    const debug = (): void => cut.abort(new Error("over"));
    const client = clientOf(undefined, {
      baseUrl: server.baseUrl,
      logger: { debug, info: none, warn: none, error: none },
    });

    const work = client.call(callOf({ hot: true, signal: cut.signal }));

    await expect(work).rejects.toThrow("over");
    expect(asked).not.toHaveBeenCalled();
  });
});
