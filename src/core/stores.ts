import type { FeedEvent } from "./event.ts";
import type { CallOptions } from "./feed.ts";

/**
 * Whose place or mark it is: the reader's own name, and the feed's.
 *
 * Both are part of every key in every store, so that two services that read one topic never share
 * a place. Any text, up to 500 characters each, without NUL.
 */
export interface StoreKey {
  /** The reader's name, chosen by the user, such as `"billing"`. */
  readonly consumer: string;
  /** The feed's `name`. */
  readonly feed: string;
}

/** A {@link StoreKey} and the identity of one event. */
export interface EventKey extends StoreKey {
  /**
   * What tells the event from all others, as `identityOf` gives it: its source and its id. To a store
   * it is any text but the empty one, of any length, NUL and quotes included.
   */
  readonly identity: string;
}

/** Which part of what a store holds to list. */
export interface ListQuery extends CallOptions {
  /** How many, 1-1000. @default 100 */
  readonly limit?: number | undefined;
  /** Go on after this page: the `next` of the one before. */
  readonly after?: string | undefined;
}

/** One page of what a store holds. */
export interface Listing<Item> {
  /** The items; an empty list when there are none. */
  readonly items: readonly Item[];
  /** What to give as `after` for the next page; absent at the end. */
  readonly next?: string | undefined;
  /**
   * How many this page leaves out, since their names cannot be read; absent where it is none. PostgreSQL
   * keeps only a digest of a consumer and feed, or an inbox, whose names have more than 1,000 bytes.
   */
  readonly unnamed?: number | undefined;
}

/** A saved place. */
export interface StoredCursor {
  /** What was saved; the feed alone knows its meaning. */
  readonly value: string;
  /** Counts the saves, from 1. */
  readonly revision: number;
}

/** What became of a save. */
export type CursorSave =
  | { readonly status: "saved"; readonly revision: number }
  | { readonly status: "conflict"; readonly current: StoredCursor | undefined };

/** A saved place, and whose it is. */
export interface CursorPlace extends StoreKey, StoredCursor {
  /** True where the value was damaged, and is given as an empty text. */
  readonly isDamaged?: true | undefined;
}

/**
 * Keeps the place of a reader whose provider keeps none.
 *
 * A save names the revision it was made on, and is refused when another has been made since: a
 * process that held the feed before cannot move the place back.
 *
 * What a store throws that is no `AckloopError` counts as a failure that may pass, and it is asked
 * again; a `TypeError` that is not the network's counts as a bug, and ends the run.
 */
export interface CursorStore {
  /** Gives the saved place, or `undefined` when there is none. */
  load(key: StoreKey, options?: CallOptions): Promise<StoredCursor | undefined>;
  /**
   * Saves a place durably, if `revision` is still the newest one (0: none saved yet).
   *
   * A save whose value is there already, one revision further, is a repeat of one's own whose answer
   * was lost, and is `saved`. Any other difference is a `conflict`, and nothing is written.
   */
  save(key: StoreKey, value: string, revision: number, options?: CallOptions): Promise<CursorSave>;
  /** Lists all saved places, each once, in an order of the store's. */
  list?(query?: ListQuery): Promise<Listing<CursorPlace>>;
}

/** An event that no handler could be brought to finish, kept until a person looks at it. */
export interface DeadLetter extends EventKey {
  /** The event as the wire brought it; absent when it could not be read. */
  readonly event?: FeedEvent | undefined;
  /** The provider's object. */
  readonly raw: unknown;
  /** Why it is here, for people. */
  readonly reason: string;
  /** The code of the error, where there was one of ours. */
  readonly code?: string | undefined;
  /** How often a handler was started with it. */
  readonly attempts: number;
  /** When it was set aside, RFC 3339 in UTC. */
  readonly failedAt: string;
}

/** Which dead letters to list. */
export interface DeadLetterQuery extends CallOptions {
  /** How many, 1-1000. @default 100 */
  readonly limit?: number | undefined;
  /** Go on after this page: the `next` of the one before. */
  readonly after?: string | undefined;
}

/** One page of dead letters, oldest first. */
export interface DeadLetterPage {
  /** The letters; an empty list when there are none. */
  readonly letters: readonly DeadLetter[];
  /** What to give as `after` for the next page; absent at the end. */
  readonly next?: string | undefined;
}

