import type { Assumptions } from "../../core/assumption.ts";

/** What the client takes for granted of Kekker. */
export const assumptions = {
  "reset-zone": {
    open: "how the zone of a reset's time is written; the one example has none, the schema's pattern has one",
    assumed: "UTC without a zone",
    options: ["resetZone"],
    wrong: "a 400, or events of some hours missing",
  },
  "ack-last": {
    open: "an ack's answer when nothing is left",
    assumed:
      "no body, `null`, or a time of the year 1 or 9999, which are .NET's smallest and largest",
    wrong: "a watermark that stands still",
  },
  "ack-again": {
    open: "a second ack of one event; `Event not found` is documented of unknown ones",
    assumed: "`Event not found` says that it was acknowledged before, which is success",
    wrong: "an event that is on the list although its ack was answered so: it comes again",
  },
  "object-id": {
    open: "which events have an object's id; the guide names it of every event, the schemas of most",
    assumed: "those of Queue and Deals always, those of Clients and System perhaps",
    options: ["events"],
    wrong: "an event that goes by the policy `unprocessable`",
  },
  "list-form": {
    open: "whether the list is a page (reference) or a bare array (guide)",
    assumed: "either",
    wrong: "a third form: `schema`",
  },
  "list-order": {
    open: "the order of the list",
    assumed: "none; deals want `orderBy`",
    wrong: "nothing: no order is relied on",
  },
  "page-size": {
    open: "how many events a page has, unasked and at most",
    assumed: "nothing; a page that is cut shorter than asked is followed by the next",
    wrong: "a page after a cut one that is not the next part of the list",
  },
  "page-said": {
    open: "what `pageSize` and `totalRecords` say where the node cuts a page, and what is behind the last",
    assumed: "that this is all, only where both say so",
    wrong: "events behind a page that says so",
  },
  names: {
    open: "the names of members: `eventUid`, `EventUid`, `EventId`, and Pascal or camel case",
    assumed: "any of them",
    wrong: "an id of another name: `unreadable`",
  },
  "queue-types": {
    open: "`Success` in one example, where the schema has `SuccessQueueEvent`",
    assumed: "one and the same, and `Error` is `ErrorQueueEvent`",
    options: ["events"],
    wrong: "a Queue event `Error` of another meaning",
    alone: "it publishes any type",
  },
  "deal-types": {
    open: "`DealsCreated`, `DealsUpdated` in the guide; `DealCreated`, `DealUpdated` in the reference",
    assumed: "one and the same, given by the reference's names",
    options: ["events"],
    wrong: "two types that differ",
    alone: "it publishes any type",
  },
  "time-form": {
    open: "how times are written: short without a zone (examples), or seven digits and an offset (schema)",
    assumed: "either; UTC where there is no zone",
    wrong: "events whose time is some hours off",
  },
  "ack-reply-form": {
    open: "whether the time in an ack's answer stands in quotes",
    assumed: "either",
    wrong: "an ack that fails with `schema`",
  },
  "reset-scope": {
    open: "whether a reset covers all categories and channels, and what becomes of earlier events",
    assumed: "all categories of the channel; earlier ones stay as they are",
    wrong: "events of another channel that come again, or earlier ones that vanish",
  },
} as const satisfies Assumptions;
