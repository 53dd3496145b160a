/** Feeds and stores of one's own, a topic whose fields are written down, and emulators in tests. */
import {
  type AckReport,
  type CursorStore,
  consume,
  type EventOf,
  type Feed,
  type FeedEvent,
  fromReceipt,
  toReceipt,
  webhook,
} from "ackloop";
import { discue } from "ackloop/discue";
import { kekkerEmulator, serveEmulators, tikiEmulator } from "ackloop/emulator";
import { inbox, inboxFeed, memoryStores } from "ackloop/stores";
import { clientCredentials, tiki } from "ackloop/tiki";
import { topicSchema, workato } from "ackloop/workato";

// 1. A feed over an API of one's own.
type Placed = FeedEvent<"placed", { readonly total: number }>;
export const own = (
  read: (after: number) => Promise<readonly { id: number; total: number }[]>,
): Feed<Placed> => ({
  name: "shop/orders",
  acks: "cumulative",
  pulls: "onward",
  async pull({ after } = {}) {
    const rows = await read(after ? fromReceipt<number>(after) : 0);
    return rows.map((row) => ({
      receipt: toReceipt(row.id),
      raw: row,
      event: {
        specversion: "1.0",
        id: String(row.id),
        source: "/shop/orders",
        type: "placed",
        data: { total: row.total },
      },
    }));
  },
  ack: async (receipts): Promise<AckReport> => receipts.map(() => ({ status: "acked" })),
});
consume(
  own(async () => []),
  { placed: ({ data }) => void data.total.toFixed() },
);

// 2. A store of one's own.
const places = new Map<string, string>();
export const cursors: CursorStore = {
  load: async ({ consumer, feed }) => {
    const value = places.get(`${consumer} ${feed}`);
    return value === undefined ? undefined : { value, revision: 1 };
  },
  save: async ({ consumer, feed }, value) => {
    places.set(`${consumer} ${feed}`, value);
    return { status: "saved", revision: 1 };
  },
};

// 3. A topic whose fields are written down.
const topic = workato({ token: "t" }).feed(1, {
  cursor: memoryStores().cursors,
  consumer: "billing",
  schema: topicSchema([
    { name: "order", type: "string", optional: false },
    { name: "total", type: "number", optional: false },
    { name: "paid", type: "date_time" },
  ]),
});
type Order = EventOf<typeof topic>["data"];
export const describe = ({ order, total, paid }: Order): string =>
  `${order} ${total} ${paid ?? "open"}`;
consume(topic, { message: ({ data }) => void describe(data) });

// 4. A webhook, and an inbox behind it.
const receiver = discue({ apiKey: "k" }).receiver({ name: "q", secret: "s".repeat(20) });
const stores = memoryStores();
export const POST: (request: Request) => Promise<Response> = webhook(receiver, {
  message: ({ data }) => void data,
});
const ends = inbox(stores.inbox, receiver);
export const PUT: (request: Request) => Promise<Response> = ends.fetch;
consume(ends.feed, { message: ({ data }) => void data });
consume(inboxFeed(stores.inbox, receiver.name), { other: ({ data }) => void data });

// 5. Emulators, in process and served.
const emulator = tikiEmulator();
const code = emulator.createQueue("orders");
emulator.publish(code, [{ type: "ORDER_CREATED_SUCCESSFULLY", payload: { order_code: "1" } }]);
const { clientId, clientSecret, tokenUrl, baseUrl } = emulator.connection("https://tiki.example");
const { fetch } = emulator;
const token = clientCredentials({ clientId, clientSecret, tokenUrl });
export const mocked = tiki({ token, baseUrl, fetch }).feed(code);
export const served = async (): Promise<string> => {
  await using server = await serveEmulators([emulator, kekkerEmulator()]);
  return server.origin;
};

// @ts-expect-error 6. a feed whose kind there is none of
export const none: Feed = { ...own(async () => []), acks: "sometimes" };
// @ts-expect-error 7. a fault that there is none of
emulator.faults.add({ kind: "explode" });
