/**
 * The loop between a feed and your handlers: every event that a provider holds for you reaches your function at
 * least once, and nothing is acknowledged before your function has finished with it.
 *
 * `consume` runs until it is stopped; `drain` ends when nothing is left; `deliveries` gives the events to a loop of
 * your own; `webhook` answers a provider that calls you; `relay` passes events on to a queue of yours; `redrive`
 * handles dead letters again; `group` runs several as one. A handler may be a `batch`, and says by `done`, `retry`, `deadLetter` or `drop` what becomes of an event.
 *
 * This entry knows no provider: they are at `ackloop/tiki`, `ackloop/kekker`, `ackloop/discue` and
 * `ackloop/workato`.
 *
 * @module ackloop
 */
export type { AckloopErrorCode, AckloopErrorFacts } from "./core/errors.ts";
export { AckloopError, isAckloopError } from "./core/errors.ts";
export type { EventCatalogue, EventOfType, FeedEvent } from "./core/event.ts";
export type {
  AckReport,
  AckSink,
  AckVerdict,
  CallOptions,
  Delivery,
  DeliveryFacts,
  EventSource,
  Feed,
  FeedKind,
  NackOptions,
  Page,
  PullOptions,
  ReadableDelivery,
  Receipt,
  UnreadableDelivery,
} from "./core/feed.ts";
export { fromReceipt, toReceipt } from "./core/feed.ts";
export { contentIdentityOf, identityOf } from "./core/identity.ts";
export type { Logger, ObjectFirstLogger } from "./core/logger.ts";
export { objectFirst } from "./core/logger.ts";
export type { EventOf, Received, ReceiveOptions, Receiver } from "./core/receiver.ts";
export type { Report, ReportFacts, ReportListener } from "./core/report.ts";
export type {
  SchemaIssue,
  SchemaOutput,
  SchemaResult,
  StandardSchemaProps,
  StandardSchemaV1,
} from "./core/standard-schema.ts";
export type * from "./core/stores.ts";
export type { StopReason, Summary } from "./core/summary.ts";
export type * from "./core/telemetry.ts";
export type { WorkQueue, WorkQueueFeedOptions } from "./core/work-queue.ts";
export { batch } from "./loop/batch.ts";
export type { ConsumeOptions, DrainOptions } from "./loop/consume.ts";
export { consume, drain } from "./loop/consume.ts";
export type { Deliveries, DeliveriesOptions, OwnDelivery } from "./loop/deliveries.ts";
export { deliveries } from "./loop/deliveries.ts";
export type { Incident, OpenEvent, RunDetails } from "./loop/details.ts";
export type { Group, GroupHealth, GroupOptions } from "./loop/group.ts";
export { group } from "./loop/group.ts";
export type {
  BatchContext,
  BatchHandler,
  BatchOptions,
  BatchParts,
  BatchResult,
  HandleBatch,
  Handler,
  HandlerContext,
  HandlerMap,
  HandlerOf,
  HandlerResult,
  Handlers,
} from "./loop/handler.ts";
export type {
  CircuitBreakerOptions,
  DedupeOptions,
  HandlingOptions,
  IdleOptions,
  LeaseOptions,
  LoopOptions,
  RetryOptions,
  Unprocessable,
} from "./loop/options.ts";
export type { Outcome } from "./loop/outcome.ts";
export { deadLetter, done, drop, retry } from "./loop/outcome.ts";
export type { RedriveOptions, RedriveSource, RedriveSummary } from "./loop/redrive.ts";
export { isLetterOf, redrive } from "./loop/redrive.ts";
export type { Relay, RelayOptions } from "./loop/relay.ts";
export { relay } from "./loop/relay.ts";
export type { Health, Run, Trouble } from "./loop/run.ts";
export type { WebhookHandler, WebhookOptions } from "./loop/webhook.ts";
export { webhook } from "./loop/webhook.ts";
