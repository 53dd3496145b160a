import { AckloopError } from "../core/errors.ts";
import type { FeedEvent } from "../core/event.ts";
import type { AckReport, EventSource, Feed, PullOptions, Receipt } from "../core/feed.ts";
import { fromReceipt, toReceipt } from "../core/feed.ts";
import type { TableOf } from "../core/options.ts";
import { aFunction, checkOptions, name } from "../core/options.ts";
import type { DeadLetter, DeadLetterStore, StoreKey } from "../core/stores.ts";
import type { Summary } from "../core/summary.ts";
import type { DrainOptions } from "./consume.ts";
import { drain, drainTable } from "./consume.ts";
import type { Handlers } from "./handler.ts";
import { loopTable } from "./options.ts";

/** The options of `redrive`. */
export interface RedriveOptions<E extends FeedEvent = FeedEvent>
  extends Omit<DrainOptions<E>, "deadLetters" | "consumer" | "lease" | "dedupe"> {
  /** The reader whose dead letters they are. */
  readonly consumer: string;
  /** Takes only letters for which it is true, such as one id. @default all */
  readonly filter?: ((letter: DeadLetter) => boolean) | undefined;
}

const { deadLetters: _deadLetters, lease: _lease, dedupe: _dedupe, ...runTable } = loopTable;

const redriveTable = {
  ...runTable,
  ...drainTable,
  consumer: name.required("the reader's name"),
  filter: aFunction<(letter: DeadLetter) => boolean>().or(() => true),
} satisfies TableOf<RedriveOptions>;

/** What a receipt of a dead letter holds. */
interface LetterPlace {
  readonly id: string;
  /** Where the page after this letter's page begins; absent at the end. */
  readonly next: string | undefined;
}

/**
 * Sends dead letters through handlers again, each once, and takes them off only when they are done.
 *
 * One that fails again stays, with the new reason and all its attempts counted. One that never could
 * be read has no event to send and stays too.
 *
 * @param feed The feed the letters came from, for its name, event types and schemas; or its name.
 * @throws {AckloopError} `config` for a wrong option; what the store answers.
 */
export async function redrive<E extends FeedEvent>(
  store: DeadLetterStore,
  feed: Pick<EventSource<E>, "name" | "events"> | string,
  handlers: Handlers<E>,
  options: RedriveOptions<E>,
): Promise<Summary> {
  const { filter, ...rest } = checkOptions("redrive", options, redriveTable);
  const source = typeof feed === "string" ? { name: feed, events: undefined } : feed;
  if (typeof store?.list !== "function") {
    throw new AckloopError("config", "redrive: the first argument must be a dead-letter store");
  }
  const letters = new Letters<E>(store, { consumer: rest.consumer, feed: source.name }, filter);
  return drain(letters.feed(source), handlers, { ...rest, deadLetters: letters.keepingFailed() });
}

/** The dead letters of one feed as a feed of their own: an ack takes a letter off. */
class Letters<E extends FeedEvent> {
  readonly #store: DeadLetterStore;
  readonly #key: StoreKey;
  readonly #filter: (letter: DeadLetter) => boolean;
  /** The attempts of each letter sent, from before. A letter that is put back is not sent twice. */
  readonly #sent = new Map<string, number>();
  /** What failed again and must stay. */
  readonly #failed = new Set<string>();

  constructor(store: DeadLetterStore, key: StoreKey, filter: (letter: DeadLetter) => boolean) {
    this.#store = store;
    this.#key = key;
    this.#filter = filter;
  }

  feed({ name, events }: Pick<EventSource<E>, "name" | "events">): Feed<E> {
    return {
      name,
      events,
      acks: "individual",
      pulls: "onward",
      pull: (options) => this.#pull(options),
      ack: (receipts) => this.#ack(receipts),
    };
  }

  /** The store, but for remembering what is put back by this redrive. */
  keepingFailed(): DeadLetterStore {
    const store = this.#store;
    return {
      put: async (letter, options) => {
        const attempts = letter.attempts + (this.#sent.get(letter.identity) ?? 0);
        await store.put({ ...letter, attempts }, options);
        this.#failed.add(letter.identity);
      },
      list: (key, query) => store.list(key, query),
      get: (key, options) => store.get(key, options),
      remove: (key, options) => store.remove(key, options),
    };
  }

  async #pull({ limit = 100, after, signal }: PullOptions = {}) {
    const place = after && fromReceipt<LetterPlace>(after);
    if (place && place.next === undefined) return [];
    let next = place?.next;
    do {
      const query = { limit: Math.min(limit, 100), after: next, signal };
      const page = await this.#store.list(this.#key, query);
      next = page.next;
      const letters = page.letters.filter((letter) => this.#isToSend(letter));
      if (letters.length > 0) return letters.map((letter) => this.#toDelivery(letter, next));
    } while (next !== undefined);
    return [];
  }

  #isToSend(letter: DeadLetter): boolean {
    return letter.event !== undefined && !this.#sent.has(letter.identity) && this.#filter(letter);
  }

  #toDelivery(letter: DeadLetter, next: string | undefined) {
    this.#sent.set(letter.identity, letter.attempts);
    const place: LetterPlace = { id: letter.identity, next };
    // The letters of this feed hold its events.
    return { event: letter.event as E, raw: letter.raw, receipt: toReceipt(place) };
  }

  async #ack(receipts: readonly Receipt[]): Promise<AckReport> {
    const removals = receipts.map(async (receipt) => {
      const { id } = fromReceipt<LetterPlace>(receipt);
      if (!this.#failed.has(id)) await this.#store.remove({ ...this.#key, identity: id });
      return { status: "acked" } as const;
    });
    return Promise.all(removals);
  }
}
