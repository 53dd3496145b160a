/**
 * What the loop costs beside a bare pool: `npm run bench`. Pages of 100 events made in memory, handlers
 * that do nothing and are async, ten at once. It prints CPU (user and system) an event, in us, and the
 * difference, which is the loop's own; the two alternate in one process, so that noise hits both.
 */
import type { FeedEvent } from "../src/core/event.ts";
import type { Delivery, Feed } from "../src/core/feed.ts";
import { toReceipt } from "../src/core/feed.ts";
import { drain } from "../src/loop/consume.ts";

const PAGE = 100;
const PAGES = 2_000;
const ROUNDS = 7;

type Kind = "cumulative unacked" | "cumulative onward" | "individual unacked" | "without again";

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
function* pages(): Generator<BenchDelivery[]> {
  for (let page = 0; page < PAGES; page += 1) {
    yield Array.from({ length: PAGE }, (_, index) => new BenchDelivery(page * PAGE + index));
  }
}

function benchFeed(kind: Kind): Feed {
  const all = pages();
  const [acks, pulls] = kind === "without again" ? ["cumulative", "onward"] : kind.split(" ");
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
async function barePool(handler: (event: FeedEvent) => Promise<void>): Promise<void> {
  for (const page of pages()) {
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

/** CPU of some work, in us an event. */
async function costOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (PAGE * PAGES);
}

const median = (values: readonly number[]): number =>
  [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;

async function main(): Promise<void> {
  const handler = async (): Promise<void> => {};
  const kinds: readonly Kind[] = [
    "cumulative unacked",
    "cumulative onward",
    "individual unacked",
    "without again",
  ];
  const bare: number[] = [];
  const loop = new Map<Kind, number[]>(kinds.map((kind) => [kind, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    bare.push(await costOf(() => barePool(handler)));
    for (const kind of kinds) {
      const cost = await costOf(() => drain(benchFeed(kind), handler, { concurrency: 10 }));
      loop.get(kind)?.push(cost);
    }
  }
  const base = median(bare);
  process.stdout.write(`node ${process.version}: bare pool ${base.toFixed(2)} us an event\n`);
  for (const [kind, costs] of loop) {
    const cost = median(costs);
    const own = (cost - base).toFixed(2);
    process.stdout.write(`${kind}: ${cost.toFixed(2)} us, the loop's own ${own}\n`);
  }
}

await main();
