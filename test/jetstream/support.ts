import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import type { FeedEvent } from "../../src/core/event.ts";
import type { Delivery, Feed, ReadableDelivery, Receipt } from "../../src/core/feed.ts";
import { toPage, toReceipt } from "../../src/core/feed.ts";
import type { PartitionOptions } from "../../src/core/partition.ts";
import type { JetStreamConsumerOptions } from "../../src/jetstream/index.ts";
import { jetStreamQueue } from "../../src/jetstream/index.ts";
import { wrapFeed } from "../../src/testing/feed-laws/wrapping.ts";
import type { FeedFault, FeedHarness } from "../../src/testing/index.ts";
import { testEvent } from "../../src/testing/index.ts";
import { freshName } from "./servers.ts";

/** A delivery as a relay has it. */
export function deliveryOf(
  event: FeedEvent,
  facts: Partial<ReadableDelivery> = {},
): ReadableDelivery {
  return { event, raw: { wire: event?.data }, ...facts };
}

/** So many deliveries with ids `e1`, `e2` and on. */
export function deliveries(count: number, from = 1): ReadableDelivery[] {
  return Array.from({ length: count }, (_, at) => deliveryOf(testEvent(`e${from + at}`)));
}

/** What a pull of a feed brings. */
export async function pulled(
  feed: Feed,
  options?: Parameters<Feed["pull"]>[0],
): Promise<readonly Delivery[]> {
  return toPage(await feed.pull(options)).deliveries;
}

export function receiptsOf(all: readonly Delivery[]): Receipt[] {
  return all.flatMap(({ receipt }) => (receipt === undefined ? [] : [receipt]));
}

export function idsOf(all: readonly Delivery[]): string[] {
  return all.map(({ event }) => event?.id ?? "unreadable");
}

const anything = {
  "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) },
} as const;

/** A connection whose pulls and acks can be made to fail. */
function faulty(connection: NatsConnection) {
  const faults: { [Which in "pull" | "ack" | "now"]?: FeedFault | undefined } = {};
  const take = (which: "pull" | "ack"): FeedFault | undefined => {
    const fault = faults[which];
    if (fault?.count !== undefined) {
      faults[which] = fault.count > 1 ? { ...fault, count: fault.count - 1 } : undefined;
    }
    return fault;
  };
  const failure = (name: string) => Object.assign(new Error("made up"), { name });
  const publish: NatsConnection["publish"] = (subject, data, options) => {
    const fault = subject.includes(".CONSUMER.MSG.NEXT.") ? faults.now : undefined;
    if (fault === undefined) connection.publish(subject, data, options);
    else if (fault.kind === "delay") {
      setTimeout(() => connection.publish(subject, data, options), fault.ms);
    } else throw failure(fault.status === 403 ? "PermissionViolationError" : "ConnectionError");
  };
  const request: NatsConnection["request"] = async (subject, data, options) => {
    const fault = data === "+ACK" ? take("ack") : undefined;
    if (fault === undefined) return connection.request(subject, data, options);
    if (fault.kind === "lostReply") await connection.request(subject, data, options);
    throw failure(fault.kind === "status" ? "ConnectionError" : "TimeoutError");
  };
  const calls: Readonly<Record<string | symbol, unknown>> = { publish, request };
  const proxy = new Proxy(connection, {
    get: (target, member) => calls[member] ?? Reflect.get(target, member, target),
  });
  /** Whatever a pull asks, of each partition too, fails as the pull does. */
  const pulling = async <Value>(pull: () => Promise<Value>): Promise<Value> => {
    faults.now = take("pull");
    try {
      return await pull();
    } finally {
      faults.now = undefined;
    }
  };
  return { proxy, faults, pulling };
}

/** A stream of its own on a real server; leases end where their events are given back, or by their time. */
export async function streamHarness(
  connection: NatsConnection,
  told: JetStreamConsumerOptions,
  endsLeases: boolean,
  partitioned: PartitionOptions = {},
): Promise<FeedHarness> {
  const name = freshName();
  const { proxy, faults, pulling } = faulty(connection);
  const queue = jetStreamQueue(proxy, name, { storage: "memory", ...partitioned });
  await queue.ensure();
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const ids = new Map<number, string>();
  const held: Receipt[] = [];
  let published = 0;
  const noted = async (id: string): Promise<string> => {
    const { state } = await manager.streams.info(name);
    ids.set(state.last_seq, id);
    return id;
  };
  const publish = async (facts: { id?: string; type?: string; data?: unknown } = {}) => {
    published += 1;
    const { id = `e${published}`, type = "test", data = { order: published } } = facts;
    await queue.send([deliveryOf(testEvent(id, { type, data }))]);
    return noted(id);
  };
  const gone = new Set<number>();
  const isGone = async (seq: number) => {
    if (!gone.has(seq) && !(await manager.streams.getMessage(name, { seq }))) gone.add(seq);
  };
  const opened: Feed[] = [];
  const giveBackAll = async () => {
    for (const receipt of held.splice(0)) await opened[0]?.nack?.([receipt]);
  };
  return {
    async feed() {
      await giveBackAll();
      const feed: Feed = queue.feed({ ...told, events: { test: anything } });
      opened.unshift(feed);
      return wrapFeed(feed, {
        async pull(options) {
          const page = await pulling(() => feed.pull(options));
          held.push(...receiptsOf(toPage(page).deliveries));
          return page;
        },
      });
    },
    async publish(count) {
      const made: string[] = [];
      for (let at = 0; at < count; at += 1) made.push(await publish());
      return made;
    },
    async acked() {
      await Promise.all([...ids.keys()].map(isGone));
      return [...ids].flatMap(([seq, id]) => (gone.has(seq) ? [id] : []));
    },
    pageSize: partitioned.partitions ? 5 : 20,
    payloadOf: (id) => ({ order: Number(id.slice(1)) }),
    publishId: (id) => publish({ id }),
    publishOdd: (odd) => publish({ data: { odd } }),
    publishUnknownType: () => publish({ type: "brandNew" }),
    async publishUnreadable() {
      const { partitions } = partitioned;
      await connection.request(
        partitions ? `${name}.of${partitions}.${partitions}` : `${name}.event`,
        "{}",
      );
      return noted("unreadable");
    },
    unknownReceipt: () => toReceipt("a-receipt-of-nobody"),
    // No `heal`: the law that needs it asks for the statuses of HTTP.
    failPull: (fault) => {
      faults.pull = fault;
    },
    failAck: (fault) => {
      faults.ack = fault;
    },
    ...(endsLeases && { endLeases: giveBackAll }),
    close: () => manager.streams.delete(name),
  };
}
