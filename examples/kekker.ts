/**
 * Handles what a Kekker node has to tell, until nothing is left or 50 seconds are over: for a cron job.
 *
 * Wants KEKKER_BASE_URL, KEKKER_CHANNEL, KEKKER_LOGIN, KEKKER_PASSWORD, and a folder for the watermark
 * and for events that no handler could finish (STATE_FOLDER). With `--recover`, for a database that was
 * restored from a backup of the day before, all events since the watermark of that backup come again.
 */
import { drain, drop } from "ackloop";
import { kekker } from "ackloop/kekker";
import { sqliteStores } from "ackloop/stores";

const { env } = process;
const node = kekker({
  baseUrl: env["KEKKER_BASE_URL"] ?? "https://qrm1.kekker.com",
  channel: env["KEKKER_CHANNEL"] ?? "",
  login: env["KEKKER_LOGIN"] ?? "",
  password: env["KEKKER_PASSWORD"] ?? "",
});
const { cursors, deadLetters } = sqliteStores(`${env["STATE_FOLDER"] ?? "./state"}/ackloop.db`);
const consumer = "deals";
const feed = node.feed({ cursor: cursors, consumer });

if (process.argv.includes("--recover")) {
  const watermark = await cursors.load({ consumer, feed: feed.name });
  if (watermark) await node.events.reset(watermark.value);
}

const deals = new Map<string, string>();
const { handled, stopped } = await drain(
  feed,
  {
    DealCreated: ({ data }) => void deals.set(data.objectId, "created"),
    DealUpdated: ({ data }) => void deals.set(data.objectId, "updated"),
    ErrorQueueEvent: ({ data }) => console.log(`operation ${data.objectId}: ${data.error}`),
    other: ({ type }) => drop(`${type} is no business of ours`),
  },
  {
    concurrency: 10,
    orderBy: ({ id, subject }) => subject ?? id, // never two events of one deal at once
    deadLetters,
    consumer,
    deadline: Date.now() + 50_000,
  },
);
console.log(`handled ${handled} events of ${deals.size} deals, then: ${stopped}`);
