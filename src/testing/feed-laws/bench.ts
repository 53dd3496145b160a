import type { Delivery, Feed, PullOptions, Receipt } from "../../core/feed.ts";
import { sleep } from "../../core/sleep.ts";
import { check, equal } from "./asserts.ts";
import type { FeedHarness } from "./harness.ts";

/** How long anything that must happen may take, in ms: two slow cores, and more work beside. */
const usualPatienceMs = 10_000;

/** What a law works with: a harness of its own, a feed on it, and ways to read it by hand. */
export interface Bench {
  readonly harness: FeedHarness;
  /** The first feed object. */
  readonly feed: Feed;
  /** How many events make two pages and a bit, or at least seven. */
  readonly many: number;
  /** How many events one pull can bring, at most five. */
  readonly few: number;
  /** Publishes, and gives the ids in order. */
  publish(count: number): Promise<readonly string[]>;
  /** The ids that the provider regards as acknowledged, in order of publishing. */
  acked(): Promise<readonly string[]>;
  /** Waits until exactly these are acknowledged; fails when that takes too long, or more are. */
  settles(ids: readonly string[], promise: string): Promise<void>;
  /** The feed of a restarted process. */
  reopen(): Promise<Feed>;
  /** How long anything that must happen may take, in ms. */
  readonly patienceMs: number;
  /** Waits until a fact holds; fails when that takes too long. */
  until(fact: () => boolean | Promise<boolean>, promise: string): Promise<void>;
  /** Pulls until something comes: events that a provider sends by itself take a moment. */
  pullSome(feed: Feed, options?: PullOptions): Promise<readonly Delivery[]>;
  /** Pulls and acknowledges by hand until so many events were seen; gives each once, in order. */
  readAll(feed: Feed, count: number): Promise<readonly Delivery[]>;
  /** Pulls without acknowledging until so many events were seen; gives each once, in order. */
  readOpen(feed: Feed, count: number): Promise<readonly Delivery[]>;
}

/** Makes a bench of a harness that is fresh. */
export async function createBench(harness: FeedHarness): Promise<Bench> {
  const feed = await harness.feed();
  const published: string[] = [];
  const { pageSize = 100, patienceMs = usualPatienceMs } = harness;
  const readers = createReaders(patienceMs);
  const acked = async () => {
    const ids = new Set(await harness.acked());
    return published.filter((id) => ids.has(id));
  };
  return {
    ...readers,
    harness,
    feed,
    many: Math.max(7, 2 * pageSize + 1),
    few: Math.min(pageSize, 5),
    async publish(count) {
      const ids = await harness.publish(count);
      published.push(...ids);
      return ids;
    },
    acked,
    async settles(ids, promise) {
      let now: readonly string[] = [];
      const isSettled = async () => {
        now = await acked();
        return now.length >= ids.length;
      };
      await readers.until(isSettled, promise).catch(() => {});
      equal(now, ids, promise);
    },
    reopen: async () => harness.feed(),
  };
}

type Readers = Pick<Bench, "patienceMs" | "until" | "pullSome" | "readAll" | "readOpen">;

function createReaders(patienceMs: number): Readers {
  async function until(fact: () => boolean | Promise<boolean>, promise: string): Promise<void> {
    const endsAt = performance.now() + patienceMs;
    while (!(await fact())) {
      check(performance.now() < endsAt, promise);
      await sleep(3);
    }
  }

  async function pullSome(feed: Feed, options: PullOptions = {}): Promise<readonly Delivery[]> {
    let page: readonly Delivery[] = [];
    await until(async () => {
      page = await feed.pull(options);
      return page.length > 0;
    }, "what was published and is not acknowledged can be pulled");
    return page;
  }

  return {
    patienceMs,
    until,
    pullSome,
    async readAll(feed, count) {
      const seen = new Map<string, Delivery>();
      while (seen.size < count) {
        const page = await pullSome(feed);
        for (const delivery of page) seen.set(keyOf(delivery), delivery);
        await ackAll(feed, page);
      }
      return [...seen.values()];
    },
    async readOpen(feed, count) {
      const seen = new Map<string, Delivery>();
      let after: Receipt | undefined;
      await until(async () => {
        const page = await feed.pull({ limit: Math.max(count, 1), after });
        for (const delivery of page) seen.set(keyOf(delivery), delivery);
        if (feed.pulls === "onward") after = receiptsOf(page).at(-1) ?? after;
        return seen.size >= count;
      }, `all of ${count} events can be pulled`);
      return [...seen.values()];
    },
  };
}

/** The ids of deliveries; of an unreadable one `"unreadable"`. */
export function idsOf(deliveries: readonly Delivery[]): readonly string[] {
  return deliveries.map(({ event }) => event?.id ?? "unreadable");
}

/** The receipts that are there. */
export function receiptsOf(deliveries: readonly Delivery[]): readonly Receipt[] {
  return deliveries.flatMap(({ receipt }) => (receipt === undefined ? [] : [receipt]));
}

/** Acknowledges all of these deliveries. */
export async function ackAll(feed: Feed, deliveries: readonly Delivery[]): Promise<void> {
  const receipts = receiptsOf(deliveries);
  const wanted = feed.acks === "individual" ? receipts : receipts.slice(-1);
  if (wanted.length === 0) return;
  const report = await feed.ack(wanted);
  const good = report.every(({ status }) => status === "acked" || status === "gone");
  check(good && report.length === wanted.length, "an ack of what was just pulled succeeds");
}

function keyOf({ event, raw }: Delivery): string {
  return event?.id ?? `unreadable ${JSON.stringify(raw)}`;
}
