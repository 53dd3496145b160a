import { throwIfAborted } from "../../core/abort.ts";
import { AckloopError, isAckloopError } from "../../core/errors.ts";
import type { EventCatalogue, FeedEvent } from "../../core/event.ts";
import { EventPage } from "../../core/event-page.ts";
import {
  type AckReport,
  type AckSink,
  type CallOptions,
  type EventSource,
  fromReceipt,
  type Page,
  type PullOptions,
  type Receipt,
  toReceipt,
} from "../../core/feed.ts";
import { wrong } from "../../http/options.ts";
import { toSegment } from "../../http/request.ts";
import type { WorkatoTopicId } from "./arguments.ts";
import type { ConsumedPage, ConsumePage } from "./consume.ts";
import type { Place } from "./cursor.ts";
import { type EventFacts, toEvent } from "./event.ts";
import type { FeedSettings } from "./feed-options.ts";
import { askForWhatFits, isNameless, passNameless } from "./page.ts";
import { type AskAt, checkEmptiness, type FoundPage, type PageWish, readOn } from "./read-on.ts";
import { advanceRun, type Ledger, type Run, saveCheck, startRun } from "./run.ts";
import { readMessage } from "./wire.ts";

/**
 * The feed of a topic: a log that is read on from a receipt, or from the saved place.
 *
 * `more` is never told: Workato answers at once with what it has, also where that is less than was asked
 * for, and an empty answer may mean that the place is not known any more.
 */
export interface WorkatoFeed<E extends FeedEvent = FeedEvent> extends EventSource<E>, AckSink {
  readonly acks: "cumulative";
  readonly pulls: "onward";
  readonly waits: true;
  readonly acksOnPull?: undefined;
  readonly nack?: never;
  readonly extend?: never;
  pull(options?: PullOptions): Promise<Page<E>>;
}

/** What a receipt of this feed holds. */
interface Mark {
  readonly run: Run;
  /** Orders the receipts of a run: one more for each message, and for each restart without one. */
  readonly sequence: number;
  readonly place: Place;
}

/** What a feed is made of. */
export interface FeedParts {
  /** The region, or the host where the URLs were given. */
  readonly account: string;
  readonly topicId: WorkatoTopicId;
  readonly consumePage: ConsumePage;
  readonly settings: FeedSettings;
}

/** Makes the feed of a topic. */
export function createFeed({ account, topicId, consumePage, settings }: FeedParts): WorkatoFeed {
  const name = `workato/${account}/topics/${toSegment("workato", "feed", topicId)}`;
  const facts = { source: `/${name}`, typeOf: settings.typeOf };
  const ledger: Ledger = {
    store: settings.cursor,
    key: { consumer: settings.consumer, feed: name },
  };
  const ask: AskAt = ({ after, since }, wish) =>
    consumePage({ ...wish, topicId, operation: "pull", afterMessageId: after?.id, since });

  return {
    name,
    consumer: settings.consumer,
    pulls: "onward",
    acks: "cumulative",
    waits: true,
    ...(settings.events ? { events: settings.events as EventCatalogue } : {}),
    async pull({ limit, waitMs, after, signal }: PullOptions = {}) {
      throwIfAborted(signal);
      const wish: PageWish = { limit, waitMs, signal };
      const start = after ? toMark(after) : await begin({ signal });
      const read = (how: PageWish): Promise<FoundPage> =>
        readOn(askForWhatFits(ask, start.run), start.place, how, settings);
      const page = await read(wish);
      const isFound = page.messages.length > 0 || page.restartedAt !== undefined;
      const found = isFound
        ? await passNameless(page, start.run, wish, read)
        : ((await lookAgain(start, wish)) ?? page);
      return toPage(found, start, facts);
    },
    async ack(receipts: readonly Receipt[], options: CallOptions = {}): Promise<AckReport> {
      const [receipt, ...others] = receipts;
      if (receipt === undefined || others.length > 0) {
        throw wrong("workato", "a cumulative feed acknowledges one receipt at a time", "ack");
      }
      const { run, place, sequence } = toMark(receipt);
      throwIfAborted(options.signal);
      try {
        const advance = await advanceRun(ledger, run, place, sequence, options);
        return [{ status: advance === "saved" ? "acked" : "gone" }];
      } catch (error) {
        if (!isAckloopError(error) || error.code !== "conflict") throw error;
        return [{ status: "failed", error }];
      }
    },
  };

  async function begin(options: CallOptions): Promise<Mark> {
    const askClock = async (): Promise<number> => {
      const since = new Date().toISOString();
      return (await ask({ since }, { ...options, limit: 1 })).sentAt ?? Date.now();
    };
    const run = await startRun(ledger, () => settings.startAt(askClock), options);
    return { run, place: run.place, sequence: 0 };
  }

  /** What to deliver for an empty page: nothing, unless the place is found to be unknown. */
  async function lookAgain(start: Mark, wish: PageWish): Promise<FoundPage | undefined> {
    const { run, place } = start;
    if (!isCheckDue(run, place, settings.checkEmptyAfterMs)) return undefined;
    const found = await checkEmptiness(askForWhatFits(ask, run), place, wish, settings);
    run.checkedAt = Date.now();
    // Without a message the next pull begins a new run, which must know of the check.
    if (!found?.messages.length && start.sequence === 0) await saveCheck(ledger, run, wish);
    return found;
  }
}

/** Emptiness is counted from the message that was read last, or from the last check. */
function isCheckDue(run: Run, { after }: Place, checkEmptyAfterMs: number): boolean {
  if (after?.time === undefined) return false;
  const since = Math.max(Date.parse(after.time), run.checkedAt ?? 0);
  return Date.now() - since >= checkEmptyAfterMs;
}

function toPage(
  { messages, text, restartedAt, known = 0 }: FoundPage,
  start: Mark,
  facts: EventFacts,
): Page {
  const { run } = start;
  const read = (item: unknown, index: number) => toEvent(readMessage(item), index, facts);
  const page = new EventPage({ text, itemsOf, toEvent: read });
  const receiptOf = (steps: number, place: Place): Receipt => {
    const mark: Mark = { run, sequence: start.sequence + steps, place };
    return toReceipt(mark);
  };
  let lastTime = start.place.after?.time;
  const all = messages.map((item, index) => {
    const message = readMessage(item);
    const { id, time } = message;
    lastTime = time ?? lastTime;
    // Nothing can be read on behind a message without an id; the next one's receipt covers it.
    const place = id === undefined ? undefined : { after: { id, time: lastTime } };
    const receipt = place && receiptOf(index + 1, place);
    return page.deliver(index, item, toEvent(message, index, facts), receipt);
  });
  const deliveries = known === 0 ? all : all.slice(known);
  const bytes = text.length;
  // The place stays; but the next pull must be one of this run, which remembers what it was given.
  if (isNameless({ messages, text })) {
    return { deliveries, bytes, receipt: receiptOf(1, restartedAt ?? start.place) };
  }
  if (restartedAt === undefined || messages.length > 0) return { deliveries, bytes };
  // Without it every pull would ask for the unknown message first, for as long as the topic is empty.
  return { deliveries, bytes, receipt: receiptOf(1, restartedAt) };
}

function itemsOf(body: unknown): readonly unknown[] {
  return (body as ConsumedPage).messages;
}

function toMark(receipt: Receipt): Mark {
  const mark = fromReceipt<Mark | undefined>(receipt);
  if (typeof mark?.sequence === "number" && mark.run) return mark;
  throw new AckloopError("config", "this receipt is not one of a Workato feed", {
    provider: "workato",
    operation: "ack",
  });
}
