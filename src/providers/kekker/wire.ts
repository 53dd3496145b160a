/**
 * The API's JSON, version 2.0, in the API's own names.
 *
 * Sources, all read 2026-11: "API Events Requests", "API Queue Requests" with their schemas,
 * "Interaction with events", "Handling Errors", at kekker.com/docs/api (unchanged since 2021-11-30).
 *
 * The pages spell the same member `eventUid`, `EventUid` and `EventId`, `objectId` and `ObjectId`,
 * `errorMessage` and `ErrorMessage`. Every reader here therefore goes through
 * `withDocumentedNames` first, and the schemas know the spelling of the example replies alone.
 */
import * as z from "zod/mini";
import { anyItems } from "../../http/list.ts";
import { isSegment } from "../../http/request.ts";
import { toUtcTime } from "./time.ts";

/** The categories that the documents name. More may exist, each named after its business object. */
export const documentedCategories = ["System", "Clients", "Queue", "Deals"] as const;

/** A category: the documented ones, and any other text. */
export type KekkerCategory = (typeof documentedCategories)[number] | (string & {});

/** A long or a text: the examples show numbers where the schema says string, and the reverse. */
const id = z.union([z.string(), z.number()]);
const text = z.nullish(z.string());
const count = z.nullish(z.number());

const eventNames = namesOf({
  eventUid: "eventUid",
  eventId: "eventUid",
  event: "event",
  category: "category",
  timestamp: "timestamp",
  objectId: "objectId",
  localObjectId: "localObjectId",
  dealId: "dealId",
  localDealId: "localDealId",
  queueId: "queueId",
  source: "source",
  status: "status",
  error: "error",
});

/** The members of an event that hold an id, and are given as text whatever the wire has. */
export const idNames: ReadonlySet<string> = new Set([
  "eventUid",
  "objectId",
  "localObjectId",
  "dealId",
  "localDealId",
  "queueId",
]);

/** What every event has. The members of its type stand beside these, and are left to the catalogue. */
export const wireEvent = z.looseObject({
  // An id that no path can hold could never be acknowledged.
  eventUid: id.check(z.refine((value) => isSegment(String(value)), "must fit into a path")),
  event: z.string().check(z.minLength(1)),
  category: text,
  timestamp: text,
});

/** An event of the list, with the names of the example replies. */
export type WireEvent = z.infer<typeof wireEvent>;

/** Gives an event's members the names of the example replies, an alias included. */
export function namedEvent(item: unknown): unknown {
  return withDocumentedNames(item, eventNames);
}

/**
 * Whether {@link wireEvent} would let an event through as it is, for a tenth of what the schema costs. What is
 * in doubt is none: the schema says of it what is wrong.
 */
export function isWireEvent(named: unknown): named is WireEvent {
  if (typeof named !== "object" || named === null || Object.hasOwn(named, "__proto__"))
    return false;
  const { eventUid, event, category, timestamp } = named as Partial<WireEvent>;
  if (typeof eventUid !== "string" && !Number.isFinite(eventUid)) return false;
  if (typeof event !== "string" || event === "" || !isSegment(String(eventUid))) return false;
  return isTextOrNone(category) && isTextOrNone(timestamp);
}

const isTextOrNone = (value: unknown): boolean =>
  typeof value === "string" || value === undefined || value === null;

/** The members of a System event: by the guide every event has an `objectId`, by the schema it has none. */
export const wireSystem = z.looseObject({ objectId: text });

/** The members of a Clients event. Source: schema "ClientsEvent". */
export const wireClients = z.looseObject({ objectId: text, source: text });

/** The members of `SuccessQueueEvent`; `localDealId`, `queueId` and `status` by the guide alone. */
export const wireQueueSuccess = z.looseObject({
  objectId: z.string(),
  queueId: text,
  dealId: text,
  localDealId: text,
  status: text,
});

/** The members of `ErrorQueueEvent`; `queueId` and `status` by the guide alone. */
export const wireQueueError = z.looseObject({
  objectId: z.string(),
  queueId: text,
  status: text,
  error: text,
});

