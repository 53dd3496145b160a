import { AckloopError } from "../core/errors.ts";
import type { FeedEvent } from "../core/event.ts";
import { consoleLogger, type Logger, silent } from "../core/logger.ts";
import type { FilledOf, Table, TableOf } from "../core/options.ts";
import {
  aFunction,
  checkOptions,
  group,
  LONGEST_TIMER_MS,
  milliseconds,
  name,
  oneOf,
  optionError,
  orFalse,
  rule,
  signal,
  whole,
  withMethods,
} from "../core/options.ts";
import type { ReportListener } from "../core/report.ts";
import type { DeadLetterStore, DedupeStore, LeaseStore } from "../core/stores.ts";
import type { Telemetry } from "../core/telemetry.ts";
import type { PacingBounds } from "./engine/pacing.ts";

/** How failed attempts are repeated in place. */
export interface RetryOptions {
  /**
   * How often a handler is started with an event in one run, or one request of a webhook, 1-1000. The
   * next one starts anew; with `dedupe`, starts that never ended (a killed process) count there too, where
   * there are two or more.
   * @default 5
   */
  readonly attempts?: number | undefined;
  /**
   * The first wait, in ms, to a year; it doubles with each attempt, after 0 from 2. Each wait is drawn from
   * half to the whole of it. @default 1_000, or `maxDelayMs` where that is less
   */
  readonly minDelayMs?: number | undefined;
  /**
   * The longest wait, in ms, to a year; it caps `retry({ afterMs })` too.
   * @default 60_000, or `minDelayMs` where that is more
   */
  readonly maxDelayMs?: number | undefined;
}

/** How long the loop waits when nothing comes. */
export interface IdleOptions {
  /**
   * The first wait after an empty or failed poll, in ms, from 10 to a year; it doubles. Each wait is
   * drawn from half to the whole of it. @default 1_000, or `maxDelayMs` where that is less
   */
  readonly minDelayMs?: number | undefined;
  /**
   * The longest wait, in ms, from 10 to a year. Where a provider asks for more with `Retry-After`, that
   * is waited, up to 300 s. @default 60_000, or `minDelayMs` where that is more
   */
  readonly maxDelayMs?: number | undefined;
}

/** How redeliveries are recognised over restarts and between processes. */
export interface DedupeOptions {
  /** Where events in work and events done are remembered. */
  readonly store: DedupeStore;
  /**
   * For how long an event counts as in work, in ms, from 1 000 to 2^31-1; renewed while its handler
   * runs. A killed handler blocks its event for at most this long. @default 60_000
   */
  readonly markMs?: number | undefined;
  /** For how long an event is remembered as done, in ms, to a year. @default 604_800_000 (7 days) */
  readonly retentionMs?: number | undefined;
}

/** How one process at a time reads a feed. */
export interface LeaseOptions {
  /** Where the lease is kept. */
  readonly store: LeaseStore;
  /**
   * For how long the lease is held without renewal, in ms, from 1 000 to 2^31-1. One that waits for it asks as
   * seldom, also after its holder has stopped. @default 30_000
   */
  readonly leaseMs?: number | undefined;
  /** The name of this process, unique among its kind, 1-500 characters. @default a random one */
  readonly holder?: string | undefined;
}

/** What becomes of an event that no handler can be given. */
export type Unprocessable = "halt" | "deadLetter" | "drop";

