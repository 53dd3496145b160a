import type { EventCatalogue, FeedEvent } from "../core/event.ts";
import type { CallOptions } from "../core/feed.ts";
import type { TableOf } from "../core/options.ts";
import { isObject, milliseconds, oneOf, type Rule, rule, whole } from "../core/options.ts";
import { type PartitionOptions, partitionTable } from "../core/partition.ts";
import type { WorkQueueFeedOptions } from "../core/work-queue.ts";

/**
 * The options of `jetStreamQueue`. Those with an underscore are the stream's, under the engine's own names;
 * times are in ms, where the engine has ns. One that is given is what the stream is made with, and what a
 * stream that is there must have.
 */
export interface JetStreamQueueOptions extends PartitionOptions {
  /** What the subjects begin with: the stream takes `<subject>.>`. @default the queue's name */
  readonly subject?: string | undefined;
  /**
   * `"workqueue"`: an event is removed when the workers have acknowledged it; all have one name. `"limits"`:
   * it stays for `max_age`, and workers of each name see all events. @default "workqueue"
   */
  readonly retention?: "workqueue" | "limits" | undefined;
  /** Where the engine keeps it. In `"memory"` a server that restarts loses all. @default "file" */
  readonly storage?: "file" | "memory" | undefined;
  /** On how many servers of a cluster it is kept, 1-5. @default the engine's: 1 */
  readonly num_replicas?: number | undefined;
  /**
   * The longest time in the queue, in ms, from 100: what no worker has finished by then is gone. 0: no such
   * time. @default none
   */
  readonly max_age?: number | undefined;
  /** The most bytes that the queue holds; then it is full. -1: no limit but the server's. @default -1 */
  readonly max_bytes?: number | undefined;
  /** The most events that the queue holds; then it is full. -1: no limit. @default -1 */
  readonly max_msgs?: number | undefined;
  /** The most bytes of one event, as JSON with its `raw`. -1: the server's `max_payload`. @default -1 */
  readonly max_msg_size?: number | undefined;
  /** For how long the same event is not stored again, in ms, from 100. @default the engine's: 2 minutes */
  readonly duplicate_window?: number | undefined;
  /** The JetStream domain of the server that holds the stream. @default that of the connection */
  readonly domain?: string | undefined;
  /** What the subjects of the JetStream API begin with, for accounts that import it. @default "$JS.API" */
  readonly apiPrefix?: string | undefined;
  /** How long the server may take to answer one request, in ms, from 1. @default 5000 */
  readonly timeout?: number | undefined;
}

/**
 * The engine's consumer, which all workers of one name share. One that is given is what it is made with, and
 * what one that is there must have.
 */
export interface JetStreamConsumerOptions {
  /** The workers' name, 1-100 letters, digits, `_` and `-`: the engine's durable consumer. @default "workers" */
  readonly consumer?: string | undefined;
  /**
   * For how long a pull hides an event from other workers, in ms, from 100; the loop lengthens it while a
   * handler is at work. @default 30 000
   */
  readonly ack_wait?: number | undefined;
  /**
   * The most events that all workers of the name hold at once; -1: no limit. With `partitions` it is 1 of each.
   * @default 10 000
   */
  readonly max_ack_pending?: number | undefined;
  /** The most pulls that wait at once: the most idle workers. @default 512 */
  readonly max_waiting?: number | undefined;
}

/** A connection of `@nats-io/transport-node`, or another of NATS' own: what `connect()` resolves to. */
export interface JetStreamConnection {
  /** Asks, and resolves to the answer. */
  request(
    subject: string,
    payload?: string,
    options?: { readonly timeout: number },
  ): Promise<unknown>;
  /** Sends. */
  publish(subject: string, payload?: string, options?: { readonly reply?: string }): void;
  /** Listens. */
  subscribe(subject: string): unknown;
  /** Whether it was closed, which is for good. */
  isClosed(): boolean;
}

/** What {@link JetStreamQueue.ensure} may be told. */
export interface JetStreamEnsureOptions extends JetStreamConsumerOptions, CallOptions {}

/** What the feed of a JetStream queue may be told. */
export interface JetStreamFeedOptions<E extends FeedEvent = FeedEvent>
  extends JetStreamConsumerOptions,
    WorkQueueFeedOptions {
  /** The schemas of the event types; the loop validates with them. */
  readonly events?: EventCatalogue<E> | undefined;
}

/** What a consumer is made with where nothing is said. */
export const consumerDefaults = Object.freeze({
  ack_wait: 30_000,
  max_ack_pending: 10_000,
  max_waiting: 512,
}) satisfies JetStreamConsumerOptions;

/** The engine keeps ns in 64 bits, and JSON loses the last digits long before. */
const LONGEST_MS = 365 * 86_400_000;

/** The name of a stream or a consumer, and so a part of subjects. */
export const queueName: Rule<string> = rule("1 to 100 letters, digits, _ and -", (value) => {
  return typeof value === "string" && /^[\w-]{1,100}$/.test(value);
});

const subject: Rule<string> = rule("letters, digits, _ and -, parted by dots", (value) => {
  return typeof value === "string" && value.length <= 200 && /^[\w-]+(\.[\w-]+)*$/.test(value);
});

const prefix: Rule<string> = rule("a subject without wildcards", (value) => {
  return typeof value === "string" && /^[^\s.*>]+(\.[^\s.*>]+)*$/.test(value);
});

const orNoLimit: Rule<number> = rule("-1 or a whole number from 1", (value) => {
  return value === -1 || whole(1).test(value) === true;
});

const maxAge: Rule<number> = rule("0 or milliseconds from 100", (value) => {
  return value === 0 || milliseconds(100, LONGEST_MS).test(value) === true;
});

export const queueTable = {
  ...partitionTable,
  subject,
  retention: oneOf("workqueue", "limits"),
  storage: oneOf("file", "memory"),
  num_replicas: whole(1, 5),
  max_age: maxAge,
  max_bytes: orNoLimit,
  max_msgs: orNoLimit,
  max_msg_size: orNoLimit,
  duplicate_window: milliseconds(100, LONGEST_MS),
  domain: queueName,
  apiPrefix: prefix,
  timeout: milliseconds(1, 600_000).or(5000),
} satisfies TableOf<JetStreamQueueOptions>;

export const consumerTable = {
  consumer: queueName,
  ack_wait: milliseconds(100, LONGEST_MS),
  max_ack_pending: orNoLimit,
  max_waiting: whole(1),
} satisfies TableOf<JetStreamConsumerOptions>;

export const catalogue: Rule<EventCatalogue<FeedEvent>> = rule("an object", isObject);
