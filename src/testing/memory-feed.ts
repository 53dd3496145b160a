import { throwIfAborted } from "../core/abort.ts";
import type { FeedEvent } from "../core/event.ts";
import type {
  AckReport,
  CallOptions,
  Delivery,
  Feed,
  NackOptions,
  Page,
  PullOptions,
  Receipt,
} from "../core/feed.ts";
import { checkOptions, flag, oneOf, optionError, Rule, type TableOf } from "../core/options.ts";
import { sleep } from "../core/sleep.ts";
import {
  count,
  type MemoryBasics,
  type MemoryKind,
  type MemorySettings,
  toMemorySettings,
  wrong,
} from "./memory-options.ts";
import { failed, MemoryShelf } from "./memory-shelf.ts";

/** What a {@link memoryFeed} is told: of which of the four kinds it is, and what every kind has. */
export type MemoryFeedOptions<E extends FeedEvent = FeedEvent> = MemoryBasics<E> &
  MemoryKind & {
    /** Whether a pull answers a page, with `more`, `bytes` and a cumulative feed's `receipt`. @default false */
    readonly pages?: false | undefined;
  };

/** The options of a {@link memoryFeed} whose pulls answer pages. */
export type MemoryPagesOptions<E extends FeedEvent = FeedEvent> = MemoryBasics<E> &
  MemoryKind & { readonly pages: true };

/** A call that a {@link MemoryFeed} got. */
export interface MemoryCall {
  /** What was called. */
  readonly operation: "pull" | "ack" | "nack" | "extend";
  /** When, in epoch ms. */
  readonly at: number;
  /** The options of a pull. */
  readonly options?: PullOptions | undefined;
  /** The ids that an ack, a nack or an extension was about. */
  readonly ids: readonly string[];
}

/** A fault to come: it befalls the next calls of its operation. */
export interface MemoryFault {
  /** Which call. */
  readonly operation: "pull" | "ack" | "nack" | "extend";
  /** What the call rejects with. @default it does not: the call is only slow */
  readonly error?: unknown;
  /** Whether the call has its effect all the same: a lost reply. @default false */
  readonly afterEffect?: boolean | undefined;
  /** How many calls it befalls, from 1; `Infinity` until it is healed. @default 1 */
  readonly count?: number | undefined;
  /** How long the call waits before its effect, in ms; `Infinity`: it never answers. @default 0 */
  readonly delayMs?: number | undefined;
  /**
   * For individual acks: how many receipts of the call fail, from 1, the first ones, each with the error
   * as its verdict; the others go on. @default the whole call rejects
   */
  readonly receipts?: number | undefined;
}

/** A feed in memory, and the ground truth about it. */
export type MemoryFeed<
  E extends FeedEvent = FeedEvent,
  Pulled = readonly Delivery<E>[],
> = MemoryTruth<E, Pulled> & Feed<E>;

/** What a {@link MemoryFeed} is beyond a feed. */
export interface MemoryTruth<E extends FeedEvent, Pulled> {
  /** Brings the next deliveries, as a plain list, or as a page where `pages` was asked for. */
  pull(options?: PullOptions): Promise<Pulled>;
  /**
   * Adds events at the end, all of them or none, by value: what becomes of the objects has no effect.
   *
   * @throws {AckloopError} `config` for what is no event, or is not JSON.
   */
  publish(...events: readonly E[]): void;
  /**
   * Adds an item that no reader can make sense of.
   *
   * @param options.receipt `false`: it comes without a receipt, so that it can never be acknowledged; for
   * lists of what is not acked, individually. @default true
   */
  publishUnreadable(raw: unknown, options?: { readonly receipt?: boolean | undefined }): void;
  /**
   * Adds so many events that are none of this feed's: they take room in a page and are not delivered, so
   * that a page may be empty although more follows. For cumulative feeds.
   */
  publishElsewhere(count: number): void;
  /** The ids of what was acknowledged, in the order of the acks; a copy. */
  readonly acked: readonly string[];
  /** Every call, in order. */
  readonly calls: readonly MemoryCall[];
  /** How many calls are under way. */
  readonly pending: number;
  /**
   * Lets the next calls of an operation fail.
   *
   * @throws {AckloopError} `config` for a fault that cannot be.
   */
  fail(fault: MemoryFault): void;
  /** Takes the faults to come away. */
  heal(): void;
  /** Ends all leases, as their time would: what is not acked comes again. */
  endLeases(): void;
  /** A feed object of its own on the same events, as a restarted process has; what is not acked comes again. */
  reopen(): MemoryFeed<E, Pulled>;
}

