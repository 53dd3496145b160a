/** Handlers as people write them, and what must not compile. */
import { batch, consume, type Feed, type FeedEvent, type Run, redrive } from "ackloop";
import { discue } from "ackloop/discue";
import { memoryStores } from "ackloop/stores";
import { memoryFeed } from "ackloop/testing";
import { tiki } from "ackloop/tiki";
import { workato } from "ackloop/workato";

const shop = tiki({ token: "t" });
const feed = shop.feed("q");
const { deadLetters } = memoryStores();

export const wrapped = <E extends FeedEvent>(inner: Feed<E>): Run =>
  consume(inner, { other: (event: FeedEvent) => void event.id });
export const wrappedByOne = <E extends FeedEvent>(inner: Feed<E>): Run =>
  consume(inner, async ({ id }) => void id);

consume(memoryFeed(), (_, { delivery }) => void delivery.event.id.length);
consume(
  feed,
  batch({ size: 10 }, (events) => void events.map(({ type }) => type)),
);
void redrive(deadLetters, "tiki/queues/q", { other: (event) => void event.id }, { consumer: "c" });
void redrive(
  deadLetters,
  feed,
  { ORDER_STATUS_UPDATED: ({ data }) => void data.status },
  { consumer: "c" },
);
const receiver = discue({ apiKey: "k" }).receiver({ name: "q", secret: "s".repeat(20) });
void redrive(deadLetters, receiver, (event) => void event.type, { consumer: "c" });

interface Order {
  readonly id: number;
}
declare const order: Order;
const { messages } = workato({ token: "t", region: "us" });
void messages.publish(1, order);

// @ts-expect-error a word that no catalogue has
consume(feed, { ORDER_CREATED: () => {} });
// @ts-expect-error the parts of a batch are not options of a map
consume(feed, { other: () => {}, size: 5 });
// @ts-expect-error a number is no outcome
consume(feed, () => 5);
// @ts-expect-error no handler at all
consume(memoryFeed(), {});
// @ts-expect-error misspelt
memoryFeed({ nmae: "a" });
// @ts-expect-error a text is no message
void messages.publish(1, "text");