/** A consumer and feed with dead letters, or with events to be skipped. */
export interface LetterPlace extends StoreKey {
  /** How many letters it has; no more than 100,000 are counted. */
  readonly letters: number;
  /** When the letter that was put first was set aside, RFC 3339; absent where there is none. */
  readonly oldestAt?: string | undefined;
  /** How many events are to be skipped; no more than 100,000 are counted. */
  readonly skips: number;
}

/** An event that a person has said is to be set aside without a handler. */
export interface Skip extends EventKey {
  /** When that was said, RFC 3339 in UTC, by the clock of whoever said it. */
  readonly at: string;
}

/**
 * Keeps events that were set aside.
 *
 * **Skips.** Where a store has `skip`, `skips` and `unskip`, a run reads its skips before its first handler
 * starts, and again on `run.reload()`. An event that one of them names goes to the letters at once, with
 * the reason `skipped by hand`: no schema and no handler sees it. Its skip is taken back when it is
 * acknowledged.
 *
 * Letters are kept as JSON; one of 5 MB is nothing special. Of two puts of one letter at a time one
 * is the later one and stays whole.
 */
export interface DeadLetterStore {
  /** Stores a letter durably. The same consumer, feed and identity again replaces it. */
  put(letter: DeadLetter, options?: CallOptions): Promise<void>;
  /**
   * Lists a feed's letters in the order in which they were first put.
   *
   * A letter that is replaced keeps its place, so a walk over the pages meets none twice and skips
   * none that was there at its start.
   */
  list(key: StoreKey, query?: DeadLetterQuery): Promise<DeadLetterPage>;
  /** Gives one letter, or `undefined`. */
  get(key: EventKey, options?: CallOptions): Promise<DeadLetter | undefined>;
  /** Takes a letter off. One that is not there is success. */
  remove(key: EventKey, options?: CallOptions): Promise<void>;
  /** Lists every consumer and feed that has letters or skips, each once, in an order of the store's. */
  places?(query?: ListQuery): Promise<Listing<LetterPlace>>;
  /**
   * Says durably that an event is to be set aside unhandled. The same again changes nothing.
   *
   * The identity is the event's, as `identityOf` gives it from its source and id. For an item without an id
   * it is the text that `contentIdentityOf` makes of its digest, which the run that halts on it tells.
   */
  skip?(key: EventKey, options?: CallOptions): Promise<void>;
  /** Lists the skips of a consumer and feed in the order in which they were said. */
  skips?(key: StoreKey, query?: ListQuery): Promise<Listing<Skip>>;
  /** Takes a skip back. One that is not there is success. */
  unskip?(key: EventKey, options?: CallOptions): Promise<void>;
}

/** What {@link DedupeStore.begin} found. */
export type DedupeBegin =
  /** The caller has the event now. `starts` counts this start and those before, from 1. */
  | { readonly status: "begun"; readonly mark: string; readonly starts: number }
  /** Another has it in work; ask again when the mark ends, in `endsInMs`. */
  | { readonly status: "busy"; readonly endsInMs: number }
  /** It was finished within the retention. */
  | { readonly status: "done" };

/** What a begin may say. */
export interface DedupeBeginOptions extends CallOptions {
  /**
   * The mark to set: a text that no other begin uses, up to 500 characters without NUL. A caller that
   * heard no answer repeats its begin with it, and gets the event again as the same start.
   *
   * @default a new UUID
   */
  readonly mark?: string | undefined;
}

/** What a finish may say. */
export interface DedupeFinish extends CallOptions {
  /** For how long the event is remembered as done, in ms. */
  readonly retentionMs: number;
  /**
   * The store's own transaction, to finish together with the handler's effect: for the sql stores a
   * client with an open transaction on the same database. A store without transactions refuses it
   * (`config`). On `false` the caller rolls back.
   */
  readonly transaction?: unknown;
}

/**
 * Remembers which events are in work and which are done, in two phases.
 *
 * Of any number of callers that begin one event at a time, one gets it. An event whose handler was
 * killed is free again when its mark ends; until another begins it, the ended mark is still its
 * caller's, so that work which outlasted a store's absence counts. Times are the store's own.
 */
