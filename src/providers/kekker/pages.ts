import { AckloopError } from "../../core/errors.ts";
import type { FeedEvent } from "../../core/event.ts";
import { EventPage } from "../../core/event-page.ts";
import type { Delivery, Page, PullOptions } from "../../core/feed.ts";
import { parseJson } from "../../core/json.ts";
import { fewer, isTooLong, more } from "../../core/page-limit.ts";
import { wrong } from "../../http/options.ts";
import type { KekkerCalls, ListedPage } from "./calls.ts";
import type { EventReader } from "./event.ts";
import { readReceipt } from "./receipt.ts";
import { namedPage, type WirePage } from "./wire.ts";

/** How many pages in a row one pull walks that hold nothing but items without ids. The next pull goes on there. */
const mostNamelessPages = 20;

/** How many pulls in a row go on there: a list that never ends, as it knows no pages, is not walked for ever. */
const mostNamelessPulls = 10;

/** Reads the pages of a pull. */
export type PullPages<E extends FeedEvent> = (options: PullOptions) => Promise<Page<E>>;

/**
 * Makes what reads the pages of a feed's pulls, for ever fewer events at once while a page is longer than
 * may be read. What fits is kept, and grows again with each full page.
 */
export function createPulls<E extends FeedEvent>(
  calls: KekkerCalls,
  reader: EventReader<E>,
  category: string | undefined,
): PullPages<E> {
  let most = Number.POSITIVE_INFINITY;
  /** Where the last pulls have found nothing but items without ids. */
  let passed = nowhere;
  return async ({ limit, signal }) => {
    const wanted = checkLimit(limit);
    for (;;) {
      const size = Math.min(most, wanted);
      const wish = { category, signal, pageSize: Number.isFinite(size) ? size : undefined };
      const walk = await walkPages(calls, reader, { ...wish, passed }, limit).catch(unlessTooLong);
      most = walk?.isWhole ? more(most, wanted) : less(size);
      if (walk === undefined) continue;
      passed = walk.passed(passed.pulls);
      return walk.toPage(passed.pulls > 0);
    }
  };
}

/** How far pulls in a row have walked over items without ids. */
interface Passed {
  /** How many items that is: pages may have another length with the next pull. */
  readonly items: number;
  readonly pulls: number;
}

const nowhere: Passed = { items: 0, pulls: 0 };

function checkLimit(limit: number | undefined): number {
  if (limit === undefined) return Number.POSITIVE_INFINITY;
  if (Number.isInteger(limit) && limit >= 1) return limit;
  throw wrong("kekker", "limit must be a whole number from 1", "pull");
}

/** How many are asked for where a page of the server's own size was too long. */
const fewestUnasked = 10;

function less(size: number): number {
  if (size === Number.POSITIVE_INFINITY) return fewestUnasked;
  return fewer(size) || refuseOne();
}

function unlessTooLong(error: unknown): undefined {
  if (!isTooLong(error)) throw error;
}

function refuseOne(): never {
  const what =
    "the first page is longer than maxBodyBytes though one event was asked for; raise it";
  throw new AckloopError("config", what, { provider: "kekker", operation: "pull" });
}

/**
 * Reads page one, and further pages only where the server gave fewer events than were wanted and does
 * not say that this is all: its own limit may be lower, and the events behind it would never be seen while
 * those before it are stuck.
 *
 * Acks that happen meanwhile move the pages, so an event may be met twice or missed: the second is
 * dropped here, the missed one stands on the pages of the next pull.
 */
async function walkPages<E extends FeedEvent>(
  calls: KekkerCalls,
  reader: EventReader<E>,
  { passed, ...wish }: Omit<Parameters<KekkerCalls["list"]>[1], "pageNumber"> & { passed: Passed },
  limit: number | undefined,
): Promise<Walk<E>> {
  // Page one is asked for without its number: the only example numbers it 1, the text says nothing.
  const first = await calls.list("pull", wish);
  const walk = new Walk(reader, limit ?? Number.POSITIVE_INFINITY, first);
  // What has no id stays where it is.
  let pageNumber = Math.max(first.pageNumber ?? 1, Math.floor(passed.items / first.data.length));
  while (limit !== undefined && walk.goesOn) {
    pageNumber += 1;
    const further = { ...wish, pageNumber, pageSize: first.data.length };
    const page = await calls.list("pull", further).catch(unlessTooLong);
    if (page === undefined) walk.cut();
    else walk.add(page, pageNumber);
  }
  return walk;
}

/**
 * Gathers the deliveries of some pages, each event once, up to a limit. What can never be acknowledged,
 * as it has no id, does not count: it stays in the list, and would hide what is behind it for ever.
 */
