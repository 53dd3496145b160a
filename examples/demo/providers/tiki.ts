import { consume } from "ackloop";
import { type Connection, tikiEmulator } from "ackloop/emulator";
import { clientCredentials, tiki, tikiEvents } from "ackloop/tiki";
import { junk, refusal } from "../faults.ts";
import type { DemoProvider, Numbered, Source, Work } from "../provider.ts";

function connect({ clientId = "", clientSecret = "", tokenUrl, baseUrl }: Connection, more = {}) {
  return tiki({ token: clientCredentials({ clientId, clientSecret, tokenUrl }), baseUrl, ...more });
}

function feedOf({ connection, queue, timeoutMs }: Source) {
  return connect(connection, { timeoutMs }).feed(queue);
}

const handlersOf = ({ work, other }: Work) => ({
  ORDER_CREATED_SUCCESSFULLY: work,
  ORDER_STATUS_UPDATED: work,
  PRODUCT_PRICE_UPDATED: work,
  other,
});

export const provider: DemoProvider = {
  emulator: () => tikiEmulator(),
  async open(connection) {
    const shop = connect(connection);
    const { code } = await shop.queues.create({ name: "demo" });
    return { queue: code, feed: shop.feed(code).name };
  },
  publish: (queue, events) => ({ queue, events: events.map(toEvent) }),
  // Events of others fill more than a page of the queue, which is empty then.
  aside: (queue) => ["hide", { queue, count: 150 }],
  polls: "pull",
  faults: [
    { kind: "skew", ms: 3_600_000 },
    { kind: "status", status: 429, retryAfter: 1, operation: "pull", after: 2, count: 1 },
    { kind: "status", status: 500, operation: "pull", after: 4, count: 2 },
    { kind: "cut", operation: "pull", after: 7, count: 1 },
    { kind: "lostReply", operation: "pull", after: 9, count: 2 },
    { kind: "status", status: 200, body: refusal, operation: ["pull", "ack"], after: 14, count: 2 },
    { kind: "html", status: 403, operation: "pull", after: 17, count: 1 },
    { kind: "stall", operation: "pull", after: 19, count: 1 },
    { kind: "headers", headers: junk, operation: "pull", after: 20, count: 5 },
  ],
  feed: feedOf,
  consume: (parts) => consume(feedOf(parts), handlersOf(parts), parts.common),
  work: (open, parts) => consume(open(tikiEvents), handlersOf(parts), parts.common),
};

/** Each documented type in its turn. */
function toEvent({ number, code: order_code }: Numbered) {
  if (number % 3 === 0) {
    return { type: "ORDER_CREATED_SUCCESSFULLY", payload: { order_code, status: "queueing" } };
  }
  if (number % 3 === 1) {
    return { type: "ORDER_STATUS_UPDATED", payload: { order_code, status: "packaging" } };
  }
  const prices = { price_from: "100000", price_to: "99000" };
  return {
    type: "PRODUCT_PRICE_UPDATED",
    payload: { product_id: number, original_sku: order_code, ...prices },
  };
}
