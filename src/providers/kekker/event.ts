import { type AckloopError, isAckloopError } from "../../core/errors.ts";
import type { EventCatalogue, FeedEvent } from "../../core/event.ts";
import type { Delivery } from "../../core/feed.ts";
import type { SchemaOutput, StandardSchemaV1 } from "../../core/standard-schema.ts";
import { parseAs } from "../../http/reply.ts";
import { toAckReceipt } from "./receipt.ts";
import { toUtcTime } from "./time.ts";
import {
  documentedCategories,
  idNames,
  isWireEvent,
  type KekkerCategory,
  namedEvent,
  type WireEvent,
  wireClients,
  wireDeal,
  wireEvent,
  wireQueueError,
  wireQueueSuccess,
  wireSystem,
} from "./wire.ts";

/** What every event's data has, whatever its category. */
export interface KekkerEventData {
  /** The category the event was listed under. */
  readonly category?: KekkerCategory | null | undefined;
  /** The id of what the event is about. The guide names it of every event, the schema of most. */
  readonly objectId?: string | null | undefined;
}

/**
 * An event as it comes over the wire, in the names of the example replies.
 *
 * The documents show `eventUid`, `event`, `category` and `timestamp` in every event, and say of no member
 * whether it is optional. Ids are numbers or texts.
 *
 * Source: Kekker, "API Events Requests" with its schemas, "Interaction with events", read 2026-11.
 */
export interface KekkerWireEvent {
  /** The event's id. */
  readonly eventUid: string | number;
  /** The type, as the node spells it. */
  readonly event: string;
  /** The category. */
  readonly category?: KekkerCategory | null | undefined;
  /** When it happened: UTC where no zone is written. */
  readonly timestamp?: string | null | undefined;
  /** What it is about: a cluster, an operation or a deal. */
  readonly objectId?: string | number | null | undefined;
  /** Of a deal: the node's own id. */
  readonly localObjectId?: string | number | null | undefined;
  /** Of an operation: the same as `objectId`. */
  readonly queueId?: string | number | null | undefined;
  /** Of an operation: the deal that it made. */
  readonly dealId?: string | number | null | undefined;
  /** Of an operation: the node's own id of that deal. */
  readonly localDealId?: string | number | null | undefined;
  /** Of an operation: where it is. */
  readonly status?: string | null | undefined;
  /** Of an operation: what went wrong. */
  readonly error?: string | null | undefined;
  /** Of a members list: `THIS` or `EXTERNAL`. */
  readonly source?: string | null | undefined;
  readonly [member: string]: unknown;
}

/**
 * Reads a delivery's `raw`, or an item of the list: whatever the spelling of its members was, they have the
 * names of {@link KekkerWireEvent}.
 *
 * Never throws; `undefined` for what is no event. Of the members only `eventUid`, `event`, `category` and
 * `timestamp` are checked.
 */
export function toKekkerWireEvent(raw: unknown): KekkerWireEvent | undefined {
  const read = wireEvent.safeParse(namedEvent(raw));
  return read.success ? read.data : undefined;
}

/** The members list of a network or a cluster has changed. */
export interface KekkerClientsData extends KekkerEventData {
  /** The id of the cluster; for the list of a whole network the documents leave open whether there is one. */
  readonly objectId?: string | null | undefined;
  /** `THIS` for the current network, `EXTERNAL` for another one. */
  readonly source?: "THIS" | "EXTERNAL" | (string & {}) | null | undefined;
}

/** An operation in the queue has succeeded. */
export interface KekkerQueueSuccessData extends KekkerEventData {
  /** The id of the operation in the queue. */
  readonly objectId: string;
  /** The same, where the node sends the operation's state along. */
  readonly queueId?: string | null | undefined;
  /** The global id of the deal it made, two runs of 32 hex digits with a colon between. */
  readonly dealId?: string | null | undefined;
  /** The node's own id of that deal. */
  readonly localDealId?: string | null | undefined;
  /** The operation's status, where the node sends it along. */
  readonly status?: string | null | undefined;
}

