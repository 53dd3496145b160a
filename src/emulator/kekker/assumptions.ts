import type { Assumptions } from "../../core/assumption.ts";
import { type Choices, isCount, isText, isTexts } from "../options.ts";

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
  /**
   * How an event's id is named: as in the list's example, or as in the guide; in the case of `memberCase`.
   * @default "eventUid"
   */
  readonly idMember: "eventUid" | "eventId";
  /** Whether a category of the path is found in any case. @default "any" */
  readonly categoryCase: "any" | "exact";
  /** The list of a category that no event has had: empty, or 400. @default "empty" */
  readonly unknownCategory: "empty" | "refuse";
  /** What a reset takes in: the events of its channel alone, or those of every channel. @default "channel" */
  readonly resetScope: "channel" | "node";
  /** What a reset does to unprocessed events before its time: nothing, or they count as processed. @default "keep" */
  readonly resetBefore: "keep" | "process";
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
  categoryCase: "any",
  unknownCategory: "empty",
  resetScope: "channel",
  resetBefore: "keep",
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

/** What each can be. */
export const choices: Choices<KekkerAssumptions> = {
  defaultPageSize: isCount,
  maxPageSize: isCount,
  pageSizeShown: ["cut", "asked"],
  listOrder: ["published", "none"],
  listForm: ["page", "array"],
  totals: ["all", "page", "none"],
  memberCase: ["camel", "pascal"],
  idMember: ["eventUid", "eventId"],
  categoryCase: ["any", "exact"],
  unknownCategory: ["empty", "refuse"],
  resetScope: ["channel", "node"],
  resetBefore: ["keep", "process"],
  times: ["short", "full"],
  ackReply: ["bare", "quoted"],
  ackReplyWhenEmpty: isText,
  secondAck: ["refuse", "accept"],
  resetZones: (value) =>
    Array.isArray(value) && value.every((zone) => ["none", "Z", "offset"].includes(zone)),
  channels: (value) => isTexts(value) && (value as readonly string[]).length > 0,
  defaultVersion: ["1.0", "2.0"],
  unauthorizedBody: isText,
};

/** The texts of refusals. */
export const texts = Object.freeze({
  noChannel: "Channel is required",
  unknownChannel: "Channel not found",
  unknownCategory: "Category not found",
  version: "Unsupported API version",
  paging: "Paging parameters are not valid",
  time: "DateTimeUTC is not valid",
  eventNotFound: "Event not found",
  operationNotFound: "Deals action not found",
  operationNotDeletable: "Only an action with status InQueue or Error can be deleted",
});

/**
 * What the emulator takes for granted of Kekker: every option of {@link KekkerAssumptions}, and what has
 * none.
 */
export const assumptions = {
  "reset-zone": {
    assumed: "any form is taken, and UTC is meant where there is no zone",
    options: ["assumptions.resetZones"],
  },
  "ack-last": {
    assumed: "no body",
    options: ["assumptions.ackReplyWhenEmpty"],
  },
  "ack-again": {
    assumed: "400 `Event not found`, as of an event that never was",
    options: ["assumptions.secondAck"],
  },
  "object-id": { assumed: "an event has the members that it was published with" },
  "list-form": {
    assumed: "the object of the reference",
    options: ["assumptions.listForm"],
  },
  "list-order": {
    assumed: "the order of publishing",
    options: ["assumptions.listOrder"],
  },
  "page-size": {
    assumed:
      "10 where none is asked for, as in the example; 500 at most, which the vendor's own consumer asks for",
    options: ["assumptions.defaultPageSize", "assumptions.maxPageSize"],
  },
  "page-said": {
    assumed:
      "the size that was given; all events that are unprocessed; a page behind the last is empty",
    options: ["assumptions.pageSizeShown", "assumptions.totals"],
  },
  names: {
    assumed: "`eventUid`, in camel case",
    options: ["assumptions.memberCase", "assumptions.idMember"],
  },
  "time-form": {
    assumed: "short and without a zone, as in the examples",
    options: ["assumptions.times"],
  },
  "ack-reply-form": {
    assumed: "without quotes, as the example shows it",
    options: ["assumptions.ackReply"],
  },
  categories: {
    open: "whether the case of a category in the path counts, and what the list of one is that nobody knows",
    assumed: "any case, and an empty list",
    options: ["assumptions.categoryCase", "assumptions.unknownCategory"],
    wrong: "an empty list for `deals`, or a refusal",
    alone: "it sends what it is given, and the documented categories in their own case",
  },
  "reset-scope": {
    assumed: "all categories of the request's channel; earlier events stay as they are",
    options: ["assumptions.resetScope", "assumptions.resetBefore"],
  },
  "default-version": {
    open: "which version a request without `x-api-version` has; the two differ in what the list means",
    assumed: "1.0, where the list is of all events",
    options: ["assumptions.defaultVersion"],
    wrong: "a list of the form of 2.0 to a request without the header",
    alone: "it always sends the header",
  },
  channels: {
    open: "the answer to a missing or unknown channel",
    assumed: "400",
    options: ["assumptions.channels"],
    wrong: "another status, or an empty list",
    alone: "it reports a refusal",
  },
  "header-statuses": {
    open: "the answers to a version that is not supported, and to an `Accept` without JSON",
    assumed: "400 and 406",
    wrong: "another status",
    alone: "it sends neither",
  },
  "paging-refused": {
    open: "the answer to a `pageNumber` or `pageSize` that is no whole number from 1",
    assumed: "400",
    wrong: "another status, or a page",
    alone: "it refuses them before it sends",
  },
  "reset-refused": {
    open: "the answer to a reset by what is no time",
    assumed: "400",
    wrong: "another status",
    alone: "it refuses it before it sends",
  },
  "cancel-refused": {
    open: "the answer to a cancel of an operation that runs or is done",
    assumed: "400 with a text of its own",
    wrong: "another status, or the text of an unknown operation",
    alone: "it reports a refusal",
  },
  unauthorized: {
    open: "the body of a 401, which comes from a proxy",
    assumed: "a page of HTML",
    options: ["assumptions.unauthorizedBody"],
    wrong: "nothing: any body is documented",
    alone: "it does not read that body",
  },
} as const satisfies Assumptions;
