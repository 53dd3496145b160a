import { AckloopError, isAckloopError } from "../../core/errors.ts";
import type { EventCatalogue } from "../../core/event.ts";
import {
  type AckReport,
  type CallOptions,
  type Delivery,
  type Feed,
  fromReceipt,
  type PullOptions,
  type Receipt,
  toReceipt,
} from "../../core/feed.ts";
import { wrong } from "../../http/options.ts";
import { toSegment } from "../../http/request.ts";
import type { TopicId } from "./arguments.ts";
import type { ConsumePage } from "./consume.ts";
import type { Place } from "./cursor.ts";
import { toDelivery } from "./event.ts";
import type { FeedSettings } from "./feed-options.ts";
import { type AskAt, checkEmptiness, type PageWish, readOn } from "./read-on.ts";
import { advanceRun, type Ledger, type Run, saveCheck, startRun } from "./run.ts";

/** What a receipt of this feed holds. */
interface Mark {
  readonly run: Run;
  /** How many messages the run had been given up to and with this one. */
  readonly sequence: number;
  readonly place: Place;
}

/** What a feed is made of. */
export interface FeedParts {
  /** The region, or the host where the URLs were given. */
  readonly account: string;
  readonly topicId: TopicId;
  readonly consumePage: ConsumePage;
  readonly settings: FeedSettings;
}

/** Makes the feed of a topic. */
export function createFeed({ account, topicId, consumePage, settings }: FeedParts): Feed {
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
    pulls: "onward",
    acks: "cumulative",
    waits: true,
    ...(settings.events ? { events: settings.events as EventCatalogue } : {}),
    async pull({ limit, waitMs, after, signal }: PullOptions = {}) {
      signal?.throwIfAborted();
      const wish: PageWish = { limit, waitMs, signal };
      const start = after ? toMark(after) : await begin(ledger, settings, { signal });
      const page = await readOn(ask, start.place, wish, settings);
      const found = page.length > 0 ? page : await lookAgain(start, wish);
      return toDeliveries(found, start, facts);
    },
    async ack(receipts: readonly Receipt[], options: CallOptions = {}): Promise<AckReport> {
      const [receipt, ...others] = receipts;
      if (receipt === undefined || others.length > 0) {
        throw wrong("workato", "a cumulative feed acknowledges one receipt at a time", "ack");
      }
      const { run, place, sequence } = toMark(receipt);
      options.signal?.throwIfAborted();
      try {
        const advance = await advanceRun(ledger, run, place, sequence, options);
        return [{ status: advance === "saved" ? "acked" : "gone" }];
      } catch (error) {
        if (!isAckloopError(error) || error.code !== "conflict") throw error;
        return [{ status: "failed", error }];
      }
    },
  };

  /** What to deliver for an empty page: nothing, unless the place is found to be unknown. */
  async function lookAgain(start: Mark, wish: PageWish): Promise<readonly unknown[]> {
    const { run, place } = start;
    if (!isCheckDue(run, place, settings.checkEmptyAfterMs)) return [];
    const found = await checkEmptiness(ask, place, wish, settings);
    run.checkedAt = Date.now();
    // Without a message the next pull begins a new run, which must know of the check.
    if (found.length === 0 && start.sequence === 0) await saveCheck(ledger, run, wish);
    return found;
  }
}

async function begin(ledger: Ledger, settings: FeedSettings, options: CallOptions): Promise<Mark> {
  const run = await startRun(ledger, settings.startAt, options);
  return { run, place: run.place, sequence: 0 };
}

/** Emptiness is counted from the message that was read last, or from the last check. */
function isCheckDue(run: Run, { after }: Place, checkEmptyAfterMs: number): boolean {
  if (after?.time === undefined) return false;
  const since = Math.max(Date.parse(after.time), run.checkedAt ?? 0);
  return Date.now() - since >= checkEmptyAfterMs;
}

function toDeliveries(
  page: readonly unknown[],
  start: Mark,
  facts: Parameters<typeof toDelivery>[2],
): readonly Delivery[] {
  const { run } = start;
  let lastTime = start.place.after?.time;
  return page.map((item, index) => {
    const { delivery, id, time } = toDelivery(item, index, facts);
    lastTime = time ?? lastTime;
    // Nothing can be read on behind a message without an id; the next one's receipt covers it.
    if (id === undefined) return delivery;
    const place: Place = { after: { id, time: lastTime } };
    const mark: Mark = { run, sequence: start.sequence + index + 1, place };
    return { ...delivery, receipt: toReceipt(mark) };
  });
}

function toMark(receipt: Receipt): Mark {
  const mark = fromReceipt<Mark | undefined>(receipt);
  if (typeof mark?.sequence === "number" && mark.run) return mark;
  throw new AckloopError("config", "this receipt is not one of a Workato feed", {
    provider: "workato",
    operation: "ack",
  });
}
