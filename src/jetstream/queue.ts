import type { NatsConnection } from "@nats-io/transport-node";
import { abortable } from "../core/abort.ts";
import type { FeedEvent } from "../core/event.ts";
import type { Feed, ReadableDelivery } from "../core/feed.ts";
import { checkOptions, type FilledOf, signal as signalRule, withMethods } from "../core/options.ts";
import { allStored, divide } from "../core/partition.ts";
import { ackGroupOf, type WorkQueue } from "../core/work-queue.ts";
import { Confirmed, type Sending } from "./confirmed.ts";
import { Engine } from "./engine.ts";
import { type Draft, draftOf } from "./entry.ts";
import { queueError, toQueueError } from "./error.ts";
import { feedOf } from "./feed.ts";
import type {
  JetStreamConnection,
  JetStreamConsumerOptions,
  JetStreamEnsureOptions,
  JetStreamFeedOptions,
  JetStreamQueueOptions,
} from "./options.ts";
import { catalogue, consumerDefaults, consumerTable, queueName, queueTable } from "./options.ts";
import { type MadeConsumer, type MadeStream, toNs } from "./stream.ts";
import { Workers } from "./workers.ts";

/** A queue in NATS JetStream. */
export interface JetStreamQueue extends WorkQueue {
  /**
   * Makes the stream where there is none, and checks it; the consumer too, where anything is said of it. It changes
   * nothing that is there, and any number of processes may call it at once.
   *
   * @throws {AckloopError} `config` where what is there is not what it must be: it names the member and
   * what is right; `notFound` (retryable) where no JetStream answers, and `timeout`, `transport`, `auth`.
   */
  ensure(options?: JetStreamEnsureOptions): Promise<void>;
  /**
   * What waits in the queue, for any number of workers on any number of machines.
   *
   * The first call of the feed makes the consumer where there is none. One that is there and has, say, another
   * `ack_wait` than was given is a `config` error of the pull.
   *
   * @throws {AckloopError} `config` for a wrong option, at once.
   */
  feed<E extends FeedEvent = FeedEvent>(options?: JetStreamFeedOptions<E>): Feed<E>;
}

/** The consumer where none is named. */
const WORKERS = "workers";

/** How many messages are sent before the first must be confirmed. */
const AT_ONCE = 256;

/**
 * Makes a queue for a relay and its workers of a stream in NATS JetStream. Somebody calls `ensure()` once,
 * or the stream is made by other means.
 *
 * **Delivery**: what is there at once, up to 1000 a pull, else the first that comes in time. It is hidden
 * from all other workers for `ack_wait`, and comes again when it was not acknowledged by then; `attempt`
 * counts the deliveries. A message that no relay has sent is an `unreadable` delivery. A pull that is aborted
 * gives back what it was about to bring.
 *
 * **Acknowledgement**: each for itself, confirmed by the server; while handlers are at work, the loop gathers them for up
 * to 20 ms. `gone` is what belongs to a stream that was
 * made anew since. `extend` lengthens by `ack_wait` where no more is asked for, as the loop does; for more,
 * the event is given back to come after that time, and stays acknowledgeable: the engine counts it as refused.
 *
 * **Sending**: an event that was stored in the time of `duplicate_window` is not stored again, known by the
 * SHA-256 of its source and id. A full stream refuses (`rateLimit`, retryable): it never drops what it holds. An
 * event that is larger than `max_msg_size` or the server's `max_payload` is a `config` error.
 *
 * The connection is the caller's: it is neither made nor closed here. Make it with `maxReconnectAttempts: -1`,
 * or it is closed for good when a server is away for 20 s.
 *
 * @example
 * const connection = await connect({ servers: "nats://127.0.0.1:4222", maxReconnectAttempts: -1 });
 * const queue = jetStreamQueue(connection, "orders", { max_bytes: 10_000_000_000, num_replicas: 3 });
 * await queue.ensure();
 * await consume(shop.feed(queueCode), relay(queue), { consumer: "relay" });       // one process
 * await consume(queue.feed({ consumer: "billing" }), handlers);                   // any number of them
 *
 * @param name The stream's name: 1-100 letters, digits, `_` and `-`.
 * @throws {AckloopError} `config` for a wrong argument, at once. Calls reject with `notFound` where the stream
 * or the consumer is gone, `rateLimit`, `timeout` and `transport` (all retryable), `config` and `auth`. A
 * connection that is closed is `config` for a pull, and `transport`, not retryable, for the others.
 */
