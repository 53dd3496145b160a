import { createServer } from "node:net";
import {
  type Connection,
  type DiscueEmulator,
  discueEmulator,
  type Emulator,
  type KekkerEmulator,
  kekkerEmulator,
  serveEmulators,
  type TikiEmulator,
  tikiEmulator,
  type WorkatoEmulator,
  workatoEmulator,
} from "../../src/emulator/index.ts";
import { discue } from "../../src/providers/discue/index.ts";
import { kekker } from "../../src/providers/kekker/index.ts";
import { tiki } from "../../src/providers/tiki/index.ts";
import { workato } from "../../src/providers/workato/index.ts";
import { memoryStores } from "../../src/stores/index.ts";
import type { Records } from "./children.ts";
import { consumer, type ProviderName, webhookSecret } from "./task.ts";

/** One request, as the provider saw it. */
export interface Seen {
  /** The consumer that sent it. */
  readonly by: string;
  readonly path: string;
  /** When it came, by the test's monotonic clock, in ms. */
  readonly startedAt: number;
  /** When it was answered or its connection went away; absent while it is open. */
  endedAt?: number | undefined;
}

/** A provider, faked behind a real server. */
export interface ProviderSide {
  readonly name: ProviderName;
  readonly emulator: Emulator;
  readonly connection: Connection;
  readonly queue: string;
  /** The name of the feed, which is part of every key in a store. */
  readonly feed: string;
  /** Where its consumer must listen, for discue. */
  readonly port: number | undefined;
  /** The requests for events and the acknowledgements, in the order in which they came. */
  readonly seen: readonly Seen[];
  /** Publishes so many events and gives their ids; `note` stands in the data of each. */
  publish(count: number, note?: string): readonly string[];
  /** Publishes events with ids of the test's own, where the provider lets it: Tiki. */
  publishIds(ids: readonly string[], note?: string): void;
  /** When each event was acknowledged, in epoch ms. Workato's ack is a saved cursor. */
  ackedAt(records: Records): ReadonlyMap<string, number>;
  close(): Promise<void>;
}

type Opened = Pick<ProviderSide, "emulator" | "queue" | "publish"> &
  Partial<Pick<ProviderSide, "ackedAt" | "port" | "publishIds">> & {
    /** What is still to be done once the server is there. */
    readonly connect?: (connection: Connection) => Promise<void>;
  };

let lastNumber = 0;

/** So many numbers that no other event has. */
function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, () => {
    lastNumber += 1;
    return lastNumber;
  });
}

function openTiki(): Opened {
  const emulator: TikiEmulator = tikiEmulator({ pageSize: 20, requestsPerSecond: 10_000 });
  const queue = emulator.createQueue("orders");
  const type = "ORDER_CREATED_SUCCESSFULLY";
  return {
    emulator,
    queue,
    publish: (count, note = "") =>
      emulator.publish(
        queue,
        numbers(count).map((number) => ({
          type,
          payload: { order_code: `${number}`, status: "queueing", note },
        })),
      ),
    publishIds(ids, note = "") {
      const payload = { order_code: "1", status: "queueing", note };
      emulator.publish(
        queue,
        ids.map((id) => ({ id, type, payload })),
      );
    },
  };
}

function openKekker(): Opened {
  const emulator: KekkerEmulator = kekkerEmulator();
  const { channel = "" } = emulator.connection("http://127.0.0.1");
  return {
    emulator,
    queue: channel,
    publish: (count, note = "") =>
      emulator.publish(
        numbers(count).map((number) => ({
          category: "Deals",
          event: "DealCreated",
          objectId: `${number}:${number}`,
          localObjectId: number,
          note,
        })),
      ),
  };
}

function openWorkato(): Opened {
  const emulator: WorkatoEmulator = workatoEmulator({ requestsPerMinute: 1_000_000 });
  const topic = emulator.createTopic("orders");
  return {
    emulator,
    queue: String(topic),
    publish: (count, note = "") =>
      emulator.publish(
        topic,
        numbers(count).map((number) => ({ order: `${number}`, note })),
      ),
    ackedAt: (records) => ackedByCursor(emulator.journal.publishedIds(), records),
  };
}

