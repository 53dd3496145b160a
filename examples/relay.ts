/**
 * One process reads a Tiki queue and passes everything on; `relay-worker.ts`, in as many processes of this
 * machine as are needed, has the handlers. With `postgresStores` in both they may be anywhere.
 *
 * Wants TIKI_CLIENT_ID and TIKI_CLIENT_SECRET of an in-house app, TIKI_QUEUE, and a folder for the queue
 * (STATE_FOLDER). TIKI_BASE_URL and TIKI_TOKEN_URL lead to a test server.
 */
import { consume, relay } from "ackloop";
import { inboxQueue, sqliteStores } from "ackloop/stores";
import { clientCredentials, tiki } from "ackloop/tiki";

const { env } = process;
const stores = sqliteStores(`${env["STATE_FOLDER"] ?? "./state"}/ackloop.db`);
const shop = tiki({
  token: clientCredentials({
    clientId: env["TIKI_CLIENT_ID"] ?? "",
    clientSecret: env["TIKI_CLIENT_SECRET"] ?? "",
    tokenUrl: env["TIKI_TOKEN_URL"],
  }),
  baseUrl: env["TIKI_BASE_URL"],
});

const run = consume(shop.feed(env["TIKI_QUEUE"] ?? ""), relay(inboxQueue(stores.inbox, "orders")), {
  consumer: "relay",
  lease: { store: stores.leases }, // a second relay waits until the first has ended
  deadLetters: stores.deadLetters, // for what cannot be read at all
  unprocessable: "deadLetter",
});

process.once("SIGTERM", () => void run.stop({ withinMs: 25_000 }));
const { handled } = await run;
console.log(`passed on ${handled} events`);
