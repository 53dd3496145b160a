/**
 * The names of the semantic conventions that are used, of version 1.45.0; those of messaging are in development.
 *
 * Source: OpenTelemetry semantic conventions 1.45.0, "Messaging spans" and "Messaging client metrics", read 2026-12.
 */
export const SCHEMA_URL = "https://opentelemetry.io/schemas/1.45.0";

/** Attributes of the conventions. */
export const attributes = {
  system: "messaging.system",
  destination: "messaging.destination.name",
  group: "messaging.consumer.group.name",
  operationName: "messaging.operation.name",
  operationType: "messaging.operation.type",
  messageId: "messaging.message.id",
  batchCount: "messaging.batch.message_count",
  eventType: "cloudevents.event_type",
  errorType: "error.type",
} as const;

/** Attributes of our own. */
export const own = {
  /** Which attempt of the run it is, from 1. */
  attempt: "ackloop.attempt",
  /** How a handler, or an event, has ended. */
  outcome: "ackloop.outcome",
  /** What failed: `poll`, `ack`, or the store. */
  call: "ackloop.call",
} as const;

/** Metrics of the conventions. */
export const metrics = {
  received: "messaging.client.consumed.messages",
  operation: "messaging.client.operation.duration",
  process: "messaging.process.duration",
} as const;
