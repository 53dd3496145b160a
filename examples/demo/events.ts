import type { ProviderName } from "./task.ts";

/** What the provider's emulator is asked to publish, as its admin route takes it. */
type PublishBody = Readonly<Record<string, unknown>>;

const poison = "poison";

/** The number-th event of each provider, of the documented types; number 700 is poison. */
const payloads = {
  tiki(number: number) {
    const order_code = toCode(number);
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
  },
  kekker: (number: number) => ({
    category: "Deals",
    event: number % 2 === 0 ? "DealCreated" : "DealUpdated",
    objectId: `${toCode(number)}:${toCode(number)}`,
    localObjectId: number,
  }),
  workato: (number: number) => ({ order: toCode(number), total: number }),
  discue: (number: number) => ({
    name: `message-${number}`,
    data: JSON.stringify({ order: toCode(number) }),
  }),
} as const;

function toCode(number: number): string {
  return number === 700 ? `${poison}-${number}` : `order-${number}`;
}

/** The events from `from` on, so many, as one publish command. */
export function toPublishBody(
  provider: ProviderName,
  queue: string,
  from: number,
  count: number,
): PublishBody {
  const events = Array.from({ length: count }, (_, index) => payloads[provider](from + index));
  switch (provider) {
    case "tiki":
      return { queue, events };
    case "kekker":
      return { channel: queue, events };
    case "workato":
      return { topicId: queue, payloads: events };
    default:
      return { queue, messages: events };
  }
}

/** The body of an error, with a status of success. */
const refusal = { errors: ["the shop is closed"] };

/** Headers that nobody could mean. */
const junk = { "retry-after": "soon 5", date: "the day before", "x-request-id": "\u00ff" };

/** What goes wrong at each provider while the events travel. */
export const faults: Readonly<Record<ProviderName, readonly PublishBody[]>> = {
  tiki: [
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
  kekker: [
    { kind: "status", status: 429, retryAfter: 1, operation: "list", after: 3, count: 1 },
    { kind: "status", status: 500, operation: "ack", after: 200, count: 5 },
    { kind: "cut", operation: "ack", after: 500, count: 5 },
    { kind: "lostReply", operation: "ack", after: 900, count: 5 },
    { kind: "status", status: 200, body: refusal, operation: "ack", after: 1100, count: 5 },
    { kind: "stall", operation: "list", after: 8, count: 1 },
    { kind: "html", status: 404, operation: "list", after: 10, count: 1 },
    { kind: "headers", headers: junk, operation: ["list", "ack"], after: 300, count: 20 },
    { kind: "skew", ms: -3_600_000 },
  ],
  workato: [
    { kind: "status", status: 429, retryAfter: 1, operation: "consume", after: 3, count: 1 },
    { kind: "status", status: 500, operation: "consume", after: 6, count: 2 },
    { kind: "cut", operation: "consume", after: 10, count: 1 },
    { kind: "lostReply", operation: "consume", after: 12, count: 2 },
    { kind: "status", status: 400, operation: "consume", after: 16, count: 1 },
    { kind: "status", status: 200, body: refusal, operation: "consume", after: 18, count: 1 },
    { kind: "stall", operation: "consume", after: 20, count: 1 },
    { kind: "headers", headers: junk, operation: "consume", after: 22, count: 5 },
    { kind: "skew", ms: 600_000 },
  ],
  discue: [
    { kind: "cut", operation: "notify", after: 100, count: 5 },
    { kind: "lostReply", operation: "notify", after: 300, count: 5 },
    { kind: "duplicate", operation: "notify", after: 500, count: 5 },
    { kind: "stall", operation: "notify", after: 700, count: 1 },
    { kind: "garbage", operation: "notify", after: 900, count: 1 },
    { kind: "skew", ms: 600_000 },
  ],
};
