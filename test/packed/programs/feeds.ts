/** Feeds by the name of their events, in every place that a type may stand. */
import {
  consume,
  deliveries,
  drain,
  type EventOf,
  type Feed,
  type FeedEvent,
  type Run,
} from "ackloop";
import { type KekkerEvent, kekker } from "ackloop/kekker";
import { type TikiEvent, type TikiFeedOptions, tiki } from "ackloop/tiki";

const shop = tiki({ token: "t" });
const node = kekker({ baseUrl: "https://node.example", channel: "c", login: "l", password: "p" });

export const field: Feed<TikiEvent> = shop.feed("q");
export const checked = shop.feed("q") satisfies Feed<TikiEvent>;
export const ofKekker: Feed<KekkerEvent> = node.feed();
export const returned = (): Feed<TikiEvent> => shop.feed("q");
export class Holder {
  readonly feed: Feed<TikiEvent> = shop.feed("q");
}
const take = (feed: Feed<TikiEvent>): Run => consume(feed, () => {});
take(shop.feed("q"));

const options: TikiFeedOptions = { refusedAck: "gone" };
consume(shop.feed("q", options), {
  ORDER_CREATED_SUCCESSFULLY: ({ data }) => void data.order_code.length,
});

type Mine = FeedEvent<"MINE", { readonly a: 1 }>;
export const wider: Feed<TikiEvent | Mine> = shop.feed("q");

const all: readonly Feed[] = [shop.feed("q"), node.feed()];
all.map((feed) => drain(feed, (event) => void event.id));

const same: EventOf<typeof checked> extends TikiEvent ? true : false = true;
void same;

export async function each(): Promise<void> {
  for await (const { event, delivery } of deliveries(shop.feed("q"))) {
    const type: TikiEvent["type"] = event.type;
    void [type, delivery.event.id];
  }
}
