import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { printed } from "./printed.ts";

const secret = "a-secret-of-the-test";
const json = { "content-type": "application/json" };

beforeEach(() => {
  vi.resetModules();
  vi.stubEnv("DISCUE_SECRET", secret);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

async function expressApp(): Promise<RequestListener> {
  return (await import("../../examples/webhooks/express.ts")).app;
}

async function honoApp(): Promise<RequestListener> {
  return getRequestListener((await import("../../examples/webhooks/hono.ts")).app.fetch);
}

async function addressOf(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const message = (id: string) => ({
  method: "POST",
  headers: json,
  body: JSON.stringify({ message: { id, name: "", data: '{"order":7}' } }),
});

it.each([
  ["express.ts", expressApp],
  ["hono.ts", honoApp],
])(
  "examples/webhooks/%s takes messages, and leaves the app's own bodies to it",
  async (_, appOf) => {
    const address = await addressOf(await appOf());
    const lines = printed();
    vi.spyOn(console, "warn").mockReturnValue();

    const taken = await fetch(`${address}/discue?secret=${secret}`, message("m-1"));
    const wrong = await fetch(`${address}/discue?secret=another-secret-of-no-use`, message("m-2"));
    const alive = await fetch(`${address}/discue`, { method: "HEAD" });
    const own = await fetch(`${address}/orders`, { method: "POST", headers: json, body: "[7]" });

    expect([taken.status, wrong.status, alive.status]).toEqual([200, 401, 200]);
    expect(await own.json()).toEqual({ got: [7] });
    expect(lines()).toEqual(['a message: {"order":7}']);
  },
);

it("examples/webhooks/next-route.ts answers deliveries and checks", async () => {
  const route = await import("../../examples/webhooks/next-route.ts");
  const lines = printed();
  const address = `https://shop.test/discue?secret=${secret}`;

  const taken = await route.POST(new Request(address, message("m-3")));
  const alive = [route.GET(new Request(address)), route.HEAD(new Request(address))];

  expect(taken.status).toBe(200);
  expect((await Promise.all(alive)).map(({ status }) => status)).toEqual([200, 200]);
  expect(lines()).toEqual(['a message: {"order":7}']);
});
