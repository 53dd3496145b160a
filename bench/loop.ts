/**
 * What the loop costs beside a bare pool. Pages of 100 events made in memory, handlers that do nothing and are
 * async, ten at once; CPU, user and system.
 */
import type { FeedEvent } from "../src/core/event.ts";
import type { Delivery, Feed } from "../src/core/feed.ts";
import { toReceipt } from "../src/core/feed.ts";
import { inspector } from "../src/inspector/index.ts";
import { consume, drain } from "../src/loop/consume.ts";
import type { Run } from "../src/loop/run.ts";

const PAGE = 100;

/** The kinds of feed that are measured; `ordered` is the first one with `orderBy`. */
const kinds = [
  "cumulative unacked",
  "cumulative onward",
  "individual unacked",
  "without again",
  "ordered",
] as const;
type Kind = (typeof kinds)[number];

class BenchDelivery {
  readonly event: FeedEvent;
  readonly raw: unknown;
  readonly receipt: Delivery["receipt"];

  constructor(n: number) {
    this.event = {
      specversion: "1.0",
      id: `event-${n}`,
      source: "/bench/queue",
      type: "ORDER",
      data: { code: n },
    };
    this.raw = this.event.data;
    this.receipt = toReceipt(n);
  }

  again(): Delivery {
    return new BenchDelivery(Number(this.event.id.slice(6)));
  }
}

/** One page of events after another. */
function* pages(count: number): Generator<BenchDelivery[]> {
  for (let page = 0; page < count; page += 1) {
    yield Array.from({ length: PAGE }, (_, index) => new BenchDelivery(page * PAGE + index));
  }
}

const shapes: Partial<Record<Kind, Kind>> = {
  "without again": "cumulative onward",
  ordered: "cumulative unacked",
};

function benchFeed(kind: Kind, count: number): Feed {
  const all = pages(count);
  const [acks, pulls] = (shapes[kind] ?? kind).split(" ");
  const bare = (page: BenchDelivery[]): readonly Delivery[] =>
    page.map(({ event, raw, receipt }) => ({ event, raw, receipt }));
  return {
    name: "bench",
    acks,
    pulls,
    pull: async () => {
      const next = all.next();
      const page = next.done ? [] : next.value;
      return kind === "without again" ? bare(page) : page;
    },
    ack: async (receipts: readonly unknown[]) => receipts.map(() => ({ status: "acked" })),
  } as unknown as Feed;
}

/** What anybody would write by hand: the same pages, ten workers. */
async function barePool(
  handler: (event: FeedEvent) => Promise<void>,
  count: number,
): Promise<void> {
  for (const page of pages(count)) {
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < page.length) {
        const delivery = page[next] as BenchDelivery;
        next += 1;
        await handler(delivery.event);
      }
    };
    await Promise.all(Array.from({ length: 10 }, worker));
  }
}

/** CPU of work on so many pages, in us an event. */
async function costOf(work: () => Promise<unknown>, count: number): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (PAGE * count);
}

/** What the loop costs, in us an event, round by round. */
export interface LoopCosts {
  /** The bare pool by itself. */
  readonly bare: readonly number[];
  /** What each kind of feed costs beside it. */
  readonly own: ReadonlyMap<Kind, readonly number[]>;
}

/** Measures a bare pool and the loop over so many pages of each kind, in turns, so that noise hits all. */
export async function loopCosts(rounds: number, count: number): Promise<LoopCosts> {
  const handler = async (): Promise<void> => {};
  const bare: number[] = [];
  const own = new Map<Kind, number[]>(kinds.map((kind) => [kind, []]));
  for (let round = 0; round < rounds; round += 1) {
    const base = await costOf(() => barePool(handler, count), count);
    bare.push(base);
    for (const kind of kinds) {
      const options = { concurrency: 10, ...(kind === "ordered" && { orderBy }) };
      const work = () => drain(benchFeed(kind, count), handler, options);
      own.get(kind)?.push((await costOf(work, count)) - base);
    }
  }
  return { bare, own };
}

/** A run with an inspector that nobody looks at, beside one without, round by round. */
export async function inspectedShares(rounds: number, count: number): Promise<readonly number[]> {
  const inspect = (run: Run): unknown => inspector({ runs: [run], authorize: () => true });
  const shares: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const without = await costOf(() => consumeAll(count, () => undefined), count);
    shares.push((await costOf(() => consumeAll(count, inspect), count)) / without);
  }
  return shares;
}

/** Consumes so many pages, and stops. */
async function consumeAll(count: number, begun: (run: Run) => unknown): Promise<void> {
  let left = PAGE * count;
  await new Promise<void>((resolve, reject) => {
    const handler = async (): Promise<void> => {
      left -= 1;
      if (left === 0) run.stop().then(() => resolve(), reject);
    };
    const run = consume(benchFeed("cumulative unacked", count), handler, { concurrency: 10 });
    begun(run);
  });
}

/** A key for each of 97 customers. */
const orderBy = ({ id }: FeedEvent): string => String(Number(id.slice(6)) % 97);