/** What all feed objects of one memory share. */
interface Memory {
  readonly settings: MemorySettings;
  readonly shelf: MemoryShelf;
  readonly calls: MemoryCall[];
  readonly faults: MemoryFault[];
  pending: number;
}

/** The facts of a {@link testEvent} that are not the plain ones. */
export interface TestEventFacts<Type extends string = string, Data = unknown>
  extends Pick<Partial<FeedEvent>, "source" | "subject" | "time"> {
  /** The event type. @default `"test"` */
  readonly type?: Type;
  /** The payload; `null` is one. @default `{}` */
  readonly data?: Data;
}

/** Makes an event for tests: only what differs from a plain one need be named. */
export function testEvent<Type extends string = "test", Data = unknown>(
  id: string,
  facts: TestEventFacts<Type, Data> = {},
): FeedEvent<Type, Data> {
  const { source = "/memory", type = "test" as Type, time, subject, data = {} as Data } = facts;
  return {
    specversion: "1.0",
    id,
    source,
    type,
    ...(time !== undefined && { time }),
    ...(subject !== undefined && { subject }),
    data,
  };
}

/**
 * Makes a feed in memory, of any of the four kinds of feeds, for tests of handlers and of loops. It keeps
 * every law of a feed, and no promise over restarts of the process.
 *
 * What is published is kept as text, and each delivery is read from it anew.
 *
 * @throws {AckloopError} `config` for an option that is not known, or that the kind does not have.
 */
export function memoryFeed<E extends FeedEvent = FeedEvent>(
  options: MemoryPagesOptions<E>,
): MemoryFeed<E, Page<E>>;
export function memoryFeed<E extends FeedEvent = FeedEvent>(
  options?: MemoryFeedOptions<E>,
): MemoryFeed<E>;
export function memoryFeed(
  options: MemoryFeedOptions | MemoryPagesOptions = {},
): MemoryFeed | MemoryFeed<FeedEvent, Page> {
  const settings = toMemorySettings(options);
  return openFeed({
    settings,
    shelf: new MemoryShelf(settings),
    calls: [],
    faults: [],
    pending: 0,
  });
}

function openFeed(memory: Memory): MemoryFeed {
  const { settings } = memory;
  const { name, acks, pulls, events } = settings;
  const feed = {
    name,
    acks,
    pulls,
    events,
    ...(settings.waits && { waits: true }),
    ...(settings.acksOnPull && { acksOnPull: true }),
    pull: (options: PullOptions = {}) => pull(memory, options),
    ack: (receipts: readonly Receipt[], options: CallOptions = {}) =>
      ack(memory, receipts, options),
    ...(acks === "individual" && pulls === "onward" && leaseCalls(memory)),
  };
  // Not Object.assign: it would read `pending` once and for all.
  const truth = Object.getOwnPropertyDescriptors(truthOf(memory));
  return Object.defineProperties(feed, truth) as unknown as MemoryFeed;
}

function pull(memory: Memory, options: PullOptions): Promise<readonly Delivery[] | Page> {
  const { settings, shelf } = memory;
  const { pageSize, acks, pulls } = settings;
  return call(memory, "pull", options, [], async () => {
    const { ack: carried, after, signal, limit: wish = pageSize } = options;
    if (carried !== undefined && settings.acksOnPull) shelf.settle(carried);
    const isList = acks === "individual" && pulls === "unacked";
    const limit = isList ? wish : Math.min(wish, pageSize);
    const waitMs = settings.waits ? (options.waitMs ?? 0) : 0;
    const page = await shelf.pull(limit, after, waitMs, signal);
    return settings.pages ? page : page.deliveries;
  });
}

function ack(
  memory: Memory,
  receipts: readonly Receipt[],
  options: CallOptions,
): Promise<AckReport> {
  return call(memory, "ack", options, receipts, async (fault) => {
    if (memory.settings.acks === "cumulative" && receipts.length !== 1) {
      throw wrong("memoryFeed ack", "a cumulative feed acks exactly one receipt");
    }
    return receipts.map((receipt, index) =>
      index < (fault?.receipts ?? 0) ? failed(fault?.error) : memory.shelf.settle(receipt),
    );
  });
}

function leaseCalls(memory: Memory): Required<Pick<Feed, "nack" | "extend">> {
  const hide = (receipts: readonly Receipt[], forMs: number): void =>
    memory.shelf.hide(receipts, Date.now() + forMs);
  return {
    nack: (receipts, options: NackOptions = {}) =>
      call(memory, "nack", options, receipts, async () => hide(receipts, options.afterMs ?? 0)),
    extend: (receipts, leaseMs, options = {}) =>
      call(memory, "extend", options, receipts, async () => hide(receipts, leaseMs)),
  };
}