/** The options of every verb that handles events. Checked once, at the start. */
export interface HandlingOptions {
  /** How failed attempts are repeated. */
  readonly retry?: RetryOptions | undefined;
  /**
   * How long a handler may run, in ms, from 1 to 2^31-1; then its signal fires and the attempt counts
   * as failed once the handler has returned. @default no limit
   */
  readonly handlerTimeoutMs?: number | undefined;
  /**
   * How long an acknowledgement, a refusal, an extension, or a call of a lease, mark or other store may
   * take, in ms, from 10 to 2^31-1; then it counts as failed and is asked again. A pull may take
   * `waitMs` and 60 s more. @default 30_000
   */
  readonly callTimeoutMs?: number | undefined;
  /**
   * What becomes of a type outside the catalogue or without a handler, of data that does not fit its
   * schema, and of an unreadable item. @default `"deadLetter"` with a store, else `"halt"`
   */
  readonly unprocessable?: Unprocessable | undefined;
  /** Keeps events whose attempts are used up. Without it such an event halts the run. */
  readonly deadLetters?: DeadLetterStore | undefined;
  /** Recognises redeliveries. */
  readonly dedupe?: DedupeOptions | undefined;
  /**
   * The reader's own name, 1-500 characters: a part of the key of every dead letter, mark and lease,
   * and required with any of them. An inbox is known by its own name alone.
   * @default the feed's own, where it carries one (Workato)
   */
  readonly consumer?: string | undefined;
  /**
   * Gets every report. It must be quick. One that throws is told to the logger once, and not called
   * again.
   */
  readonly onReport?: ReportListener | undefined;
  /** Watches from inside, such as `openTelemetry()` of `ackloop/opentelemetry`. @default nobody does */
  readonly telemetry?: Telemetry | undefined;
  /**
   * What the loop has to say goes there; handlers have it as `context.logger`. `false` is silent.
   * @default warnings and errors go to the `console`
   */
  readonly logger?: Logger | false | undefined;
}

/** When an outage of what the handlers write to is taken for one. */
export interface CircuitBreakerOptions {
  /**
   * So many different events must have failed, with no success in between, 1-10 000; where fewer are
   * held, all that are held, but at least 3. A failed batch counts as one. @default 20
   */
  readonly after?: number | undefined;
}

/** The options of a run. Checked once, at the start; a wrong one is a `config` error. */
export interface LoopOptions<E extends FeedEvent = FeedEvent> extends HandlingOptions {
  /** How many handlers run at once, 1-10 000. @default 1 */
  readonly concurrency?: number | undefined;
  /**
   * How many handlers are started in a second at the most, 1-10 000, whole, or a part of 1 from 0.001: 0.1
   * is one in ten seconds. They are spread over the second; a batch and a further attempt count as one each.
   * A start counts where its event is taken up, before `dedupe` is asked. One process knows nothing of
   * another's. @default no limit
   */
  readonly maxPerSecond?: number | undefined;
  /**
   * The most events held at once, from pulled to acknowledged, 1-100 000. At the limit pulling stops; a
   * page of a feed that lists what is unacknowledged and acknowledges page by page (Tiki) is held whole.
   * @default 200, or four times what the handlers can take at once
   */
  readonly maxInFlight?: number | undefined;
  /**
   * The most bytes of pages held at once, where the feed tells a page's length, from 1. The page that
   * passes it is kept whole; then nothing is pulled until it is below. @default 67_108_864 (64 MiB)
   */
  readonly maxInFlightBytes?: number | undefined;
  /** The most acknowledgements on the way at once, where they are individual, 1-1 000. @default 50 */
  readonly ackConcurrency?: number | undefined;
  /** Never two events of one key at once, and each key in order. @default no keys */
  readonly orderBy?: ((event: E) => string | number) | undefined;
  /** Lets one process at a time read the feed. */
  readonly lease?: LeaseOptions | undefined;
  /** How long to wait when nothing comes. */
  readonly idle?: IdleOptions | undefined;
  /**
   * How long the provider may hold a pull, in ms, where it can, 0-60 000. What ends when the feed is empty,
   * a drain or a redrive, never has a pull held. @default 25_000
   */
  readonly waitMs?: number | undefined;
  /**
   * Holds the run when the handlers of many different events have failed and none has succeeded in
   * between: the attempts since the last success are given back, none is counted, and one event probes
   * at growing intervals. An outage of what the handlers write to then empties no queue into the dead
   * letters. `false` switches it off. @default `{ after: 20 }`
   */
  readonly circuitBreaker?: CircuitBreakerOptions | false | undefined;
  /** How long a stop may take in all, in ms, to a year. @default 25_000 */
  readonly shutdownTimeoutMs?: number | undefined;
  /**
   * The part of a stop or of a drain's deadline that is kept for the last acknowledgements, in ms, to a
   * year; at most a fifth of what there is. @default 5_000
   */
  readonly reserveMs?: number | undefined;
  /** Stops the run when it fires. Another realm's signal will do. */
  readonly signal?: AbortSignal | undefined;
}

const WEEK_MS = 7 * 86_400_000;

