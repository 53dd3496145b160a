/**
 * Books the orders that a discue queue sends to this webhook, until the process is told to stop.
 *
 * Wants DISCUE_API_KEY, a DISCUE_SECRET of 16 characters or more, the PUBLIC_URL under which discue
 * reaches this process, and a folder for messages that could not be handled (STATE_FOLDER).
 * DISCUE_BASE_URL leads to a test server.
 */
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { webhook } from "ackloop";
import { discue } from "ackloop/discue";
import { sqliteStores } from "ackloop/stores";
import * as z from "zod/mini";

const { env } = process;
const secret = env["DISCUE_SECRET"] ?? "";
const publicUrl = env["PUBLIC_URL"] ?? "";
const client = discue({ apiKey: env["DISCUE_API_KEY"] ?? "", baseUrl: env["DISCUE_BASE_URL"] });

const known = (await client.queues.list()).find(({ name }) => name === "orders");
const queue = known ?? (await client.queues.create({ name: "orders" }));

const totals = new Map<number, string>();
const receiver = client.receiver({
  name: queue.id,
  secret,
  schema: z.object({ order: z.number(), total: z.string() }),
});
const handle = webhook(receiver, ({ data }) => void totals.set(data.order, data.total), {
  replyTimeoutMs: 9_000,
  deadLetters: sqliteStores(`${env["STATE_FOLDER"] ?? "./state"}/ackloop.db`).deadLetters,
  consumer: "billing",
});

// Bun, Deno and Workers serve `handle` as it is; Node takes an adapter.
const server = createServer(getRequestListener(handle));
server.listen(Number(env["PORT"] ?? 8080), "127.0.0.1");

// The server is there before the listener, which may be checked at once and gets later messages only.
const listeners = await client.listeners.list(queue.id);
if (!listeners.some(({ name }) => name === "billing")) {
  await client.listeners.create(queue.id, {
    name: "billing",
    notifyUrl: `${publicUrl}/discue?secret=${secret}`,
    livenessUrl: `${publicUrl}/alive`,
  });
}

process.once("SIGTERM", () => {
  server.close(() => console.log(`booked ${totals.size} orders`));
});
