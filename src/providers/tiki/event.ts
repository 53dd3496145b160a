import { AckloopError } from "../../core/errors.ts";
import type { EventCatalogue, FeedEvent } from "../../core/event.ts";
import { type WireEnvelope, wireInventory, wireMarketPrice, wireOrder, wirePrice } from "./wire.ts";

/**
 * An order's status. An open set: other words may come.
 *
 * Source: Tiki, "Order status v2", read 2026-11.
 */
export type TikiOrderStatus =
  | "queueing"
  | "canceled"
  | "complete"
  | "successful_delivery"
  | "processing"
  | "waiting_payment"
  | "handover_to_partner"
  | "closed"
  | "packaging"
  | "picking"
  | "shipping"
  | "paid"
  | "delivered"
  | "holded"
  | "ready_to_ship"
  | "payment_review"
  | "returned"
  | "finished_packing"
  | (string & {});

/**
 * The data of both order events. Thin: fetch the order for its current state.
 *
 * Source: Tiki, "Event type", read 2026-11; live events differ as told at the fields.
 */
export interface TikiOrderData {
  /** The order's code. */
  readonly order_code: string;
  /** The status when the event was made. Live, absent from `ORDER_CREATED_SUCCESSFULLY`. */
  readonly status?: TikiOrderStatus | null | undefined;
  /** A duplicate of `order_code`, seen live in `ORDER_STATUS_UPDATED`. */
  readonly orderCode?: string | null | undefined;
}

/**
 * The data of `PRODUCT_PRICE_UPDATED`. Prices are text.
 *
 * Source: Tiki, "Event type", read 2026-11.
 */
export interface TikiPriceData {
  /** The product: a number, or text where no number holds it. */
  readonly product_id: number | string;
  /** The seller's own number of the product; may be empty. */
  readonly original_sku?: string | null | undefined;
  /** The price before. */
  readonly price_from?: string | null | undefined;
  /** The price now. */
  readonly price_to?: string | null | undefined;
}

/**
 * The data of `PRODUCT_MARKET_PRICE_UPDATED`. Prices are text.
 *
 * Source: Tiki, "Event type", read 2026-11.
 */
export interface TikiMarketPriceData {
  /** The product: a number, or text where no number holds it. */
  readonly product_id: number | string;
  /** The seller's own number of the product; may be empty. */
  readonly original_sku?: string | null | undefined;
  /** The market price before. */
  readonly market_price_from?: string | null | undefined;
  /** The market price now. */
  readonly market_price_to?: string | null | undefined;
}

/**
 * The data of `PRODUCT_INVENTORY_UPDATED`: whole numbers, before and after.
 *
 * Source: a shop's running consumer, 2025, with `version` `v2`. Assumed: a `v1` payload, which is not
 * documented, has the `product_id` too; one without it would go by the policy `unprocessable`.
 */
export interface TikiInventoryData {
  /** The product: a number, or text where no number holds it. */
  readonly product_id: number | string;
  /** The seller's own number of the product; may be empty. */
  readonly original_sku?: string | null | undefined;
  /** The warehouse. */
  readonly warehouse_id?: number | null | undefined;
  /** All pieces, before. */
  readonly quantity_from?: number | null | undefined;
  /** All pieces, now. */
  readonly quantity_to?: number | null | undefined;
  /** Available pieces, before. */
  readonly quantity_available_from?: number | null | undefined;
  /** Available pieces, now. */
  readonly quantity_available_to?: number | null | undefined;
  /** Reserved pieces, before. */
  readonly quantity_reserved_from?: number | null | undefined;
  /** Reserved pieces, now. */
  readonly quantity_reserved_to?: number | null | undefined;
  /** Pieces for sale, before. */
  readonly quantity_sellable_from?: number | null | undefined;
  /** Pieces for sale, now. */
  readonly quantity_sellable_to?: number | null | undefined;
}

/** Every event that the documents of Tiki name, by type. Other types may come. */
export type TikiEvent =
  /** An order reached the status `queueing`. */
  | FeedEvent<"ORDER_CREATED_SUCCESSFULLY", TikiOrderData>
  /** An order has another status. */
  | FeedEvent<"ORDER_STATUS_UPDATED", TikiOrderData>
  /** A product has another price. */
  | FeedEvent<"PRODUCT_PRICE_UPDATED", TikiPriceData>
  /** A product has another market price. */
  | FeedEvent<"PRODUCT_MARKET_PRICE_UPDATED", TikiMarketPriceData>
  /** A product's stock changed. */
  | FeedEvent<"PRODUCT_INVENTORY_UPDATED", TikiInventoryData>;