export function jetStreamQueue(
  connection: JetStreamConnection,
  name: string,
  options: JetStreamQueueOptions = {},
): JetStreamQueue {
  const { test, must } = withMethods<JetStreamConnection>("request", "publish", "subscribe");
  if (test(connection) !== true) {
    throw queueError("config", "jetStreamQueue", `\`connection\` must be ${must}`);
  }
  if (queueName.test(name) !== true) {
    throw queueError("config", "jetStreamQueue", `\`name\` must be ${queueName.must}`);
  }
  const settings = checkOptions("jetStreamQueue", options, queueTable);
  const { subject = name, timeout, domain, apiPrefix, partitions, orderBy } = settings;
  const stream = toStream(settings);
  const engine = new Engine({
    // A type of our own, so that our declarations need no other package.
    connection: connection as unknown as NatsConnection,
    name,
    subject,
    partitions: partitions ?? 0,
    timeout,
    domain,
    apiPrefix,
    stream,
  });
  const confirmed = new Confirmed(engine);
  const workersOf = (durable: string, told: JetStreamConsumerOptions) =>
    toWorkers(engine, durable, toConsumer(told));
  return {
    name,
    ...(partitions !== undefined && { partitions }),
    async ensure(given) {
      const { consumer, signal, ...told } = checkOptions("ensure", given, consumerTable, call);
      await engine.makeStream({ signal });
      if (consumer === undefined && Object.keys(toConsumer(told)).length === 0) return;
      const workers = workersOf(consumer ?? WORKERS, told);
      await Promise.all(workers.map((each) => each.known("ensure", { signal })));
    },
    send: (deliveries, { signal } = {}) =>
      abortable({ signal }, () =>
        confirmed.send(deliveries, signal, (left, sending) =>
          partitions === undefined
            ? send(engine, left, sending)
            : sendInOrder(engine, divide(left, { partitions, orderBy }), sending),
        ),
      ),
    feed<E extends FeedEvent = FeedEvent>(given: JetStreamFeedOptions<E> = {}) {
      const { events, ...rest } = given;
      checkOptions("feed", { events }, { events: catalogue });
      const { consumer, ...told } = checkOptions("feed", rest, consumerTable);
      const durable = consumer ?? WORKERS;
      const workers = workersOf(durable, told);
      const isPartitioned = partitions !== undefined;
      // The next event of a partition waits for the ack.
      const ackGroupMs = isPartitioned ? 0 : ackGroupOf(told.ack_wait ?? consumerDefaults.ack_wait);
      return feedOf<E>({ name, consumer, events, workers, isPartitioned, ackGroupMs });
    },
  };
}

const call = { signal: signalRule };

/** One consumer; with partitions one for each, which gives the next event when the one before is acknowledged. */
function toWorkers(
  engine: Engine,
  durable: string,
  told: MadeConsumer,
): readonly [Workers, ...Workers[]] {
  const { partitions } = engine.parts;
  if (partitions === 0) return [new Workers(engine, durable, told)];
  if ((told.max_ack_pending ?? 1) !== 1) {
    const text = "`max_ack_pending` must be 1 with `partitions`, which is what keeps the order";
    throw queueError("config", "feed", text);
  }
  const all = Array.from({ length: partitions }, (_, at) => {
    const own = { ...told, max_ack_pending: 1 };
    return new Workers(engine, `${durable}-${at + 1}of${partitions}`, own, engine.target(at));
  });
  return all as [Workers, ...Workers[]];
}

/** What the user has said, in the engine's own form. */
function toStream(settings: FilledOf<typeof queueTable>): Partial<MadeStream> {
  const { subject, timeout, domain, apiPrefix, max_age, duplicate_window, ...others } = settings;
  const { partitions: _, orderBy: __, ...rest } = others;
  return said({
    ...rest,
    max_age: max_age && toNs(max_age),
    duplicate_window: duplicate_window && toNs(duplicate_window),
  });
}

function toConsumer({
  ack_wait,
  max_ack_pending,
  max_waiting,
}: Omit<JetStreamConsumerOptions, "consumer">): MadeConsumer {
  return said({ ack_wait: ack_wait && toNs(ack_wait), max_ack_pending, max_waiting });
}

/** The members that are set. */
function said<Members extends object>(
  members: Members,
): { [Name in keyof Members]?: NonNullable<Members[Name]> } {
  const set = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as { [Name in keyof Members]?: NonNullable<Members[Name]> };
}

/** Sends events in their order; the next ones when those before are stored. */
async function send(
  engine: Engine,
  deliveries: readonly ReadableDelivery[],
  { confirmed, signal }: Sending,
): Promise<void> {
  const drafts = await Promise.all(deliveries.map(draftOf));
  for (let at = 0; at < drafts.length; at += AT_ONCE) {
    if (signal?.aborted) return;
    const sent = drafts.slice(at, at + AT_ONCE).map(async (draft) => {
      await publish(engine, draft, engine.target());
      confirmed.push(draft.delivery);
    });
    await allStored(sent);
  }
}

/** Sends the events of each partition one after another, and none behind one that was not stored. */
async function sendInOrder(
  engine: Engine,
  parts: ReadonlyMap<number, readonly ReadableDelivery[]>,
  { confirmed, signal }: Sending,
): Promise<void> {
  const sent = [...parts].map(async ([at, deliveries]) => {
    const drafts = await Promise.all(deliveries.map(draftOf));
    for (const draft of drafts) {
      if (signal?.aborted) return;
      await publish(engine, draft, engine.target(at));
      confirmed.push(draft.delivery);
    }
  });
  await allStored(sent);
}

async function publish(engine: Engine, { payload, msgID }: Draft, subject: string): Promise<void> {
  const { name } = engine.parts;
  const told = { expect: { streamName: name }, ...(msgID !== undefined && { msgID }) };
  try {
    await engine.client.publish(subject, payload, told);
  } catch (thrown) {
    const nobody = `no stream takes it: ${name} is gone or made for other \`partitions\`, or JetStream is away; \`ensure()\` says which, and makes it`;
    throw toQueueError(thrown, "send", nobody);
  }
}