export interface DedupeStore {
  /**
   * Marks an event as in work for `markMs`, unless another has it or it is done. Counts the start.
   *
   * A repeat with the mark that was set last is `begun` again, for `markMs` from now, and counts
   * nothing.
   */
  begin(key: EventKey, markMs: number, options?: DedupeBeginOptions): Promise<DedupeBegin>;
  /** Lengthens a mark to `markMs` from now. False: the mark is no longer the caller's. */
  renew(key: EventKey, mark: string, markMs: number, options?: CallOptions): Promise<boolean>;
  /**
   * Remembers the event as done; a repeat with the same mark is true again.
   *
   * False: another has begun the event since, or it was forgotten, and nothing was written.
   */
  finish(key: EventKey, mark: string, options: DedupeFinish): Promise<boolean>;
  /**
   * Frees an event whose handler has ended without finishing it, and takes its start back: only
   * starts that never ended are counted. A mark that is gone is success.
   *
   * A mark that was forgotten is never set again: a begin with it that comes late, because its
   * statement was slow, sets nothing and finds the event `busy` for 0 ms.
   */
  forget(key: EventKey, mark: string, options?: CallOptions): Promise<void>;
}

/** What {@link LeaseStore.acquire} found. */
export type LeaseGrant =
  /** The caller holds the lease. `fence` is a whole number that grows with every grant. */
  | { readonly status: "held"; readonly fence: number }
  /** Another holds it, for `endsInMs` more unless it renews; `holder` is its name, for people. */
  | {
      readonly status: "taken";
      readonly endsInMs: number;
      readonly holder?: string | undefined;
    };

/** A lease, and who holds it. */
export interface LeasePlace extends StoreKey {
  /** Who holds it, or held it last. */
  readonly holder: string;
  /** The fence of the newest grant. */
  readonly fence: number;
  /** How long it holds unless it is renewed, in ms; 0: it has ended, and is nobody's. */
  readonly endsInMs: number;
}

/**
 * Lets one process at a time read a feed.
 *
 * Times are the store's own. A lease that has ended is nobody's: its holder must acquire it anew. The
 * fence of the newest grant is the lease: what is renewed or released by an older one is another's.
 */
export interface LeaseStore {
  /**
   * Takes the lease for `leaseMs` if it is free, ended, or held by the same `holder`, whose older
   * grant is then over.
   *
   * `holder` is a text that no other process uses, such as a random UUID made at the start of a run.
   */
  acquire(
    key: StoreKey,
    holder: string,
    leaseMs: number,
    options?: CallOptions,
  ): Promise<LeaseGrant>;
  /**
   * Lengthens the grant that has this fence to `leaseMs` from now. False: it has ended, or there is a
   * newer one.
   */
  renew(key: StoreKey, fence: number, leaseMs: number, options?: CallOptions): Promise<boolean>;
  /** Gives up the grant that has this fence. Where there is a newer one, nothing happens. */
  release(key: StoreKey, fence: number, options?: CallOptions): Promise<void>;
  /** Lists the newest grant of each lease, those that have ended included, in an order of the store's. */
  list?(query?: ListQuery): Promise<Listing<LeasePlace>>;
}

/** An event as an inbox keeps it, or what came in its place and could not be read. */
export type InboxEntry<E extends FeedEvent = FeedEvent> = {
  /** The provider's object. Kept as JSON. */
  readonly raw: unknown;
} & (
  | {
      /** The event. Kept as JSON. */
      readonly event: E;
      /** True where the id was made from the content; such an entry is always stored. */
      readonly idDerived?: true | undefined;
      readonly unreadable?: undefined;
    }
  | {
      /** What is wrong with it; such an entry is always stored. */
      readonly unreadable: { readonly message: string; readonly path?: string | undefined };
      readonly event?: undefined;
    }
);

/** An entry that a worker holds. */
export type InboxClaim<E extends FeedEvent = FeedEvent> = InboxEntry<E> & {
  /** What the worker gives back to settle it; of no use once another has claimed the entry. */
  readonly token: string;
  /** Which claim it is, from 1: it grows also when a worker was killed. */
  readonly attempt: number;
  /** Reads the entry anew, as it was stored. A store that cannot do it cheaply leaves it out. */
  readonly again?: (() => InboxEntry<E>) | undefined;
};

/** An entry that is not finished, as it stands in an inbox. */
export type InboxItem = InboxEntry & {
  /** How often a worker has claimed it. */
  readonly attempts: number;
  /** For how long no worker can claim it, in ms; 0: it waits for one. */
  readonly hiddenMs: number;
  /** True where no worker holds it meanwhile: one has given it back, to be claimed then. */
  readonly isGivenBack?: true | undefined;
};

/** An entry that was the first of its inbox. */
export type InboxFirst = InboxClaim & {
  /** The inbox. */
  readonly name: string;
};

/** What a wait at inboxes may say. */
export interface InboxWaitOptions extends CallOptions {
  /** Whether only the first entry of each inbox counts, as for {@link Inbox.claimFirst}. @default false */
  readonly first?: boolean | undefined;
  /** How often to look where nobody tells of what has come, in ms, from 1. @default 1000 */
  readonly pollMs?: number | undefined;
}

