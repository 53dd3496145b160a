import { AckloopError } from "../core/errors.ts";
import type { FeedEvent } from "../core/event.ts";
import type {
  AckReport,
  AckVerdict,
  CallOptions,
  Delivery,
  EventSource,
  Feed,
  Page,
  PullOptions,
  Receipt,
} from "../core/feed.ts";
import { fromReceipt, toReceipt } from "../core/feed.ts";
import { describeThrown, notify, toFailure } from "../core/guard.ts";
import type { TableOf } from "../core/options.ts";
import { aFunction, checkOptions, isObject, name } from "../core/options.ts";
import type { EventOf, Receiver } from "../core/receiver.ts";
import type {
  DeadLetter,
  DeadLetterStore,
  DedupeStore,
  EventKey,
  StoreKey,
} from "../core/stores.ts";
import type { Summary } from "../core/summary.ts";
import type { DrainOptions } from "./consume.ts";
import { drain, drainTable } from "./consume.ts";
import { toRoutes } from "./engine/route.ts";
import type { Handlers } from "./handler.ts";
import { checkSourceName, type DedupeOptions, loopTable, withConsumer } from "./options.ts";

/** The options of `redrive`. */
export interface RedriveOptions<E extends FeedEvent = FeedEvent>
  extends Omit<DrainOptions<E>, "deadLetters" | "lease" | "dedupe"> {
  /**
   * Lets no two redrives send one letter at a time, such as `{ store: stores.dedupe }`. What another one has in work,
   * or has sent since it was listed, is left as it is, and counts in `duplicates`. One whose process was killed
   * is another's until its mark ends. What runs have remembered as done says nothing here. @default none
   */
  readonly dedupe?: Pick<DedupeOptions, "store" | "markMs"> | undefined;
  /** The reader whose dead letters they are. @default the feed's own, where it carries one (Workato) */
  readonly consumer?: string | undefined;
  /** Takes only letters for which it is true, such as one id. @default all */
  readonly filter?: ((letter: DeadLetter) => boolean) | undefined;
}

/** Where dead letters came from: a feed, or a receiver. Of it only the name and the schemas are used. */
export type RedriveSource<E extends FeedEvent = FeedEvent> =
  | Pick<EventSource<E>, "name" | "consumer" | "events" | "pull">
  | Pick<Receiver<E>, "name" | "events" | "receive">;

/** What a redrive did. */
export interface RedriveSummary extends Summary {
  /**
   * How many letters the store has shown for this consumer and feed, those that were left out included.
   * 0: there were none, which may mean that a name is misspelt.
   */
  readonly found: number;
}

const { deadLetters: _deadLetters, lease: _lease, ...runTable } = loopTable;

const redriveTable = {
  ...runTable,
  ...drainTable,
  consumer: name.required("the reader's name"),
  filter: aFunction<(letter: DeadLetter) => boolean>().or(() => true),
} satisfies TableOf<RedriveOptions & { readonly consumer: string }>;

/**
 * Sends dead letters through handlers again, each once, and takes off those that are done or dropped.
 *
 * One that fails again stays, with the new reason and all its attempts counted; `retry.attempts` is 1
 * here, and `circuitBreaker` is off, unless they are given. One that could not be read has no event to
 * send and stays too. A store that fails is asked again.
 *
 * @param feed The feed or receiver the letters came from, for its event types and schemas; or its name, and then
 * with one function or `other` as handlers.
 * @throws {AckloopError} `config` for a wrong option; whatever halted the run, with its summary.
 * @example
 * ```ts
 * import { redrive } from "ackloop";
 *
 * const { found, handled } = await redrive(stores.deadLetters, feed, handlers, {
 *   consumer: "billing",
 *   filter: ({ reason }) => reason.includes("no such customer"),
 * });
 * ```
 */
