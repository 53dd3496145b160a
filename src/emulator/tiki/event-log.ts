/** An event as a queue holds it. */
export interface HeldEvent {
  /** What goes over the wire. */
  readonly wire: unknown;
  /** Its id, where it has one, for the journal. */
  readonly eventId: string | undefined;
  /** When it came to the queue, epoch ms of the provider's clock. */
  readonly at: number;
  /** It takes up a place, and no pull shows it. */
  readonly hidden?: true | undefined;
}

/** What an `ack_id` turned out to be. `ahead`: events were acknowledged by it. */
export type AckVerdict = "ahead" | "stale" | "unknown";

/** A page of a pull. */
export interface Page {
  /** The events from the place on, in order; fewer, or none, where some are hidden. */
  readonly events: readonly HeldEvent[];
  /** The place behind the last one, hidden or not, or the queue's own when there is none. */
  readonly end: number;
}

/** The events of one queue and the place up to which they are acknowledged. */
export interface EventLog {
  /** Appends an event. */
  append(event: HeldEvent): void;
  /** The newest event of an id, acknowledged or not, as long as it is kept. */
  find(eventId: string): HeldEvent | undefined;
  /** How many events wait. */
  waiting(): number;
  /**
   * The events behind the place, `limit` at most. With `duplicate`, up to ten acknowledged ones come
   * before them; where none are kept, the first one comes twice.
   */
  page(limit: number, duplicate?: boolean): Page;
  /** The opaque text that stands for a place; the same for the same place, unless it is to be `fresh`. */
  toAckId(end: number, fresh?: boolean): string;
  /** Whether an `ack_id` is ahead of the place, and not the last that was given. */
  isOlder(ackId: string): boolean;
  /** Moves the place to an `ack_id`, never back, and gives the events that it acknowledged. */
  ack(ackId: string): { readonly verdict: AckVerdict; readonly acked: readonly HeldEvent[] };
  /** Lets events go that came before `time`, acknowledged or not. */
  expire(time: number): void;
}

/** How many acknowledged events the fault `duplicate` delivers again. */
const repeated = 10;

/** How many ids are known to be old ones; one from before them is unknown. */
const mostKnown = 1_000;

/** Makes the log of one queue. `newAckId` makes texts that nobody can read a place from. */
export function createEventLog(newAckId: () => string): EventLog {
  /** `held[0]` has the place `first`; events before the queue's place `next` are acknowledged. */
  let held: HeldEvent[] = [];
  let first = 0;
  let next = 0;
  const places = new Map<string, number>();
  let issued: { readonly end: number; readonly ackId: string } | undefined;

  function forget(count: number): void {
    held = held.slice(count);
    first += count;
    next = Math.max(next, first);
  }

  return {
    append: (event) => {
      held.push(event);
    },
    find: (eventId) => held.findLast((event) => event.eventId === eventId),
    waiting: () => held.length - (next - first),
    page(limit, duplicate = false) {
      const place = next - first;
      const start = duplicate ? Math.max(place - repeated, 0) : place;
      const events = held.slice(start, start + limit);
      if (duplicate && start === place) {
        events.splice(1, 0, ...events.slice(0, 1));
        events.splice(limit);
      }
      const repeats = duplicate && start === place ? Math.min(events.length, 1) : 0;
      const end = first + start + events.length - repeats;
      return { events: events.filter(({ hidden }) => !hidden), end };
    },
    toAckId(end, fresh = false) {
      if (issued?.end === end && !fresh) return issued.ackId;
      issued = { end, ackId: newAckId() };
      places.set(issued.ackId, end);
      const [oldest] = places.size > mostKnown ? places.keys() : [];
      if (oldest !== undefined) places.delete(oldest);
      return issued.ackId;
    },
    isOlder: (ackId) => (places.get(ackId) ?? -1) > next && issued?.ackId !== ackId,
    ack(ackId) {
      const end = places.get(ackId);
      if (end === undefined) return { verdict: "unknown", acked: [] };
      if (end <= next) return { verdict: "stale", acked: [] };
      const acked = held.slice(next - first, end - first).filter(({ hidden }) => !hidden);
      next = end;
      // Letting them go with every ack would copy the whole backlog for every page.
      if (next - first > Math.max(1_000, held.length / 2)) forget(next - first - repeated);
      return { verdict: "ahead", acked };
    },
    expire(time) {
      const fresh = held.findIndex((event) => event.at >= time);
      const expired = fresh === -1 ? held.length : fresh;
      if (expired > 0) forget(expired);
    },
  };
}
