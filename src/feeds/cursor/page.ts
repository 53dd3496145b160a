import { throwIfAborted } from "../../core/abort.ts";
import { AckloopError } from "../../core/errors.ts";
import { fewer, isTooLong, more } from "../../core/page-limit.ts";
import type { CursorItem, CursorPage } from "./api.ts";
import type { AskAt, FoundPage, PageWish } from "./read-on.ts";
import type { Run } from "./run.ts";

/** How the pages of one API are read. */
export interface PageFacts {
  /** The provider, for errors. */
  readonly provider: string;
  /** The most items of one request. */
  readonly pageSize: number;
  /** Reads an item; never throws. */
  readonly toItem: (item: unknown, index: number) => CursorItem;
}

/**
 * Asks for pages of a run, and for ever fewer items while the answer is longer than may be read. What
 * fits is kept in the run, and grows again with each full page.
 *
 * @throws {AckloopError} `config` when a single item is too long, so that the run halts: it would stand
 * in the way for ever.
 */
export function askForWhatFits(ask: AskAt, run: Run, { provider, pageSize }: PageFacts): AskAt {
  return async (place, wish) => {
    for (;;) {
      const limit = Math.min(wish.limit ?? pageSize, pageSize, run.pageLimit);
      const page = await ask(place, { ...wish, limit }).catch(unlessTooLong);
      run.askedLimit = limit;
      if (page === undefined) {
        run.pageLimit = fewer(limit) || refuseOne(provider);
        continue;
      }
      if (page.items.length >= run.pageLimit) run.pageLimit = more(run.pageLimit, pageSize);
      return page;
    }
  };
}

function unlessTooLong(error: unknown): undefined {
  if (!isTooLong(error)) throw error;
}

function refuseOne(provider: string): never {
  const what = "the next item alone is longer than maxBodyBytes; raise it to read on";
  throw new AckloopError("config", what, { provider, operation: "pull" });
}

/** Whether there are items, and nothing can be read on behind any of them. */
export function isNameless({ items, position }: CursorPage, { toItem }: PageFacts): boolean {
  if (items.length === 0 || position !== undefined) return false;
  return items.every((item, index) => toItem(item, index).position === undefined);
}

/**
 * What to deliver of a page. One on which no item has a position comes again with each pull, so it is
 * delivered once, and of one that has grown what is new; an item with a position may come behind them, as
 * long as the page is not full.
 *
 * @param read Reads the page again, with another wish.
 * @throws {AckloopError} `config` for a full page, so that the run halts: what is behind it cannot be read.
 */
export async function passNameless(
  page: FoundPage,
  run: Run,
  { limit, signal }: PageWish,
  read: (wish: PageWish) => Promise<FoundPage>,
  facts: PageFacts,
): Promise<FoundPage> {
  const { provider, pageSize, toItem } = facts;
  if (!isNameless(page, facts)) {
    // What is behind it is another page, whatever it holds.
    if (page.items.length > 0) run.nameless = [];
    return page;
  }
  const isCut = limit !== undefined && limit < pageSize && page.items.length >= limit;
  const found = isCut ? await read({ signal }) : page;
  if (!isNameless(found, facts)) return found;
  if (found.items.length >= run.askedLimit) {
    const why = toItem(found.items[0], 0).unreadable?.path;
    throw pageWithoutPositions(provider, found.items.length, why);
  }
  throwIfAborted(signal);
  const texts = found.items.map(textOf);
  const known = texts.findIndex((text, index) => text !== run.nameless[index]);
  run.nameless = texts;
  return known < 0 ? { ...found, items: [] } : { ...found, known };
}

/** What tells an item apart from another in the same place. */
function textOf(item: unknown): string {
  try {
    return JSON.stringify(item) ?? "";
  } catch {
    // Engines read JSON that nests deeper than they can write.
    return "";
  }
}

function pageWithoutPositions(provider: string, count: number, path?: string): AckloopError {
  const what =
    `none of the next ${count} items has a position, so nothing can be read on behind them; ` +
    "start behind them, with another consumer and `from`";
  return new AckloopError("config", what, { provider, operation: "pull", path });
}
