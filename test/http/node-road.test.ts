import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import { createTransport, type PreparedRequest } from "../../src/http/transport.ts";
import type { HttpSettings } from "../../src/http/types.ts";
import { callOf, clientOf, failureOf, loopback } from "./support.ts";

/** A server that answers whatever it is sent by itself, byte by byte. */
async function rawServer(onData: (socket: Socket, count: number) => void) {
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createTcpServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    socket.on("data", () => {
      count += 1;
      onData(socket, count);
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    sockets,
    asked: () => count,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** An answer with a body that says its length. */
const answer = (body: string, more = ""): string =>
  `HTTP/1.1 200 OK\r\n${more}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

const pause = (ms = 30): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A port of this machine where nobody listens. */
async function closedPort(): Promise<number> {
  const server = createTcpServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const roads = [
  ["node:http", "auto"],
  ["fetch", "fetch"],
] as const;

describe.each(roads)("a hot call by %s", (road, option) => {
  /** A transport that has to take this road, and no other. */
  const transportOf = () => {
    const transport = createTransport(undefined, {
      transport: option,
      onRoad: (taken) => expect(taken).toBe(road),
    });
    return (url: string, parts: Partial<PreparedRequest> = {}) =>
      transport({
        method: "POST",
        url,
        headers: { accept: "application/json" },
        body: undefined,
        signal: new AbortController().signal,
        maxBodyBytes: 1_000,
        hot: true,
        ...parts,
      });
  };
  const send = (url: string, parts: Partial<PreparedRequest> = {}) => transportOf()(url, parts);

  const clientAt = (baseUrl: string, settings: Partial<HttpSettings> = {}) =>
    clientOf(undefined, { baseUrl, transport: option, retry: { attempts: 1 }, ...settings });
  const hot = callOf({ hot: true });

  it.each([
    ["GET", undefined],
    ["POST", undefined],
    ["POST", '{"é":"😀"}'],
    ["PUT", ""],
    ["PATCH", undefined],
    ["DELETE", undefined],
    ["DELETE", "x"],
  ])("puts %s with the body %s on the wire as fetch does", async (method, body) => {
    const seen: unknown[] = [];
    await using server = await loopback((request, response) => {
      let text = "";
      request.setEncoding("utf8").on("data", (piece) => (text += piece));
      request.on("end", () => {
        seen.push([request.method, request.url, request.httpVersion, request.rawHeaders, text]);
        response.end("{}");
      });
    });
    const accept = "application/json";
    const headers = { accept, "content-type": accept, "x-a": "ä", authorization: "Bearer t" };

    await send(`${server.baseUrl}/a%2Fb?c=d&e`, { method, body, headers });
    await fetch(`${server.baseUrl}/a%2Fb?c=d&e`, { method, body, headers } as RequestInit);

    expect(seen[0]).toEqual(seen[1]);
  });

  it("lets the caller's own headers stand in place of those of fetch", async () => {
    await using server = await loopback((request, response) => {
      const { "user-agent": agent, "accept-encoding": encoding } = request.headers;
      response.end(JSON.stringify([agent, encoding]));
    });
    const headers = { "user-agent": "mine", "accept-encoding": "identity" };

    expect((await send(server.baseUrl, { headers })).text).toBe('["mine","identity"]');
  });

  it("reads letters that are cut in two by the pieces", async () => {
    await using server = await loopback(async (_request, response) => {
      for (const byte of new TextEncoder().encode("日本é😀")) {
        response.write(Uint8Array.of(byte));
        await pause(1);
      }
      response.end();
    });

    expect(await send(server.baseUrl)).toMatchObject({ text: "日本é😀", tooLong: false });
  });

  it.each([
    ["in one go", { "content-length": "3" }],
    ["piece by piece", {}],
  ])("gives no text for what is no UTF-8, read %s", async (_how, headers) => {
    await using server = await loopback((_request, response) => {
      response.writeHead(200, headers).write(Uint8Array.of(0x22));
      response.end(Uint8Array.of(0xe9, 0x22));
    });

    expect(await send(server.baseUrl)).toMatchObject({ text: "", isGarbled: true });
  });

  it("leaves out the mark of the byte order", async () => {
    await using server = await loopback((_request, response) => response.end("\ufeff[]"));

    expect((await send(server.baseUrl)).text).toBe("[]");
  });

  it("stops reading at the limit, and gives the connection up", async () => {
    const closed = vi.fn();
    await using server = await loopback((_request, response) => {
      const more = (): void => {
        if (!response.destroyed) response.write("x".repeat(10_000), () => setImmediate(more));
      };
      response.on("close", closed);
      more();
    });

    expect(await send(server.baseUrl)).toMatchObject({ status: 200, tooLong: true });
    await vi.waitFor(() => expect(closed).toHaveBeenCalledTimes(1));
  });

  it("reads nothing of an answer that says that it is too long", async () => {
    const closed = vi.fn();
    await using server = await loopback((_request, response) => {
      response.on("close", closed).writeHead(200, { "content-length": "1001" }).write("x");
    });

    expect(await send(server.baseUrl)).toMatchObject({ text: "", tooLong: true });
    await vi.waitFor(() => expect(closed).toHaveBeenCalledTimes(1));
  });

  it.each([
    ["says its length", (body: string) => ({ "content-length": String(body.length) })],
    ["does not", () => ({})],
  ])("takes a body of exactly the limit that %s", async (_how, headersOf) => {
    const text = "x".repeat(1_000);
    await using server = await loopback((_request, response) => {
      response.writeHead(200, headersOf(text)).write(text.slice(0, 400));
      response.end(text.slice(400));
    });

    expect(await send(server.baseUrl)).toMatchObject({ text, tooLong: false });
  });

  const plain = JSON.stringify({ text: "é".repeat(100) });
  const gzipped = gzipSync(plain);
  it.each([
    ["gzip", gzipped, plain],
    ["x-gzip", gzipped, plain],
    ["GZIP", gzipped, plain],
    ["deflate", deflateSync(plain), plain],
    ["deflate", deflateRawSync(plain), plain],
    ["br", brotliCompressSync(plain), plain],
    ["gzip, br", brotliCompressSync(gzipped), plain],
    ["deflate, gzip", gzipSync(deflateRawSync(plain)), plain],
    ["identity", Buffer.from(plain), plain],
    ["rot13", Buffer.from(plain), plain],
    ["gzip", Buffer.alloc(0), ""],
    ["deflate", Buffer.alloc(0), ""],
    ["br", Buffer.alloc(0), ""],
  ])("unpacks %s (case %#)", async (encoding, body, text) => {
    await using server = await loopback((_request, response) => {
      const headers = { "content-encoding": encoding, "content-length": String(body.length) };
      response.writeHead(200, headers).end(body);
    });

    expect(await send(server.baseUrl)).toMatchObject({ status: 200, text, tooLong: false });
  });

  it("leaves all as it is where one of two encodings is unknown", async () => {
    await using server = await loopback((_request, response) => {
      response.writeHead(200, { "content-encoding": "gzip, rot13" }).end("plain");
    });

    expect(await send(server.baseUrl)).toMatchObject({ text: "plain" });
  });

  it.each([
    ["gzip", gzipSync("a".repeat(100) + Math.random())],
    ["deflate", deflateSync("a".repeat(100) + Math.random())],
    ["deflate", deflateRawSync("a".repeat(100) + Math.random())],
    ["br", brotliCompressSync("a".repeat(100) + Math.random())],
  ])("gives %s that was cut as far as it came (case %#)", async (encoding, body) => {
    await using server = await loopback((_request, response) => {
      response.writeHead(200, { "content-encoding": encoding }).end(body.subarray(0, -4));
    });

    const { text } = await send(server.baseUrl);

    expect(text).toMatch(/^a*[\d.]*$/);
  });

  it.each(["gzip", "deflate", "br"])("rejects what says to be %s and is not", async (encoding) => {
    await using server = await loopback((_request, response) => {
      response.writeHead(200, { "content-encoding": encoding }).end("\u0007nonsense".repeat(9));
    });

    const error = await failureOf(clientAt(server.baseUrl).call(hot));

    expect(error).toMatchObject({ code: "transport", retryable: true, outcomeUnknown: true });
  });

  it.each(["gzip", "deflate", "br"])("stops unpacking %s at the limit", async (encoding) => {
    const large = Buffer.alloc(32 * 1024 * 1024);
    const pack = { gzip: gzipSync, deflate: deflateRawSync, br: brotliCompressSync }[encoding];
    const body = pack?.(large);
    await using server = await loopback((_request, response) => {
      response.writeHead(200, { "content-encoding": encoding }).end(body);
    });

    expect(await send(server.baseUrl)).toMatchObject({ tooLong: true });
  });

  it.each([204, 205, 304, 200, 500])("reads an answer of %i without a body", async (status) => {
    await using server = await loopback((_request, response) => {
      response.writeHead(status).end();
    });
    const transport = transportOf();

    expect(await transport(server.baseUrl)).toMatchObject({ status, text: "", tooLong: false });
    expect(await transport(server.baseUrl)).toMatchObject({ status });
  });

  it.each([301, 302, 303, 307, 308])("follows no redirect of %i", async (status) => {
    const seen: unknown[] = [];
    await using server = await loopback((request, response) => {
      seen.push(request.url);
      response.writeHead(status, { location: "/elsewhere" }).end("moved");
    });

    expect(await send(`${server.baseUrl}/here`)).toMatchObject({ status });
    expect(seen).toEqual(["/here"]);
  });

  it("joins a header that comes twice", async () => {
    await using server = await rawServer((socket) => {
      socket.write(answer("{}", "Retry-After: 1\r\nretry-after: 60\r\nX-Request-Id:  a\r\n"));
    });

    const { headers } = await send(server.baseUrl);

    expect(headers.get("retry-after")).toBe("1, 60");
    expect(headers.get("x-request-id")).toBe("a");
    expect([headers.get("x-none"), headers.get("constructor")]).toEqual([null, null]);
  });

  it("reads an error's body that is no UTF-8 as far as it can", async () => {
    await using server = await loopback((_request, response) => {
      response.writeHead(400).end(Uint8Array.of(0x6e, 0x6f, 0xe9));
    });

    expect(await send(server.baseUrl)).toMatchObject({ status: 400, text: "no\ufffd" });
  });

  it("tells the status of an error whose body does not end, and gives the body up", async () => {
    const closed = vi.fn();
    await using server = await loopback((_request, response) => {
      response.on("close", closed).writeHead(401).write("a");
    });

    expect(await send(server.baseUrl)).toMatchObject({ status: 401, text: "" });
    await vi.waitFor(() => expect(closed).toHaveBeenCalledTimes(1));
  });

  it("tells the status of an error whose body is cut", async () => {
    await using server = await rawServer((socket) => {
      socket.end("HTTP/1.1 429 Slow\r\nretry-after: 7\r\ncontent-length: 100\r\n\r\nsl");
    });

    const reply = await send(server.baseUrl);

    expect(reply).toMatchObject({ status: 429, text: "", tooLong: false });
    expect(reply.headers.get("retry-after")).toBe("7");
  });

  it.each([
    ["that says its length", "content-length: 100\r\n\r\n{"],
    ["in chunks", "transfer-encoding: chunked\r\n\r\n5\r\n{"],
    ["that is packed", "content-encoding: gzip\r\ncontent-length: 100\r\n\r\n\x1f"],
  ])("takes a body %s and is cut for a failure of the network", async (_how, rest) => {
    await using server = await rawServer((socket) => socket.end(`HTTP/1.1 200 OK\r\n${rest}`));

    const error = await failureOf(clientAt(server.baseUrl).call(hot));

    expect(error).toMatchObject({ code: "transport", retryable: true, outcomeUnknown: true });
  });

  it.each([
    ["nonsense", "what?\r\n\r\n"],
    ["a length that is none", "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n"],
    ["two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"],
    ["another protocol", "HTTP/1.1 101 Switch\r\nupgrade: odd\r\nconnection: upgrade\r\n\r\n"],
    ["half a head", "HTTP/1.1 200 OK\r\ncontent-"],
    ["a head without end", `HTTP/1.1 200 OK\r\nx: ${"y".repeat(100_000)}`],
    ["nothing", ""],
  ])("takes %s for a failure of the network", async (_what, bytes) => {
    await using server = await rawServer((socket) => socket.end(bytes));

    const error = await failureOf(clientAt(server.baseUrl).call(hot));

    expect(error).toMatchObject({ code: "transport", retryable: true, outcomeUnknown: true });
    expect(server.asked()).toBe(1);
  });

  it("passes by what is told on the way to an answer", async () => {
    await using server = await rawServer((socket) => {
      socket.write(`HTTP/1.1 103 Early\r\nlink: </a>\r\n\r\n${answer("{}")}`);
    });

    expect(await send(server.baseUrl)).toMatchObject({ status: 200, text: "{}" });
  });

  it("takes no second answer that nobody asked for", async () => {
    await using server = await rawServer((socket, count) => {
      socket.write(answer(`[${count}]`) + (count === 1 ? answer('["smuggled"]') : ""));
    });
    const transport = transportOf();

    const first = await transport(server.baseUrl).catch(() => ({ text: "[1]" }));
    await pause();
    const second = await transport(server.baseUrl);

    expect([first.text, second.text]).toEqual(["[1]", "[2]"]);
  });

  it("knows a refused connection as one that was never made", async () => {
    const port = await closedPort();
    for (const host of ["127.0.0.1", "localhost", "[::1]"]) {
      const error = await failureOf(clientAt(`http://${host}:${port}`).call(hot));

      expect(error).toMatchObject({ code: "transport", retryable: true });
      expect(error.outcomeUnknown).toBeUndefined();
      const [, at, why] = /no connection to (.*?:\d+)( \(.*\))?$/.exec(error.message) ?? [];
      expect(at).toBe(`${host}:${port}`);
      // What has several addresses fails for several reasons.
      expect(why ?? " (ECONNREFUSED: nothing listens there)").toMatch(
        /^ \(E\w+: nothing listens there\)$/,
      );
    }
  });

  it("knows a host that there is not as one that was never reached", async () => {
    const error = await failureOf(clientAt("https://no-such-host.invalid").call(hot));

    expect(error).toMatchObject({ code: "transport", retryable: true });
    expect(error.outcomeUnknown).toBeUndefined();
  });

  it("knows a connection that was reset", async () => {
    await using server = await rawServer((socket) => socket.resetAndDestroy());

    const error = await failureOf(clientAt(server.baseUrl).call(hot));

    expect(error).toMatchObject({ code: "transport", outcomeUnknown: true });
    expect(error.message).toContain("ECONNRESET");
  });

  it("sends nothing when the signal has fired before", async () => {
    await using server = await loopback((_request, response) => response.end());
    const asked = vi.spyOn(process.getBuiltinModule("node:http"), "request");
    const reason = new Error("over");

    const work = send(server.baseUrl, { signal: AbortSignal.abort(reason) });

    await expect(work).rejects.toBe(reason);
    expect(asked).not.toHaveBeenCalled();
  });

  it.each([
    ["while it is sent", ""],
    ["in the head", "HTTP/1.1 200 OK\r\n"],
    ["in a body that says its length", answer("12345678").slice(0, -4)],
    ["in a body of pieces", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n"],
    ["in a packed body", "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n\x1f"],
    ["in an error's body", "HTTP/1.1 500 No\r\n\r\nabc"],
  ])("is cut %s, and gives the connection up", async (_where, bytes) => {
    await using server = await rawServer((socket) => socket.write(bytes));
    const cut = new AbortController();
    const reason = new Error("over");

    const work = clientAt(server.baseUrl).call({ ...hot, signal: cut.signal });
    await vi.waitFor(() => expect(server.asked()).toBe(1));
    await pause();
    cut.abort(reason);

    await expect(work).rejects.toBe(reason);
    await vi.waitFor(() => expect([...server.sockets][0]?.destroyed).toBe(true));
  });

  it("is cut while it connects", async () => {
    // It never answers the handshake of TLS.
    await using server = await rawServer(() => {});
    const cut = new AbortController();
    const baseUrl = server.baseUrl.replace("http:", "https:");

    const work = clientAt(baseUrl).call({ ...hot, signal: cut.signal });
    await vi.waitFor(() => expect(server.asked()).toBe(1));
    cut.abort(new Error("over"));

    await expect(work).rejects.toThrow("over");
    // Node's `fetch` lets go of it later.
    const isClosed = () => road === "fetch" || [...server.sockets][0]?.destroyed;
    await vi.waitFor(() => expect(isClosed()).toBe(true));
  });

  it("takes too long where no answer comes", async () => {
    await using server = await rawServer(() => {});

    const error = await failureOf(clientAt(server.baseUrl, { timeoutMs: 50 }).call(hot));

    expect(error).toMatchObject({ code: "timeout", outcomeUnknown: true });
    await vi.waitFor(() => expect([...server.sockets][0]?.destroyed).toBe(true));
  });

  it("uses one connection for one call after another", async () => {
    const ports = new Set<unknown>();
    await using server = await loopback((request, response) => {
      ports.add(request.socket.remotePort);
      response.end("{}");
    });
    const transport = transportOf();

    for (let n = 0; n < 20; n += 1) await transport(server.baseUrl, { body: "{}" });

    // Node's `fetch` opens the next one while the first is still busy with its end.
    expect(ports.size).toBeLessThanOrEqual(road === "fetch" ? 2 : 1);
  });

  it("makes a hundred calls at once, and again", async () => {
    await using server = await loopback((request, response) => {
      setTimeout(() => response.end(request.url), 5);
    });
    const transport = transportOf();
    const paths = Array.from({ length: 100 }, (_, n) => `/${n}`);
    const all = () =>
      Promise.all(paths.map(async (path) => (await transport(server.baseUrl + path)).text));

    expect(await all()).toEqual(paths);
    expect(await all()).toEqual(paths);
  });

  it.each([
    ["at its end", (socket: Socket) => socket.end()],
    ["at once", (socket: Socket) => socket.resetAndDestroy()],
  ])("is not hurt by an idle connection that is closed %s", async (_how, close) => {
    await using server = await rawServer((socket, count) => {
      socket.write(answer(`[${count}]`), () => setTimeout(() => close(socket), 5));
    });
    const transport = transportOf();
    // Node's `fetch` may fail here itself, on a machine under load.
    if (road === "fetch") return;

    for (let n = 1; n <= 4; n += 1) {
      // A machine under load may send before it hears of it.
      const { text } = await transport(server.baseUrl, { isRepeatable: true });
      expect(text).toMatch(/^\[\d\]$/);
      await pause();
    }
  });

  it("reaches a server by IPv6", async () => {
    const server = createServer((request, response) => response.end(request.headers.host));
    await once(server.listen(0, "::1"), "listening");
    const { port } = server.address() as AddressInfo;

    expect((await send(`http://[::1]:${port}`)).text).toBe(`[::1]:${port}`);
    server.closeAllConnections();
    server.close();
  });

  it("leaves no listener on the caller's signal", async () => {
    await using server = await loopback((_request, response) => response.end("{}"));
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, "addEventListener");
    const removed = vi.spyOn(signal, "removeEventListener");
    const client = clientAt(server.baseUrl);

    for (let n = 0; n < 10; n += 1) await client.call({ ...hot, signal });

    expect(removed.mock.calls.length).toBe(added.mock.calls.length);
  });
});

