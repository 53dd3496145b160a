/**
 * Books the invoices that a sender of signed webhooks tells of, until the process is told to stop.
 *
 * Wants WEBHOOK_SECRETS, what the sender signs with: `whsec_...`, or its public key `whpk_...`; two with a
 * blank between them while one takes the place of the other. STATE_FOLDER is for events that could not be
 * handled.
 */
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { webhook } from "ackloop";
import { receiver } from "ackloop/feeds";
import { sqliteStores } from "ackloop/stores";
import * as z from "zod/mini";

const { env } = process;

/** What is the same in every body of this sender. */
const Body = z.object({ type: z.string(), timestamp: z.iso.datetime(), data: z.unknown() });

const invoices = receiver({
  provider: "acme",
  signature: {
    secrets: (env["WEBHOOK_SECRETS"] ?? "").split(" "),
    // Senders that use Svix say `svix-id`: "svix-" in their place.
    headerPrefix: "webhook-",
  },
  events: {
    "invoice.paid": z.object({ number: z.string(), total: z.string() }),
    "invoice.voided": z.object({ number: z.string() }),
  },
  // What it throws makes the event unreadable: it is a dead letter, and nothing is lost. The id is the signed one.
  toEvent: (body) => {
    const { type, timestamp, data } = Body.parse(body);
    return { type, time: timestamp, data };
  },
});

const totals = new Map<string, string>();
const handle = webhook(
  invoices,
  {
    "invoice.paid": ({ data }) => void totals.set(data.number, data.total),
    "invoice.voided": ({ data }) => void totals.delete(data.number),
  },
  {
    consumer: "booking",
    deadLetters: sqliteStores(`${env["STATE_FOLDER"] ?? "./state"}/ackloop.db`).deadLetters,
    logger: console,
  },
);

// Bun, Deno and Workers serve `handle` as it is; Node takes an adapter.
const server = createServer(getRequestListener(handle));
server.listen(Number(env["PORT"] ?? 8080), "127.0.0.1");

process.once("SIGTERM", () => {
  server.close(() => console.log(`booked ${totals.size} invoices`));
});
