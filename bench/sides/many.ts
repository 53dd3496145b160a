/** What many events, and many feeds, leave and take. */
import { subscribe } from "node:diagnostics_channel";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { consume, drain, type Relay, relay, type WorkQueue } from "ackloop";
import { inboxQueue, memoryStores, sqliteStores } from "ackloop/stores";
import { tiki } from "ackloop/tiki";
import { workato } from "ackloop/workato";
import { atOnce, handlerOf, token, type Work } from "./work.ts";

/** After so many events everything is warm. */
const WARM = 100_000;

/** What the heap holds once all that can be collected is, in MB. */
function heapMb(): number {
  if (!globalThis.gc) throw new Error("this needs --expose-gc");
  globalThis.gc();
  return process.memoryUsage().heapUsed / 1e6;
}

/** Reads a queue, and weighs the heap in the midst of it: at the last event, and at one long before. */
export async function heapLoop(work: Work) {
  const feed = tiki({ token, baseUrl: work.url }).feed("bench");
  let seen = 0;
  let early = 0;
  let late = 0;
  const handler = async (): Promise<void> => {
    seen += 1;
    if (seen === WARM) early = heapMb();
    if (seen === work.events) late = heapMb();
  };
  const { handled } = await drain(feed, handler, { concurrency: atOnce });
  return { handled, heapGrownMb: late - early };
}

/** Reads many queues at once, each with the same number of events, by one client. */
export async function feedsLoop(work: Work) {
  const { feeds = 1 } = work;
  const each = work.events / feeds;
  const client = tiki({ token, baseUrl: work.url });
  const counts = new Array<number>(feeds).fill(0);
  const facts = { sockets: 0, fairShare: 0 };
  subscribe("net.client.socket", () => {
    facts.sockets += 1;
  });
  const handle = handlerOf(work);
  const runs = counts.map((_, index) =>
    drain(
      client.feed(`queue-${index}`),
      async () => {
        await handle();
        const count = (counts[index] ?? 0) + 1;
        counts[index] = count;
        if (count === each && facts.fairShare === 0) facts.fairShare = Math.min(...counts) / each;
      },
      { concurrency: atOnce },
    ),
  );
  const handled = (await Promise.all(runs)).reduce((sum, run) => sum + run.handled, 0);
  return { handled, ...facts };
}

/** Passes many queues on at once, by one client, each to a queue of its own in one SQLite file. */
export async function relaysLoop(work: Work) {
  const { feeds = 1 } = work;
  const each = work.events / feeds;
  const folder = await mkdtemp(join(tmpdir(), "ackloop-bench-"));
  const stores = sqliteStores(join(folder, "ackloop.db"), { inboxMaxEntries: work.events });
  const client = tiki({ token, baseUrl: work.url });
  const counts = new Array<number>(feeds).fill(0);
  const facts = { sockets: 0, fairShare: 0 };
  subscribe("net.client.socket", () => {
    facts.sockets += 1;
  });
  const passing = (index: number): Relay => {
    const queue = inboxQueue(stores.inbox, `tenant-${index}`);
    const counted: WorkQueue = {
      ...queue,
      async send(deliveries, call) {
        await queue.send(deliveries, call);
        const count = (counts[index] ?? 0) + deliveries.length;
        counts[index] = count;
        if (count === each && facts.fairShare === 0) facts.fairShare = Math.min(...counts) / each;
      },
    };
    return relay(counted);
  };
  const runs = counts.map((_, index) => drain(client.feed(`queue-${index}`), passing(index)));
  const handled = (await Promise.all(runs)).reduce((sum, run) => sum + run.handled, 0);
  await stores.close();
  await rm(folder, { recursive: true });
  return { handled, ...facts };
}

/** How many events are on a page where a limit of requests is shared. */
const RATE_PAGE = 50;

/**
 * Reads many topics at once by one client, as long as its requests of a minute last: then the fair share is
 * what the topic with the fewest events has, of what the one with the most has.
 */
export async function ratesLoop(work: Work) {
  const { feeds = 1 } = work;
  const requestsPerMinute = work.events / RATE_PAGE;
  const urls = { streamsUrl: work.url, apiUrl: work.url };
  const client = workato({ token, ...urls, requestsPerMinute });
  const counts = new Array<number>(feeds).fill(0);
  const over = new AbortController();
  let handled = 0;
  const cursor = memoryStores().cursors;
  const runs = counts.map((_, index) => {
    const handler = async (): Promise<void> => {
      counts[index] = (counts[index] ?? 0) + 1;
      handled += 1;
      if (handled === work.events) over.abort();
    };
    const feed = client.feed(`${index + 1}`, { cursor, consumer: "bench" });
    return consume(feed, handler, { concurrency: atOnce, waitMs: 0, signal: over.signal });
  });
  await Promise.all(runs);
  return { handled, sockets: 0, fairShare: Math.min(...counts) / Math.max(...counts) };
}