export function redrive<E extends FeedEvent>(
  store: DeadLetterStore,
  feed: RedriveSource<E>,
  handlers: NoInfer<Handlers<E>>,
  options?: RedriveOptions<E>,
): Promise<RedriveSummary>;
export function redrive(
  store: DeadLetterStore,
  feed: string,
  handlers: Handlers<FeedEvent>,
  options: RedriveOptions & { readonly consumer: string },
): Promise<RedriveSummary>;
export async function redrive<E extends FeedEvent>(
  store: DeadLetterStore,
  feed: RedriveSource<E> | string,
  handlers: NoInfer<Handlers<E>>,
  options: RedriveOptions<E> = {},
): Promise<RedriveSummary> {
  const source: Pick<EventSource, "name" | "events" | "consumer"> =
    typeof feed === "string" ? { name: feed } : feed;
  if (!isObject(source)) {
    throw new AckloopError("config", "redrive: the second argument must be a feed, or its name");
  }
  checkSourceName("redrive", "feed", source.name);
  // Asked here as well, so that what is wrong is told of the verb that was called.
  toRoutes("redrive", handlers, source.events);
  const named = withConsumer("redrive", source, options);
  const { filter, consumer, dedupe } = checkOptions("redrive", named, redriveTable);
  const { filter: _filter, ...rest } = options;
  if (typeof store?.list !== "function") {
    throw new AckloopError(
      "config",
      "redrive: the first argument must be a dead-letter store, such as stores.deadLetters",
    );
  }
  const letters = new Letters<E>(store, { consumer, feed: source.name }, filter);
  const summary = await drain(letters.feed(source), handlers, {
    ...rest,
    consumer,
    circuitBreaker: rest.circuitBreaker ?? false,
    retry: { ...rest.retry, attempts: rest.retry?.attempts ?? 1 },
    deadLetters: letters.keepingFailed(),
    dedupe: dedupe && { ...dedupe, store: letters.claiming(dedupe.store) },
  });
  return { ...summary, found: letters.found };
}

/**
 * Whether a dead letter is one of this feed, whose data its schema has let through: then its event has the
 * feed's types, as in `if (isLetterOf(feed, letter) && letter.event.type === "…")`.
 *
 * False for a letter of another feed, one without an event, one of a type that the feed's catalogue does not
 * have, and one that is here for its data (`code: "schema"`).
 *
 * @example
 * ```ts
 * import { isLetterOf } from "ackloop";
 *
 * const { letters } = await stores.deadLetters.list({ consumer: "billing", feed: feed.name });
 * for (const letter of letters) {
 *   if (isLetterOf(feed, letter)) console.log(letter.event.data.code, letter.reason);
 * }
 * ```
 */
export function isLetterOf<Source extends RedriveSource>(
  feed: Source,
  letter: DeadLetter,
): letter is DeadLetter & { readonly event: EventOf<Source> } {
  const { event, code } = letter;
  if (letter.feed !== feed.name || !event || code === "schema") return false;
  return !feed.events || Object.hasOwn(feed.events, event.type);
}

/** How many letters are asked for at once. */
const PAGE = 100;

/** By what a letter is told from a later one of the same event. */
type Listed = Pick<DeadLetter, "attempts" | "failedAt">;

/** The dead letters of one feed as a feed of their own: an ack takes a letter off. */
class Letters<E extends FeedEvent> {
  readonly #store: DeadLetterStore;
  readonly #key: StoreKey;
  readonly #filter: (letter: DeadLetter) => boolean;
  /** Each letter sent, as it was listed, without its event. One that is put back is not sent twice. */
  readonly #sent = new Map<string, Listed>();
  /** What failed again, or is another redrive's, and must stay. */
  readonly #stays = new Set<string>();
  /** Ends the claim of each letter that this redrive has. */
  readonly #claims = new Map<string, () => Promise<void>>();
  /** What was taken off: an ack is asked again as a whole, and a run beside may have put a letter back since. */
  readonly #removed = new Set<string>();
  /** Where the next page begins; absent at the start. */
  #next: string | undefined;
  #isAtEnd = false;
  /** How many letters the store has shown. */
  found = 0;

  constructor(store: DeadLetterStore, key: StoreKey, filter: (letter: DeadLetter) => boolean) {
    this.#store = store;
    this.#key = key;
    this.#filter = filter;
  }

  feed({ name, events }: Pick<EventSource, "name" | "events">): Feed<E> {
    return {
      name,
      events,
      acks: "individual",
      pulls: "onward",
      pull: (options) => this.#pull(options),
      ack: (receipts, options) => this.#ack(receipts, options),
    };
  }