/** The options of handling: what is right, and the defaults. */
export const handlingTable = {
  retry: group({
    attempts: whole(1, 1000).or(5),
    minDelayMs: milliseconds(0),
    maxDelayMs: milliseconds(0),
  } satisfies TableOf<RetryOptions>),
  handlerTimeoutMs: milliseconds(1, LONGEST_TIMER_MS),
  callTimeoutMs: milliseconds(10, LONGEST_TIMER_MS).or(30_000),
  unprocessable: oneOf<Unprocessable>("halt", "deadLetter", "drop"),
  deadLetters: withMethods<DeadLetterStore>("put", "list", "get", "remove"),
  dedupe: group(
    {
      store: withMethods<DedupeStore>("begin", "renew", "finish", "forget").required(),
      markMs: milliseconds(1000, LONGEST_TIMER_MS).or(60_000),
      retentionMs: milliseconds(0).or(WEEK_MS),
    } satisfies TableOf<DedupeOptions>,
    "an object with a store: give { store: stores.dedupe }",
  ),
  consumer: name,
  onReport: aFunction<ReportListener>(),
  telemetry: withMethods<Telemetry>("watch"),
  logger: orFalse(withMethods<Logger>("debug", "info", "warn", "error")),
} satisfies TableOf<HandlingOptions>;

/** The options of a run: what is right, and the defaults. */
export const loopTable = {
  ...handlingTable,
  concurrency: whole(1, 10_000).or(1),
  maxPerSecond: rule<number>(
    "a whole number from 1 to 10000, or a part of 1 from 0.001",
    (value) => {
      if (typeof value !== "number") return false;
      return (
        (value >= 0.001 && value < 1) || (Number.isInteger(value) && value >= 1 && value <= 10_000)
      );
    },
  ),
  maxInFlight: whole(1, 100_000),
  maxInFlightBytes: whole(1).or(64 * 1024 * 1024),
  ackConcurrency: whole(1, 1000).or(50),
  orderBy: aFunction<(event: FeedEvent) => string | number>(),
  lease: group(
    {
      store: withMethods<LeaseStore>("acquire", "renew", "release").required(),
      leaseMs: milliseconds(1000, LONGEST_TIMER_MS).or(30_000),
      holder: name,
    } satisfies TableOf<LeaseOptions>,
    "an object with a store: give { store: stores.leases }",
  ),
  idle: group({
    minDelayMs: milliseconds(10),
    maxDelayMs: milliseconds(10),
  } satisfies TableOf<IdleOptions>),
  waitMs: milliseconds(0, 60_000).or(25_000),
  circuitBreaker: orFalse(
    group({ after: whole(1, 10_000).or(20) } satisfies TableOf<CircuitBreakerOptions>),
  ),
  shutdownTimeoutMs: milliseconds(0).or(25_000),
  reserveMs: milliseconds(0).or(5000),
  signal,
} satisfies TableOf<LoopOptions>;

type HandlingFilled = FilledOf<typeof handlingTable>;
type LoopFilled = FilledOf<typeof loopTable>;

/** What the loop has in place of some options of handling. */
interface HandlingParts {
  readonly attempts: number;
  readonly retry: PacingBounds;
  readonly unprocessable: Unprocessable;
  /** Empty where no store needs it. */
  readonly consumer: string;
  readonly logger: Logger;
}

/** What the loop has in place of some options of a run. */
interface LoopParts {
  readonly maxInFlight: number;
  readonly lease: (NonNullable<LoopFilled["lease"]> & { readonly holder: string }) | undefined;
  readonly idle: PacingBounds;
  /** How many different events must have failed; `undefined` when the breaker is off. */
  readonly circuitAfter: number | undefined;
}

/** The options of handling with every default filled in. */
export interface HandlingSettings
  extends HandlingParts,
    Omit<HandlingFilled, keyof HandlingParts> {}

/** The options of a run with every default filled in. */
export interface LoopSettings
  extends HandlingSettings,
    LoopParts,
    Omit<LoopFilled, keyof HandlingFilled | keyof LoopParts | "circuitBreaker"> {}

/**
 * Checks options of handling and fills in the defaults.
 *
 * @param own The rules of options that only this verb has; the settings hold them too.
 */
export function toHandlingSettings<Own extends Table = Record<never, never>>(
  verb: string,
  options: HandlingOptions,
  own?: Own,
): HandlingSettings & FilledOf<Own> {
  const filled = checkOptions(verb, options, handlingTable, own);
  return { ...filled, ...toHandlingParts(verb, filled) };
}

