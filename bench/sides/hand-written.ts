/**
 * The loops that an integrator writes by hand: `fetch`, `response.json()`, zod for each event, ten promises
 * over the page, and the next page. Nothing is repeated, paced or shut down in order.
 */
// What integrators import; ours is the small one.
// biome-ignore lint/style/noRestrictedImports: the full zod is what is compared with
import * as z from "zod";
import { atOnce, handlerOf, type Side, token } from "./work.ts";

const names = [
  "ORDER_CREATED_SUCCESSFULLY",
  "ORDER_STATUS_UPDATED",
  ...Array.from({ length: 8 }, (_, index) => `TYPE_${index}`),
] as const;

const tikiEvent = (type: string) =>
  z.looseObject({
    id: z.string(),
    type: z.literal(type),
    created_at: z.number(),
    payload: z.looseObject({ order_code: z.string(), status: z.string() }),
  });

const [first, second, ...others] = names.map(tikiEvent);
if (!first || !second) throw new Error("there are ten types");
/** What the loops by hand parse each of Tiki's events with. */
export const tikiEvents = z.discriminatedUnion("type", [first, second, ...others]);

const workatoMessage = z.looseObject({
  message_id: z.string(),
  time: z.string(),
  payload: z.looseObject({ order: z.number(), status: z.string() }),
});

const kekkerEvent = z.looseObject({
  eventUid: z.string(),
  event: z.string(),
  category: z.string(),
  objectId: z.string(),
});

const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };

/** Ten promises over a page. */
async function pool<Item>(items: readonly Item[], work: (item: Item) => Promise<void>) {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const item = items[next] as Item;
      next += 1;
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

interface Page {
  readonly events?: readonly unknown[];
  readonly messages?: readonly { readonly message_id: string }[];
  readonly data?: readonly unknown[];
  readonly ack_id?: string;
}

/** Asks by `fetch`, and reads the JSON of the answer. */
export async function post(url: string, body: object): Promise<Page> {
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  return (await response.json()) as Page;
}

/** Tiki by hand. */
export const tikiLoop: Side = async (work) => {
  const handle = handlerOf(work);
  let handled = 0;
  let ackId: string | null = null;
  for (;;) {
    const page = await post(`${work.url}/queues/bench/events/pull`, { ack_id: ackId });
    const events = page.events ?? [];
    if (events.length === 0) return handled;
    await pool(events, async (item) => {
      tikiEvents.parse(item);
      await handle();
      handled += 1;
    });
    ackId = page.ack_id ?? null;
  }
};

/** Workato by hand. */
export const workatoLoop: Side = async (work) => {
  const handle = handlerOf(work);
  let handled = 0;
  let after: { readonly after_message_id?: string | undefined } = {};
  for (;;) {
    const page = await post(`${work.url}/topics/7/consume`, { ...after, batch_size: 50 });
    const messages = page.messages ?? [];
    if (messages.length === 0) return handled;
    await pool(messages, async (item) => {
      workatoMessage.parse(item);
      await handle();
      handled += 1;
    });
    after = { after_message_id: messages.at(-1)?.message_id };
  }
};

/** Kekker by hand: an ack for each event, within the pool. */
export const kekkerLoop: Side = async (work) => {
  const handle = handlerOf(work);
  let handled = 0;
  for (;;) {
    const response = await fetch(`${work.url}/api/events?pageNumber=1&pageSize=100`, { headers });
    const events = ((await response.json()) as Page).data ?? [];
    if (events.length === 0) return handled;
    await pool(events, async (item) => {
      const { eventUid } = kekkerEvent.parse(item);
      await handle();
      const url = `${work.url}/api/events/${encodeURIComponent(eventUid)}/ack`;
      await (await fetch(url, { method: "POST", headers })).text();
      handled += 1;
    });
  }
};
