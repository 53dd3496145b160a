import { AckloopError, isAckloopError } from "../core/errors.ts";
import type { EventCatalogue, FeedEvent } from "../core/event.ts";
import type {
  AckReport,
  AckVerdict,
  CallOptions,
  Delivery,
  Feed,
  NackOptions,
  PullOptions,
  Receipt,
} from "../core/feed.ts";
import { fromReceipt, toReceipt } from "../core/feed.ts";
import { sleep } from "../core/sleep.ts";

/** What kind of feed a {@link memoryFeed} is. */
export interface MemoryFeedOptions<E extends FeedEvent = FeedEvent> {
  /** The feed's name. @default `"memory"` */
  readonly name?: string | undefined;
  /** What an ack says. @default `"individual"` */
  readonly acks?: "individual" | "cumulative" | undefined;
  /** What a pull brings while work is open. @default `"unacked"` */
  readonly pulls?: "unacked" | "onward" | undefined;
  /** Whether a pull may carry an ack; for cumulative feeds. @default false */
  readonly acksOnPull?: boolean | undefined;
  /** Where a cumulative feed's receipts stand: on each delivery, or on a page's last. @default `"each"` */
  readonly receipts?: "each" | "page" | undefined;
  /**
   * The most deliveries of one pull, from 1. A list of what is not acked, individually, gives as many
   * as `limit` asks for, or else what is stuck at its head would hide the rest. @default 100
   */
  readonly pageSize?: number | undefined;
  /** Whether a pull of an empty feed waits. @default false */
  readonly waits?: boolean | undefined;
  /** For individual feeds that pull onward: hides what was pulled for so long, in ms. @default for good */
  readonly leaseMs?: number | undefined;
  /** The schemas of the event types. */
  readonly events?: EventCatalogue<E> | undefined;
}

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
  readonly operation: "pull" | "ack";
  /** What the call rejects with. @default it does not: the call is only slow */
  readonly error?: unknown;
  /** Whether the call has its effect all the same: a lost reply. @default false */
  readonly afterEffect?: boolean | undefined;
  /** How many calls it befalls. @default 1 */
  readonly count?: number | undefined;
  /** How long the call waits before its effect, in ms. @default 0 */
  readonly delayMs?: number | undefined;
  /**
   * For individual acks: how many receipts of the call fail, the first ones, each with the error as
   * its verdict; the others go on. @default the whole call rejects
   */
  readonly receipts?: number | undefined;
}

/** A feed in memory, and the ground truth about it. */
export type MemoryFeed<E extends FeedEvent = FeedEvent> = MemoryTruth<E> & Feed<E>;

/** What a {@link MemoryFeed} is beyond a feed. */
export interface MemoryTruth<E extends FeedEvent = FeedEvent> {
  /** Brings the next deliveries, as a plain list. */
  pull(options?: PullOptions): Promise<readonly Delivery<E>[]>;
  /** Adds events at the end. */
  publish(...events: readonly E[]): void;
  /** Adds an item that no reader can make sense of. */
  publishUnreadable(raw: unknown): void;
  /** The ids of what was acknowledged, in the order of the acks. */
  readonly acked: readonly string[];
  /** Every call, in order. */
  readonly calls: readonly MemoryCall[];
  /** How many calls are under way. */
  readonly pending: number;
  /** Lets the next calls of an operation fail. */
  fail(fault: MemoryFault): void;
  /** Takes the faults to come away. */
  heal(): void;
  /** A feed object of its own on the same events, as a restarted process has; what is not acked comes again. */
  reopen(): MemoryFeed<E>;
}

interface Item {
  readonly event: FeedEvent | undefined;
  readonly raw: unknown;
  acked: boolean;
  /** Until when a reader has it, in epoch ms. */
  hiddenUntil: number;
  attempts: number;
}

/** What all feed objects of one memory share: the provider's side. */
interface Shelf {
  readonly items: Item[];
  /** The index of the first item that may not be acked; all before it are. */
  first: number;
  readonly ids: string[];
  readonly calls: MemoryCall[];
  readonly faults: MemoryFault[];
  readonly sleepers: Set<AbortController>;
  pending: number;
}

/** Makes an event for tests: only what differs from a plain one need be named. */
export function testEvent<Type extends string = "test", Data = unknown>(
  id: string,
  facts: { readonly type?: Type; readonly data?: Data } = {},
): FeedEvent<Type, Data> {
  return {
    specversion: "1.0",
    id,
    source: "/memory",
    type: facts.type ?? ("test" as Type),
    data: facts.data ?? ({} as Data),
  };
}

