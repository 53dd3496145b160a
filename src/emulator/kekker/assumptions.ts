/**
 * What Kekker's documents leave open, and what the emulator does there.
 *
 * Assumed: all of it. A true reply of the kind that a member describes would show its default wrong.
 */
export interface KekkerAssumptions {
  /** The events on a page where `pageSize` is not given. The example has 10. @default 10 */
  readonly defaultPageSize: number;
  /**
   * The most events on a page; a larger `pageSize` is cut to it. The vendor's own consumer asks for 500.
   * @default 500
   */
  readonly maxPageSize: number;
  /** Whether the reply names the `pageSize` it was asked for, or the one it was cut to. @default "cut" */
  readonly pageSizeShown: "cut" | "asked";
  /** The order of the list. The example is not in order of time. @default "published" */
  readonly listOrder: "published" | "none";
  /** Whether the list is the object of the reference, or the bare array of the guide. @default "page" */
  readonly listForm: "page" | "array";
  /** What `totalRecords` says: how many there are, how many are on this page, or it is left out. @default "all" */
  readonly totals: "all" | "page" | "none";
  /** The case of all member names in replies. The examples have the first. @default "camel" */
  readonly memberCase: "camel" | "pascal";
  /** How an event's id is named: as in the list's example, or as in the guide. @default "eventUid" */
  readonly idMember: "eventUid" | "eventId";
  /** How times are written: as the examples do, or as the schema does. @default "short" */
  readonly times: "short" | "full";
  /** Whether an ack's reply is written as the example shows it, or as JSON. @default "bare" */
  readonly ackReply: "bare" | "quoted";
  /** An ack's reply when nothing is left. @default "" (no body) */
  readonly ackReplyWhenEmpty: string;
  /** An ack of an event that is not on the list any more: as if unknown, or success. @default "refuse" */
  readonly secondAck: "refuse" | "accept";
  /** The zones that a reset takes; the example has none. UTC is meant without one. @default all */
  readonly resetZones: readonly ("none" | "Z" | "offset")[];
  /** The channels there are; others are refused with 400. @default ["demo-channel"] */
  readonly channels: readonly string[];
  /** The version where the header is missing or blank. @default "1.0" */
  readonly defaultVersion: "1.0" | "2.0";
  /** The body of a 401, which may be anything; sent as a page. @default a proxy's HTML page */
  readonly unauthorizedBody: string;
}

/** What the emulator does where it is not told otherwise. */
export const defaultAssumptions: KekkerAssumptions = Object.freeze({
  defaultPageSize: 10,
  maxPageSize: 500,
  pageSizeShown: "cut",
  listOrder: "published",
  listForm: "page",
  totals: "all",
  memberCase: "camel",
  idMember: "eventUid",
  times: "short",
  ackReply: "bare",
  ackReplyWhenEmpty: "",
  secondAck: "refuse",
  resetZones: Object.freeze(["none", "Z", "offset"] as const),
  channels: Object.freeze(["demo-channel"]),
  defaultVersion: "1.0",
  unauthorizedBody:
    "<html><head><title>401</title></head><body>Authorization Required</body></html>",
});

/**
 * Assumed as well, without an option: a missing header is 400, a version that is not supported is 400,
 * an `Accept` that does not take JSON is 406; an unknown category is an empty list; a reset covers all
 * categories of the one channel and leaves older events as they are; an operation that runs or is done
 * is not deleted (400); a page behind the last one is empty.
 */
export const texts = Object.freeze({
  noChannel: "Channel is required",
  unknownChannel: "Channel not found",
  version: "Unsupported API version",
  paging: "Paging parameters are not valid",
  time: "DateTimeUTC is not valid",
  eventNotFound: "Event not found",
  operationNotFound: "Deals action not found",
  operationNotDeletable: "Only an action with status InQueue or Error can be deleted",
});
