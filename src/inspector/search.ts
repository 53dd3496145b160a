import type { DeadLetter, DeadLetterStore, Listing, ListQuery, StoreKey } from "../core/stores.ts";

/** How many are shown at once. */
const PAGE = 25;

/** How many are looked through at once: each may be large, whatever those before were. */
const SOUGHT = 50;

/** How long one search may take, in ms: whoever wants more goes on where it has ended. */
const WITHIN_MS = 400;

/** Which items are wanted. */
export interface Search {
  /** Go on after this page. */
  readonly after?: string | undefined;
  /** A text that the item has somewhere, in whatever case. */
  readonly text?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Whether an item has a text, in whatever case. */
export function hasText(whole: string, text: string): boolean {
  const within = whole.toLowerCase();
  const sought = text.toLowerCase();
  // As a person reads it, where JSON writes `\\"`; and as somebody has copied it from JSON.
  return within.includes(JSON.stringify(sought).slice(1, -1)) || within.includes(sought);
}

/** What was found. */
export interface Found<Shown> {
  readonly found: readonly Shown[];
  /** Where to go on; absent at the end. */
  readonly next?: string | undefined;
  /** How many were looked at. */
  readonly looked: number;
}

/** Where an item stood when it was listed. */
export interface ItemPlace {
  /** The `after` of its page; absent for the first one. */
  readonly after?: string | undefined;
  /** Its number in the page, from 0. */
  readonly at: number;
}

/** An item as it is shown, and its text, in which is searched: nobody finds what is masked. */
export type Showing<Item, Shown> = (
  item: Item,
  place: ItemPlace,
) => {
  readonly shown: Shown;
  readonly text: string;
};

/**
 * Gives a page of what is listed; with a text what has it, of as much as could be looked at in a short time.
 * It holds no more than some items at once, however many there are.
 */
export async function searchItems<Item, Shown>(
  list: (query: ListQuery) => Promise<Listing<Item>>,
  { after, text = "", signal }: Search,
  show: Showing<Item, Shown>,
): Promise<Found<Shown>> {
  const until = performance.now() + WITHIN_MS;
  const found: Shown[] = [];
  let looked = 0;
  let next = after;
  do {
    const page = next;
    const { items, next: further } = await list({
      limit: text === "" ? PAGE : SOUGHT,
      after: page,
      signal,
    });
    for (const [at, item] of items.entries()) {
      const { shown, text: whole } = show(item, { after: page, at });
      if (text === "" || hasText(whole, text)) found.push(shown);
    }
    looked += items.length;
    next = further;
  } while (next !== undefined && found.length < PAGE && performance.now() < until);
  return { found, next, looked };
}

/** The same of the letters of a consumer and feed. */
export function searchLetters<Shown>(
  store: Pick<DeadLetterStore, "list">,
  key: StoreKey,
  search: Search,
  show: Showing<DeadLetter, Shown>,
): Promise<Found<Shown>> {
  const list = async (query: ListQuery): Promise<Listing<DeadLetter>> => {
    const { letters, next } = await store.list(key, query);
    return { items: letters, next };
  };
  return searchItems(list, search, show);
}
