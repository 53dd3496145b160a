import { AckloopError } from "../core/errors.ts";
import type { FeedEvent } from "../core/event.ts";
import type { Logger } from "../core/logger.ts";
import type { ReportListener } from "../core/report.ts";
import type { DeadLetterStore, DedupeStore, LeaseStore } from "../core/stores.ts";
import type { PacingBounds } from "./pacing.ts";

/** How failed attempts are repeated in place. */
export interface RetryOptions {
  /** How often a handler is started with an event in all, 1-1000. @default 5 */
  readonly attempts?: number | undefined;
  /** The first wait, in ms; it doubles, jittered. @default 1_000 */
  readonly minDelayMs?: number | undefined;
  /** The longest wait, in ms; it caps `retry({ afterMs })` too. @default 60_000 */
  readonly maxDelayMs?: number | undefined;
}

/** How long the loop waits when nothing comes. */
export interface IdleOptions {
  /** The first wait after an empty or failed poll, in ms, from 10. @default 1_000 */
  readonly minMs?: number | undefined;
  /** The longest wait, in ms. @default 60_000 */
  readonly maxMs?: number | undefined;
}

/** How redeliveries are recognised over restarts and between processes. */
export interface DedupeOptions {
  /** Where events in work and events done are remembered. */
  readonly store: DedupeStore;
  /**
   * For how long an event counts as in work, in ms, from 1 000; renewed while its handler runs. A
   * killed handler blocks its event for at most this long. @default 60_000
   */
  readonly markMs?: number | undefined;
  /** For how long an event is remembered as done, in ms. @default 604_800_000 (7 days) */
  readonly retentionMs?: number | undefined;
}

/** How one process at a time reads a feed. */
export interface LeaseOptions {
  /** Where the lease is kept. */
  readonly store: LeaseStore;
  /** For how long the lease is held without renewal, in ms, from 1 000. @default 30_000 */
  readonly leaseMs?: number | undefined;
  /** The name of this process, unique among its kind. @default a random one */
  readonly holder?: string | undefined;
}

/** What becomes of an event that no handler can be given. */
export type Unprocessable = "halt" | "deadLetter" | "drop";

/** The options of every verb that handles events. Checked once, at the start. */
export interface HandlingOptions {
  /** How failed attempts are repeated. */
  readonly retry?: RetryOptions | undefined;
  /**
   * How long a handler may run, in ms; then its signal fires and the attempt counts as failed once
   * the handler has returned. @default no limit
   */
  readonly handlerTimeoutMs?: number | undefined;
  /**
   * What becomes of a type outside the catalogue or without a handler, of data that does not fit its
   * schema, and of an unreadable item. @default `"deadLetter"` with a store, else `"halt"`
   */
  readonly unprocessable?: Unprocessable | undefined;
  /** Keeps events whose attempts are used up. Without it such an event halts the run. */
  readonly deadLetters?: DeadLetterStore | undefined;
  /** Recognises redeliveries. */
  readonly dedupe?: DedupeOptions | undefined;
  /** The reader's own name, a part of every key in every store; required with any store. */
  readonly consumer?: string | undefined;
  /** Gets every report. It must be quick; a throw halts the run. */
  readonly onReport?: ReportListener | undefined;
  /** Handed to handlers as `context.logger`. @default one that writes nothing */
  readonly logger?: Logger | undefined;
}

