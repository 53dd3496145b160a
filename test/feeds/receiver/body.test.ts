import { once } from "node:events";
import { createServer } from "node:http";
import { connect, createServer as createHttp2Server } from "node:http2";
import { gzipSync } from "node:zlib";
import { getRequestListener } from "@hono/node-server";
import express from "express";
import { Request as NodeFetchRequest } from "node-fetch";
import { afterEach, describe, expect, it, vi } from "vitest";
import { webhook } from "../../../src/index.ts";
import { deliveryOf, hookUrl, post, receiver } from "./support.ts";

const text = '{"id":"m-1","data":"é"}';
const bytes = new TextEncoder().encode(text);

/** A request of a library's: what it lacks is not there at all. */
function requestOf(parts: object, headers: Record<string, string> = {}): Request {
  const own = { url: hookUrl, method: "POST", headers: new Headers(headers) };
  return { ...own, ...parts } as unknown as Request;
}

/** A stream of pieces that no fetch standard has. */
function streamOf(...pieces: readonly unknown[]): ReadableStream<unknown> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
}

describe("the body of a request", () => {
  it.each([
    [
      "node-fetch's, a stream of Node's",
      new NodeFetchRequest(hookUrl, { method: "POST", body: text }) as unknown as Request,
    ],
    ["a polyfill's, without streams", requestOf({ arrayBuffer: async () => bytes.buffer })],
    ["one that has its text alone", requestOf({ text: async () => text })],
    ["a text", requestOf({ body: text })],
    ["a Buffer", requestOf({ body: Buffer.from(text) })],
    ["a stream of text", requestOf({ body: streamOf(text.slice(0, 9), text.slice(9)) })],
    [
      "a stream of ArrayBuffers",
      requestOf({ body: streamOf(bytes.slice(0, 9).buffer, bytes.slice(9).buffer) }),
    ],
    ["a packed Buffer", requestOf({ body: gzipSync(text) }, { "content-encoding": "gzip" })],
  ])("is read whatever it is: %s", async (_, request) => {
    expect(deliveryOf(await receiver().receive(request)).event).toMatchObject({
      id: "m-1",
      data: "é",
    });
  });

  it.each([
    ["one that was parsed", () => ({ message: { data: "hunter2" } })],
    ["a stream of objects", () => streamOf({ message: "hunter2" })],
  ])("is a config error where it is neither bytes nor text: %s", async (_, bodyOf) => {
    for (const headers of [{}, { "content-encoding": "gzip" }]) {
      const failure = await receiver()
        .receive(requestOf({ body: bodyOf() }, headers))
        .catch((error: unknown) => error);

      expect(failure).toMatchObject({ code: "config", provider: "acme" });
      expect(String(failure)).toContain("in front of any body parser");
      expect(String(failure)).not.toContain("hunter2");
    }
  });

  it("that is too long is refused wherever it comes from", async () => {
    const small = receiver({ maxBodyBytes: 10 });

    for (const request of [requestOf({ body: text }), requestOf({ text: async () => text })]) {
      expect(await small.receive(request)).toMatchObject({ response: { status: 413 } });
    }
  });
});

describe("a body over HTTP/2 that was read before", () => {
  /** Who has no length to send need not say that there is a body at all, but for its type. */
  async function statusOfPost(body: string, headers: Record<string, string>): Promise<number> {
    const handle = webhook(receiver(), handler);
    const server = createHttp2Server(async (request, response) => {
      for await (const _ of request);
      await getRequestListener(handle)(request, response);
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { readonly port: number };
    const client = connect(`http://127.0.0.1:${port}`);
    const { pathname, search } = new URL(hookUrl);
    const stream = client.request({ ":method": "POST", ":path": pathname + search, ...headers });
    stream.end(body).resume();
    const [answer] = await once(stream, "response");
    client.close();
    server.close();
    return answer[":status"];
  }
  const handler = vi.fn();
  afterEach(() => vi.clearAllMocks());

  it("is no event without data, which would be acknowledged", async () => {
    expect(await statusOfPost(text, { "content-type": "application/json" })).toBe(400);
    expect(handler).not.toHaveBeenCalled();
  });

  it("is one where it is said to be empty", async () => {
    const headers = { "content-type": "text/plain", "content-length": "0" };

    expect(await statusOfPost("", headers)).toBe(200);
    expect(handler.mock.calls).toMatchObject([[{ data: "" }, {}]]);
  });
});

describe("a packed body that was read before", () => {
  const warn = vi.fn();
  const logger = { debug: warn, info: warn, warn, error: warn };
  afterEach(() => vi.clearAllMocks());

  it("is told as such, and not as one that cannot be unpacked", async () => {
    const headers = { "content-encoding": "gzip", "content-length": "20" };

    await receiver({ logger }).receive(post("", hookUrl, { headers }));

    expect(warn.mock.calls.flat().join()).toContain("it in front of any body parser");
  });

  it("is told so behind express.json() too", async () => {
    const handle = webhook(receiver(), () => {}, { logger });
    const app = express().use(express.json()).all("/acme", getRequestListener(handle));
    const server = createServer(app).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { readonly port: number };
    const { pathname, search } = new URL(hookUrl);

    const response = await fetch(`http://127.0.0.1:${port}${pathname}${search}`, {
      method: "POST",
      headers: { "content-type": "application/json", "content-encoding": "gzip" },
      body: gzipSync(text),
    });
    server.close();

    expect(response.status).toBe(400);
    expect(warn.mock.calls.flat().join()).toContain("it in front of any body parser");
  });
});
