import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import * as http2 from "node:http2";
import { type AddressInfo, connect } from "node:net";
import { getRequestListener } from "@hono/node-server";
import express from "express";
import { Hono } from "hono";
import { afterEach, describe, expect, it, vi } from "vitest";
import { webhook } from "../../../src/index.ts";
import { receiver, secret } from "./support.ts";

const handler = vi.fn();
const warn = vi.fn();
const logger = { debug: warn, info: warn, warn, error: warn };
const handle = webhook(receiver(), handler, { logger });

const byExpress = express().all("/acme", getRequestListener(handle));
const byHono = new Hono().all("/acme", ({ req }) => handle(req.raw));
const servers: readonly (readonly [string, () => Server])[] = [
  ["node:http", () => createServer(getRequestListener(handle))],
  ["Express", () => createServer(byExpress)],
  ["hono", () => createServer(getRequestListener(byHono.fetch))],
];

const open = new Set<Server>();
async function portOf(server: Server): Promise<number> {
  open.add(server);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return (server.address() as AddressInfo).port;
}

afterEach(() => {
  for (const server of open) server.close();
  open.clear();
  vi.clearAllMocks();
});

/** Sends bytes that no client would, and gives the first line of the answer. */
async function answerTo(port: number, head: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => socket.end(`${head}\r\n\r\n`));
    socket.on("data", (piece) => {
      text += String(piece);
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(text.split("\r\n")[0] ?? ""));
  });
}

let posted = 0;
function post(port: number, key: string, init: RequestInit = {}): Promise<Response> {
  posted += 1;
  const body = JSON.stringify({ id: `m-${posted}`, data: 7 });
  const address = `http://127.0.0.1:${port}/acme?secret=${key}`;
  return fetch(address, { method: "POST", body, ...init });
}

describe.each(servers)("a webhook mounted in %s", (_, make) => {
  it("handles deliveries, answers checks, and refuses what has no secret", async () => {
    const port = await portOf(make());

    expect((await post(port, secret)).status).toBe(200);
    expect(handler.mock.calls.map(([{ data }]) => data)).toEqual([7]);
    expect((await post(port, "another-secret-of-no-use")).status).toBe(401);
    const address = `http://127.0.0.1:${port}/acme`;
    expect((await fetch(address)).status).toBe(200);
    expect((await fetch(address, { method: "HEAD" })).status).toBe(200);
  });

  it.each([
    "GET // HTTP/1.1\r\nHost: x",
    "TRACE / HTTP/1.1\r\nHost: x",
    "GET http://a:b@c:99999/ HTTP/1.1\r\nHost: x",
    "GET / HTTP/1.1\r\nHost: a b",
    "POST / HTTP/1.0",
  ])("outlives %j", async (head) => {
    const port = await portOf(make());

    expect(await answerTo(port, `${head}\r\nConnection: close`)).toMatch(/^HTTP\/1\.1 [24]\d\d /);
    expect((await post(port, secret)).status).toBe(200);
  });
});

it.each([
  ["JSON", { "content-type": "application/json" }],
  ["what has no type", {}],
])("never takes what was cut over HTTP/2 for a message: %s", async (_, headers) => {
  // Of its own: a receiver tells each reason once a minute.
  const own = webhook(receiver(), handler, { logger });
  const server = http2.createServer(getRequestListener(own));
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const session = http2.connect(`http://127.0.0.1:${port}`);
  const path = `/acme?secret=${secret}`;
  const begun = once(server, "stream");
  const cut = session.request({ ":method": "POST", ":path": path, ...headers });
  cut.on("error", () => undefined).write('{"id":"m-cut","data":"a');
  const [stream] = (await begun) as [http2.ServerHttp2Stream];
  await vi.waitFor(() => expect(stream.readableDidRead).toBe(true));
  cut.close(http2.constants.NGHTTP2_CANCEL);

  await vi.waitFor(() => expect(warn.mock.calls.flat().join()).toContain("was cut off"));
  expect(handler).not.toHaveBeenCalled();
  const whole = session.request({ ":method": "POST", ":path": path, ...headers });
  const answer = once(whole, "response");
  whole.end('{"id":"m-whole","data":9}');
  expect((await answer)[0]).toMatchObject({ ":status": 200 });
  expect(handler.mock.calls.map(([{ data }]) => data)).toEqual([9]);
  session.destroy();
  server.close();
});

it("never takes a body that Express has parsed before for an empty message", async () => {
  const parsed = express().use(express.json()).all("/acme", getRequestListener(handle));
  const port = await portOf(createServer(parsed));

  const headers = { "content-type": "application/json" };
  expect((await post(port, secret, { headers })).status).toBe(400);
  expect(handler).not.toHaveBeenCalled();
  expect(warn.mock.calls.flat().join()).toContain("mount it in front of any body parser");
});

it.each([
  ["function URL", { rawPath: "/acme", rawQueryString: `secret=${secret}` }],
  ["REST API", { path: "/acme", queryStringParameters: { secret } }],
  [
    "load balancer",
    { path: "/acme", queryStringParameters: { secret }, requestContext: { elb: {} }, body: "" },
  ],
])("is mounted in Lambda by the lines of the docs: %s", async (heading, address) => {
  const docs = await readFile(new URL("../../../docs/webhooks.md", import.meta.url), "utf8");
  const lines = `## Lambda[^\n]*${heading}.*?\`\`\`js\n(.*?)\`\`\``;
  const [, code = ""] = new RegExp(lines, "s").exec(docs) ?? [];
  const make = new Function(
    "handle",
    `${code.replace(/^import .*$|^export /gm, "")}return handler;`,
  );
  const lambda: (event: object) => Promise<{ readonly statusCode: number }> = make(handle);
  const eventOf = (method: string, body?: string) => ({
    httpMethod: method,
    headers: { "content-type": "application/json" },
    requestContext: { http: { method } },
    ...address,
    ...(body && { body: Buffer.from(body).toString("base64") }),
    isBase64Encoded: body !== undefined,
  });

  const posted = await lambda(eventOf("POST", JSON.stringify({ id: heading, data: 8 })));

  expect(posted.statusCode).toBe(200);
  expect(handler.mock.calls.map(([{ data }]) => data)).toEqual([8]);
  expect((await lambda(eventOf("GET"))).statusCode).toBe(200);
});