/** The options of a run. Checked once, at the start; a wrong one is a `config` error. */
export interface LoopOptions<E extends FeedEvent = FeedEvent> extends HandlingOptions {
  /** How many handlers run at once, 1-10 000. @default 1 */
  readonly concurrency?: number | undefined;
  /**
   * The most events held at once, from pulled to acknowledged, 1-100 000. At the limit pulling stops.
   * @default 200, or four times what the handlers can take at once
   */
  readonly maxInFlight?: number | undefined;
  /** The most acknowledgements on the way at once, where they are individual, 1-1 000. @default 50 */
  readonly ackConcurrency?: number | undefined;
  /** Never two events of one key at once, and each key in order. @default no keys */
  readonly orderBy?: ((event: E) => string | number) | undefined;
  /** Lets one process at a time read the feed. */
  readonly lease?: LeaseOptions | undefined;
  /** How long to wait when nothing comes. */
  readonly idle?: IdleOptions | undefined;
  /** How long the provider may hold a pull, in ms, where it can, 0-60 000. @default 25_000 */
  readonly waitMs?: number | undefined;
  /** How long a stop may take in all, in ms. @default 25_000 */
  readonly shutdownTimeoutMs?: number | undefined;
  /** The part of a stop that is kept for the last acknowledgements, in ms. @default 5_000 */
  readonly reserveMs?: number | undefined;
  /** Stops the run when it fires. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of which none is left out. */
type Filled<Options> = { readonly [Name in keyof Options]-?: NonNullable<Options[Name]> };

/** The options of handling with every default filled in. */
export interface HandlingSettings {
  readonly attempts: number;
  readonly retry: PacingBounds;
  readonly handlerTimeoutMs: number | undefined;
  readonly unprocessable: Unprocessable;
  readonly deadLetters: DeadLetterStore | undefined;
  readonly dedupe: Filled<DedupeOptions> | undefined;
  readonly consumer: string;
  readonly onReport: ReportListener | undefined;
  readonly logger: Logger;
}

/** The options of a run with every default filled in. */
export interface LoopSettings extends HandlingSettings {
  readonly concurrency: number;
  readonly maxInFlight: number;
  readonly ackConcurrency: number;
  readonly orderBy: ((event: FeedEvent) => string | number) | undefined;
  readonly lease: Filled<LeaseOptions> | undefined;
  readonly idle: PacingBounds;
  readonly waitMs: number;
  readonly shutdownTimeoutMs: number;
  readonly reserveMs: number;
  readonly signal: AbortSignal | undefined;
}

/** A test of an option's value, and the rule that a failed test is told with. */
export type Check = readonly [test: (value: unknown) => boolean, rule: string];

type Checks = Readonly<Record<string, Check>>;

const DAY_MS = 86_400_000;

/** The most that a timer can hold: a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const between = (least: number, most: number, unit = ""): Check => [
  (value) => typeof value === "number" && value >= least && value <= most,
  `must be a number${unit} from ${least} to ${most}`,
];
const whole = (least: number, most: number): Check => [
  (value) => Number.isInteger(value) && between(least, most)[0](value),
  `must be a whole number from ${least} to ${most}`,
];
/** The check of a number of milliseconds. */
export const milliseconds = (least: number, most = 365 * DAY_MS): Check =>
  between(least, most, " of milliseconds");
const aFunction: Check = [(value) => typeof value === "function", "must be a function"];
const withMethods = (...names: string[]): Check => [
  (value) =>
    typeof value === "object" &&
    value !== null &&
    names.every((name) => typeof Reflect.get(value, name) === "function"),
  `must be an object with the functions ${names.join(", ")}`,
];
const aName: Check = [
  (value) => typeof value === "string" && value.length > 0 && value.length <= 500,
  "must be a name of 1 to 500 characters",
];

const handlingChecks: Checks = {
  "retry.attempts": whole(1, 1000),
  "retry.minDelayMs": milliseconds(0),
  "retry.maxDelayMs": milliseconds(0),
  handlerTimeoutMs: milliseconds(1, LONGEST_TIMER_MS),
  unprocessable: [
    (value) => value === "halt" || value === "deadLetter" || value === "drop",
    'must be "halt", "deadLetter" or "drop"',
  ],
  deadLetters: withMethods("put", "list", "get", "remove"),
  "dedupe.store": withMethods("begin", "renew", "finish", "forget"),
  "dedupe.markMs": milliseconds(1000, LONGEST_TIMER_MS),
  "dedupe.retentionMs": milliseconds(0),
  consumer: aName,
  onReport: aFunction,
  logger: withMethods("debug", "info", "warn", "error"),
};

const loopChecks: Checks = {
  ...handlingChecks,
  concurrency: whole(1, 10_000),
  maxInFlight: whole(1, 100_000),
  ackConcurrency: whole(1, 1000),
  orderBy: aFunction,
  "lease.store": withMethods("acquire", "renew", "release"),
  "lease.leaseMs": milliseconds(1000, LONGEST_TIMER_MS),
  "lease.holder": aName,
  "idle.minMs": milliseconds(10),
  "idle.maxMs": milliseconds(10),
  waitMs: milliseconds(0, 60_000),
  shutdownTimeoutMs: milliseconds(0),
  reserveMs: milliseconds(0),
  signal: [
    (value) => typeof value === "object" && value !== null && "aborted" in value,
    "must be an AbortSignal",
  ],
};

/** The defaults of the loop, in one place. */
const defaults = Object.freeze({
  attempts: 5,
  minDelayMs: 1000,
  maxDelayMs: 60_000,
  concurrency: 1,
  maxInFlight: 200,
  ackConcurrency: 50,
  idleMinMs: 1000,
  idleMaxMs: 60_000,
  waitMs: 25_000,
  shutdownTimeoutMs: 25_000,
  reserveMs: 5000,
  markMs: 60_000,
  retentionMs: 7 * DAY_MS,
  leaseMs: 30_000,
});

const silent: Logger = Object.freeze({
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
});

/** Makes the `config` error of a verb's option. */
export function optionError(verb: string, option: string, rule: string): AckloopError {
  return new AckloopError("config", `${verb}: option \`${option}\` ${rule}`);
}

/**
 * Checks a verb's options against a table, nested ones as `outer.inner`.
 *
 * @throws {AckloopError} `config`, naming the option and what is right.
 */
function checkOptions(verb: string, options: object, checks: Checks, outer = ""): void {
  if (typeof options !== "object" || options === null) {
    throw new AckloopError("config", `${verb}: the options must be an object`);
  }
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined) checkOption(verb, outer + name, value, checks);
  }
}

