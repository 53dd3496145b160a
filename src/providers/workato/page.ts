import { throwIfAborted } from "../../core/abort.ts";
import { AckloopError } from "../../core/errors.ts";
import { fewer, more } from "../../core/page-limit.ts";
import { isTooLong } from "../../http/fail.ts";
import { type ConsumedPage, maxMessages } from "./consume.ts";
import type { AskAt, FoundPage, PageWish } from "./read-on.ts";
import type { Run } from "./run.ts";
import { readMessage } from "./wire.ts";

/**
 * Asks for pages of a run, and for ever fewer messages while the answer is longer than may be read. What
 * fits is kept in the run, and grows again with each full page.
 *
 * @throws {AckloopError} `config` when a single message is too long, so that the run halts: it would stand
 * in the way for ever.
 */
export function askForWhatFits(ask: AskAt, run: Run): AskAt {
  return async (place, wish) => {
    for (;;) {
      const limit = Math.min(wish.limit ?? maxMessages, run.pageLimit);
      const page = await ask(place, { ...wish, limit }).catch(unlessTooLong);
      run.askedLimit = limit;
      if (page === undefined) {
        run.pageLimit = fewer(limit) || refuseOne();
        continue;
      }
      if (page.messages.length >= run.pageLimit) run.pageLimit = more(run.pageLimit, maxMessages);
      return page;
    }
  };
}

function unlessTooLong(error: unknown): undefined {
  if (!isTooLong(error)) throw error;
}

function refuseOne(): never {
  const what = "the next message alone is longer than maxBodyBytes; raise it to read on";
  throw new AckloopError("config", what, facts);
}

/** Whether there are messages, and nothing can be read on behind any of them. */
export function isNameless({ messages }: ConsumedPage): boolean {
  return messages.length > 0 && messages.every((item) => readMessage(item).id === undefined);
}

/**
 * What to deliver of a page. One on which no message has an id comes again with each pull, so it is
 * delivered once, and of one that has grown what is new; a message with an id may come behind them, as
 * long as the page is not full.
 *
 * @param read Reads the page again, with another wish.
 * @throws {AckloopError} `config` for a full page, so that the run halts: what is behind it cannot be read.
 */
export async function passNameless(
  page: FoundPage,
  run: Run,
  { limit = maxMessages, signal }: PageWish,
  read: (wish: PageWish) => Promise<FoundPage>,
): Promise<FoundPage> {
  if (!isNameless(page)) {
    // What is behind it is another page, whatever it holds.
    if (page.messages.length > 0) run.nameless = [];
    return page;
  }
  const isCut = limit < maxMessages && page.messages.length >= limit;
  const found = isCut ? await read({ signal }) : page;
  if (!isNameless(found)) return found;
  if (found.messages.length >= run.askedLimit) {
    throw pageWithoutIds(found.messages.length);
  }
  throwIfAborted(signal);
  const texts = found.messages.map((item) => JSON.stringify(item));
  const known = texts.findIndex((text, index) => text !== run.nameless[index]);
  run.nameless = texts;
  return known < 0 ? { ...found, messages: [] } : { ...found, known };
}

const facts = { provider: "workato", operation: "pull" };

function pageWithoutIds(count: number): AckloopError {
  const what =
    `none of the next ${count} messages has an id, so nothing can be read on behind them; ` +
    "start behind them, with another consumer and `from`";
  return new AckloopError("config", what, { ...facts, path: "messages[0].message_id" });
}