function truthOf(memory: Memory): Omit<MemoryTruth<FeedEvent, unknown>, "pull"> {
  const { shelf, faults, settings } = memory;
  return {
    get acked() {
      return [...shelf.acked];
    },
    calls: memory.calls,
    get pending() {
      return memory.pending;
    },
    publish: (...events) => {
      for (const event of events) checkEvent(event);
      shelf.publish(events);
    },
    publishUnreadable: (raw, { receipt = true } = {}) => {
      const isList = settings.acks === "individual" && settings.pulls === "unacked";
      const rule = 'an item without a receipt needs acks: "individual" and pulls: "unacked"';
      if (!receipt && !isList) throw wrong("memoryFeed publishUnreadable", rule);
      shelf.publishUnreadable(raw, receipt);
    },
    publishElsewhere: (count) => {
      const rule = 'what is none of the feed\'s needs acks: "cumulative"';
      if (settings.acks !== "cumulative") throw wrong("memoryFeed publishElsewhere", rule);
      shelf.publishElsewhere(count);
    },
    fail: (fault) => {
      checkFault(fault, settings);
      faults.push(fault);
    },
    heal: () => {
      faults.length = 0;
    },
    endLeases: () => shelf.showAll(),
    reopen: () => {
      shelf.showAll();
      return openFeed(memory);
    },
  };
}

function checkEvent(event: unknown): void {
  const { id, source, type } = Object(event) as Readonly<Record<string, unknown>>;
  const isEvent = [id, source, type].every((text) => typeof text === "string" && text !== "");
  if (isEvent) return;
  const rule = "an event has an id, a source and a type, each a text that is not empty";
  throw wrong("memoryFeed publish", rule);
}

const faultTable = {
  operation: oneOf("pull", "ack", "nack", "extend").required(),
  error: new Rule<unknown>({ must: "anything", test: () => true }),
  afterEffect: flag,
  count,
  delayMs: new Rule<number>({
    must: "a number of milliseconds, from 0",
    test: (value) => typeof value === "number" && value >= 0,
  }),
  receipts: count,
} satisfies TableOf<MemoryFault>;

function checkFault(fault: MemoryFault, { acks }: MemorySettings): void {
  const verb = "memoryFeed fail";
  checkOptions(verb, fault, faultTable);
  if (fault.receipts === undefined) return;
  if (fault.operation === "ack" && acks === "individual") return;
  const rule = 'needs operation: "ack" and a feed with acks: "individual"';
  throw optionError(verb, "receipts", rule);
}

/** Records a call, keeps it asynchronous, and lets the fault befall it that waits for it. */
async function call<Reply>(
  memory: Memory,
  operation: MemoryCall["operation"],
  options: CallOptions,
  receipts: readonly Receipt[],
  effect: (fault: MemoryFault | undefined) => Promise<Reply>,
): Promise<Reply> {
  throwIfAborted(options.signal);
  const ids = receipts.map((receipt) => memory.shelf.idOf(receipt));
  const ofPull = operation === "pull" ? { options } : {};
  memory.calls.push({ operation, at: Date.now(), ids, ...ofPull });
  const fault = takeFault(memory.faults, operation);
  memory.pending += 1;
  try {
    return await suffer(fault, options.signal, effect);
  } finally {
    memory.pending -= 1;
  }
}

function takeFault(
  faults: MemoryFault[],
  operation: MemoryCall["operation"],
): MemoryFault | undefined {
  const index = faults.findIndex((fault) => fault.operation === operation);
  const fault = faults[index];
  if (fault === undefined) return undefined;
  const left = (fault.count ?? 1) - 1;
  faults.splice(index, 1, ...(left > 0 ? [{ ...fault, count: left }] : []));
  return fault;
}

async function suffer<Reply>(
  fault: MemoryFault | undefined,
  signal: AbortSignal | undefined,
  effect: (fault: MemoryFault | undefined) => Promise<Reply>,
): Promise<Reply> {
  const rejects = fault?.error !== undefined && fault.receipts === undefined;
  if (fault?.delayMs !== undefined) await sleep(fault.delayMs, signal);
  if (rejects && !fault.afterEffect) throw fault.error;
  await Promise.resolve();
  throwIfAborted(signal);
  const reply = await effect(fault);
  if (rejects) throw fault.error;
  return reply;
}
