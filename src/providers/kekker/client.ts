import type { Delivery } from "../../core/feed.ts";
import type { TableOf } from "../../core/options.ts";
import { callOptions, checkShape, unchecked, withShapes } from "../../http/arguments.ts";
import { wrong } from "../../http/options.ts";
import type { ClientCallOptions } from "../../http/types.ts";
import { createCalls, type KekkerCalls } from "./calls.ts";
import {
  createEventReader,
  type KekkerEvent,
  type KekkerEventWith,
  type KekkerSchemas,
} from "./event.ts";
import { createFeed, type KekkerFeed } from "./feed.ts";
import { listAll } from "./list-all.ts";
import type { KekkerFeedOptions, KekkerOptions } from "./options.ts";
import { toResetTime } from "./time.ts";
import { type KekkerCategory, readEarliest, type WireQueueState } from "./wire.ts";

/** Which events to list. */
export interface KekkerListOptions extends ClientCallOptions {
  /** Only this category. @default all categories */
  readonly category?: KekkerCategory | undefined;
  /** Which page, from 1. @default the first */
  readonly pageNumber?: number | undefined;
  /** How many events a page has, from 1. The node's default and maximum are not documented. */
  readonly pageSize?: number | undefined;
}

/** Which events to list over all pages. */
export interface KekkerListAllOptions extends ClientCallOptions {
  /** Only this category. @default all categories */
  readonly category?: KekkerCategory | undefined;
  /** How many events a request asks for, from 1. @default as many as the node gives */
  readonly pageSize?: number | undefined;
  /** How many events are given at most, from 1. @default all there are */
  readonly limit?: number | undefined;
}

/** One page of unprocessed events. */
export interface KekkerEventPage {
  /** Which page it is, as the node counts. */
  readonly pageNumber?: number | undefined;
  /** The page's size, as the node sees it. */
  readonly pageSize?: number | undefined;
  /** How many events there are on all pages. */
  readonly totalRecords?: number | undefined;
  /** The page's events in the node's order, each readable or not; an empty list when there are none. */
  readonly events: readonly Delivery<KekkerEvent>[];
}

/** What an ack was answered. */
export interface KekkerAckReply {
  /** The time of the earliest event that is still unprocessed, in UTC; absent when there is none. */
  readonly earliestUnprocessed?: string | undefined;
  /** The answer as it came; an empty text when it had no body. */
  readonly raw: string;
}

/** The event calls of a node. */
export interface KekkerEvents {
  /**
   * Lists unprocessed events, without taking any off the list.
   *
   * Do not walk the pages while events are acknowledged: the pages move, and events are skipped.
   *
   * @throws {AckloopError} `transport`, `timeout`, `rateLimit` (retryable), `auth`, `request`,
   * `schema`, `config`.
   * Source: Kekker, "API Events Requests", read 2026-11.
   */
  list(options?: KekkerListOptions): Promise<KekkerEventPage>;
  /**
   * Lists unprocessed events over all pages, each once, in the node's order; a page is asked for when it is
   * come to. Takes none off the list.
   *
   * Acknowledge only what was given when the walk is over: acks move the pages, and events are skipped.
   *
   * @throws {AckloopError} the iterator: as {@link KekkerEvents.list}.
   * Source: Kekker, "API Events Requests", read 2026-11.
   */
  listAll(options?: KekkerListAllOptions): AsyncIterable<Delivery<KekkerEvent>>;
  /**
   * Takes one event off the list of unprocessed ones.
   *
   * The transport repeats it where the answer was lost, and may then meet `notFound`.
   *
   * @throws {AckloopError} `notFound` for an event that is not on the list, acknowledged ones included;
   * otherwise as {@link KekkerEvents.list}.
   * Source: Kekker, "API Events Requests", read 2026-11.
   */
  ack(eventUid: string, options?: ClientCallOptions): Promise<KekkerAckReply>;
  /**
   * Puts **all** events with this time or a later one back on the list, acknowledged ones included: the
   * documented recovery after a crash.
   *
   * A text without a zone is UTC. A `Date` or a number of epoch ms is rounded down to the ms, a text is
   * cut after seven fraction digits: never later than what was given, since later loses events.
   *
   * @throws {AckloopError} `config` for what is no time; otherwise as {@link KekkerEvents.list}.
   * Source: Kekker, "Interaction with events", read 2026-11.
   */
  reset(time: string | Date | number, options?: ClientCallOptions): Promise<void>;
}

/** The state of an operation in the queue; ids are text, since a long can pass 2^53. */
export interface KekkerQueueState {
  /** The operation's id. */
  readonly queueId: string;
  /** Where it is. */
  readonly status: "InQueue" | "InProgress" | "Success" | "Error" | (string & {});
  /** After success: the global id of the deal. */
  readonly dealId?: string | undefined;
  /** After success: the node's own id of the deal. */
  readonly localDealId?: string | undefined;
  /** After an error: what went wrong, for people. */
  readonly error?: string | undefined;
}

