import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AckloopError, isAckloopError } from "../../src/core/errors.ts";
import type { FeedEvent } from "../../src/core/event.ts";
import type { ReadableDelivery } from "../../src/core/feed.ts";
import type { DeadLetterStore, StoreSet } from "../../src/core/stores.ts";
import type { Summary } from "../../src/core/summary.ts";
import { batch } from "../../src/loop/batch.ts";
import { consume, drain } from "../../src/loop/consume.ts";
import type { HandlerContext, Handlers } from "../../src/loop/handler.ts";
import type { LoopOptions } from "../../src/loop/options.ts";
import type { Outcome } from "../../src/loop/outcome.ts";
import { deadLetter, done, drop, retry } from "../../src/loop/outcome.ts";
import { memoryStores } from "../../src/stores/index.ts";
import type { MemoryFeed, MemoryFeedOptions } from "../../src/testing/memory-feed.ts";
import { memoryFeed, testEvent } from "../../src/testing/memory-feed.ts";
import { imbalance } from "./support.ts";

const KINDS: readonly MemoryFeedOptions[] = [
  { acks: "individual", pulls: "unacked" },
  { acks: "individual", pulls: "onward", leaseMs: 60_000 },
  { acks: "individual", pulls: "onward" },
  { acks: "cumulative", pulls: "unacked" },
  { acks: "cumulative", pulls: "unacked", receipts: "page" },
  { acks: "cumulative", pulls: "unacked", receipts: "page", acksOnPull: true },
  { acks: "cumulative", pulls: "unacked", acksOnPull: true },
  { acks: "cumulative", pulls: "onward" },
  { acks: "cumulative", pulls: "onward", waits: true },
  { acks: "individual", pulls: "onward", waits: true },
];

/** A small generator of numbers that a seed repeats: mulberry32. */
class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** From 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  upTo(most: number): number {
    return Math.floor(this.next() * (most + 1));
  }

  of<Item>(...items: readonly Item[]): Item {
    return items[this.upTo(items.length - 1)] as Item;
  }

  is(probability: number): boolean {
    return this.next() < probability;
  }
}

/** One world: a feed with events, faults to come, and runs that are started, stopped and followed by others. */
class World {
  readonly #chance: Chance;
  readonly #kind: MemoryFeedOptions;
  readonly #stores: StoreSet = memoryStores();
  readonly #provider: MemoryFeed;
  readonly #options: LoopOptions;
  readonly #keyed: boolean;
  readonly #withDedupe: boolean;
  readonly #batched: boolean;
  readonly #withStore: boolean;
  #published = 0;
  /** What a handler was done with, or what was set aside. */
  readonly #finished = new Set<string>();
  /** What the dedupe store has confirmed as done. */
  readonly #remembered = new Set<string>();
  #finishedNow = new Map<string, number>();
  #lastOfKey = new Map<number, number>();
  readonly #atWork = new Map<number, string>();
  #mayLoseOrder = false;
  #generation = 0;
  #calm = false;

