import type { Random } from "../random.ts";
import type { KekkerAssumptions } from "./assumptions.ts";
import type { StoredTime } from "./times.ts";

/** An event as a channel holds it. */
export interface HeldEvent {
  /** Its id. */
  readonly eventUid: string;
  /** Its category. */
  readonly category: string;
  /** Its type. */
  readonly event: string;
  /** When it happened. */
  readonly time: StoredTime;
  /** Its other members. */
  readonly members: Readonly<Record<string, unknown>>;
  /** What the list shows in its place, for malformed items; absent for a proper event. */
  readonly shown?: unknown;
}

/** A part of a list. */
export interface Slice {
  /** The events of the page, in the list's order. */
  readonly events: readonly HeldEvent[];
  /** How many there are on all pages. */
  readonly total: number;
}

/** The events of one channel, and which of them are unprocessed. */
export interface EventList {
  /** Adds an event, unprocessed. False: there is one of that id already. */
  add(event: HeldEvent): boolean;
  /** Finds an event, processed or not. */
  find(eventUid: string): HeldEvent | undefined;
  /** Takes an event off the unprocessed ones. False: it was not among them. */
  ack(eventUid: string): boolean;
  /** Whether a category is documented, or any event of it was ever added. */
  knows(category: string): boolean;
  /** Makes every event of this time or later unprocessed; what becomes of earlier ones is assumed. */
  reset(time: StoredTime): void;
  /** A page of the unprocessed events, of one category or of all. */
  slice(category: string | undefined, offset: number, size: number): Slice;
  /** All events, in order of publishing. */
  all(): Iterable<HeldEvent>;
  /** The time of the earliest unprocessed event. */
  earliest(): StoredTime | undefined;
}

/** The categories that the documents name. */
const documentedCategories = ["System", "Clients", "Queue", "Deals"];

/** A set of events that has an order. */
interface Ordered {
  add(event: HeldEvent): void;
  remove(event: HeldEvent): void;
  clear(): void;
  slice(offset: number, size: number): Slice;
}

/** Makes the list of one channel. `shuffle`: gives the list no order, and mixes it by this generator. */
export function createEventList(
  shuffle: Random | undefined,
  { categoryCase, resetBefore }: Pick<KekkerAssumptions, "categoryCase" | "resetBefore">,
): EventList {
  const all = new Map<string, HeldEvent>();
  const open = new Set<HeldEvent>();
  const timeline = createTimeline((event) => open.has(event));
  const createOrdered = () => (shuffle ? createMixed(shuffle) : createQueue());
  const every = createOrdered();
  const byCategory = new Map<string, Ordered>();

  const keyOf = (category: string) => (categoryCase === "any" ? category.toLowerCase() : category);

  const documented = new Set(documentedCategories.map((category) => keyOf(category)));

  function listOf(category: string): Ordered {
    const known = byCategory.get(keyOf(category));
    if (known) return known;
    const made = createOrdered();
    byCategory.set(keyOf(category), made);
    return made;
  }

  function reopen(event: HeldEvent): void {
    open.add(event);
    every.add(event);
    listOf(event.category).add(event);
  }

  return {
    add(event) {
      if (all.has(event.eventUid)) return false;
      all.set(event.eventUid, event);
      timeline.add(event);
      reopen(event);
      return true;
    },
    find: (eventUid) => all.get(eventUid),
    ack(eventUid) {
      const event = all.get(eventUid);
      if (!event || !open.delete(event)) return false;
      every.remove(event);
      listOf(event.category).remove(event);
      return true;
    },
    reset(time) {
      every.clear();
      for (const list of byCategory.values()) list.clear();
      // All are put in again, so that the list has the order of publishing as before.
      for (const event of all.values()) {
        if (event.time >= time || (resetBefore === "keep" && open.has(event))) reopen(event);
        else open.delete(event);
      }
      timeline.rewind();
    },
    knows: (category) => byCategory.has(keyOf(category)) || documented.has(keyOf(category)),
    slice: (category, offset, size) => {
      if (category === undefined) return every.slice(offset, size);
      return byCategory.get(keyOf(category))?.slice(offset, size) ?? { events: [], total: 0 };
    },
    all: () => all.values(),
    earliest: () => timeline.earliest(),
  };
}

/** Events in order of publishing; each step costs the same, however many there are. */
function createQueue(): Ordered {
  const events = new Set<HeldEvent>();
  return {
    add: (event) => void events.add(event),
    remove: (event) => void events.delete(event),
    clear: () => events.clear(),
    slice(offset, size) {
      const page: HeldEvent[] = [];
      let place = 0;
      for (const event of events) {
        if (page.length >= size) break;
        if (place >= offset) page.push(event);
        place += 1;
      }
      return { events: page, total: events.size };
    },
  };
}

/** Events in no order: each goes to a place by chance, and a removal moves another one. */
function createMixed(random: Random): Ordered {
  let events: HeldEvent[] = [];
  const places = new Map<HeldEvent, number>();

  function put(event: HeldEvent, place: number): void {
    events[place] = event;
    places.set(event, place);
  }

  return {
    add(event) {
      const place = Math.floor(random() * (events.length + 1));
      const moved = events[place];
      if (moved) put(moved, events.length);
      put(event, place);
    },
    remove(event) {
      const place = places.get(event);
      const last = events.pop();
      places.delete(event);
      if (place !== undefined && last && last !== event) put(last, place);
    },
    clear() {
      events = [];
      places.clear();
    },
    slice: (offset, size) => ({
      events: events.slice(offset, offset + size),
      total: events.length,
    }),
  };
}

/** All events by time, with a mark below which none is open. */
function createTimeline(isOpen: (event: HeldEvent) => boolean) {
  const events: HeldEvent[] = [];
  let mark = 0;
  return {
    add(event: HeldEvent): void {
      let place = events.length;
      // Events nearly always come in order of time; a late one is moved to its place.
      while (place > 0 && (events[place - 1]?.time ?? "") > event.time) place -= 1;
      events.splice(place, 0, event);
      mark = Math.min(mark, place);
    },
    rewind(): void {
      mark = 0;
    },
    earliest(): StoredTime | undefined {
      for (; mark < events.length; mark += 1) {
        const event = events[mark];
        if (event && isOpen(event)) return event.time;
      }
      return undefined;
    },
  };
}
