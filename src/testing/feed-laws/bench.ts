import type { Delivery, Feed, Page, PullOptions, Receipt } from "../../core/feed.ts";
import { toPage } from "../../core/feed.ts";
import { identityOf, namelessIdentity } from "../../core/identity.ts";
import { sleep } from "../../core/sleep.ts";
import { check, equal } from "./asserts.ts";
import type { FeedHarness } from "./harness.ts";
import type { LawLimits } from "./limits.ts";
import { type Pulled, withReceipt } from "./wrapping.ts";

/** What a law works with: a harness of its own, a feed on it, and ways to read it by hand. */
export interface Bench {
  readonly harness: FeedHarness;
  /** The first feed object; each of its calls has a limit. */
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
  /** Fires when the law is over, however it ended: for what a law starts. */
  readonly over: AbortSignal;
  /** Ends the law as broken from within what would swallow an error; gives the error to throw. */
  fail(message: string): Error;
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
export async function createBench(harness: FeedHarness, limits: LawLimits): Promise<Bench> {
  const reopen = async () => limits.watch(await harness.feed());
  const feed = await reopen();
  const published: string[] = [];
  const { pageSize = 100 } = harness;
  const readers = createReaders(limits.patienceMs);
  const acked = async () => {
    const ids = new Set(await harness.acked());
    return published.filter((id) => ids.has(id));
  };
  return {
    ...readers,
    harness,
    feed,
    over: limits.over,
    fail: (message) => limits.fail(message),
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
    reopen,
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
      page = deliveriesOf(await feed.pull(options));
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
      await until(async () => {
        // All pages that bring something new in one go; a wait only where one does not.
        let isNew = true;
        while (seen.size < count && isNew) isNew = await readPage(feed, seen);
        return seen.size >= count;
      }, `all of ${count} events can be pulled and acknowledged`);
      return [...seen.values()];
    },
    async readOpen(feed, count) {
      const seen = new Map<string, Delivery>();
      let after: Receipt | undefined;
      await until(async () => {
        const page = toPage(await feed.pull({ limit: Math.max(count, 1), after }));
        note(page, seen);
        if (feed.pulls === "onward") after = placeOf(page) ?? after;
        return seen.size >= count;
      }, `all of ${count} events can be pulled`);
      return [...seen.values()];
    },
  };
}

/** Pulls a page and acknowledges all of it; tells whether it brought something new. */
async function readPage(feed: Feed, seen: Map<string, Delivery>): Promise<boolean> {
  const known = seen.size;
  const page = await feed.pull();
  note(toPage(page), seen);
  await ackAll(feed, page);
  return seen.size > known;
}

function note({ deliveries }: Page, seen: Map<string, Delivery>): void {
  const names = new Map<string, number>();
  for (const delivery of deliveries) {
    const name = keyOf(delivery);
    const equals = names.get(name) ?? 0;
    names.set(name, equals + 1);
    // What has no id is told from its equals by its place among them; an event is one, however often.
    seen.set(delivery.event ? name : namelessIdentity(name, equals), delivery);
  }
}

function keyOf({ event, raw }: Delivery): string {
  return event ? identityOf(event) : (JSON.stringify(raw) ?? "");
}

/**
 * The deliveries of a pull, in whichever form it came. Where the page alone has a receipt, its last
 * delivery is given it: an ack of it says the same.
 */
export function deliveriesOf(pulled: Pulled): readonly Delivery[] {
  const { deliveries, receipt } = toPage(pulled);
  const last = deliveries.at(-1);
  if (receipt === undefined || last === undefined || last.receipt !== undefined) return deliveries;
  return [...deliveries.slice(0, -1), withReceipt(last, receipt)];
}

/** Where a page ends: what to read on behind, and what to acknowledge all of it with. */
export function placeOf(pulled: Pulled): Receipt | undefined {
  const { deliveries, receipt } = toPage(pulled);
  return receipt ?? receiptsOf(deliveries).at(-1);
}

/** The ids of deliveries; of an unreadable one `"unreadable"`. */
export function idsOf(pulled: Pulled): readonly string[] {
  return toPage(pulled).deliveries.map(({ event }) => event?.id ?? "unreadable");
}

/** The receipts that are there. */
export function receiptsOf(deliveries: readonly Delivery[]): readonly Receipt[] {
  return deliveries.flatMap(({ receipt }) => (receipt === undefined ? [] : [receipt]));
}

/** Acknowledges all of what a pull brought. */
export async function ackAll(feed: Feed, pulled: Pulled): Promise<void> {
  const place = placeOf(pulled);
  const last = place === undefined ? [] : [place];
  const wanted = feed.acks === "individual" ? receiptsOf(toPage(pulled).deliveries) : last;
  if (wanted.length === 0) return;
  const report = await feed.ack(wanted);
  const good = report.every(({ status }) => status === "acked" || status === "gone");
  check(good && report.length === wanted.length, "an ack of what was just pulled succeeds");
}
