import { throwIfAborted } from "../../core/abort.ts";
import { AckloopError, isAckloopError } from "../../core/errors.ts";
import type { EventCatalogue, FeedEvent } from "../../core/event.ts";
import type {
  AckReport,
  AckSink,
  CallOptions,
  EventSource,
  Page,
  PullOptions,
  Receipt,
} from "../../core/feed.ts";
import { checkOptions, flag, Rule, schemas, text, whole } from "../../core/options.ts";
import type { CursorApi, CursorItem, EventOfItem } from "./api.ts";
import { checkWish, createAsk } from "./ask.ts";
import { createPages, Mark, toMark } from "./deliver.ts";
import { toEventOf, toItemOf } from "./item.ts";
import { type CursorFeedOptions, type CursorSettings, checkCursorOptions } from "./options.ts";
import { askForWhatFits, type PageFacts, passNameless } from "./page.ts";
import type { Place } from "./place.ts";
import {
  type AskAt,
  checkEmptiness,
  type FoundPage,
  hasMoved,
  type PageWish,
  readOver,
} from "./read-on.ts";
import { advanceRun, type Ledger, type Run, saveCheck, startRun } from "./run.ts";

/**
 * A feed over an API that is read after a cursor: a log that is read on from a receipt, or from the place
 * that is saved in the cursor store.
 */
export interface CursorFeed<E extends FeedEvent = FeedEvent> extends EventSource<E>, AckSink {
  readonly acks: "cumulative";
  readonly pulls: "onward";
  readonly consumer: string;
  readonly acksOnPull?: never;
  readonly nack?: never;
  readonly extend?: never;
  readonly release?: never;
  pull(options?: PullOptions): Promise<Page<E>>;
}

/**
 * Makes the feed of an API that is read after a cursor and keeps no place for its readers. Makes no
 * request.
 *
 * Cumulative and onward. An ack saves its place in the cursor store, by compare-and-set, which is the only
 * ack there is. A pull without `after` takes the place over: a run that held it before cannot save any
 * more (`conflict`). A pull makes one request, and more only where the cursor is refused, the answer is too
 * long, a page is empty although there is more, or nothing was there for an hour; it never repeats one that
 * failed.
 *
 * The loop does the rest: it reads ahead while handlers work, and saves what many acks come to at once.
 *
 * @throws {AckloopError} `config` for a wrong option. Pulls: what the API throws, `cursorExpired`, and
 * `config` for a stored place that is none of this feed's. Acks: `conflict` when another run has the place.
 * @example
 * const feed = cursorFeed(
 *   {
 *     provider: "ledger",
 *     path: "eu/entries",
 *     read: async (after = "0", { limit }) => ({ items: await entriesAfter(after, limit) }),
 *     toEvent: ({ seq, kind, ...data }) => ({ id: seq, position: seq, type: kind, data }),
 *   },
 *   { cursor: stores.cursors, consumer: "billing" },
 * );
 */
export function cursorFeed<Item, const Read extends CursorItem>(
  api: CursorApi<Item, Read>,
  options: CursorFeedOptions,
): CursorFeed<EventOfItem<Read>>;
export function cursorFeed(api: CursorApi, options: CursorFeedOptions): CursorFeed {
  checkOptions("cursorFeed", api, apiTable);
  const { provider, waits, pageSize = 100, events } = api;
  const settings = checkCursorOptions(api, options);
  const { cursor: store, consumer } = settings;
  const name = `${provider}/${api.path}`;
  const facts: PageFacts = { provider, pageSize, toItem: toItemOf(api) };
  const parts: Parts = {
    facts,
    settings: { ...settings, provider },
    ledger: { store, key: { consumer, feed: name }, provider },
    ask: createAsk(api, pageSize),
    seeks: api.seek !== undefined,
    toPage: createPages(facts, toEventOf(`/${name}`, provider)),
  };
  return {
    name,
    consumer,
    pulls: "onward",
    acks: "cumulative",
    ...(waits && { waits }),
    ...(events && { events: events as EventCatalogue }),
    pull: (options = {}) => pull(parts, options),
    ack: (receipts, options = {}) => ack(parts, receipts, options),
  };
}

