import { isAckloopError } from "../../src/core/errors.ts";
import type { FeedEvent } from "../../src/core/event.ts";
import type { Feed } from "../../src/core/feed.ts";
import type { Logger } from "../../src/core/logger.ts";
import { batch } from "../../src/loop/batch.ts";
import { consume, drain } from "../../src/loop/consume.ts";
import type { Handlers } from "../../src/loop/handler.ts";
import type { HandlingOptions, LoopOptions } from "../../src/loop/options.ts";
import { batchHandlerOf, handlerOf } from "./handler.ts";
import type { Process } from "./process.ts";
import { type ProcessStores, storesOf } from "./stores.ts";

/** What runs in a process. */
export interface Running {
  /** Resolves when it has ended by itself; to a word that says how. */
  readonly ended: Promise<string>;
  stop(how: "stop" | "abort", withinMs: number): void;
  readonly pause?: () => void;
  readonly resume?: () => void;
}

/** The reader's name in every store. */
export const CONSUMER = "simulation";

/** Starts what the plan says in a process. */
export function run(process: Process): Running {
  const stores = storesOf(process);
  return process.world.provider.start(process, stores);
}

/** The options that every verb takes. */
export function handlingOptions(process: Process, stores: ProcessStores): HandlingOptions {
  const { settings } = process.world.plan;
  const { attempts, retryMs, deadLetters, dropsUnknown, dedupe, markMs } = settings;
  return {
    retry: { attempts, minDelayMs: retryMs[0], maxDelayMs: retryMs[1] },
    handlerTimeoutMs: settings.handlerTimeoutMs,
    deadLetters: deadLetters ? stores.deadLetters : undefined,
    unprocessable: dropsUnknown && deadLetters ? "drop" : undefined,
    dedupe: dedupe ? { store: stores.dedupe, markMs } : undefined,
    consumer: CONSUMER,
    onReport: process.onReport,
    logger: unheard,
  };
}

const nothing = (): void => {};

/** Every line is made, as in a real run, and nobody reads it. */
const unheard: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** Reads a feed with the loop, by the plan's verb. */
export function runLoop(process: Process, stores: ProcessStores, bare: Feed): Running {
  const { settings } = process.world.plan;
  const feed = process.feed(bare);
  const stopper = new AbortController();
  const options: LoopOptions = {
    ...handlingOptions(process, stores),
    concurrency: settings.concurrency,
    maxInFlight: settings.maxInFlight,
    orderBy: settings.ordered ? (event) => process.world.keyOf(event) : undefined,
    lease: settings.lease
      ? { store: stores.leases, leaseMs: settings.leaseMs, holder: process.holder }
      : undefined,
    idle: { minDelayMs: settings.idleMs[0], maxDelayMs: settings.idleMs[1] },
    waitMs: settings.waitMs,
    shutdownTimeoutMs: settings.shutdownMs,
    signal: stopper.signal,
  };
  const handlers: Handlers<FeedEvent> =
    settings.verb === "batch"
      ? batch({ size: 4, maxWaitMs: 50 }, batchHandlerOf(process))
      : handlerOf(process);
  if (settings.verb === "drain") {
    const ended = toEnd(drain(feed, handlers, options));
    // It has no stop but its signal, which gives it the time of the option.
    return { ended, stop: () => stopper.abort() };
  }
  const going = consume(feed, handlers, options);
  return {
    ended: toEnd(going),
    stop(how, withinMs) {
      if (how === "abort") stopper.abort();
      else void going.stop({ withinMs }).then(ignore, ignore);
    },
    pause: () => going.pause(),
    resume: () => going.resume(),
  };
}

/** How a run ended, in a word. */
async function toEnd(run: PromiseLike<{ readonly stopped?: unknown }>): Promise<string> {
  try {
    return String((await run).stopped);
  } catch (error) {
    if (isAckloopError(error)) return `${error.code}: ${error.message}`;
    return `bug: ${String(error)}`;
  }
}

function ignore(): void {}
