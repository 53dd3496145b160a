import type { FeedEvent } from "../../../src/core/event.ts";
import type { Logger } from "../../../src/core/logger.ts";
import type { ReportListener } from "../../../src/core/report.ts";
import { batch } from "../../../src/loop/batch.ts";
import { consume, drain } from "../../../src/loop/consume.ts";
import { deliveries } from "../../../src/loop/deliveries.ts";
import type { Handlers } from "../../../src/loop/handler.ts";
import type { HandlingOptions, LoopOptions } from "../../../src/loop/options.ts";
import { redrive } from "../../../src/loop/redrive.ts";
import { numberOf } from "../process.ts";
import { callAtOnce, isOurs } from "./calls.ts";
import { drawnFeed } from "./feed.ts";
import { batchHandlerOf, handleOwn, handlerOf } from "./handler.ts";
import { knows } from "./knows.ts";
import type { Reader } from "./reader.ts";
import { storesOf } from "./stores.ts";

/** The reader's name in every store. */
export const CONSUMER = "drawn";

/** What runs in a process. */
export interface Going {
  /** Resolves when it has ended, to a word that says how. */
  readonly ended: Promise<string>;
  readonly stop: (withinMs: number) => void;
  readonly abort: () => void;
  readonly pause?: (() => void) | undefined;
  readonly resume?: (() => void) | undefined;
  /** Leaves the loop of one's own. */
  readonly leave?: (() => void) | undefined;
}

/** A signal whose listeners are counted. */
export class CountedStopper extends AbortController {
  listeners = 0;

  constructor() {
    super();
    const { signal } = this;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    const count = (by: number): void => {
      this.listeners += by;
    };
    Object.assign(signal, {
      addEventListener: (...all: Parameters<typeof add>) => {
        count(1);
        add(...all);
      },
      removeEventListener: (...all: Parameters<typeof remove>) => {
        count(-1);
        remove(...all);
      },
    });
  }
}

function handlingOptions(reader: Reader): HandlingOptions & { readonly consumer: string } {
  const { world } = reader;
  const { settings } = world.plan;
  const stores = storesOf(reader);
  const { attempts, retryMs, deadLetters, drops, dedupe, markMs } = settings;
  return {
    retry: { attempts, minDelayMs: retryMs[0], maxDelayMs: retryMs[1] },
    handlerTimeoutMs: settings.handlerTimeoutMs,
    deadLetters: deadLetters ? stores.deadLetters : undefined,
    unprocessable: drops && deadLetters ? "drop" : undefined,
    dedupe: dedupe ? { store: stores.dedupe, markMs } : undefined,
    consumer: CONSUMER,
    onReport: reader.onReport as ReportListener,
    logger: loggerOf(reader),
    ...(knows.callTimeoutMs ? { callTimeoutMs: settings.callTimeoutMs } : {}),
  };
}

function loggerOf(reader: Reader): Logger {
  const write = (): void => callAtOnce(reader, "logger", () => undefined);
  return { debug: write, info: write, warn: write, error: write };
}

function loopOptions(reader: Reader, signal: AbortSignal): LoopOptions {
  const { settings } = reader.world.plan;
  const keyOf = (event: FeedEvent): string => reader.world.eventOf(numberOf(event.data) ?? -1).key;
  return {
    ...handlingOptions(reader),
    concurrency: settings.concurrency,
    maxInFlight: settings.maxInFlight,
    orderBy: settings.ordered
      ? (event) => callAtOnce(reader, "orderBy", () => keyOf(event))
      : undefined,
    lease: settings.lease
      ? {
          store: storesOf(reader).leases,
          leaseMs: settings.leaseMs,
          holder: `process-${reader.number}`,
        }
      : undefined,
    idle: { minDelayMs: settings.idleMs[0], maxDelayMs: settings.idleMs[1] },
    waitMs: settings.waitMs,
    shutdownTimeoutMs: settings.shutdownMs,
    signal,
    ...(knows.circuitBreaker ? { circuitBreaker: { after: settings.circuitAfter } } : {}),
    ...(knows.maxInFlightBytes ? { maxInFlightBytes: 2_000 } : {}),
  };
}

/** Starts what the plan says in a process. */
export function start(reader: Reader, stopper: CountedStopper): Going {
  const { settings } = reader.world.plan;
  const feed = drawnFeed(reader);
  const options = loopOptions(reader, stopper.signal);
  const abort = (): void => stopper.abort();
  if (settings.verb === "deliveries") return own(reader, stopper, options);
  if (settings.verb === "drain") {
    const { deadlineMs } = settings;
    const deadline = deadlineMs === undefined ? undefined : Date.now() + deadlineMs;
    const ended = toEnd(drain(feed, handlerOf(reader), { ...options, deadline }));
    return { ended, abort, stop: abort };
  }
  const { batchSize: size, batchWaitMs: maxWaitMs } = settings;
  const handlers: Handlers<FeedEvent> =
    settings.verb === "batch"
      ? batch({ size, maxWaitMs }, batchHandlerOf(reader))
      : handlerOf(reader);
  const run = consume(feed, handlers, options);
  return {
    ended: toEnd(run),
    abort,
    stop: (withinMs) => void run.stop({ withinMs }).then(ignore, ignore),
    pause: () => run.pause(),
    resume: () => run.resume(),
  };
}

/** A loop of one's own, which works on so many deliveries at a time. */
function own(reader: Reader, stopper: CountedStopper, options: LoopOptions): Going {
  const { concurrency, handlerTimeoutMs, ...rest } = options;
  const iterator = deliveries(drawnFeed(reader), rest);
  let atWork = 0;
  let wake: (() => void) | undefined;
  const read = async (): Promise<{ readonly stopped: string }> => {
    for await (const delivery of iterator) {
      atWork += 1;
      void handleOwn(reader, delivery).finally(() => {
        atWork -= 1;
        wake?.();
      });
      while (atWork >= (concurrency ?? 1) && !reader.isOver && reader.stoppedAt === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
    return { stopped: "left" };
  };
  const leave = (): void => {
    wake?.();
    void iterator.return?.().then(ignore, ignore);
  };
  const abort = (): void => {
    stopper.abort();
    wake?.();
  };
  return { ended: toEnd(read()), abort, stop: leave, leave };
}

/** Sends the letters through the handlers again, beside whatever runs. */
export function startRedrive(reader: Reader, stopper: CountedStopper): Going {
  const { consumer, deadLetters, dedupe, ...rest } = handlingOptions(reader);
  const store = deadLetters ?? storesOf(reader).deadLetters;
  const { signal } = stopper;
  const { shutdownMs: shutdownTimeoutMs, concurrency, idleMs } = reader.world.plan.settings;
  const idle = { minDelayMs: idleMs[0], maxDelayMs: idleMs[1] };
  const options = { ...rest, consumer, signal, shutdownTimeoutMs, concurrency, idle };
  const ended = toEnd(redrive(store, drawnFeed(reader), handlerOf(reader), options));
  const abort = (): void => stopper.abort();
  return { ended, abort, stop: abort };
}

/** How a run ended, in a word; `raw` where it was no error of ours. */
async function toEnd(run: PromiseLike<{ readonly stopped?: unknown }>): Promise<string> {
  try {
    return String((await run).stopped);
  } catch (error) {
    if (!isOurs(error)) return `raw: ${typeof error}`;
    const { code, message } = error as { readonly code: string; readonly message: string };
    return `${code}: ${message}`;
  }
}

function ignore(): void {}
