import type { FeedEvent } from "../../src/core/event.ts";
import { type Feed, type Receipt, toPage } from "../../src/core/feed.ts";
import type { WorkQueue } from "../../src/core/work-queue.ts";

/** Numbers by chance that are the same for the same seed. */
export function diceOf(seed: number): (sides: number) => number {
  let state = seed + 0x9e3779b9;
  return (sides) => {
    state = Math.imul(state ^ (state >>> 15), state | 1);
    state ^= state + Math.imul(state ^ (state >>> 7), state | 61);
    return ((state ^ (state >>> 14)) >>> 0) % sides;
  };
}

/** The events of some keys, numbered in each, in the order in which a relay writes them. */
export function eventsOf(
  count: number,
  keys: number,
  dice: (sides: number) => number,
): FeedEvent[] {
  const next = Array.from({ length: keys }, () => 0);
  return Array.from({ length: count }, () => {
    const key = dice(keys);
    const n = next[key] ?? 0;
    next[key] = n + 1;
    const data = { n };
    return {
      specversion: "1.0",
      id: `${key}/${n}`,
      source: "s",
      type: "t",
      subject: `${key}`,
      data,
    };
  });
}

/** Says what breaks the order of a key: who begins an event before the ones before it are settled, or beside another. */
export class OrderWatch {
  readonly broken: string[] = [];
  readonly #settled = new Map<string, number>();
  readonly #open = new Map<string, string>();

  begins({ id, subject: key = "", data }: FeedEvent, worker: string): void {
    const { n } = data as { readonly n: number };
    const settled = this.#settled.get(key) ?? 0;
    const other = this.#open.get(key);
    if (n > settled) this.broken.push(`${id} begins before ${key}/${settled} is settled`);
    if (other !== undefined) this.broken.push(`${id} begins at ${worker} while ${other}`);
    this.#open.set(key, `${id} is with ${worker}`);
  }

  /** How many events of a key are settled. */
  settledOf(key: string): number {
    return this.#settled.get(key) ?? 0;
  }

  ends({ subject: key = "", data }: FeedEvent, isSettled: boolean): void {
    const { n } = data as { readonly n: number };
    this.#open.delete(key);
    if (isSettled) this.#settled.set(key, Math.max(n + 1, this.#settled.get(key) ?? 0));
  }
}

const LEASE_MS = 1000;

interface Held {
  readonly event: FeedEvent;
  readonly receipt: Receipt;
  readonly until: number;
}

/** One that works by chance: it takes, finishes, gives back, or dies with what it holds. */
class Worker {
  readonly held: Held[] = [];
  readonly #feed: Feed;
  readonly #name: string;
  readonly #watch: OrderWatch;

  constructor(feed: Feed, name: string, watch: OrderWatch) {
    this.#feed = feed;
    this.#name = name;
    this.#watch = watch;
  }

  async pull(limit: number): Promise<void> {
    for (const { event, receipt } of toPage(await this.#feed.pull({ limit })).deliveries) {
      if (event === undefined || receipt === undefined) throw new Error("no event");
      this.#watch.begins(event, this.#name);
      this.held.push({ event, receipt, until: performance.now() + LEASE_MS });
    }
  }

  async finish(at: number): Promise<void> {
    const [one] = this.held.splice(at, 1);
    if (one === undefined) return;
    this.#watch.ends(one.event, true);
    await this.#feed.ack([one.receipt]);
  }

  async giveBack(at: number, afterMs: number): Promise<void> {
    const [one] = this.held.splice(at, 1);
    if (one === undefined) return;
    this.#watch.ends(one.event, false);
    await this.#feed.nack?.([one.receipt], { afterMs });
  }

  die(): void {
    // What it held is nobody's, until its leases end.
    for (const { event } of this.held.splice(0)) this.#watch.ends(event, false);
  }
}

/** Sends a page; at times it was stored in part before, or its answer was lost. */
async function sendTwice(
  open: () => WorkQueue,
  events: readonly FeedEvent[],
  dice: (sides: number) => number,
): Promise<void> {
  const page = events.map((event) => ({ event, raw: 1 }));
  if (dice(3) === 0) await open().send(page.slice(0, dice(page.length + 1)));
  await open().send(page);
}

/**
 * Lets workers take, finish, give back and die by chance while a relay writes, sends again and is cut, and gives
 * what has broken the order of a key, or was lost.
 *
 * @param pass Lets so many ms pass.
 */
export async function tryOrder(
  open: () => WorkQueue,
  seed: number,
  pass: (ms: number) => void,
): Promise<readonly string[]> {
  const dice = diceOf(seed);
  const events = eventsOf(40, 5, dice);
  const watch = new OrderWatch();
  const feedOf = () => (open() as { feed(options: object): Feed }).feed({ leaseMs: LEASE_MS });
  const workers = Array.from({ length: 3 }, (_, at) => new Worker(feedOf(), `w${at}`, watch));
  let sent = 0;
  const steps: Readonly<Record<string, (worker: Worker) => Promise<void>>> = {
    async send() {
      const page = events.slice(sent, sent + 1 + dice(6));
      sent += page.length;
      await sendTwice(open, page, dice);
    },
    pull: (worker) => worker.pull(1 + dice(4)),
    finish: (worker) => worker.finish(dice(worker.held.length || 1)),
    giveBack: (worker) => worker.giveBack(dice(worker.held.length || 1), dice(3) * 400),
    die: async (worker) => worker.die(),
    async pass() {
      // Nobody works on after the end of a lease.
      pass(dice(300));
      for (const worker of workers) {
        if (worker.held.some(({ until }) => until <= performance.now() + 300)) worker.die();
      }
    },
  };
  const names = ["send", "pull", "pull", "finish", "finish", "giveBack", "die", "pass"] as const;
  for (let step = 0; step < 300; step += 1) {
    await steps[names[dice(names.length)] ?? ""]?.(workers[dice(3)] as Worker);
  }
  const finishAll = async (worker: Worker): Promise<void> => {
    await worker.pull(10);
    while (worker.held.length > 0) await worker.finish(0);
  };
  const isLeft = ({ subject = "", data }: FeedEvent): boolean =>
    (data as { readonly n: number }).n >= watch.settledOf(subject);
  for (let round = 0; round < 200 && events.some(isLeft); round += 1) {
    if (sent < events.length) await steps["send"]?.(workers[0] as Worker);
    for (const worker of workers) worker.die();
    pass(LEASE_MS);
    for (const worker of workers) await finishAll(worker);
  }
  return [...watch.broken, ...events.filter(isLeft).map(({ id }) => `${id} was lost`)];
}