/** A server that answers the first request of each connection, and closes it at the second. */
function closingServer() {
  const known = new WeakSet<Socket>();
  return rawServer((socket, count) => {
    if (known.has(socket)) socket.destroy();
    else socket.write(answer(`[${count}]`));
    known.add(socket);
  });
}

describe("a connection that the server closes in the moment of the next call", () => {
  const warn = vi.fn();
  const none = () => undefined;
  const logger = { debug: none, info: none, warn, error: none };
  const clientAt = (baseUrl: string, settings: Partial<HttpSettings> = {}) =>
    clientOf(undefined, { baseUrl, logger, ...settings });

  it("costs no attempt where the call may be repeated", async () => {
    await using server = await closingServer();
    const client = clientAt(server.baseUrl);
    warn.mockClear();

    expect(await client.call(callOf({ hot: true }))).toEqual([1]);
    expect(await client.call(callOf({ hot: true }))).toEqual([3]);
    expect(warn).not.toHaveBeenCalled();
    expect(server.sockets.size).toBe(2);
  });

  it.each([
    ["is never repeated", { repeat: "never" }, {}],
    ["is repeated only if it was not sent", { repeat: "unsent" }, {}],
    ["has one attempt", { repeat: "safe" }, { retry: { attempts: 1 } }],
  ] as const)("is told where the call %s, which goes out once", async (_how, parts, settings) => {
    await using server = await closingServer();
    const client = clientAt(server.baseUrl, settings);
    await client.call(callOf({ hot: true, ...parts }));

    const error = await failureOf(client.call(callOf({ hot: true, ...parts })));

    expect(error).toMatchObject({ code: "transport", outcomeUnknown: true });
    expect(server.asked()).toBe(2);
  });

  it("is not repeated for ever", async () => {
    await using server = await closingServer();
    const client = clientAt(server.baseUrl, { retry: { attempts: 2, minDelayMs: 0 } });
    const calls = Array.from({ length: 10 }, () => client.call(callOf({ hot: true })));
    await Promise.all(calls);

    await client.call(callOf({ hot: true })).catch(() => {});

    expect(server.asked()).toBeLessThanOrEqual(10 + 6);
  });
});

describe("a connection that does not come about", () => {
  it("is given up after ten seconds, as one that was never made", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    // It never answers the handshake of TLS.
    await using server = await rawServer(() => {});
    const baseUrl = server.baseUrl.replace("http:", "https:");
    const client = clientOf(undefined, { baseUrl, timeoutMs: 60_000, retry: { attempts: 1 } });

    const work = failureOf(client.call(callOf({ hot: true })));
    while (server.asked() === 0) {
      // It waits some turns first.
      vi.advanceTimersByTime(1);
      await new Promise(setImmediate);
    }
    vi.advanceTimersByTime(10_000);
    const error = await work;
    vi.useRealTimers();

    expect(error).toMatchObject({ code: "transport", retryable: true });
    expect(error.outcomeUnknown).toBeUndefined();
  });
});