/**
 * Makes a feed in memory, of either kind of ack and either kind of pull, for tests of handlers and of
 * loops. It keeps every law of a feed, and no promise over restarts of the process.
 *
 * @throws {AckloopError} `config` for a combination that cannot be.
 */
export function memoryFeed<E extends FeedEvent = FeedEvent>(
  options: MemoryFeedOptions<E> = {},
): MemoryFeed<E> {
  if (options.acksOnPull && (options.acks !== "cumulative" || options.pulls === "onward")) {
    const rule = 'memoryFeed: option `acksOnPull` needs acks: "cumulative" and pulls: "unacked"';
    throw new AckloopError("config", rule);
  }
  return openFeed(
    { items: [], first: 0, ids: [], calls: [], faults: [], sleepers: new Set(), pending: 0 },
    options,
  );
}

function openFeed<E extends FeedEvent>(shelf: Shelf, options: MemoryFeedOptions<E>): MemoryFeed<E> {
  const { acks = "individual", pulls = "unacked", pageSize = 100 } = options;
  const leased = acks === "individual" && pulls === "onward";
  const listed = acks === "individual" && pulls === "unacked";
  const feed = {
    name: options.name ?? "memory",
    acks,
    pulls,
    events: options.events,
    ...(options.waits ? { waits: true } : {}),
    ...(options.acksOnPull ? { acksOnPull: true } : {}),
    pull: (pullOptions: PullOptions = {}) =>
      call(shelf, "pull", pullOptions, [], async () => {
        const { ack, signal, waitMs = 0 } = pullOptions;
        if (ack !== undefined && options.acksOnPull) settle(shelf, acks, ack);
        const { limit: wish = pageSize } = pullOptions;
        const limit = listed ? wish : Math.min(wish, pageSize);
        const pick = (): Delivery<E>[] => pickPage(shelf, options, leased, limit, pullOptions);
        const page = pick();
        if (page.length > 0 || !options.waits || waitMs <= 0) return page;
        await nap(shelf, waitMs, signal);
        return pick();
      }),
    ack: (receipts: readonly Receipt[], callOptions: CallOptions = {}) =>
      call(shelf, "ack", callOptions, receipts, async (fault) => {
        if (acks === "cumulative" && receipts.length !== 1) {
          throw new AckloopError("config", "a cumulative feed acks exactly one receipt");
        }
        return receipts.map((receipt, index) =>
          index < (fault?.receipts ?? 0) ? failed(fault?.error) : settle(shelf, acks, receipt),
        ) satisfies AckReport;
      }),
    ...(leased ? leaseCalls(shelf) : {}),
  };
  // Not Object.assign: it would read `pending` once and for all.
  const truth = truthOf(shelf, options);
  return Object.defineProperties(
    feed,
    Object.getOwnPropertyDescriptors(truth),
  ) as unknown as MemoryFeed<E>;
}

function leaseCalls(shelf: Shelf): Required<Pick<Feed, "nack" | "extend">> {
  const hide = (receipts: readonly Receipt[], untilMs: number): void => {
    for (const receipt of receipts) {
      const item = shelf.items[fromReceipt<number>(receipt)];
      if (item) item.hiddenUntil = untilMs;
    }
    wake(shelf);
  };
  return {
    nack: (receipts, options: NackOptions = {}) =>
      call(shelf, "nack", options, receipts, async () =>
        hide(receipts, Date.now() + (options.afterMs ?? 0)),
      ),
    extend: (receipts, leaseMs, options = {}) =>
      call(shelf, "extend", options, receipts, async () => hide(receipts, Date.now() + leaseMs)),
  };
}

function truthOf<E extends FeedEvent>(
  shelf: Shelf,
  options: MemoryFeedOptions<E>,
): Omit<MemoryTruth<E>, "pull"> {
  return {
    acked: shelf.ids,
    calls: shelf.calls,
    get pending() {
      return shelf.pending;
    },
    publish: (...events) => {
      for (const event of events) add(shelf, event, event);
    },
    publishUnreadable: (raw) => add(shelf, undefined, raw),
    fail: (fault) => {
      shelf.faults.push(fault);
    },
    heal: () => {
      shelf.faults.length = 0;
    },
    reopen: () => {
      for (const item of shelf.items) item.hiddenUntil = 0;
      return openFeed(shelf, options);
    },
  };
}

function add(shelf: Shelf, event: FeedEvent | undefined, raw: unknown): void {
  shelf.items.push({ event, raw, acked: false, hiddenUntil: 0, attempts: 0 });
  wake(shelf);
}