function checkOption(verb: string, path: string, value: unknown, checks: Checks): void {
  const check = Object.hasOwn(checks, path) ? checks[path] : undefined;
  if (check) {
    if (!check[0](value)) throw optionError(verb, path, check[1]);
    return;
  }
  const isGroup = Object.keys(checks).some((known) => known.startsWith(`${path}.`));
  if (!isGroup) throw optionError(verb, path, `is unknown; known are ${siblings(path, checks)}`);
  if (typeof value !== "object" || value === null) {
    throw optionError(verb, path, "must be an object");
  }
  checkOptions(verb, value, checks, `${path}.`);
}

/** The options that stand where an unknown one stands: those of its group, or the outermost. */
function siblings(path: string, checks: Checks): string {
  const outer = path.slice(0, path.lastIndexOf(".") + 1);
  const known = Object.keys(checks)
    .filter((key) => key.startsWith(outer))
    .map((key) => (outer ? key : key.split(".")[0]));
  return [...new Set(known)].join(", ");
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

/** Checks options of handling and fills in the defaults. */
export function toHandlingSettings(
  verb: string,
  options: HandlingOptions,
  extraChecks: Checks = {},
): HandlingSettings {
  checkOptions(verb, options, { ...handlingChecks, ...extraChecks });
  return handlingSettings(verb, options);
}

function handlingSettings(verb: string, options: HandlingOptions): HandlingSettings {
  const { deadLetters, consumer, retry = {} } = options;
  const unprocessable = options.unprocessable ?? (deadLetters ? "deadLetter" : "halt");
  if (unprocessable === "deadLetter" && !deadLetters) {
    throw optionError(verb, "unprocessable", '"deadLetter" needs the option `deadLetters`');
  }
  if ((deadLetters || options.dedupe) && !consumer) throw consumerError(verb);
  return {
    attempts: retry.attempts ?? defaults.attempts,
    retry: toBounds(
      verb,
      ["retry.minDelayMs", retry.minDelayMs, defaults.minDelayMs],
      ["retry.maxDelayMs", retry.maxDelayMs, defaults.maxDelayMs],
    ),
    handlerTimeoutMs: options.handlerTimeoutMs,
    unprocessable,
    deadLetters,
    dedupe: toDedupe(verb, options.dedupe),
    consumer: consumer ?? "",
    onReport: options.onReport,
    logger: options.logger ?? silent,
  };
}

function toDedupe(verb: string, dedupe: DedupeOptions | undefined): HandlingSettings["dedupe"] {
  if (dedupe === undefined) return undefined;
  if (!dedupe.store) throw optionError(verb, "dedupe.store", "is missing");
  return {
    store: dedupe.store,
    markMs: dedupe.markMs ?? defaults.markMs,
    retentionMs: dedupe.retentionMs ?? defaults.retentionMs,
  };
}

function toLease(
  verb: string,
  lease: LeaseOptions | undefined,
  consumer: string | undefined,
): LoopSettings["lease"] {
  if (lease === undefined) return undefined;
  if (!lease.store) throw optionError(verb, "lease.store", "is missing");
  if (!consumer) throw consumerError(verb);
  return {
    store: lease.store,
    leaseMs: lease.leaseMs ?? defaults.leaseMs,
    holder: lease.holder ?? crypto.randomUUID(),
  };
}

function consumerError(verb: string): AckloopError {
  return optionError(verb, "consumer", "is required with a store: the reader's own name");
}

/** Checks the options of a run and fills in the defaults. */
export function toLoopSettings<E extends FeedEvent>(
  verb: string,
  options: LoopOptions<E>,
  eventsAtOnce: number,
): LoopSettings {
  checkOptions(verb, options, loopChecks);
  const { idle = {}, concurrency = defaults.concurrency } = options;
  const shutdownTimeoutMs = options.shutdownTimeoutMs ?? defaults.shutdownTimeoutMs;
  const maxInFlight = Math.max(defaults.maxInFlight, 4 * concurrency * eventsAtOnce);
  return {
    ...handlingSettings(verb, options),
    concurrency,
    maxInFlight: options.maxInFlight ?? Math.min(maxInFlight, 100_000),
    ackConcurrency: options.ackConcurrency ?? defaults.ackConcurrency,
    // The feed's own event type is forgotten here; the verb's signature has matched the two.
    orderBy: options.orderBy as LoopSettings["orderBy"],
    lease: toLease(verb, options.lease, options.consumer),
    idle: toBounds(
      verb,
      ["idle.minMs", idle.minMs, defaults.idleMinMs],
      ["idle.maxMs", idle.maxMs, defaults.idleMaxMs],
    ),
    waitMs: options.waitMs ?? defaults.waitMs,
    shutdownTimeoutMs,
    reserveMs: options.reserveMs ?? Math.min(defaults.reserveMs, shutdownTimeoutMs / 2),
    signal: options.signal,
  };
}
