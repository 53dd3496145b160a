/**
 * A work queue in NATS JetStream, between one relay and any number of workers on any number of machines.
 *
 * Needs `@nats-io/jetstream`, and a connection of `@nats-io/transport-node`: optional peers. The server is
 * nats-server 2.9 or later, started with JetStream.
 *
 * @module ackloop/jetstream
 */
export type {
  JetStreamConnection,
  JetStreamConsumerOptions,
  JetStreamEnsureOptions,
  JetStreamFeedOptions,
  JetStreamQueueOptions,
} from "./options.ts";
export type { JetStreamQueue } from "./queue.ts";
export { jetStreamQueue } from "./queue.ts";
