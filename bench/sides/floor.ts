/**
 * The floor: undici by itself, `JSON.parse`, zod by type, a pool that settles by callback. Nobody could ship
 * it; it says what a page costs at the least.
 */
import { request } from "undici";
import * as z from "zod/mini";
import { atOnce, handlerOf, type Side, token } from "./work.ts";

const order = z.object({ order_code: z.string(), status: z.nullish(z.string()) });
const byType = new Map([
  ["ORDER_CREATED_SUCCESSFULLY", order],
  ["ORDER_STATUS_UPDATED", order],
]);
const deal = z.object({ objectId: z.string() });
const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };

/** Works on all items, so many at once. */
function settle<Item>(
  items: readonly Item[],
  work: (item: Item, done: () => void) => void,
): Promise<void> {
  return new Promise((resolve) => {
    let next = 0;
    let open = items.length;
    const start = (): void => {
      const item = items[next] as Item;
      next += 1;
      work(item, () => {
        open -= 1;
        if (next < items.length) start();
        else if (open === 0) resolve();
      });
    };
    for (let index = 0; index < Math.min(atOnce, items.length); index += 1) start();
  });
}

async function ask(url: string, method: "GET" | "POST", body?: string): Promise<string> {
  const answer = await request(url, { method, headers, ...(body !== undefined && { body }) });
  return await answer.body.text();
}

interface TikiItem {
  readonly type: string;
  readonly payload: unknown;
}

/** Tiki. */
export const tikiLoop: Side = async (work) => {
  const handle = handlerOf(work);
  let handled = 0;
  let ackId: string | null = null;
  for (;;) {
    const text = await ask(`${work.url}/queues/bench/events/pull`, "POST", `{"ack_id":${ackId}}`);
    const page = JSON.parse(text) as { events: TikiItem[]; ack_id: string };
    if (page.events.length === 0) return handled;
    await settle(page.events, (item, done) => {
      byType.get(item.type)?.parse(item.payload);
      handled += 1;
      void handle().then(done);
    });
    ackId = JSON.stringify(page.ack_id);
  }
};

/** Workato. */
export const workatoLoop: Side = async (work) => {
  const handle = handlerOf(work);
  let handled = 0;
  let after = "";
  for (;;) {
    const url = `${work.url}/topics/7/consume`;
    const text = await ask(url, "POST", `{${after}"batch_size":50}`);
    const { messages } = JSON.parse(text) as { messages: { message_id: string }[] };
    if (messages.length === 0) return handled;
    await settle(messages, (_item, done) => {
      handled += 1;
      void handle().then(done);
    });
    after = `"after_message_id":"${messages.at(-1)?.message_id}",`;
  }
};

/** Kekker, an ack for each event. */
export const kekkerLoop: Side = async (work) => {
  const handle = handlerOf(work);
  let handled = 0;
  for (;;) {
    const text = await ask(`${work.url}/api/events?pageNumber=1&pageSize=100`, "GET");
    const { data } = JSON.parse(text) as { data: { eventUid: string }[] };
    if (data.length === 0) return handled;
    await settle(data, (item, done) => {
      deal.parse(item);
      handled += 1;
      void handle()
        .then(() => ask(`${work.url}/api/events/${item.eventUid}/ack`, "POST"))
        .then(done);
    });
  }
};