/** The calls of a node's operation queue. */
export interface KekkerQueue {
  /**
   * Tells the state of an operation.
   *
   * @param queueId Its id; past 2^53 as text or bigint.
   * @throws {AckloopError} `notFound` for an unknown operation; otherwise as {@link KekkerEvents.list}.
   * Source: Kekker, "API Queue Requests", read 2026-11.
   */
  get(queueId: string | number | bigint, options?: ClientCallOptions): Promise<KekkerQueueState>;
  /**
   * Takes an operation out of the queue: one that is `InQueue` or `Error`. Take out the `InQueue` ones
   * first, or the queue goes on with them.
   *
   * The transport repeats it where the answer was lost, and may then meet `notFound`.
   *
   * @param queueId Its id; past 2^53 as text or bigint.
   * @throws {AckloopError} `notFound` for an unknown operation, `request` for one that runs or is done;
   * otherwise as {@link KekkerEvents.list}.
   * Source: Kekker, "Interaction with Operation queues", read 2026-11.
   */
  cancel(queueId: string | number | bigint, options?: ClientCallOptions): Promise<void>;
}

/** A typed client of one node and channel. */
export interface KekkerClient {
  /** The event calls. */
  readonly events: KekkerEvents;
  /** The operation queue. */
  readonly queue: KekkerQueue;
  /**
   * Makes a feed of the unprocessed events. Its type by name is `KekkerFeed`, as `ReturnType<typeof node.feed>`
   * knows no event types.
   *
   * Pulls bring page one, in the node's order, and further pages where the node gives fewer than
   * `limit`. Acks are individual; an event that is not found counts as `gone`. A receipt stays valid in
   * another process.
   *
   * @throws {AckloopError} `config`, which names the option.
   */
  feed<Schemas extends KekkerSchemas = Record<never, never>>(
    options?: KekkerFeedOptions<Schemas>,
  ): KekkerFeed<KekkerEventWith<NoInfer<Schemas>>>;
}

/**
 * Makes a client of one Kekker node.
 *
 * @throws {AckloopError} `config`, which names the option and says what is right.
 * @example
 * const node = kekker({ baseUrl: "https://qrm1.kekker.com", channel, login, password });
 * await drain(node.feed(), { DealCreated: async (event) => { await save(event.data.objectId); },
 *   other: (event) => drop(`not for us: ${event.type}`) });
 */
export function kekker(options: KekkerOptions): KekkerClient {
  const calls = createCalls(options);
  return {
    events: createEvents(calls, options),
    queue: createQueue(calls),
    feed: (feedOptions = {}) => createFeed(calls, feedOptions),
  };
}

function createEvents(calls: KekkerCalls, { resetZone = "none" }: KekkerOptions): KekkerEvents {
  const reader = createEventReader(calls.source);
  const events: KekkerEvents = {
    async list(query = {}) {
      checkCount("pageNumber", query.pageNumber);
      checkCount("pageSize", query.pageSize);
      const page = await calls.list("events.list", query);
      return {
        pageNumber: page.pageNumber ?? undefined,
        pageSize: page.pageSize ?? undefined,
        totalRecords: page.totalRecords ?? undefined,
        events: page.data.map((item, index) => reader.read(item, `data[${index}]`)),
      };
    },
    listAll(query = {}) {
      checkShape("kekker", "events.listAll", { options: [0, listAllOptions] }, [query]);
      for (const name of ["pageSize", "limit"] as const) checkCount(name, query[name]);
      return listAll(calls, reader, query);
    },
    async ack(eventUid, options) {
      const raw = await calls.ack(eventUid, options);
      return { earliestUnprocessed: readEarliest(raw), raw };
    },
    reset: async (time, options) => calls.reset(toResetTime(time, resetZone), options),
  };
  return withShapes("kekker", "events", events, {
    list: { options: [0, listOptions] },
    ack: { options: [1, callOptions] },
    reset: { options: [1, callOptions] },
  });
}

const listOptions = {
  ...callOptions,
  category: unchecked<KekkerCategory>(),
  pageNumber: unchecked<number>(),
  pageSize: unchecked<number>(),
} satisfies TableOf<KekkerListOptions>;

const listAllOptions = {
  ...callOptions,
  category: unchecked<KekkerCategory>(),
  pageSize: unchecked<number>(),
  limit: unchecked<number>(),
} satisfies TableOf<KekkerListAllOptions>;

function createQueue(calls: KekkerCalls): KekkerQueue {
  const queue: KekkerQueue = {
    get: async (queueId, options) =>
      toQueueState(await calls.queueState(toQueueId(queueId, "queue.get"), options)),
    cancel: async (queueId, options) => calls.cancel(toQueueId(queueId, "queue.cancel"), options),
  };
  const shape = { options: [1, callOptions] } as const;
  return withShapes("kekker", "queue", queue, { get: shape, cancel: shape });
}

function toQueueState(state: WireQueueState): KekkerQueueState {
  const text = (id: string | number | null | undefined) => (id == null ? undefined : String(id));
  return {
    queueId: String(state.queueId),
    status: state.status,
    dealId: text(state.dealId),
    localDealId: text(state.localDealId),
    error: state.error ?? undefined,
  };
}

function toQueueId(queueId: string | number | bigint, operation: string): string {
  if (typeof queueId === "number" && !Number.isSafeInteger(queueId)) {
    throw wrong("kekker", "a queueId past 2^53 must be given as text or bigint", operation);
  }
  if (!["string", "number", "bigint"].includes(typeof queueId)) {
    throw wrong("kekker", "queueId must be text, a whole number or a bigint", operation);
  }
  return String(queueId);
}

function checkCount(name: string, value: number | undefined): void {
  if (value === undefined || (Number.isInteger(value) && value >= 1)) return;
  throw wrong("kekker", `${name} must be a whole number from 1`, "events.list");
}