/** An operation in the queue has failed. */
export interface KekkerQueueErrorData extends KekkerEventData {
  /** The id of the operation in the queue. */
  readonly objectId: string;
  /** The same, where the node sends the operation's state along. */
  readonly queueId?: string | null | undefined;
  /** The operation's status, where the node sends it along. */
  readonly status?: string | null | undefined;
  /** What went wrong, for people. */
  readonly error?: string | null | undefined;
}

/** A deal is new, or has changed. */
export interface KekkerDealData extends KekkerEventData {
  /** The global id of the deal, two runs of 32 hex digits with a colon between. */
  readonly objectId: string;
  /** The node's own id of the deal. */
  readonly localObjectId?: string | null | undefined;
}

/**
 * Every event that the documents of Kekker name, by type. Other types may come.
 *
 * `data` holds the members of the event that the event itself has no place for: all but `eventUid`,
 * `event` and `timestamp`. Ids are text, whatever the wire had. The object as it came is the
 * delivery's `raw`.
 *
 * Source: Kekker, "API Events Requests" with its schemas, "Interaction with events", read 2026-11.
 */
export type KekkerEvent =
  /** Category System: the configuration of the node has changed. */
  | FeedEvent<"SystemConfigurationUpdated", KekkerEventData>
  /** Category Clients: the members list of a network or a cluster has changed. */
  | FeedEvent<"ClientsListUpdated", KekkerClientsData>
  /** Category Queue: an operation has succeeded. One example calls it `Success`. */
  | FeedEvent<"SuccessQueueEvent", KekkerQueueSuccessData>
  /** Category Queue: an operation has failed. */
  | FeedEvent<"ErrorQueueEvent", KekkerQueueErrorData>
  /** Category Deals: a deal is new. The guide calls it `DealsCreated`. */
  | FeedEvent<"DealCreated", KekkerDealData>
  /** Category Deals: a deal has changed. The guide calls it `DealsUpdated`. */
  | FeedEvent<"DealUpdated", KekkerDealData>;

/** An event type that the documents of Kekker name. */
export type KekkerEventType = KekkerEvent["type"];

/** Schemas by event type, as a user adds or replaces them. */
export type KekkerSchemas = { readonly [type: string]: StandardSchemaV1 };

/** The events of a feed whose catalogue was extended: a type of one's own replaces Kekker's. */
export type KekkerEventWith<Schemas extends KekkerSchemas> = [keyof Schemas] extends [never]
  ? KekkerEvent
  :
      | Exclude<KekkerEvent, { readonly type: keyof Schemas }>
      | {
          [Type in keyof Schemas & string]: FeedEvent<Type, SchemaOutput<Schemas[Type]>>;
        }[keyof Schemas & string];

/**
 * The schemas of the documented event types.
 *
 * The documents say of no member whether it is optional. Required is only the id of an operation or a
 * deal, without which a handler could do nothing; unknown members are let through.
 */
export const kekkerEvents: EventCatalogue<KekkerEvent> = {
  SystemConfigurationUpdated: wireSystem,
  ClientsListUpdated: wireClients,
  SuccessQueueEvent: wireQueueSuccess,
  ErrorQueueEvent: wireQueueError,
  DealCreated: wireDeal,
  DealUpdated: wireDeal,
};

/**
 * Other spellings of the documented types, by category and type in lower case.
 *
 * Assumed: `Error` stands for `ErrorQueueEvent` as the documented `Success` does for
 * `SuccessQueueEvent`; a Queue event `Error` of another meaning would show it wrong.
 */
const aliases: ReadonlyMap<string, string> = new Map([
  ["deals dealscreated", "DealCreated"],
  ["deals dealsupdated", "DealUpdated"],
  ["queue success", "SuccessQueueEvent"],
  ["queue error", "ErrorQueueEvent"],
]);

