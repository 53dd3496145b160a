import { createServer } from "node:net";
import { type Connection, type Emulator, serveEmulators } from "../../src/emulator/index.ts";
import { memoryStores } from "../../src/stores/index.ts";
import type { Records } from "./children.ts";
import { type Opened, type ProviderProcess, processOf } from "./provider.ts";
import { consumer, webhookSecret } from "./task.ts";

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
  readonly name: string;
  readonly emulator: Emulator;
  readonly connection: Connection;
  readonly queue: string;
  /** The name of the feed, which is part of every key in a store. */
  readonly feed: string;
  /** Where its consumer must listen, if the provider calls us. */
  readonly port: number | undefined;
  /** The requests for events and the acknowledgements, in the order in which they came. */
  readonly seen: readonly Seen[];
  /** Publishes so many events and gives their ids; `note` stands in the data of each. */
  publish(count: number, note?: string): readonly string[];
  /** Publishes events with ids of the test's own, where the provider lets it. */
  publishIds(ids: readonly string[], note?: string): void;
  /** When each event was acknowledged, in epoch ms. */
  ackedAt(records: Records): ReadonlyMap<string, number>;
  close(): Promise<void>;
}

let lastNumber = 0;

/** So many numbers that no other event has. */
function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, () => {
    lastNumber += 1;
    return lastNumber;
  });
}

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

/** The name of the feed or the receiver, as the client makes it. */
function nameOf({ feed, receiver }: ProviderProcess, connection: Connection, queue: string) {
  const { cursors: cursor } = memoryStores();
  const place = { connection, queue, cursor, consumer, options: {} };
  return feed?.(place).name ?? receiver?.(place, webhookSecret).name ?? "";
}

/** Opens a provider with one queue. */
export async function openProvider(name: string): Promise<ProviderSide> {
  const provider = await processOf(name);
  const opened: Opened = provider.open();
  const { emulator, queue, publishIds } = opened;
  const seen: Seen[] = [];
  const server = await serveEmulators([watched(emulator, seen)]);
  const connection = server.connection(name);
  const port = provider.receiver && (await freePort());
  await opened.connect?.(connection, `http://127.0.0.1:${port}/?secret=${webhookSecret}`);
  const isByCursor = provider.idIn !== undefined;
  return {
    name,
    emulator,
    connection,
    queue,
    feed: nameOf(provider, connection, queue),
    port,
    seen,
    publish: (count, note = "") => opened.publish(numbers(count), note),
    publishIds(ids, note = "") {
      if (!publishIds) throw new Error(`the ids of ${name} are its own`);
      publishIds(ids, note);
    },
    ackedAt: (records) =>
      isByCursor
        ? ackedByCursor(emulator.journal.publishedIds(), records)
        : ackedByJournal(emulator),
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