  /** The store, but for remembering what is put back by this redrive. */
  keepingFailed(): DeadLetterStore {
    const store = this.#store;
    return {
      put: async (letter, options) => {
        const { consumer, feed, identity } = letter;
        const known = await store.get({ consumer, feed, identity }, options);
        const attempts = letter.attempts + (this.#sent.get(identity)?.attempts ?? 0);
        // What another has taken off meanwhile, by its own success or by hand, is not to come back.
        if (known) await store.put({ ...letter, attempts }, options);
        this.#stays.add(identity);
      },
      list: (key, query) => store.list(key, query),
      get: (key, options) => store.get(key, options),
      remove: (key, options) => store.remove(key, options),
    };
  }

  /** Marks by which a letter is one redrive's at a time: until it is taken off, or put back. */
  claiming(marks: DedupeStore): DedupeStore {
    // A run that has the event itself in work has marks of its own.
    const claimOf = (key: EventKey): EventKey => ({ ...key, identity: `redrive\0${key.identity}` });
    let heldMs = 0;
    return {
      begin: async (key, markMs, options) => {
        heldMs = markMs;
        const begun = await marks.begin(claimOf(key), markMs, options);
        if (begun.status === "begun") {
          const end = async (): Promise<void> => marks.forget(claimOf(key), begun.mark);
          if (await this.#isAsListed(key, options)) {
            this.#claims.set(key.identity, end);
            // Who was killed at it says nothing of it: a person has asked for it.
            return { ...begun, starts: 1 };
          }
          await end();
        }
        this.#stays.add(key.identity);
        return { status: "done" };
      },
      renew: (key, ...rest) => marks.renew(claimOf(key), ...rest),
      finish: async (key, mark, { transaction, signal }) => {
        // Before the letter is taken off, nobody else is to have it.
        if (transaction === undefined) return true;
        return marks.finish(claimOf(key), mark, { transaction, signal, retentionMs: heldMs });
      },
      forget: (key, ...rest) => marks.forget(claimOf(key), ...rest),
    };
  }

  /** Whether a letter is as it was listed: another has neither taken it off nor put it back. */
  async #isAsListed(
    { consumer, feed, identity }: EventKey,
    options?: CallOptions,
  ): Promise<boolean> {
    const letter = await this.#store.get({ consumer, feed, identity }, options);
    const listed = this.#sent.get(identity);
    return letter?.attempts === listed?.attempts && letter?.failedAt === listed?.failedAt;
  }

  async #pull({ signal }: PullOptions = {}): Promise<Page<E>> {
    if (this.#isAtEnd) return { deliveries: [], more: false };
    const page = await this.#store.list(this.#key, { limit: PAGE, after: this.#next, signal });
    const letters = page.letters.filter((letter) => this.#isToSend(letter));
    // Only a page that was read whole moves on, so that a failed call is made again.
    this.found += page.letters.length;
    this.#next = page.next;
    this.#isAtEnd = page.next === undefined;
    return { deliveries: letters.map((letter) => this.#toDelivery(letter)), more: !this.#isAtEnd };
  }

  #isToSend(letter: DeadLetter): boolean {
    if (letter.event === undefined || this.#sent.has(letter.identity)) return false;
    let isWanted: unknown;
    let fault = "must give true or false, at once";
    try {
      isWanted = this.#filter(letter);
    } catch (thrown) {
      fault = `threw: ${describeThrown(thrown)}`;
    }
    if (typeof isWanted === "boolean") return isWanted;
    // A promise stands for true, whatever it says later: every letter would be sent.
    notify(() => isWanted);
    throw new AckloopError("config", `redrive: option \`filter\` ${fault}`);
  }

  #toDelivery({ identity, event, raw, attempts, failedAt }: DeadLetter): Delivery<E> {
    this.#sent.set(identity, { attempts, failedAt });
    // The letters of this feed hold its events.
    return { event: event as E, raw, identity, receipt: toReceipt(identity) };
  }

  /** Each letter is taken off by itself: one that cannot be is not the others' business. */
  async #ack(receipts: readonly Receipt[], options: CallOptions = {}): Promise<AckReport> {
    const removals = receipts.map(async (receipt): Promise<AckVerdict> => {
      const identity = fromReceipt<string>(receipt);
      try {
        const { consumer, feed } = this.#key;
        const key = { consumer, feed, identity };
        if (!this.#stays.has(identity) && !this.#removed.has(identity)) {
          await this.#store.remove(key, options);
          this.#removed.add(identity);
        }
        // One that is not heard ends by itself, and is not said again.
        const end = this.#claims.get(identity);
        this.#claims.delete(identity);
        await end?.().catch(() => {});
        return { status: "acked" };
      } catch (thrown) {
        return { status: "failed", error: toFailure(thrown, { what: "remove", whom: "stores" }) };
      }
    });
    return Promise.all(removals);
  }
}