/** The members of both Deals events. Source: schema "DealEvent". */
export const wireDeal = z.looseObject({ objectId: z.string(), localObjectId: text });

const pageNames = namesOf({
  pageNumber: "pageNumber",
  pageSize: "pageSize",
  totalRecords: "totalRecords",
  data: "data",
});

/** One page of the list. The guide shows the bare array, the reference this object: both are read. */
export const wirePage = z.object({
  pageNumber: count,
  pageSize: count,
  totalRecords: count,
  data: anyItems,
});

/** One page of the list. */
export type WirePage = z.infer<typeof wirePage>;

/** Brings both documented forms of the list to the one {@link wirePage} knows. */
export function namedPage(body: unknown): unknown {
  return Array.isArray(body) ? { data: body } : withDocumentedNames(body, pageNames);
}

const queueNames = namesOf({
  queueId: "queueId",
  status: "status",
  dealId: "dealId",
  localDealId: "localDealId",
  error: "error",
});

/** The state of one operation in the queue. */
export const wireQueueState = z.object({
  queueId: id,
  status: z.string(),
  dealId: z.nullish(id),
  localDealId: z.nullish(id),
  error: text,
});

/** The state of one operation in the queue. */
export type WireQueueState = z.infer<typeof wireQueueState>;

/** Gives a queue state's members the names of the example replies. */
export function namedQueueState(body: unknown): unknown {
  return withDocumentedNames(body, queueNames);
}

const errorNames = namesOf({ errorMessage: "errorMessage" });

/** The text of an error body, when it has one. A 401 may be of any shape. */
export function errorText(body: unknown): string | undefined {
  const named = withDocumentedNames(body, errorNames);
  if (typeof named !== "object" || named === null || !("errorMessage" in named)) return undefined;
  return typeof named.errorMessage === "string" ? named.errorMessage : undefined;
}

/**
 * Reads the reply of an ack: the time of the earliest event that is still unprocessed, in UTC.
 *
 * The page declares `application/json` and shows the time without quotes, so quoted JSON, bare text,
 * an empty body and `null` are all taken. `undefined` when there is none, or no time could be read.
 *
 * Assumed: the smallest and the largest time of .NET, years 1 and 9999, mean that nothing is left; an
 * event stamped with one of these years would show it wrong.
 */
export function readEarliest(body: string): string | undefined {
  const time = toUtcTime(bare(body));
  return time === undefined || edgeYears.test(time) ? undefined : time;
}

/** Whether the reply of an ack says that nothing is left: nothing at all, or one of the edges of time. */
export function saysNothing(body: string): boolean {
  const text = bare(body);
  return ["", "null"].includes(text) || edgeYears.test(toUtcTime(text) ?? "");
}

const edgeYears = /^(0001|9999)-/;

function bare(body: string): string {
  return body.trim().replace(/^"(.*)"$/s, "$1");
}

/**
 * Gives an object's members their documented names, whatever their case; other members stay.
 *
 * A member that is there under its own name wins over another spelling of it, which then stays as it
 * is. Anything but an object is given back untouched, and so is an object that needs no other name.
 */
export function withDocumentedNames(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  if (Object.keys(value).every((key) => (names.get(key) ?? nameOf(key, names) ?? key) === key)) {
    return value;
  }
  const named = Object.entries(value).map(([key, member]): [string, unknown] => {
    const name = nameOf(key, names);
    return [name === undefined || Object.hasOwn(value, name) ? key : name, member];
  });
  // Not by assignment: a member called __proto__ must stay a member.
  return Object.fromEntries(named);
}

const nameOf = (key: string, names: ReadonlyMap<string, string>): string | undefined =>
  names.get(key.toLowerCase());

/** Makes the table from any casing of a spelling, and from the documented name, to that name. */
function namesOf(spellings: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(spellings).flatMap(([from, to]) => [
      [to, to],
      [from.toLowerCase(), to],
    ]),
  );
}