/** Checks the options of a run and fills in the defaults; `own` as in {@link toHandlingSettings}. */
export function toLoopSettings<E extends FeedEvent, Own extends Table = Record<never, never>>(
  verb: string,
  options: LoopOptions<E>,
  eventsAtOnce: number,
  own?: Own,
): LoopSettings & FilledOf<Own> {
  const filled = checkOptions(verb, options, loopTable, own);
  return {
    ...filled,
    ...toHandlingParts(verb, filled),
    ...toLoopParts(verb, filled, eventsAtOnce),
  };
}

function toHandlingParts(verb: string, filled: HandlingFilled): HandlingParts {
  const { retry, deadLetters, consumer } = filled;
  const unprocessable = filled.unprocessable ?? (deadLetters ? "deadLetter" : "halt");
  if (unprocessable === "deadLetter" && !deadLetters) {
    throw optionError(verb, "unprocessable", '"deadLetter" needs the option `deadLetters`');
  }
  if (deadLetters || filled.dedupe) checkConsumer(verb, consumer);
  return {
    attempts: retry.attempts,
    retry: toBounds(
      verb,
      ["retry.minDelayMs", retry.minDelayMs, 1000],
      ["retry.maxDelayMs", retry.maxDelayMs, 60_000],
    ),
    unprocessable,
    consumer: consumer ?? "",
    logger: filled.logger === false ? silent : (filled.logger ?? consoleLogger),
  };
}

function toLoopParts(verb: string, filled: LoopFilled, eventsAtOnce: number): LoopParts {
  const { lease, idle, circuitBreaker } = filled;
  if (lease) checkConsumer(verb, filled.consumer);
  const maxInFlight = Math.max(200, 4 * filled.concurrency * eventsAtOnce);
  return {
    maxInFlight: filled.maxInFlight ?? Math.min(maxInFlight, 100_000),
    lease: lease && { ...lease, holder: lease.holder ?? crypto.randomUUID() },
    idle: toBounds(
      verb,
      ["idle.minDelayMs", idle.minDelayMs, 1000],
      ["idle.maxDelayMs", idle.maxDelayMs, 60_000],
    ),
    circuitAfter: circuitBreaker ? circuitBreaker.after : undefined,
  };
}

function checkConsumer(verb: string, consumer: string | undefined): void {
  if (consumer !== undefined) return;
  throw optionError(verb, "consumer", "is required with a store: the reader's own name");
}

/** The bounds of a backoff whose one side may be given alone. */
function toBounds(
  verb: string,
  least: readonly [name: string, value: number | undefined, byDefault: number],
  most: readonly [name: string, value: number | undefined, byDefault: number],
): PacingBounds {
  const minMs = least[1] ?? Math.min(least[2], most[1] ?? Number.POSITIVE_INFINITY);
  const maxMs = most[1] ?? Math.max(most[2], minMs);
  if (minMs > maxMs) throw optionError(verb, least[0], `must not exceed \`${most[0]}\``);
  return { minMs, maxMs };
}

/**
 * The options with the reader's name that the feed carries, where they name none.
 *
 * @throws {AckloopError} `config` where both do, and not alike.
 */
export function withConsumer<Options extends { readonly consumer?: string | undefined }>(
  verb: string,
  feed: { readonly consumer?: string | undefined },
  options: Options,
): Options {
  const { consumer } = feed;
  if (consumer === undefined || typeof options !== "object" || options === null) return options;
  if (options.consumer === undefined) {
    // With what it inherits: the check of the options is still to come, and refuses that.
    return Object.setPrototypeOf({ ...options, consumer }, Object.getPrototypeOf(options));
  }
  if (options.consumer === consumer) return options;
  throw optionError(verb, "consumer", "must be the feed's own, or left out");
}

/**
 * Checks the name of a feed or receiver before anything is stored under it.
 *
 * @throws {AckloopError} `config`.
 */
export function checkSourceName(
  verb: string,
  what: "feed" | "queue" | "receiver",
  given: unknown,
): void {
  const verdict = name.test(given);
  if (verdict === true) return;
  const more = verdict === false ? "" : `; ${verdict}`;
  throw new AckloopError("config", `${verb}: the ${what}'s name must be ${name.must}${more}`);
}