  constructor(seed: number) {
    const chance = new Chance(seed);
    this.#chance = chance;
    this.#kind = { ...chance.of(...KINDS), pageSize: chance.of(1, 3, 10, 100) };
    this.#provider = memoryFeed(this.#kind);
    this.#keyed = chance.is(0.5);
    this.#withStore = chance.is(0.6);
    this.#withDedupe = chance.is(0.3);
    this.#batched = chance.is(0.2);
    this.#options = {
      concurrency: chance.of(1, 2, 5, 20),
      maxInFlight: chance.of(1, 2, 7, 50, 200),
      ackConcurrency: chance.of(1, 5, 50),
      retry: {
        attempts: this.#withStore ? 3 : 50,
        minDelayMs: 10,
        maxDelayMs: chance.of(10, 3000),
      },
      idle: { minDelayMs: 50, maxDelayMs: 2000 },
      circuitBreaker: false,
      shutdownTimeoutMs: chance.of(0, 500, 10_000),
      ...(chance.is(0.3) ? { handlerTimeoutMs: 300 } : {}),
      ...(this.#keyed ? { orderBy: (event) => keyOf(event) } : {}),
      ...(this.#withStore ? { deadLetters: this.#watchedDeadLetters() } : {}),
      ...(this.#withDedupe ? { dedupe: { store: this.#watchedDedupe(), markMs: 2000 } } : {}),
      ...(this.#withStore || this.#withDedupe ? { consumer: "stress" } : {}),
    };
  }

  get description(): string {
    const { deadLetters, dedupe, orderBy, ...plain } = this.#options;
    const stores = { deadLetters: this.#withStore, dedupe: this.#withDedupe };
    const on = { ...stores, keyed: this.#keyed, batched: this.#batched };
    return JSON.stringify({ kind: this.#kind, ...plain, ...on });
  }

  async play(): Promise<void> {
    this.#publish(this.#chance.upTo(60));
    const runs = 1 + this.#chance.upTo(4);
    for (let index = 0; index < runs; index += 1) {
      this.#sendFaults();
      await this.#runOnce();
      if (this.#chance.is(0.5)) this.#publish(this.#chance.upTo(20));
    }
    this.#calm = true;
    this.#provider.heal();
    const summary = await this.#drainAll();
    const ids = Array.from({ length: this.#published }, (_, index) => `e${index}`);
    expect(ids.filter((id) => !this.#finished.has(id))).toEqual([]);
    expect([...this.#provider.acked].sort()).toEqual([...ids].sort());
    expect(summary.stopped).toBe("empty");
    expect(summary.unsettled).toBe(0);
  }

  #publish(count: number): void {
    for (let index = 0; index < count; index += 1) {
      this.#provider.publish(testEvent(`e${this.#published}`));
      this.#published += 1;
    }
  }

  #sendFaults(): void {
    const { is, of, upTo } = bound(this.#chance);
    for (let index = upTo(8); index > 0; index -= 1) {
      const operation = of("pull", "ack") as "pull" | "ack";
      const afterEffect = is(0.4);
      if (afterEffect && operation === "pull") this.#mayLoseOrder = true;
      const error = of(
        new AckloopError("transport", "cut", { retryable: true, outcomeUnknown: afterEffect }),
        new AckloopError("rateLimit", "slow", { retryable: true, retryAfterMs: 300 }),
        new AckloopError("schema", "garbage"),
        new AckloopError("timeout", "late", { retryable: true, outcomeUnknown: true }),
      );
      const certain = error.code === "rateLimit";
      this.#provider.fail({
        operation,
        error,
        afterEffect: afterEffect && !certain,
        count: of(1, 1, 2),
        delayMs: of(0, 0, 5, 200),
      });
    }
  }

  async #runOnce(): Promise<void> {
    const feed = this.#begin();
    const handlers = this.#handlers(this.#generation);
    const { of, is, upTo } = bound(this.#chance);
    const stopAt = of(0, 5, 100, 1000, 5000, 60_000);
    if (is(0.2)) {
      const deadline = Date.now() + stopAt;
      const limit = is(0.5) ? 1 + upTo(20) : undefined;
      const draining = drain(feed, handlers, { ...this.#options, deadline, limit });
      await this.#toItsEnd(draining, stopAt + 30_000);
      return;
    }
    const run = consume(feed, handlers, this.#options);
    if (is(0.2)) {
      setTimeout(() => run.pause(), of(0, 50, 500));
      setTimeout(() => run.resume(), of(0, 300, 2000));
    }
    setTimeout(() => void run.stop().catch(() => {}), stopAt);
    await this.#toItsEnd(run, stopAt + 30_000);
  }

  /** One handler, or the same for many at once. */
  #handlers(generation: number): Handlers<FeedEvent> {
    const handler = this.#handler(generation);
    if (!this.#batched) return handler;
    return batch({ size: 4, maxWaitMs: 30 }, async (events, { signal, deliveries, logger }) => {
      const each = events.map((event, index) => {
        const delivery = deliveries[index] as ReadableDelivery;
        const finish = async (): Promise<boolean> => true;
        return handler(event, { signal, delivery, logger, attempt: 2, finish });
      });
      const results = await Promise.allSettled(each);
      const outcomes = results.map((result) =>
        result.status === "fulfilled" ? (result.value ?? retry()) : retry(),
      );
      return outcomes;
    });
  }

  async #drainAll(): Promise<Summary> {
    const feed = this.#begin();
    const draining = drain(feed, this.#handlers(this.#generation), this.#options);
    return this.#toItsEnd(draining, 3_600_000) as Promise<Summary>;
  }

  /** A run of a new process: nothing of the one before is known. */
  #begin(): MemoryFeed {
    this.#generation += 1;
    this.#finishedNow = new Map();
    this.#lastOfKey = new Map();
    this.#atWork.clear();
    const feed = this.#provider.reopen();
    return {
      ...feed,
      pull: (options) => feed.pull(options).finally(() => this.#checkAcked()),
      ack: (receipts, options) => feed.ack(receipts, options).finally(() => this.#checkAcked()),
    };
  }

  #checkAcked(): void {
    const early = this.#provider.acked.filter((id) => !this.#finished.has(id));
    if (early.length > 0) throw new Error(`acked before handled: ${early.join()}`);
  }

  async #toItsEnd(ending: PromiseLike<Summary>, withinMs: number): Promise<Summary | undefined> {
    let summary: Summary | undefined;
    let failure: unknown;
    let ended = false;
    ending.then(
      (value) => {
        summary = value;
        ended = true;
      },
      (error) => {
        failure = error;
        ended = true;
      },
    );
    const until = Date.now() + withinMs;
    while (!ended && Date.now() < until) await vi.advanceTimersByTimeAsync(100);
    expect(ended, "the run ends").toBe(true);
    if (failure !== undefined) {
      if (!isAckloopError(failure) || failure.cause instanceof Error) throw failure;
      expect(this.#calm, String(failure)).toBe(false);
      summary = failure.summary;
    }
    expect(imbalance(summary), JSON.stringify(summary)).toBe(0);
    // Handlers that the stop did not wait for come to their end, and nothing comes of it.
    await vi.advanceTimersByTimeAsync(60_000);
    expect(vi.getTimerCount()).toBe(0);
    expect(this.#provider.pending).toBe(0);
    return summary;
  }

  #handler(generation: number) {
    return async (event: FeedEvent, context: HandlerContext): Promise<void | Outcome> => {
      const current = (): boolean => generation === this.#generation;
      if (this.#remembered.has(event.id)) throw new Error(`${event.id} is done and handled again`);
      this.#enter(event, context.attempt);
      try {
        return await this.#handle(event, context, current);
      } finally {
        if (current()) this.#atWork.delete(keyOf(event));
      }
    };
  }

  async #handle(
    event: FeedEvent,
    context: HandlerContext,
    current: () => boolean,
  ): Promise<void | Outcome> {
    const { is, of, upTo } = bound(this.#chance);
    if (is(0.5)) await new Promise((resolve) => setTimeout(resolve, of(0, 1, 20, 400, 3000)));
    const trouble = this.#calm ? 1 : this.#chance.next();
    if (trouble < 0.1) throw new Error("failed");
    if (trouble < 0.15) return retry({ afterMs: upTo(500) });
    if (trouble < 0.2 && this.#withStore) return deadLetter("no use");
    const { aborted } = context.signal;
    if (aborted && is(0.5)) return undefined;
    if (current()) this.#finish(event.id);
    if (is(0.05)) return drop("not ours");
    return aborted || this.#batched || is(0.1) ? done() : undefined;
  }

  #enter(event: FeedEvent, attempt: number): void {
    if (!this.#keyed) return;
    const key = keyOf(event);
    const other = this.#atWork.get(key);
    if (other !== undefined) throw new Error(`${event.id} beside ${other}`);
    this.#atWork.set(key, event.id);
    const index = Number(event.id.slice(1));
    const ordered = this.#kind.acks === "cumulative" || this.#kind.pulls === "unacked";
    if (attempt > 1 || !(ordered || !this.#mayLoseOrder)) return;
    if (index < (this.#lastOfKey.get(key) ?? -1)) throw new Error(`${event.id} is out of order`);
    this.#lastOfKey.set(key, index);
  }

  #finish(id: string): void {
    this.#finished.add(id);
    const times = (this.#finishedNow.get(id) ?? 0) + 1;
    this.#finishedNow.set(id, times);
    if (times > 1 && this.#kind.leaseMs === undefined) {
      throw new Error(`${id} was handled twice in one run`);
    }
  }

  #watchedDeadLetters(): DeadLetterStore {
    const { deadLetters } = this.#stores;
    return {
      ...deadLetters,
      put: async (letter, options) => {
        if (!this.#calm && this.#chance.is(0.2)) throw new Error("the store is down");
        await deadLetters.put(letter, options);
        if (letter.event) this.#finished.add(letter.event.id);
      },
    };
  }

  #watchedDedupe(): StoreSet["dedupe"] {
    const { dedupe } = this.#stores;
    return {
      ...dedupe,
      begin: async (key, markMs, options) => {
        if (!this.#calm && this.#chance.is(0.1)) throw new Error("the store is down");
        return dedupe.begin(key, markMs, options);
      },
      finish: async (key, mark, options) => {
        if (!this.#calm && this.#chance.is(0.1)) throw new Error("the store is down");
        const mine = await dedupe.finish(key, mark, options);
        if (mine) this.#remembered.add(key.identity.slice("/memory ".length));
        return mine;
      },
    };
  }
}

function keyOf(event: FeedEvent): number {
  return Number(event.id.slice(1)) % 4;
}

function bound(chance: Chance) {
  return {
    is: (probability: number) => chance.is(probability),
    of: <Item>(...items: readonly Item[]) => chance.of(...items),
    upTo: (most: number) => chance.upTo(most),
  };
}

describe("any run of any feed", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const first = Number(process.env["STRESS_SEED"] ?? 1);
  const count = Number(process.env["STRESS_COUNT"] ?? 150);

  const name = `loses nothing and ends, whatever fails: seeds ${first} to ${first + count - 1}`;
  it(name, { timeout: 300_000 }, async () => {
    for (let seed = first; seed < first + count; seed += 1) {
      const chance = new Chance(seed);
      vi.spyOn(Math, "random").mockImplementation(() => chance.next());
      const world = new World(seed);
      try {
        await world.play();
      } catch (cause) {
        throw new Error(`STRESS_SEED=${seed} ${world.description}: ${cause}`, { cause });
      }
    }
  });
});

it("lets timers run between handlers that compute, also where a store let them begin together", async () => {
  const feed = memoryFeed();
  feed.publish(...Array.from({ length: 10 }, (_, index) => testEvent(`e${index}`)));
  const started: string[] = [];
  const startedBefore: number[] = [];
  const compute = ({ id }: { readonly id: string }): void => {
    started.push(id);
    if (started.length === 1) setTimeout(() => startedBefore.push(started.length), 0);
    const until = performance.now() + 15;
    while (performance.now() < until);
  };
  const { dedupe } = memoryStores();

  await drain(feed, compute, { concurrency: 10, consumer: "c", dedupe: { store: dedupe } });

  expect(started).toHaveLength(10);
  expect(startedBefore[0]).toBeLessThan(4);
});