class Walk<E extends FeedEvent> {
  /** Whether every page could be read that was asked for. */
  isWhole = true;
  readonly #reader: EventReader<E>;
  readonly #limit: number;
  readonly #first: ListedPage;
  readonly #ids = new Set<string>();
  readonly #deliveries: Delivery<E>[] = [];
  /** What has no id on the pages since the last that brought an event. */
  #nameless: Delivery<E>[] = [];
  #namelessPages = 0;
  /** How many items are before where the walk was broken off, as there were too many of these. */
  #brokenOffAt: number | undefined;
  #last: ListedPage;
  #bytes = 0;
  #isCut = false;
  #isOver = false;

  constructor(reader: EventReader<E>, limit: number, first: ListedPage) {
    this.#reader = reader;
    this.#limit = limit;
    this.#first = first;
    this.#last = first;
    this.#keep(this.#takeIn(first).deliveries);
  }

  /** Whether there may be more that is wanted: the last page was as long as the first, and new. */
  get goesOn(): boolean {
    const { length } = this.#first.data;
    if (this.#isOver || length === 0 || isWholeList(this.#first)) return false;
    return this.#ids.size < this.#limit && this.#last.data.length >= length;
  }

  /** Where the next pull goes on, after so many that did. */
  passed(pulls: number): Passed {
    if (this.#brokenOffAt === undefined || pulls >= mostNamelessPulls) return nowhere;
    return { items: this.#brokenOffAt, pulls: pulls + 1 };
  }

  /** Takes a further page in. */
  add(page: ListedPage, pageNumber: number): void {
    const known = this.#ids.size;
    const isSame = page.text === this.#last.text;
    this.#last = page;
    const { deliveries, names } = this.#takeIn(page);
    const isShort = page.data.length < this.#first.data.length;
    if (this.#ids.size > known || isShort) this.#keep(deliveries);
    // What came before, again, or what never ends: a server that does not know of pages.
    else if (isSame || names > 0) this.#isOver = true;
    else if (this.#namelessPages >= mostNamelessPages) {
      this.#isOver = true;
      this.#brokenOffAt = (pageNumber - 1) * this.#first.data.length;
    } else {
      this.#nameless.push(...deliveries);
      this.#namelessPages += 1;
    }
  }

  /** A further page was longer than may be read: what was read is not lost for it. */
  cut(): void {
    this.isWhole = false;
    this.#isCut = true;
    this.#isOver = true;
  }

  /** @param goesOn Whether the next pull goes on where this one broke off. */
  toPage(goesOn: boolean): Page<E> {
    const deliveries = this.#deliveries;
    const bytes = this.#bytes;
    if (this.#isCut || goesOn) return { deliveries, more: true, bytes };
    return { deliveries, bytes, ...(isWholeList(this.#first) && { more: false }) };
  }

  #keep(deliveries: readonly Delivery<E>[]): void {
    this.#deliveries.push(...this.#nameless, ...deliveries);
    this.#nameless = [];
    this.#namelessPages = 0;
  }

  /** Reads a page's items; gives those that are wanted, and how many have an id. */
  #takeIn({ data, text }: ListedPage) {
    const deliveries: Delivery<E>[] = [];
    let names = 0;
    this.#bytes += text.length;
    const page = new EventPage<E>({
      items: () => itemsOf(parseJson(text)),
      toEvent: (item, index) => this.#read(item, index).read,
    });
    for (const [index, item] of data.entries()) {
      const { read, receipt } = this.#read(item, index);
      const id = receipt && readReceipt(receipt).id;
      if (id !== undefined) names += 1;
      if (id !== undefined && !this.#isWanted(id)) continue;
      deliveries.push(page.deliver(index, item, read, receipt));
    }
    return { deliveries, names };
  }

  #read(item: unknown, index: number) {
    const delivery = this.#reader.read(item, `data[${index}]`);
    return { receipt: delivery.receipt, read: delivery.unreadable ?? delivery.event };
  }

  #isWanted(id: string): boolean {
    if (this.#ids.has(id)) return false;
    if (this.#ids.size >= this.#limit) this.#isCut = true;
    else this.#ids.add(id);
    return !this.#isCut;
  }
}

/**
 * Whether a page says in two ways that it is the whole list: it is not as long as it may be, and
 * nothing is counted that it does not hold. That there is more is not believed: the number may count
 * more than what is unprocessed. Nor that there is not, where the page is full: it may count the page.
 */
export function isWholeList({ data, pageNumber, pageSize, totalRecords }: WirePage): boolean {
  const isFirst = (pageNumber ?? 1) === 1;
  return isFirst && data.length < (pageSize ?? 0) && data.length >= (totalRecords ?? Infinity);
}

function itemsOf(body: unknown): readonly unknown[] {
  return (namedPage(body) as WirePage).data;
}