async function openDiscue(): Promise<Opened> {
  const webhook = { retryDelaysMs: [100, 200, 300], timeoutMs: 5000, livenessIntervalMs: 0 };
  const emulator: DiscueEmulator = discueEmulator({ webhook });
  const port = await freePort();
  return {
    emulator,
    queue: "orders",
    port,
    publish: (count, note = "") =>
      emulator.publish(
        "orders",
        numbers(count).map((number) => ({
          name: `message-${number}`,
          data: JSON.stringify({ order: number, note }),
        })),
      ),
    async connect({ apiKey = "", baseUrl }) {
      const client = discue({ apiKey, baseUrl });
      const { id } = await client.queues.create({ name: "orders" });
      const url = `http://127.0.0.1:${port}/?secret=${webhookSecret}`;
      const urls = { notifyUrl: url, livenessUrl: url };
      await client.listeners.create(id, { name: "listener", ...urls });
    },
  };
}

const openers: Readonly<Record<ProviderName, () => Opened | Promise<Opened>>> = {
  tiki: openTiki,
  kekker: openKekker,
  workato: openWorkato,
  discue: openDiscue,
};

/** A saved cursor settles every event up to it. */
function ackedByCursor(published: readonly string[], records: Records) {
  const acked = new Map<string, number>();
  const places = new Map(published.map((id, index) => [id, index]));
  for (const { id = "", at } of records.of("saved")) {
    for (let index = places.get(id) ?? -1; index >= 0; index -= 1) {
      const event = published[index] ?? "";
      if (acked.has(event)) break;
      acked.set(event, at);
    }
  }
  return acked;
}

function ackedByJournal({ journal }: Emulator): ReadonlyMap<string, number> {
  const acked = new Map<string, number>();
  for (const { eventId = "", at } of journal.entries({ kinds: ["acked"] })) {
    if (!acked.has(eventId)) acked.set(eventId, at);
  }
  return acked;
}

/** The emulator with each request for events written down, from its arrival to its end. */
function watched(emulator: Emulator, seen: Seen[]): Emulator {
  return {
    ...emulator,
    async fetch(input, init) {
      const by = new Headers(init?.headers).get("x-consumer");
      const { pathname } = new URL(String(input));
      if (by === null || pathname.includes("token")) return emulator.fetch(input, init);
      const request: Seen = { by, path: pathname, startedAt: performance.now() };
      seen.push(request);
      try {
        return await emulator.fetch(input, init);
      } finally {
        request.endedAt = performance.now();
      }
    },
  };
}

/** The names of the feeds, as the clients make them. */
const feedNames: Readonly<Record<ProviderName, (queue: string, at: Connection) => string>> = {
  tiki: (queue) => tiki({ token: "none" }).feed(queue).name,
  kekker: (channel, { baseUrl = "", login = "", password = "" }) =>
    kekker({ baseUrl, login, password, channel }).feed().name,
  workato: (topic, { token = "", streamsUrl, apiUrl }) => {
    const { cursors: cursor } = memoryStores();
    return workato({ token, streamsUrl, apiUrl }).feed(topic, { cursor, consumer }).name;
  },
  discue: (queue) => `discue/${queue}`,
};

/** Opens a provider with one queue. */
export async function openProvider(name: ProviderName): Promise<ProviderSide> {
  const { connect, ...opened } = await openers[name]();
  const { emulator } = opened;
  const seen: Seen[] = [];
  const server = await serveEmulators([watched(emulator, seen)]);
  const connection = server.connection(name);
  await connect?.(connection);
  return {
    feed: feedNames[name](opened.queue, connection),
    port: undefined,
    publishIds: () => {
      throw new Error(`the ids of ${name} are its own`);
    },
    ackedAt: () => ackedByJournal(emulator),
    ...opened,
    name,
    connection,
    seen,
    async close() {
      await emulator.close();
      await server.close();
    },
  };
}

/** A port of 127.0.0.1 that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}
