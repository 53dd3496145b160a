/** Options as constants and arguments, for each provider, and what is wrong in them. */
import { consume, type DrainOptions, drain, type LoopOptions, type RedriveOptions } from "ackloop";
import { type DiscueReceiverOptions, discue } from "ackloop/discue";
import { type KekkerFeedOptions, kekker } from "ackloop/kekker";
import { memoryStores } from "ackloop/stores";
import { memoryFeed } from "ackloop/testing";
import { type TikiEvent, type TikiFeedOptions, tiki } from "ackloop/tiki";
import { type WorkatoFeedOptions, type WorkatoTypeOf, workato } from "ackloop/workato";

const stores = memoryStores();
const shop = tiki({ token: async () => "t" });
const flow = workato({ token: "t", region: "eu" });
const node = kekker({ baseUrl: "https://a.example", channel: "c", login: "l", password: "p" });
const queue = discue({ apiKey: "k" });

// 1. Options that are said once and used by many verbs.
const loop: LoopOptions = { concurrency: 4, consumer: "billing", deadLetters: stores.deadLetters };
const once: DrainOptions<TikiEvent> = { ...loop, deadline: Date.now() + 1_000, limit: 10 };
consume(shop.feed("q"), () => {}, loop);
void drain(shop.feed("q"), () => {}, once);
export const again: RedriveOptions = {
  consumer: "billing",
  filter: ({ attempts }) => attempts < 3,
};

// 2. Options of feeds as constants keep the events' types.
const ofTiki: TikiFeedOptions = {};
const ofKekker: KekkerFeedOptions = { category: "Deals" };
consume(shop.feed("q", ofTiki), { PRODUCT_PRICE_UPDATED: () => {}, other: () => {} });
consume(node.feed(ofKekker), { DealCreated: ({ data }) => void data.objectId.length });

// 3. A topic's, with and without a type of its own.
const place = { cursor: stores.cursors, consumer: "billing" };
const ofTopic: WorkatoFeedOptions = place;
consume(flow.feed(1, ofTopic), { message: ({ data }) => void data["order"] });
const typeOf: WorkatoTypeOf = (data) => String(data["kind"]);
consume(flow.feed(1, { ...place, typeOf }), { other: ({ type }) => void type.length });

// 4. A receiver's.
const ofReceiver: DiscueReceiverOptions = { name: "q", secret: "s".repeat(20) };
consume(queue.receiver(ofReceiver).feed(), { message: ({ data }) => void data });

// 5. What may be undefined may be undefined: a setting that is not there.
const setting = { concurrency: undefined, deadLetters: undefined, logger: undefined };
consume(memoryFeed(), () => {}, setting);

// @ts-expect-error 6. the nearest name is not taken for it
consume(memoryFeed(), () => {}, { concurency: 4 });
// @ts-expect-error 7. a place without a store
flow.feed(1, { consumer: "billing" });
// @ts-expect-error 8. a schema beside a type of one's own
flow.feed(1, { ...place, schema: stores, typeOf });
// @ts-expect-error 9. a region that there is none of
workato({ token: "t", region: "moon" });
// @ts-expect-error 10. misspelt options of a receiver
queue.receiver({ secret: "s".repeat(20), livenesPath: "/" });