function wake(shelf: Shelf): void {
  for (const sleeper of shelf.sleepers) sleeper.abort();
}

/** Waits until something may have come, or for so long; rejects when the caller's signal fires. */
async function nap(shelf: Shelf, waitMs: number, signal: AbortSignal | undefined): Promise<void> {
  const sleeper = new AbortController();
  const onAbort = (): void => sleeper.abort();
  signal?.addEventListener("abort", onAbort, { once: true });
  shelf.sleepers.add(sleeper);
  await sleep(waitMs, sleeper.signal).catch(() => {});
  shelf.sleepers.delete(sleeper);
  signal?.removeEventListener("abort", onAbort);
  signal?.throwIfAborted();
}

/** Records a call, keeps it asynchronous, and lets the fault befall it that waits for it. */
async function call<Reply>(
  shelf: Shelf,
  operation: MemoryCall["operation"],
  options: CallOptions,
  receipts: readonly Receipt[],
  effect: (fault: MemoryFault | undefined) => Promise<Reply>,
): Promise<Reply> {
  options.signal?.throwIfAborted();
  const ids = receipts.map((receipt) => idAt(shelf, fromReceipt<number>(receipt)));
  shelf.calls.push({
    operation,
    at: Date.now(),
    ids,
    ...(operation === "pull" ? { options } : {}),
  });
  const fault = takeFault(shelf.faults, operation);
  shelf.pending += 1;
  try {
    return await suffer(fault, options.signal, effect);
  } finally {
    shelf.pending -= 1;
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
  signal?.throwIfAborted();
  const reply = await effect(fault);
  if (rejects) throw fault.error;
  return reply;
}

function pickPage<E extends FeedEvent>(
  shelf: Shelf,
  options: MemoryFeedOptions<E>,
  leased: boolean,
  limit: number,
  { after }: PullOptions,
): Delivery<E>[] {
  const now = Date.now();
  while (shelf.items[shelf.first]?.acked) shelf.first += 1;
  const from = after === undefined ? shelf.first : fromReceipt<number>(after) + 1;
  const page: number[] = [];
  for (let index = from; index < shelf.items.length && page.length < limit; index += 1) {
    const item = shelf.items[index];
    if (!item || item.acked || item.hiddenUntil > now) continue;
    page.push(index);
    item.attempts += 1;
    if (leased) item.hiddenUntil = options.leaseMs ? now + options.leaseMs : Infinity;
  }
  const last = page.at(-1);
  return page.map((index) => {
    const hasReceipt = options.receipts !== "page" || index === last;
    return toDelivery<E>(shelf, index, hasReceipt, leased ? options.leaseMs : undefined);
  });
}

function toDelivery<E extends FeedEvent>(
  shelf: Shelf,
  index: number,
  hasReceipt: boolean,
  leaseMs: number | undefined,
): Delivery<E> {
  const { event, raw, attempts } = shelf.items[index] as Item;
  const facts = {
    raw,
    attempt: attempts,
    ...(hasReceipt ? { receipt: toReceipt(index) } : {}),
    ...(leaseMs === undefined ? {} : { leaseMs }),
  };
  // The events of this shelf were published through a feed of the same type.
  if (event) return { ...facts, event: event as E };
  const unreadable = new AckloopError("schema", `items[${index}] cannot be read`, {
    path: `items[${index}]`,
  });
  return { ...facts, unreadable };
}

const ACKED: AckVerdict = Object.freeze({ status: "acked" });
const GONE: AckVerdict = Object.freeze({ status: "gone" });

function failed(error: unknown): AckVerdict {
  const known = isAckloopError(error) ? error : new AckloopError("request", String(error));
  return { status: "failed", error: known };
}

function settle(shelf: Shelf, acks: "individual" | "cumulative", receipt: Receipt): AckVerdict {
  const index = fromReceipt<number>(receipt);
  if (shelf.items[index] === undefined) {
    return failed(new AckloopError("request", "this receipt is not one of this feed"));
  }
  const first = acks === "cumulative" ? shelf.first : index;
  let verdict = GONE;
  for (let at = first; at <= index; at += 1) {
    const item = shelf.items[at];
    if (!item || item.acked) continue;
    item.acked = true;
    shelf.ids.push(idAt(shelf, at));
    verdict = ACKED;
  }
  return verdict;
}

function idAt(shelf: Shelf, index: number): string {
  return shelf.items[index]?.event?.id ?? `items[${index}]`;
}
