/**
 * Bills each order of a Workato topic, from a cron job: reads until nothing is left or 50 s are over.
 *
 * Wants WORKATO_TOKEN of an API client that may consume, WORKATO_TOPIC with the topic's id, and a
 * folder for the place it has reached (STATE_FOLDER). WORKATO_BASE_URL leads to a test server.
 */
import { deadLetter, drain } from "ackloop";
import { sqliteStores } from "ackloop/stores";
import { topicSchema, workato } from "ackloop/workato";

const { env } = process;
const stores = sqliteStores(`${env["STATE_FOLDER"] ?? "./state"}/ackloop.db`);
const client = workato({
  token: env["WORKATO_TOKEN"] ?? "",
  region: "eu",
  baseUrl: env["WORKATO_BASE_URL"],
});

// The topic's own fields, as `client.topics.get` gives them to a token that may ask.
const schema = topicSchema([
  { name: "order", type: "string", optional: false },
  { name: "total", type: "number", optional: true },
]);

const orders = client.feed(env["WORKATO_TOPIC"] ?? "", {
  cursor: stores.cursors,
  consumer: "billing",
  schema,
  onCursorExpired: "fromTime", // rather repeat some orders than stop
});

let billed = 0;
const { handled, stopped } = await drain(
  orders,
  {
    message: ({ data }) => {
      if (data["total"] === 0) return deadLetter("an order of nothing");
      billed += Number(data["total"] ?? 0);
      return undefined;
    },
  },
  { deadline: Date.now() + 50_000, deadLetters: stores.deadLetters },
);
console.log(`handled ${handled} orders for ${billed} in all, then: ${stopped}`);
