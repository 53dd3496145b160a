import { join } from "node:path";
import type { EventCatalogue, FeedEvent, WorkQueue } from "ackloop";
import {
  type InboxQueue,
  inboxQueue,
  postgresStores,
  type StoreSet,
  sqliteStores,
} from "ackloop/stores";
import type { OpenFeed } from "../provider.ts";
import { type Place, workers } from "./task.ts";

/** A queue as a process uses it. */
export interface OpenQueue {
  readonly queue: WorkQueue;
  readonly open: OpenFeed;
}

/** What a process opens where its task says. */
export interface OpenPlace {
  /** Leases, cursors and dead letters. */
  readonly stores: StoreSet;
  queueOf(name: string): OpenQueue;
  close(): Promise<void>;
}

/** More than a run has: what a full queue does is tried elsewhere. */
const limits = { inboxMaxEntries: 1_000_000 };

/** Opens a place. Streams and tables are there already. */
export async function openPlace(place: Place): Promise<OpenPlace> {
  if (place.engine === "jetstream") return openJetStream(place);
  if (place.engine === "postgres") return openPostgres(place);
  const stores = sqliteStores(join(place.folder, "ackloop.db"), limits);
  return {
    stores,
    queueOf: (name) => ofInbox(inboxQueue(stores.inbox, name), place),
    close: () => stores.close(),
  };
}

function ofInbox(queue: InboxQueue, { leaseMs }: Place): OpenQueue {
  return {
    queue,
    open: (events) => queue.feed({ consumer: workers, events, leaseMs, pollMs: 50 }),
  };
}

async function openJetStream(place: Place): Promise<OpenPlace> {
  const { connect } = await import("@nats-io/transport-node");
  const { jetStreamQueue } = await import("ackloop/jetstream");
  const { folder, url, leaseMs: ack_wait } = place;
  const stores = sqliteStores(join(folder, "ackloop.db"), limits);
  const connection = await connect({
    servers: url,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
    waitOnFirstConnect: true,
  });
  return {
    stores,
    queueOf(name) {
      const queue = jetStreamQueue(connection, name, stream);
      const open = <E extends FeedEvent>(events?: EventCatalogue<E>) =>
        queue.feed<E>({ consumer: workers, events, ack_wait });
      return { queue, open };
    },
    async close() {
      await connection.close();
      await stores.close();
    },
  };
}

/** A server that is killed is asked again soon. */
const stream = { timeout: 1000 };

async function openPostgres(place: Place): Promise<OpenPlace> {
  const { Pool } = await import("pg");
  const pool = new Pool({ connectionString: place.url, max: 4, connectionTimeoutMillis: 2000 });
  // Without it the process ends when the server cuts an idle connection.
  pool.on("error", () => {});
  const stores = postgresStores(pool, { ...limits, timeoutMs: 5000 });
  return {
    stores,
    queueOf: (name) => ofInbox(inboxQueue(stores.inbox, name), place),
    close: () => pool.end(),
  };
}

/** Makes what the queues need, once. */
export async function makeQueues(place: Place, names: readonly string[]): Promise<void> {
  if (place.engine === "jetstream") {
    const { connect } = await import("@nats-io/transport-node");
    const { jetStreamQueue } = await import("ackloop/jetstream");
    const connection = await connect({ servers: place.url });
    for (const name of names) await jetStreamQueue(connection, name, stream).ensure();
    await connection.close();
  }
  if (place.engine === "postgres") {
    const { Pool } = await import("pg");
    const pool = new Pool({ connectionString: place.url });
    await postgresStores(pool).migrate();
    await pool.end();
  }
}

/**
 * How many events would still come to workers, when none is there any more.
 *
 * A nats-server that was killed may count for ever what is acknowledged and gone: its consumer is as it was a moment
 * before, and its stream is not.
 */
export async function comingFrom(place: Place, names: readonly string[]): Promise<number> {
  const counted = await leftIn(place, names);
  if (place.engine !== "jetstream" || counted === 0) return counted;
  const { queueOf, close } = await openPlace(place);
  const come = await Promise.all(
    names.map(async (name) => {
      const feed = queueOf(name).open();
      const page = await feed.pull({ limit: 1000, waitMs: 2 * place.leaseMs + 1000 });
      return "deliveries" in page ? page.deliveries.length : page.length;
    }),
  );
  await close();
  return come.reduce((sum, each) => sum + each, 0);
}

/** How many events are in the queues that no worker has finished. */
export async function leftIn(place: Place, names: readonly string[]): Promise<number> {
  if (place.engine === "jetstream") {
    const { connect } = await import("@nats-io/transport-node");
    const { jetstreamManager } = await import("@nats-io/jetstream");
    const connection = await connect({ servers: place.url });
    const { consumers } = await jetstreamManager(connection);
    // Not what the stream holds: a server of 2.9 that was killed may keep what is acknowledged.
    const infos = await Promise.all(names.map((name) => consumers.info(name, workers)));
    await connection.close();
    return infos.reduce((sum, one) => sum + one.num_pending + one.num_ack_pending, 0);
  }
  const { stores, close } = await openPlace(place);
  const { items = [] } = (await stores.inbox.list?.()) ?? {};
  await close();
  return items.reduce((sum, { waiting, held }) => sum + waiting + held, 0);
}
