import type { FeedEvent } from "../../core/event.ts";
import type { Delivery, Feed, Page, PullOptions, Receipt } from "../../core/feed.ts";
import { toPage } from "../../core/feed.ts";
import { identityOf } from "../../core/identity.ts";
import type { Report } from "../../core/report.ts";
import { sleep } from "../../core/sleep.ts";
import type { DeadLetter, DeadLetterStore } from "../../core/stores.ts";
import type { Summary } from "../../core/summary.ts";
import { consume } from "../../loop/consume.ts";
import type { HandlerContext, HandlerResult } from "../../loop/handler.ts";
import type { LoopOptions } from "../../loop/options.ts";
import type { Run } from "../../loop/run.ts";
import { check } from "./asserts.ts";
import type { Bench } from "./bench.ts";
import { wrapFeed } from "./wrapping.ts";

/** A pull as the loop made it, and what it brought. */
export interface PullRecord {
  readonly options: PullOptions;
  page: Page;
}

/** An ack as the loop made it. */
export interface AckRecord {
  readonly receipts: readonly Receipt[];
  /** Whether its signal had fired when it was made. */
  readonly wasCut: boolean;
}

/** A feed that writes down what the loop does with it. */
export interface WatchedFeed {
  readonly feed: Feed;
  readonly pulls: readonly PullRecord[];
  readonly acks: readonly AckRecord[];
}

/** Watches a feed; `beforePull` is told of each pull before it goes out. */
export function watch(feed: Feed, beforePull: (options: PullOptions) => void = () => {}) {
  const pulls: PullRecord[] = [];
  const acks: AckRecord[] = [];
  const watched: WatchedFeed = {
    pulls,
    acks,
    feed: wrapFeed(feed, {
      async pull(options = {}) {
        beforePull(options);
        const record: PullRecord = { options, page: { deliveries: [] } };
        pulls.push(record);
        const pulled = await feed.pull(options);
        record.page = toPage(pulled);
        return pulled;
      },
      ack(receipts, options) {
        acks.push({ receipts, wasCut: options?.signal?.aborted === true });
        return feed.ack(receipts, options);
      },
    }),
  };
  return watched;
}

/** Options that make a run quick: nothing in a law is worth a real wait. */
export const quick = {
  idle: { minDelayMs: 10, maxDelayMs: 40 },
  retry: { attempts: 5, minDelayMs: 1, maxDelayMs: 5 },
  waitMs: 1_000,
  shutdownTimeoutMs: 2_000,
  reserveMs: 1_000,
} satisfies LoopOptions;

/** For laws in which every event that is held may fail: they are not about outages. */
export const withoutBreaker: LoopOptions = { circuitBreaker: false };

/** What the handlers of a law have done, as they wrote it down themselves. */
export class Ledger {
  /** The ids handlers were started with, in order, each start once. */
  readonly started: string[] = [];
  /** The ids that a handler has finished with. */
  readonly finished = new Set<string>();
  /** The ids that were at work twice at once. */
  readonly twice: string[] = [];
  readonly #running = new Map<string, number>();

  /** How often a handler was started with an id. */
  startsOf(id: string): number {
    return this.started.filter((started) => started === id).length;
  }

  /** Makes a handler that keeps the ledger around another. */
  keep(
    handle: (event: FeedEvent, context: HandlerContext) => HandlerResult,
  ): (event: FeedEvent, context: HandlerContext) => Promise<Awaited<HandlerResult>> {
    return async (event, context) => {
      const { id } = event;
      const identity = identityOf(event);
      const running = this.#running.get(identity) ?? 0;
      if (running > 0) this.twice.push(id);
      this.#running.set(identity, running + 1);
      this.started.push(id);
      try {
        const result = await handle(event, context);
        this.finished.add(id);
        return result;
      } finally {
        this.#running.set(identity, (this.#running.get(identity) ?? 1) - 1);
      }
    };
  }
}

/** A run under way, and what it tells. */
export interface Started {
  readonly run: Run;
  readonly reports: readonly Report[];
  /** Waits for a fact; fails with what halted the run, if it did. */
  until(fact: () => boolean | Promise<boolean>, promise: string): Promise<void>;
}

/** Starts a run. Whoever starts one must end it: `finish`. */
export function start(
  bench: Bench,
  feed: Feed,
  handler: (event: FeedEvent, context: HandlerContext) => HandlerResult,
  options: LoopOptions = {},
): Started {
  const reports: Report[] = [];
  const run = consume(feed, handler, {
    ...quick,
    signal: bench.over,
    ...options,
    onReport: (report) => void reports.push(report),
  });
  let halt: { readonly error: unknown } | undefined;
  run.then(undefined, (error: unknown) => {
    halt = { error };
  });
  return {
    run,
    reports,
    until: (fact, promise) =>
      bench.until(() => {
        if (halt) throw halt.error;
        return fact();
      }, promise),
  };
}

/** Stops a run, however the law has gone, and gives its summary. */
export async function finish({ run }: Started, withinMs?: number): Promise<Summary> {
  return await run.stop({ withinMs });
}

/** Runs until everything is acknowledged, then stops. */
export async function runThrough(
  bench: Bench,
  feed: Feed,
  handler: (event: FeedEvent, context: HandlerContext) => HandlerResult,
  ids: readonly string[],
  options: LoopOptions = {},
): Promise<{ readonly summary: Summary; readonly reports: readonly Report[] }> {
  const started = start(bench, feed, handler, options);
  try {
    await started.until(
      async () => (await bench.acked()).length >= ids.length,
      "all events are handled and acknowledged",
    );
  } catch (error) {
    await started.run.stop({ withinMs: 0 }).catch(() => {});
    throw error;
  }
  return { summary: await finish(started), reports: started.reports };
}

/** Something to wait for that a law opens. */
export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

/** Makes a gate, closed. */
export function gate(): Gate {
  const controller = new AbortController();
  const opened = new Promise<void>((resolve) => {
    controller.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  return { opened, open: () => controller.abort() };
}

/** Resolves when a signal fires. */
export function fired(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** A dead-letter store of a law's own; `beforePut` may fail or wait. */
export function letterBox(beforePut: () => Promise<void> = async () => {}) {
  const letters: DeadLetter[] = [];
  const store: DeadLetterStore = {
    async put(letter) {
      await beforePut();
      letters.push(letter);
    },
    list: async () => ({ letters }),
    get: async () => undefined,
    remove: async () => {},
  };
  return { store, letters };
}

/** Which of a page's ids may be acknowledged while the one at `open` is not settled. */
export function acknowledgeable(pulled: readonly Delivery[], open: number): readonly string[] {
  const before = pulled.slice(0, open);
  const last = before.findLastIndex(({ receipt }) => receipt !== undefined);
  return before.slice(0, last + 1).map(({ event }) => event?.id ?? "");
}

/** Fails when something is acknowledged that no handler has finished with. */
export async function checkNothingEarly(bench: Bench, ledger: Ledger): Promise<void> {
  const early = (await bench.acked()).filter((id) => !ledger.finished.has(id));
  check(early.length === 0, "nothing is acknowledged before its handler has finished with it");
}

/** Long enough for what must not happen to happen, mostly. */
export function aWhile(): Promise<void> {
  return sleep(60);
}
