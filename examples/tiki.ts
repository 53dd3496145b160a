/**
 * Keeps a shop's orders up to date from a Tiki event queue, until the process is told to stop.
 *
 * Wants TIKI_CLIENT_ID and TIKI_CLIENT_SECRET of an in-house app, and a folder for events that no
 * handler could finish (STATE_FOLDER). TIKI_BASE_URL and TIKI_TOKEN_URL lead to a test server.
 */
import { consume, drop } from "ackloop";
import { sqliteStores } from "ackloop/stores";
import { clientCredentials, tiki } from "ackloop/tiki";

const { env } = process;
const shop = tiki({
  token: clientCredentials({
    clientId: env["TIKI_CLIENT_ID"] ?? "",
    clientSecret: env["TIKI_CLIENT_SECRET"] ?? "",
    tokenUrl: env["TIKI_TOKEN_URL"],
  }),
  baseUrl: env["TIKI_BASE_URL"],
});

// The first start makes the queue and subscribes it; its events begin some seconds later.
const known = (await shop.queues.list()).find(({ name }) => name === "orders");
const queue = known ?? (await shop.queues.create({ name: "orders" }));
const subscriptions = await shop.subscriptions.list(queue.code);
for (const eventType of ["ORDER_CREATED_SUCCESSFULLY", "ORDER_STATUS_UPDATED"] as const) {
  const all = subscriptions.filter((each) => each.eventType === eventType);
  const [first] = all;
  if (!first) await shop.subscriptions.create(queue.code, { eventType });
  // One that was switched off brings nothing until it is switched on.
  else if (!all.some(({ active }) => active))
    await shop.subscriptions.setActive(queue.code, first.code, true);
}

const statuses = new Map<string, string>();
const run = consume(
  shop.feed(queue.code),
  {
    ORDER_CREATED_SUCCESSFULLY: ({ data }) => void statuses.set(data.order_code, "queueing"),
    ORDER_STATUS_UPDATED: ({ data }) => void statuses.set(data.order_code, data.status ?? "?"),
    other: ({ type }) => drop(`${type} is no business of ours`),
  },
  {
    concurrency: 10,
    orderBy: ({ id, subject }) => subject ?? id, // never two events of one order at once
    deadLetters: sqliteStores(`${env["STATE_FOLDER"] ?? "./state"}/ackloop.db`).deadLetters,
    consumer: "orders",
  },
);

process.once("SIGTERM", () => void run.stop({ withinMs: 25_000 }));
const { handled, stopped } = await run;
console.log(`handled ${handled} events of ${statuses.size} orders, then: ${stopped}`);