/** What a feed is made of. It keeps nothing between calls: that is in the receipts. */
interface Parts {
  readonly facts: PageFacts;
  readonly settings: CursorSettings & { readonly provider: string };
  readonly ledger: Ledger;
  readonly ask: AskAt;
  /** Whether the API can be read from a time on. */
  readonly seeks: boolean;
  readonly toPage: (found: FoundPage, start: Mark) => Page;
}

async function pull(parts: Parts, { after, ...given }: PullOptions): Promise<Page> {
  const { facts, settings, toPage } = parts;
  const { provider } = facts;
  const { signal } = given;
  throwIfAborted(signal);
  const wish = checkWish(provider, given);
  const start = after ? toMark(provider, after) : await begin(parts, { signal });
  const ask = askForWhatFits(parts.ask, start.run, facts);
  const read = (how: PageWish): Promise<FoundPage> => readOver(ask, start.place, how, settings);
  const page = await read(wish);
  const { items, restartedAt } = page;
  if (items.length > 0 || restartedAt !== undefined || hasMoved(page, start.place)) {
    return toPage(await passNameless(page, start.run, wish, read, facts), start);
  }
  return toPage((await lookAgain(parts, ask, start, wish)) ?? page, start);
}

async function begin({ ask, ledger, settings }: Parts, options: CallOptions): Promise<Mark> {
  const askClock = async (): Promise<number> => {
    const since = new Date().toISOString();
    return (await ask({ since }, { ...options, limit: 1 })).sentAt ?? Date.now();
  };
  const run = await startRun(ledger, () => settings.startAt(askClock), options);
  return new Mark(run, 0, run.place);
}

/** What to deliver for an empty page: nothing, unless the place is found to be unknown. */
async function lookAgain(
  { seeks, settings, ledger, facts }: Parts,
  ask: AskAt,
  { run, place, sequence }: Mark,
  wish: PageWish,
): Promise<FoundPage | undefined> {
  if (!seeks || !isCheckDue(run, place, settings.checkEmptyAfterMs)) return undefined;
  const timeOf = (item: unknown, index: number) => facts.toItem(item, index).time;
  const found = await checkEmptiness(ask, place, wish, settings, timeOf);
  run.checkedAt = Date.now();
  // Without an item the next pull begins a new run, which must know of the check.
  if (!found?.items.length && sequence === 0) await saveCheck(ledger, run, wish);
  return found;
}

/** Emptiness is counted from the item that was read last, or from the last check. */
function isCheckDue(run: Run, { after }: Place, checkEmptyAfterMs: number): boolean {
  if (after?.time === undefined) return false;
  const since = Math.max(Date.parse(after.time), run.checkedAt ?? 0);
  return Date.now() - since >= checkEmptyAfterMs;
}

async function ack(
  { ledger, facts: { provider } }: Parts,
  receipts: readonly Receipt[],
  { signal }: CallOptions,
): Promise<AckReport> {
  const [receipt, ...others] = receipts;
  if (receipt === undefined || others.length > 0) {
    const rule = "a cumulative feed acknowledges one receipt at a time";
    throw new AckloopError("config", rule, { provider, operation: "ack" });
  }
  const { run, place, sequence } = toMark(provider, receipt);
  throwIfAborted(signal);
  try {
    const advance = await advanceRun(ledger, run, place, sequence, { signal });
    return [{ status: advance === "saved" ? "acked" : "gone" }];
  } catch (error) {
    if (!isAckloopError(error) || error.code !== "conflict") throw error;
    return [{ status: "failed", error }];
  }
}

const aFunction = new Rule<(...given: never[]) => unknown>({
  must: "a function",
  test: (value) => typeof value === "function",
});

const apiTable = {
  provider: text(1, 100).required(),
  path: new Rule<string>({
    must: "a text without blanks, such as eu/topics/7",
    test: (value) => typeof value === "string" && /^[^\s/]\S*$/.test(value),
  }).required(),
  waits: flag,
  pageSize: whole(1),
  events: schemas<object>(),
  read: aFunction.required(),
  seek: aFunction,
  toEvent: aFunction.required(),
};