/** An event type that the documents of Tiki name. */
export type TikiEventType = TikiEvent["type"];

/**
 * The schemas of all documented event types.
 *
 * Lenient, because live payloads differ from the documents: only the key (`order_code` or
 * `product_id`) is required. A number that came as text, and the reverse, becomes what is documented; any
 * other field may be absent, null or odd, which leaves it out; and unknown fields are kept.
 */
export const tikiEvents: EventCatalogue<TikiEvent> = {
  ORDER_CREATED_SUCCESSFULLY: wireOrder,
  ORDER_STATUS_UPDATED: wireOrder,
  PRODUCT_PRICE_UPDATED: wirePrice,
  PRODUCT_MARKET_PRICE_UPDATED: wireMarketPrice,
  PRODUCT_INVENTORY_UPDATED: wireInventory,
};

/**
 * Makes the event of a page's item, or the `schema` error that tells what is wrong with it.
 *
 * The envelope is checked by hand, as it is met with every event; the payload is left to the catalogue.
 */
export function toEvent(item: unknown, index: number, source: string): FeedEvent | AckloopError {
  const wrong = wrongField(item);
  if (wrong !== undefined) {
    const path = `events[${index}]${wrong.field}`;
    const facts = { provider: "tiki", operation: "pull", path };
    return new AckloopError("schema", `${path} is not ${wrong.expected}`, facts);
  }
  const { id, type, created_at, payload } = item as WireEnvelope;
  const time = toTime(created_at);
  const subject = toSubject(payload);
  return {
    specversion: "1.0",
    id: String(id),
    source,
    type,
    ...(time === undefined ? undefined : { time }),
    ...(subject === undefined ? undefined : { subject }),
    data: payload,
  };
}

/** What Tiki tells of an event besides the event itself. */
export interface TikiEnvelope {
  /** The seller whom the event concerns, as in the subscription's `sid`. */
  readonly sid: string | undefined;
  /** The version of the payload: `v1`; `v2` was seen live. */
  readonly version: string | undefined;
}

/**
 * Reads the envelope from a delivery's `raw`: which seller, which version of the payload.
 *
 * Never throws; what is absent or no text is `undefined`.
 */
export function toTikiEnvelope(raw: unknown): TikiEnvelope {
  const { sid, version } = Object(raw) as Readonly<Record<string, unknown>>;
  return { sid: isText(sid) ? sid : undefined, version: isText(version) ? version : undefined };
}

/** Finds the first field of an item's envelope that is not as documented. */
function wrongField(item: unknown): { field: string; expected: string } | undefined {
  if (typeof item !== "object" || item === null) return { field: "", expected: "an object" };
  const { id, type } = item as Readonly<Record<string, unknown>>;
  if (!isText(id) && typeof id !== "number") return { field: ".id", expected: "a non-empty text" };
  if (!isText(type)) return { field: ".type", expected: "a non-empty text" };
  return undefined;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** The last millisecond that RFC 3339 can write, in the year 9999. */
const lastInstantMs = 253_402_300_799_999;

/** Writes epoch milliseconds, also where they came as text, as RFC 3339; nothing for what is no such instant. */
function toTime(createdAt: unknown): string | undefined {
  const isDigits = typeof createdAt === "string" && /^\d+$/.test(createdAt);
  const epochMs = isDigits ? Number(createdAt) : createdAt;
  if (typeof epochMs !== "number" || !(epochMs >= 0 && epochMs <= lastInstantMs)) return undefined;
  return writeInstant(epochMs);
}

/** The minute that was written last, counted from the epoch, and its text up to the seconds. */
const lastMinute = { at: Number.NaN, text: "" };

/** As `Date` writes it, for a sixth of the price: the events of a page are mostly of one minute. */
function writeInstant(epochMs: number): string {
  const minute = Math.floor(epochMs / 60_000);
  if (minute !== lastMinute.at) {
    lastMinute.at = minute;
    lastMinute.text = new Date(minute * 60_000).toISOString().slice(0, "2020-01-01T00:00:".length);
  }
  // A digit before them, so that zeros stay.
  const seconds = String(100_000 + Math.floor(epochMs) - minute * 60_000);
  return `${lastMinute.text}${seconds.slice(1, 3)}.${seconds.slice(3)}Z`;
}

/** Finds the object that a payload of any type is about: an order's code, or else a product's id. */
function toSubject(payload: unknown): string | undefined {
  if (typeof payload !== "object" || payload === null) return undefined;
  const { order_code, product_id } = payload as Readonly<Record<string, unknown>>;
  const key = order_code ?? product_id;
  if (typeof key === "number") return String(key);
  return isText(key) ? key : undefined;
}