/** An inbox with entries that are not finished. */
export interface InboxPlace {
  /** Its name. */
  readonly name: string;
  /** How many entries wait for a worker. */
  readonly waiting: number;
  /** How many are with a worker, or were given back to be claimed later. */
  readonly held: number;
  /** The entry that has been there longest. */
  readonly oldest: InboxItem;
}

/**
 * Keeps webhook events from the moment they are answered until a worker is done with them.
 *
 * Any number of workers share one inbox: an entry is with one of them at a time. One whose worker was
 * killed is free again when its lease ends; until another claims it, the ended lease is still its
 * worker's. Times are the store's own. `name` is the key: the receiving point's, stable over restarts.
 */
export interface Inbox {
  /**
   * Stores entries durably, all or none, in their order.
   *
   * An event whose `source` and `id` are there already, or were finished within the retention, is not
   * stored again; one with a derived id always is.
   *
   * @throws {AckloopError} `rateLimit` (retryable) when the inbox is full.
   */
  add(name: string, entries: readonly InboxEntry[], options?: CallOptions): Promise<void>;
  /** Gives up to `limit` (1-1000) free entries, oldest first, and hides them for `leaseMs`. */
  claim(
    name: string,
    limit: number,
    leaseMs: number,
    options?: CallOptions,
  ): Promise<readonly InboxClaim[]>;
  /**
   * Settles entries for good. One verdict each, in order: true when it was the caller's, false when
   * it is gone, was given back, or another has claimed it.
   */
  finish(
    name: string,
    tokens: readonly string[],
    options?: CallOptions,
  ): Promise<readonly boolean[]>;
  /** Gives entries back, to be claimed again after `afterMs`. Those not the caller's are left alone. */
  release(
    name: string,
    tokens: readonly string[],
    afterMs: number,
    options?: CallOptions,
  ): Promise<void>;
  /** Hides entries for `leaseMs` from now. Those not the caller's are left alone. */
  extend(
    name: string,
    tokens: readonly string[],
    leaseMs: number,
    options?: CallOptions,
  ): Promise<void>;
  /**
   * Claims of each inbox its first entry, where that one is free: what stands behind it waits until it is
   * finished, also while it is given back for later. It gives up to `limit` (1-1000), oldest first.
   *
   * A finish then frees the next one, for those who wait.
   */
  claimFirst?(
    names: readonly string[],
    limit: number,
    leaseMs: number,
    options?: CallOptions,
  ): Promise<readonly InboxFirst[]>;
  /** Names those of an inbox and its partitions, `<name> (3 of 16)`, that have entries that are not finished. */
  partitions?(name: string, options?: CallOptions): Promise<readonly string[]>;
  /**
   * Waits, for up to `waitMs`, until there may be something to claim in one of the inboxes: what was added or
   * given back, or whose time has come. It claims nothing, and may end early.
   *
   * False: nothing has come, as far as is known. True: a claim says whether there is. A store that hears of
   * nothing ends with true after `pollMs`, and one that hears after a while all the same, so that nothing is
   * lost where a notice is.
   */
  wait?(names: readonly string[], waitMs: number, options?: InboxWaitOptions): Promise<boolean>;
  /** Lists every inbox with entries that are not finished, each once, in an order of the store's. */
  list?(query?: ListQuery): Promise<Listing<InboxPlace>>;
  /** Lists the entries of an inbox that are not finished, oldest first, and claims none. */
  entries?(name: string, query?: ListQuery): Promise<Listing<InboxItem>>;
}

/** What every factory of `ackloop/stores` gives: one place for all that must be remembered. */
export interface StoreSet {
  /** The places of readers whose provider keeps none. */
  readonly cursors: CursorStore;
  /** Events that were set aside. */
  readonly deadLetters: DeadLetterStore;
  /** Which events are in work, and which are done. */
  readonly dedupe: DedupeStore;
  /** Who reads a feed. */
  readonly leases: LeaseStore;
  /** Webhook events between their answer and their handling. */
  readonly inbox: Inbox;
}

/** A set whose stores have the optional methods too, as those of `ackloop/stores` have. */
export interface FullStoreSet extends StoreSet {
  readonly cursors: Required<CursorStore>;
  readonly deadLetters: Required<DeadLetterStore>;
  readonly leases: Required<LeaseStore>;
  readonly inbox: Required<Inbox>;
}
