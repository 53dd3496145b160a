import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it, onTestFinished, vi } from "vitest";
import {
  kekkerEmulator,
  serveEmulators,
  tikiEmulator,
  workatoEmulator,
} from "../../src/emulator/index.ts";
import { printed } from "./printed.ts";

/** A port of this machine that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

it("examples/redrive.ts shows a dead letter, and sends it through the mended handler", async () => {
  const lines = printed();

  await import("../../examples/redrive.ts");

  expect(lines()).toEqual([
    "handled 2, dead-lettered 1",
    "order-2: failed 2 times: Error: no such product (2 attempts)",
    "handled 1 of 1 dead letters",
  ]);
});

it("examples/telemetry.ts prints a handler's own span inside of that of its event", async () => {
  const lines = printed();

  await import("../../examples/telemetry.ts");

  expect(lines()).toEqual([
    "poll orders, inside of nothing",
    "book order-1, inside of process orders",
    "process orders, inside of nothing",
    "book order-2, inside of process orders",
    "process orders, inside of nothing",
  ]);
});

it("examples/all-feeds.ts handles events of all four, and ends them all by one signal", async () => {
  const tiki = tikiEmulator();
  const kekker = kekkerEmulator();
  const workato = workatoEmulator();
  const server = await serveEmulators([tiki, kekker, workato]);
  onTestFinished(() => server.close());
  const folder = await mkdtemp(join(tmpdir(), "ackloop-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const shop = server.connection("tiki");
  const node = server.connection("kekker");
  const topics = server.connection("workato");
  const queue = tiki.createQueue("orders");
  const topic = workato.createTopic("orders");
  const port = await freePort();
  const secret = "a-secret-of-the-test";
  const env = {
    TIKI_BASE_URL: shop.baseUrl,
    TIKI_TOKEN_URL: shop.tokenUrl,
    TIKI_CLIENT_ID: shop.clientId,
    TIKI_CLIENT_SECRET: shop.clientSecret,
    TIKI_QUEUE: queue,
    KEKKER_BASE_URL: node.baseUrl,
    KEKKER_CHANNEL: node.channel,
    KEKKER_LOGIN: node.login,
    KEKKER_PASSWORD: node.password,
    WORKATO_BASE_URL: topics.baseUrl,
    WORKATO_TOKEN: topics.token,
    WORKATO_TOPIC: String(topic),
    DISCUE_SECRET: secret,
    STATE_FOLDER: folder,
    PORT: String(port),
  };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  tiki.publish(queue, [{ type: "ORDER_CREATED_SUCCESSFULLY", payload: { order_code: "7" } }]);
  const timestamp = "2026-01-01T00:00:00";
  kekker.publish([{ category: "Deals", event: "DealCreated", timestamp, objectId: "d-1" }]);
  workato.publish(topic, [{ order: "7" }]);
  const lines = printed();

  const ended = import("../../examples/all-feeds.ts");
  await vi.waitFor(() => expect(lines()).toHaveLength(3), 60_000);
  const posted = await fetch(`http://127.0.0.1:${port}/?secret=${secret}`, {
    method: "POST",
    body: '{"message":{"id":"m-1","name":"","data":"7"}}',
  });
  process.emit("SIGTERM");
  await ended;

  expect(posted.status).toBe(200);
  expect(
    lines()
      .slice(0, 4)
      .map((line) => line.replace(/.*: /, ""))
      .toSorted(),
  ).toEqual(["DealCreated", "ORDER_CREATED_SUCCESSFULLY", "message", "message"]);
  expect(
    lines()[4]
      ?.split("\n")
      .map((line) => line.replace(/.*: /, "")),
  ).toEqual(["1", "1", "1", "1"]);
});

it("examples/relay.ts passes a queue's events on to examples/relay-worker.ts", async () => {
  const tiki = tikiEmulator();
  const server = await serveEmulators([tiki]);
  onTestFinished(() => server.close());
  const folder = await mkdtemp(join(tmpdir(), "ackloop-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { baseUrl, tokenUrl, clientId, clientSecret } = server.connection("tiki");
  const queue = tiki.createQueue("orders");
  const env = {
    TIKI_BASE_URL: baseUrl,
    TIKI_TOKEN_URL: tokenUrl,
    TIKI_CLIENT_ID: clientId,
    TIKI_CLIENT_SECRET: clientSecret,
    TIKI_QUEUE: queue,
    STATE_FOLDER: folder,
  };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const codes = Array.from({ length: 20 }, (_, n) => `A-${n}`);
  tiki.publish(
    queue,
    codes.map((order_code) => ({ type: "ORDER_CREATED_SUCCESSFULLY", payload: { order_code } })),
  );
  const lines = printed();

  const relay = import("../../examples/relay.ts");
  const worker = import("../../examples/relay-worker.ts");
  await vi.waitFor(() => expect(lines()).toHaveLength(20), 60_000);
  process.emit("SIGTERM");
  await Promise.all([relay, worker]);

  expect(lines().slice(0, 20).toSorted()).toEqual(codes.map((code) => `booked ${code}`).toSorted());
  expect(lines().slice(20).toSorted()).toEqual(["handled 20 events", "passed on 20 events"]);
});