const categories: ReadonlyMap<string, string> = new Map(
  documentedCategories.map((category) => [category.toLowerCase(), category]),
);

/** Makes deliveries of the list's items. */
export interface EventReader<E extends FeedEvent> {
  /** The documented schemas and the user's. */
  readonly events: EventCatalogue<E>;
  /** Makes one delivery; `at` says in errors where the item stands, such as `data[3]`. */
  read(item: unknown, at: string): Delivery<E>;
}

/** Makes the reader of one feed: `source` is the events' own, `extra` the user's schemas. */
export function createEventReader<Schemas extends KekkerSchemas = Record<never, never>>(
  source: string,
  extra?: Schemas | undefined,
): EventReader<KekkerEventWith<Schemas>> {
  const schemas: KekkerSchemas = { ...kekkerEvents, ...extra };
  const known = new Map(Object.keys(schemas).map((type) => [type.toLowerCase(), type]));
  const typeOf = ({ event, category }: WireEvent): string => {
    if (Object.hasOwn(schemas, event)) return event;
    const lower = event.toLowerCase();
    return known.get(lower) ?? aliases.get(`${category?.toLowerCase()} ${lower}`) ?? event;
  };
  return {
    events: schemas as EventCatalogue<KekkerEventWith<Schemas>>,
    read(item, at) {
      const named = namedEvent(item);
      const wire = readWire(named, at);
      if (isAckloopError(wire)) return toUnreadable(wire, item, named);
      const event = toEvent(wire, source, typeOf(wire));
      // The type is one of the union, or unknown to it: the loop sorts these out by the catalogue.
      const receipt = toAckReceipt(event.id, event.time);
      return { event: event as KekkerEventWith<Schemas>, raw: item, receipt };
    },
  };
}

function readWire(named: unknown, at: string): WireEvent | AckloopError {
  if (isWireEvent(named)) return named;
  try {
    return parseAs(wireEvent, named, { provider: "kekker", operation: "pull", at });
  } catch (error) {
    if (isAckloopError(error)) return error;
    throw error;
  }
}

function toEvent(wire: WireEvent, source: string, type: string): FeedEvent {
  const time = typeof wire.timestamp === "string" ? toUtcTime(wire.timestamp) : undefined;
  const data = toData(wire);
  const { objectId } = data;
  const isAbout = typeof objectId === "string" && objectId !== "";
  return {
    specversion: "1.0",
    id: String(wire.eventUid),
    source,
    type,
    ...(time === undefined ? undefined : { time }),
    ...(isAbout ? { subject: objectId } : undefined),
    data,
  };
}

type Data = { objectId?: unknown; category?: unknown; [name: string]: unknown };

function toData(wire: WireEvent): Readonly<Data> {
  const { eventUid: _id, event: _type, timestamp: _time, ...members } = wire;
  const data: Data = members;
  for (const name of idNames) {
    const id = data[name];
    if (typeof id === "number") data[name] = String(id);
  }
  const known = categories.get(wire.category?.toLowerCase() ?? "");
  if (known !== undefined) data.category = known;
  // One example names the operation `queueId`, where the schema and the others say `objectId`.
  const isAlias = known === "Queue" && (data.objectId ?? null) === null && "queueId" in data;
  if (isAlias) data.objectId = data["queueId"];
  return data;
}

/** With its id an event can be set aside and acknowledged, although the rest of it is unreadable. */
function toUnreadable(unreadable: AckloopError, raw: unknown, named: unknown): Delivery<never> {
  const { eventUid, timestamp } = Object(named) as Readonly<Record<string, unknown>>;
  const id = wireEvent.shape.eventUid.safeParse(eventUid);
  if (!id.success) return { unreadable, raw };
  const time = typeof timestamp === "string" ? toUtcTime(timestamp) : undefined;
  return { unreadable, raw, receipt: toAckReceipt(String(id.data), time) };
}
