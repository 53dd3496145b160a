import { isAckloopError } from "../../core/errors.ts";
import type { FeedEvent } from "../../core/event.ts";
import { sleep } from "../../core/sleep.ts";
import type {
  EventKey,
  InboxEntry,
  Listing,
  ListQuery,
  StoreKey,
  StoreSet,
} from "../../core/stores.ts";

/** A kind of store, by its name in a `StoreSet`. */
export type StoreKind = keyof StoreSet;

/** The stores under test, as the kit needs them: all, or those of the kinds that are tried. */
export type StoreHarness<Kind extends StoreKind = StoreKind> = {
  /** The stores. */
  readonly stores: Pick<StoreSet, Kind>;
  /** The same data as another process sees it; the same stores where there is no other process. */
  readonly others: Pick<StoreSet, Kind>;
  /** Lets time pass on the stores' clock. @default waits really */
  readonly advance?: ((ms: number) => Promise<void>) | undefined;
  /** Called after each law. */
  readonly close?: (() => Promise<void>) | undefined;
} & ("inbox" extends Kind
  ? {
      /** The limit of unfinished entries that both inboxes were made with, 1-50. */
      readonly inboxMaxEntries: number;
    }
  : unknown);

/** One thing that every store of a kind promises. */
export interface StoreLaw<Kind extends StoreKind = StoreKind> {
  /** Stable, such as `"lease.fence"`. */
  readonly id: string;
  /** The promise as a sentence. */
  readonly title: string;
  /**
   * The optional methods that it is about. The kit skips it where the store has not all of them.
   * @default none
   */
  readonly methods?: readonly string[] | undefined;
  /** Resolves when it is kept, rejects when not. */
  run(harness: StoreHarness<Kind>): Promise<void>;
}

/** What of a harness lets time pass. */
type Clock = Pick<StoreHarness<never>, "advance">;

/** Long enough that nothing ends during a law. */
export const longMs = 600_000;
/** Short enough to be waited for. */
export const shortMs = 40;

/** Lets all that was made for `shortMs` end. */
export async function letShortEnd(harness: Clock): Promise<void> {
  await letPass(harness, shortMs * 2);
}

/** Lets time pass on the stores' clock. */
export async function letPass(harness: Clock, ms: number): Promise<void> {
  await (harness.advance ?? sleep)(ms);
}

/** A key that no other law uses. */
export function freshKey(): StoreKey {
  return { consumer: `billing-${crypto.randomUUID()}`, feed: "tiki/queues/5a84289f" };
}

/** The key of an event that no other law uses. */
export function freshEventKey(): EventKey {
  return { ...freshKey(), identity: "/orders event-1" };
}

/** A name that no other law uses. */
export function freshName(): string {
  return `inbox-${crypto.randomUUID()}`;
}

/** An event with an id and data. */
export function eventOf(id: string, data: unknown = { order: id }): FeedEvent {
  return { specversion: "1.0", id, source: "/discue/queues/orders", type: "message", data };
}

/** An entry of an inbox. */
export function entryOf(id: string, data?: unknown): InboxEntry {
  const event = eventOf(id, data);
  return { event, raw: event.data };
}

/** Texts that break what treats them as anything but text; all different. */
export const oddTexts: readonly string[] = [
  "it's",
  'a "quoted" one',
  "back\\slash",
  "../../up",
  "a/b",
  "a b",
  "%00",
  "\\u0000",
  "$1; drop table ackloop_cursors; --",
  "crème brûlée",
  "cre\u0300me",
  "日本語 🎉",
  "__proto__",
  "x".repeat(500),
  "A",
  "a",
];

/** Texts that a database's text cannot hold, and others like them; all different. */
export const oddIds: readonly string[] = [
  ...oddTexts,
  "a\0b",
  "a\ufffdb",
  "\ud800",
  "\udc00",
  "\0",
  "y".repeat(20_000),
];

/** Keys that are taken for one another where their parts are not kept apart; all different. */
export function oddKeys(): readonly StoreKey[] {
  const run = crypto.randomUUID();
  return [
    { consumer: run, feed: "ab" },
    { consumer: `${run}a`, feed: "b" },
    { consumer: `${run}/a`, feed: "b/c" },
    { consumer: `${run}/a/b`, feed: "c" },
    ...oddTexts.map((feed) => ({ consumer: run, feed })),
    ...oddTexts.map((text) => ({ consumer: `${text}${run}`.slice(-500), feed: "feed" })),
  ];
}

/** The same for the keys of events. */
export function oddEventKeys(): readonly EventKey[] {
  const key = freshKey();
  return [
    ...oddKeys().map((one) => ({ ...one, identity: "a" })),
    ...oddIds.map((identity) => ({ ...key, identity })),
    { ...key, feed: `${key.feed}/a`, identity: "b" },
  ];
}

/** Goes through all pages of a listing, and gives what they hold. */
export async function walkAll<Item>(
  list: (query: ListQuery) => Promise<Listing<Item>>,
  limit: number,
): Promise<readonly Item[]> {
  const met: Item[] = [];
  let after: string | undefined;
  // Other laws may have left much in the same database; a listing that never ends is none.
  for (let pages = 0; pages < 100_000; pages += 1) {
    const { items, next } = await list({ limit, after });
    check(items.length <= limit, "a page has no more than it was asked for");
    met.push(...items);
    if (next === undefined) return met;
    after = next;
  }
  throw new Error("broken: a walk over the pages ends");
}

/** Whether an item of a listing is that of a consumer and feed. */
export function isPlaceOf({ consumer, feed }: StoreKey, key: StoreKey): boolean {
  return consumer === key.consumer && feed === key.feed;
}

/** Fails unless a listing refuses what it cannot be asked for, and leaves with a signal that has fired. */
export async function wrongLists(list: (query: ListQuery) => Promise<unknown>): Promise<void> {
  for (const limit of [0, 1001, 1.5]) {
    await refused(() => list({ limit }), "config", "a wrong limit");
  }
  await refused(() => list({ after: "x" }), "config", "a wrong `after`");
  await cut(list, "list");
}

/** Fails unless a fact holds. */
export function check(fact: boolean, promise: string): asserts fact {
  if (!fact) throw new Error(`broken: ${promise}`);
}

/** Fails unless two values are the same as JSON; the order of fields does not matter. */
export function equal(actual: unknown, expected: unknown, promise: string): void {
  const [is, should] = [sorted(actual), sorted(expected)];
  if (is !== should) {
    throw new Error(`broken: ${promise}: got ${is.slice(0, 500)}, not ${should.slice(0, 500)}`);
  }
}

/** Fails unless a call rejects with a typed error of the code. */
export async function refused(
  call: () => Promise<unknown>,
  code: string,
  promise: string,
): Promise<void> {
  let error: unknown;
  try {
    await call();
  } catch (thrown) {
    error = thrown;
  }
  check(isAckloopError(error) && error.code === code, `${promise}: \`${code}\` error`);
}

/** Fails unless a call with an aborted signal rejects with the signal's reason. */
export async function cut(
  call: (options: { readonly signal: AbortSignal }) => Promise<unknown>,
  promise: string,
): Promise<void> {
  const reason = new Error("the caller has left");
  let error: unknown;
  try {
    await call({ signal: AbortSignal.abort(reason) });
  } catch (thrown) {
    error = thrown;
  }
  check(error === reason, `${promise}: an abort rejects with its reason`);
}

function sorted(value: unknown): string {
  const text = JSON.stringify(value, (_, part: unknown) => {
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
  return text ?? "undefined";
}
