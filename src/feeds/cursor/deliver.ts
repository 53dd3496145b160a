import { AckloopError, isAckloopError } from "../../core/errors.ts";
import { EventPage } from "../../core/event-page.ts";
import { type Delivery, fromReceipt, type Page, type Receipt, toReceipt } from "../../core/feed.ts";
import { answerAtOnce } from "../../core/foreign.ts";
import type { toEventOf } from "./item.ts";
import { isNameless, type PageFacts } from "./page.ts";
import { type Place, type Times, timesBehind } from "./place.ts";
import { type FoundPage, hasMoved } from "./read-on.ts";
import type { Run } from "./run.ts";

/** What a receipt of this feed holds. As text it is its place, so that the loop knows one place by two receipts. */
export class Mark {
  readonly run: Run;
  /** Orders the receipts of a run: one more for each item, and for each move without one. */
  readonly sequence: number;
  readonly place: Place;

  constructor(run: Run, sequence: number, place: Place) {
    this.run = run;
    this.sequence = sequence;
    this.place = place;
  }

  toJSON(): Place {
    return this.place;
  }
}

/** Makes what turns the pages of an API into those of a feed. */
export function createPages(facts: PageFacts, toEvent: ReturnType<typeof toEventOf>) {
  const { toItem } = facts;
  return (found: FoundPage, start: Mark): Page => {
    const { items, position: end, more, again, bytes, known = 0, sentAt } = found;
    const receiptOf = (steps: number, place: Place): Receipt =>
      toReceipt(new Mark(start.run, start.sequence + steps, place));
    const receiptAt = (index: number, position: string | undefined): Receipt | undefined =>
      // Nothing can be read on behind an item without a position; the next one's receipt covers it.
      position === undefined ? undefined : receiptOf(index + 1, { after: { position, ...times } });
    const readAnew = (raw: unknown, index: number) => toEvent(toItem(raw, index), index);
    const anew = again && new EventPage({ items: () => atOnce(again), toEvent: readAnew });
    let times: Times = timesOf(start.place);
    let last: string | undefined;
    const all = items.map((raw, index): Delivery => {
      const item = toItem(raw, index);
      times = timesBehind(times, item.time, sentAt);
      const position = item.position ?? (index === items.length - 1 ? end : undefined);
      last = position ?? last;
      const receipt = receiptAt(index, position);
      const read = toEvent(item, index);
      if (anew) return anew.deliver(index, raw, read, receipt);
      return { ...(isAckloopError(read) ? { unreadable: read } : { event: read }), raw, receipt };
    });
    const deliveries = known === 0 ? all : all.slice(known);
    const place = placeBehind(found, start, facts, last, times);
    return {
      deliveries,
      ...(place && { receipt: receiptOf(items.length + 1, place) }),
      ...(more !== undefined && { more }),
      bytes,
    };
  };
}

function timesOf({ after }: Place): Times {
  return after ? { time: after.time, ...(after.latest && { latest: after.latest }) } : {};
}

/** Items that are there; a promise of some comes too late, and its rejection goes nowhere. */
function atOnce(again: () => readonly unknown[]): readonly unknown[] {
  const items = answerAtOnce(again)?.value;
  return Array.isArray(items) ? items : [];
}

/** Where the feed has moved to beyond the last delivery; absent where it has not. */
function placeBehind(
  found: FoundPage,
  { place }: Mark,
  facts: PageFacts,
  last: string | undefined,
  times: Times,
): Place | undefined {
  const { items, position: end, restartedAt } = found;
  if (end !== undefined && end !== last && hasMoved(found, place)) {
    return { after: { position: end, ...times } };
  }
  // The place stays; but the next pull must be one of this run, which remembers what it was given.
  if (isNameless(found, facts)) return restartedAt ?? place;
  // Without it every pull would ask for the unknown position first, for as long as the log is empty.
  return items.length === 0 ? restartedAt : undefined;
}

export function toMark(provider: string, receipt: Receipt): Mark {
  const mark = fromReceipt<Mark | undefined>(receipt);
  if (typeof mark?.sequence === "number" && mark.run) return mark;
  throw new AckloopError("config", "this receipt is not one of this feed", {
    provider,
    operation: "ack",
  });
}
