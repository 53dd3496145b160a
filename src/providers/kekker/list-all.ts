import type { FeedEvent } from "../../core/event.ts";
import type { Delivery } from "../../core/feed.ts";
import type { ClientCallOptions } from "../../http/types.ts";
import type { KekkerCalls, ListedPage } from "./calls.ts";
import type { EventReader } from "./event.ts";
import { isWholeList } from "./pages.ts";
import { readReceipt } from "./receipt.ts";

/** What of the list is wanted. */
export interface ListAllQuery extends ClientCallOptions {
  readonly category?: string | undefined;
  readonly pageSize?: number | undefined;
  readonly limit?: number | undefined;
}

/**
 * Walks the pages of the list until one says that this is all, is short, or brings nothing new: a node that
 * does not know of pages gives the first one again.
 */
export async function* listAll<E extends FeedEvent>(
  calls: KekkerCalls,
  reader: EventReader<E>,
  { limit = Number.POSITIVE_INFINITY, ...wish }: ListAllQuery,
): AsyncGenerator<Delivery<E>, void, void> {
  const ids = new Set<string>();
  let left = limit;
  for await (const page of walk(calls, wish)) {
    const known = ids.size;
    for (const delivery of newOn(page, reader, ids)) {
      left -= 1;
      yield delivery;
      if (left <= 0) return;
    }
    // Items without an id are told apart by the walk alone.
    if (known > 0 && ids.size === known) return;
  }
}

/**
 * As a pull does: the first page is asked for without its number, and the others by its true size. One that
 * is shorter is the last.
 */
async function* walk(
  calls: KekkerCalls,
  { pageSize, ...wish }: Omit<ListAllQuery, "limit">,
): AsyncGenerator<ListedPage, void, void> {
  let page = await calls.list("events.listAll", { ...wish, pageSize });
  const size = Math.min(page.data.length, page.pageSize || Number.POSITIVE_INFINITY);
  for (let pageNumber = 2; page.data.length > 0; pageNumber += 1) {
    yield page;
    if (page.data.length < size || isWholeList(page)) return;
    const next = await calls.list("events.listAll", { ...wish, pageNumber, pageSize: size });
    if (next.text === page.text) return;
    page = next;
  }
}

/** The deliveries of a page whose ids were not met before. */
function* newOn<E extends FeedEvent>(
  page: ListedPage,
  reader: EventReader<E>,
  ids: Set<string>,
): Generator<Delivery<E>, void, void> {
  for (const [index, item] of page.data.entries()) {
    const delivery = reader.read(item, `data[${index}]`);
    const id = delivery.receipt && readReceipt(delivery.receipt).id;
    if (id !== undefined && ids.has(id)) continue;
    if (id !== undefined) ids.add(id);
    yield delivery;
  }
}
