/**
 * Events that fail become dead letters; when the fault is mended they are sent through the handler again.
 *
 * Runs as it is, without an account: the feed and the stores are in memory. In a program of yours they are
 * `shop.feed(queue)` and `sqliteStores("./state.db")`; from a shell it is `ackloop dead-letters redrive`.
 */
import { drain, type FeedEvent, redrive } from "ackloop";
import { memoryStores } from "ackloop/stores";
import { memoryFeed, testEvent } from "ackloop/testing";

const feed = memoryFeed();
const { deadLetters } = memoryStores();
const consumer = "billing";
feed.publish(testEvent("order-1"), testEvent("order-2"), testEvent("order-3"));

let isMended = false;
function book({ id }: FeedEvent): void {
  if (id === "order-2" && !isMended) throw new Error("no such product");
}

const retry = { attempts: 2, minDelayMs: 1, maxDelayMs: 1 };
const first = await drain(feed, book, { consumer, deadLetters, retry, logger: false });
console.log(`handled ${first.handled}, dead-lettered ${first.deadLettered}`);

const { letters } = await deadLetters.list({ consumer, feed: feed.name });
for (const letter of letters) {
  console.log(`${letter.event?.id}: ${letter.reason} (${letter.attempts} attempts)`);
}

isMended = true;
const second = await redrive(deadLetters, feed, book, { consumer });
console.log(`handled ${second.handled} of ${second.found} dead letters`);
