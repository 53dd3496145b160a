/**
 * The JSON of Tiki's API, in Tiki's own names.
 *
 * A reply must hold the fields that we use; any other field may be absent, null or new. Codes and
 * `ack_id` are opaque text: some of the vendor's own samples are not valid UUIDs.
 *
 * Sources, read 2026-11 at open.tiki.vn/docs: "Event queue API" (queues, subscriptions, events),
 * "Event type" (payloads), "Common exceptions" (errors), "Auth flows" (tokens). A shape marked "seen
 * live" comes from a shop's running consumer of 2025.
 */
import * as z from "zod/mini";
import { anyItems, listOf } from "../../http/list.ts";

const text = z.string().check(z.minLength(1));
const optionalText = z.nullish(z.string());

/** A queue. The documents show only `ACTIVE` as status. Source: "Event queue API". */
export const wireQueue = z.object({ code: text, name: optionalText, status: optionalText });

/** A parsed queue. */
export type WireQueue = z.infer<typeof wireQueue>;

/** The reply of `GET /queues`: a list without an envelope. Source: "Event queue API". */
export const wireQueues = listOf(wireQueue);

/** A subscription. `sid` is the seller it belongs to. Source: "Event queue API". */
export const wireSubscription = z.object({
  code: text,
  event_type: text,
  active: z.boolean(),
  sid: optionalText,
});

/** A parsed subscription. */
export type WireSubscription = z.infer<typeof wireSubscription>;

/** The reply of `GET /queues/{code}/subscriptions`. Source: "Event queue API". */
export const wireSubscriptions = listOf(wireSubscription);

/**
 * The reply of `POST /queues/{code}/events/pull`. The items are checked one by one in `event.ts`, so
 * that a malformed one leaves the others unharmed. Source: "Event queue API".
 *
 * Assumed: an empty page may have no `ack_id`, and "nothing there" may be `null` or 204; the documents
 * do not say.
 */
export const wirePage = z.object({
  events: anyItems,
  ack_id: optionalText,
});

/**
 * The reply of `POST /queues/{code}/events/ack`. Source: "Event queue API".
 *
 * Assumed: a 2xx without a body acknowledges too; only `{"status":"ok"}` is documented. Acknowledged events
 * that come again would show it wrong.
 */
export const wireAck = z.optional(
  z.object({
    status: z.literal("ok"),
    errors: z.nullish(z.array(z.unknown()).check(z.maxLength(0))),
  }),
);

/** Whatever else an ack may be answered with. */
export const wireAnyAck = orNothing(z.object({ status: z.string() }));

/** One event of a page, as far as `event.ts` has checked it. Source: "Event queue API". */
export interface WireEnvelope {
  /** Never empty; the same again on redelivery. Documented as text. */
  readonly id: string | number;
  /** An open set. */
  readonly type: string;
  /** Epoch milliseconds. */
  readonly created_at?: unknown;
  /** Depends on `type` and `version`. */
  readonly payload?: unknown;
}

/** Text, or a number as text. */
const anyText = z.union([text, z.pipe(z.number(), z.transform(String))]);

/** A number, or a number that was sent as text. */
const anyNumber = z.union([
  z.number(),
  z.pipe(z.string().check(z.regex(/^-?\d+(\.\d+)?$/)), z.transform(Number)),
]);

/** A whole number as a number where it can hold it, and otherwise as the text that came. */
const anyId = z.pipe(
  z.union([z.number(), text]),
  z.transform((id) =>
    Number.isSafeInteger(Number(id)) && String(Number(id)) === id ? Number(id) : id,
  ),
);

// What is not the key holds no event up: where it cannot be read it is left out, and stands in `raw`.
const optionalAnyText = orNothing(z.nullable(z.union([z.string(), anyText])));
const optionalAnyNumber = orNothing(z.nullable(anyNumber));

/**
 * The reply of the token endpoint, `expires_in` in seconds; where that cannot be read the token is good until
 * it is refused. Its `refresh_token` is read apart, whatever else is odd. Source: "Auth flows".
 */
export const wireToken = z.object({ access_token: text, expires_in: optionalAnyNumber });

/** A parsed reply of the token endpoint. */
export type WireToken = z.infer<typeof wireToken>;

/** One event of a page, whole. Source: "Event queue API". */
export const wireEvent = z.looseObject({
  id: anyText,
  type: text,
  sid: optionalAnyText,
  created_at: optionalAnyNumber,
  version: optionalAnyText,
  payload: z.optional(z.unknown()),
});

/** The payload of both order events. Live, it may have a duplicate `orderCode` and no `status`. */
export const wireOrder = z.looseObject({
  order_code: anyText,
  status: optionalAnyText,
  orderCode: optionalAnyText,
});

/** The payload of `PRODUCT_PRICE_UPDATED`. Prices are text. Source: "Event type". */
export const wirePrice = z.looseObject({
  product_id: anyId,
  original_sku: optionalAnyText,
  price_from: optionalAnyText,
  price_to: optionalAnyText,
});

/** The payload of `PRODUCT_MARKET_PRICE_UPDATED`. Source: "Event type". */
export const wireMarketPrice = z.looseObject({
  product_id: anyId,
  original_sku: optionalAnyText,
  market_price_from: optionalAnyText,
  market_price_to: optionalAnyText,
});

/** The payload of `PRODUCT_INVENTORY_UPDATED`: undocumented as `v1`, seen live as `v2`. */
export const wireInventory = z.looseObject({
  product_id: anyId,
  original_sku: optionalAnyText,
  warehouse_id: optionalAnyNumber,
  quantity_from: optionalAnyNumber,
  quantity_to: optionalAnyNumber,
  quantity_available_from: optionalAnyNumber,
  quantity_available_to: optionalAnyNumber,
  quantity_reserved_from: optionalAnyNumber,
  quantity_reserved_to: optionalAnyNumber,
  quantity_sellable_from: optionalAnyNumber,
  quantity_sellable_to: optionalAnyNumber,
});

/**
 * What a schema reads, and `undefined` where it cannot.
 *
 * zod's own `catch` does it too, and holds all of zod's helpers in every bundle: 10 kB.
 */
function orNothing<Value>(schema: z.ZodMiniType<Value>) {
  const read = (value: unknown) => z.safeParse(schema, value).data;
  return z.optional(z.pipe(z.unknown(), z.transform(read)));
}
