/**
 * All four feeds in one process, with one shutdown.
 *
 * Wants the credentials of each provider, as `ackloop doctor` names them, TIKI_QUEUE, WORKATO_TOPIC, a
 * DISCUE_SECRET, and a folder for state (STATE_FOLDER).
 */
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { consume, drop, type FeedEvent, group } from "ackloop";
import { discueReceiver } from "ackloop/discue";
import { kekker } from "ackloop/kekker";
import { sqliteStores } from "ackloop/stores";
import { clientCredentials, tiki } from "ackloop/tiki";
import { workato } from "ackloop/workato";

const { env } = process;
const of = (name: string): string => env[name] ?? "";
const { cursors, deadLetters } = sqliteStores(`${env["STATE_FOLDER"] ?? "./state"}/ackloop.db`);

const shop = tiki({
  token: clientCredentials({
    clientId: of("TIKI_CLIENT_ID"),
    clientSecret: of("TIKI_CLIENT_SECRET"),
    tokenUrl: env["TIKI_TOKEN_URL"],
  }),
  baseUrl: env["TIKI_BASE_URL"],
});
const node = kekker({
  baseUrl: of("KEKKER_BASE_URL"),
  channel: of("KEKKER_CHANNEL"),
  login: of("KEKKER_LOGIN"),
  password: of("KEKKER_PASSWORD"),
});
const topics = workato({ token: of("WORKATO_TOKEN"), baseUrl: env["WORKATO_BASE_URL"] });
const messages = discueReceiver({ secret: of("DISCUE_SECRET"), name: "orders" }).feed();

const consumer = "billing";
const options = { consumer, deadLetters };
const seen = ({ source, type }: FeedEvent) => console.log(`${source}: ${type}`);
const all = group([
  consume(shop.feed(of("TIKI_QUEUE")), { ORDER_CREATED_SUCCESSFULLY: seen, other }, options),
  consume(node.feed(), { DealCreated: seen, other }, options),
  consume(topics.feed(of("WORKATO_TOPIC"), { cursor: cursors, consumer }), seen, { deadLetters }),
  consume(messages, seen, options),
]);
const server = createServer(getRequestListener(messages.fetch));
server.listen(Number(env["PORT"] ?? 8080), "127.0.0.1");

function other({ type }: FeedEvent) {
  return drop(`${type} is no business of ours`);
}

process.once("SIGTERM", () => void all.stop({ withinMs: 25_000 }));
const summaries = await all; // rejects when one of them halts: the others are stopped first
messages.close();
server.close();
console.log(summaries.map(({ feed, handled }) => `${feed}: ${handled}`).join("\n"));
