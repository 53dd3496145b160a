import type { Decisions, OptionNames } from "../decisions.ts";
import type { KekkerEmulatorOptions } from "../kekker.ts";
import type { KekkerOperation } from "./operation.ts";

/** What the emulator decides, and where that comes from. */
export const decisions = {
  routes: {
    list: "doc: API Events Requests, GET /api/events and /api/events/{category}; the guide's with a slash",
    ack: "doc: API Events Requests, POST /api/events/{eventUid}/ack",
    reset: "doc: API Events Requests, POST /api/events/reset/{dateTimeUTC}",
    queueGet: "doc: API Queue Requests, GET /api/queue/{queueId}",
    queueCancel: "doc: API Queue Requests, DELETE /api/queue/{queueId}",
  },
  refusals: {
    "400 texts.operationNotFound": "doc: API Queue Requests, 400",
    "400 texts.operationNotDeletable": "assumed: cancel-refused",
    "401": "doc: API Events Requests, 401; Handling Errors",
    "406": "assumed: header-statuses",
    "400 texts.version": "assumed: header-statuses",
    "400 texts.noChannel": "assumed: channels",
    "400 texts.unknownChannel": "assumed: channels",
    "400 texts.unknownCategory": "assumed: categories",
    // Version 1.0 has neither categories nor a reset.
    "404": "doc: Swagger of version 1.0",
    "400 texts.eventNotFound": "doc: API Events Requests, 400",
    "400 texts.time": "assumed: reset-refused",
    "400 texts.paging": "assumed: paging-refused",
  },
  options: {
    seed: "own: ids that come again",
    journal: "own: what is kept",
    clock: "own: a test's clock",
    login: "own: who there is",
    password: "own: who there is",
    "assumptions.defaultPageSize": "assumed: page-size",
    "assumptions.maxPageSize": "assumed: page-size",
    "assumptions.pageSizeShown": "assumed: page-said",
    "assumptions.listOrder": "assumed: list-order",
    "assumptions.listForm": "assumed: list-form",
    "assumptions.totals": "assumed: page-said",
    "assumptions.memberCase": "assumed: names",
    "assumptions.idMember": "assumed: names",
    "assumptions.categoryCase": "assumed: categories",
    "assumptions.unknownCategory": "assumed: categories",
    "assumptions.resetScope": "assumed: reset-scope",
    "assumptions.resetBefore": "assumed: reset-scope",
    "assumptions.times": "assumed: time-form",
    "assumptions.ackReply": "assumed: ack-reply-form",
    "assumptions.ackReplyWhenEmpty": "assumed: ack-last",
    "assumptions.secondAck": "assumed: ack-again",
    "assumptions.resetZones": "assumed: reset-zone",
    "assumptions.channels": "assumed: channels",
    "assumptions.defaultVersion": "assumed: default-version",
    "assumptions.unauthorizedBody": "assumed: unauthorized",
  },
} as const satisfies Decisions<KekkerOperation, OptionNames<KekkerEmulatorOptions, "assumptions">>;
