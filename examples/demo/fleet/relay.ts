/** One relay of the fleet, a process of its own: reads one provider, and passes its events on. */
import { createServer } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { type CursorStore, consume, isAckloopError, relay, type WorkQueue, webhook } from "ackloop";
import { toFetchServer } from "../fetch-server.ts";
import { providerOf } from "../provider.ts";
import { consumer, webhookSecret } from "../task.ts";
import { openPlace } from "./queue.ts";
import type { RelayTask } from "./task.ts";
import { Writer } from "./writer.ts";

const task: RelayTask = JSON.parse(process.env["FLEET_TASK"] ?? "{}");
const { source, place } = task;
const writer = new Writer(task.record, task.name);
const provider = await providerOf(source.provider);
const { stores, queueOf, close } = await openPlace(place);
const { queue } = queueOf(source.provider);

/** The queue, and a line of what it has confirmed. */
const watched: WorkQueue = {
  ...queue,
  async send(deliveries, call) {
    const ids = deliveries.map(({ event }) => event.id);
    // Also those that have another identity beside their id: a queue does not go by that either.
    const unknown = deliveries.filter(
      ({ idDerived, identity }) => idDerived || identity !== undefined,
    );
    const derived = unknown.map(({ event }) => event.id);
    writer.write("sending", source.provider, ids, { derived });
    await queue.send(deliveries, call);
    writer.write("stored", source.provider, ids);
  },
};

/** A queue that says "stored" before it is. */
const hasty: WorkQueue = {
  ...watched,
  async send(deliveries) {
    void wait(300).then(() => watched.send(deliveries));
  },
};

/** The place of a reader; each save that is an ack is written down. */
const cursors: CursorStore = {
  load: (...call) => stores.cursors.load(...call),
  async save(key, value, ...rest) {
    const save = await stores.cursors.save(key, value, ...rest);
    const id = save.status === "saved" ? provider.idIn?.(value) : undefined;
    if (id !== undefined) writer.write("saved", source.provider, [id]);
    return save;
  },
};

const passing = relay(task.fault === "hasty-relay" ? hasty : watched, { callTimeoutMs: 2000 });
const from = {
  connection: source.connection,
  queue: source.queue,
  stores: { ...stores, cursors },
  consumer,
  timeoutMs: 2000,
  secret: webhookSecret,
};

async function main(): Promise<void> {
  const receiver = provider.receiver?.(from);
  if (receiver !== undefined) {
    const handle = webhook(receiver, passing, { consumer, logger: false });
    const server = createServer(toFetchServer(handle)).listen(source.port, "127.0.0.1");
    writer.ready();
    await new Promise((resolve) => process.once("SIGTERM", resolve));
    server.closeIdleConnections();
    await new Promise((resolve) => server.close(resolve));
    return;
  }
  const feed = provider.feed?.(from);
  if (feed === undefined) throw new Error(`${source.provider} has neither a feed nor a receiver`);
  const run = consume(feed, passing, {
    consumer,
    lease: { store: stores.leases, leaseMs: task.leaseMs, holder: task.name },
    idle: { minDelayMs: 20, maxDelayMs: 200 },
    waitMs: 1000,
    logger: false,
  });
  process.once("SIGTERM", () => void run.stop());
  writer.ready();
  await run;
}

try {
  await main();
} catch (error) {
  // It could not renew its lease in time, and is started again: anything else is a fault of the program.
  if (!isAckloopError(error) || error.code !== "leaseLost") throw error;
  process.exitCode = 1;
}
writer.usage();
await close();
