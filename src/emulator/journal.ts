import type { FaultKind } from "./fault.ts";
import { checkChoices, isCount, isTexts } from "./options.ts";

/** An event of a queue, and the request that it happened in. */
export interface JournalEventFacts<Operation extends string> {
  /** The queue, topic or channel. */
  readonly queue: string;
  /** The event, by the provider's id; absent for what has none. */
  readonly eventId?: string | undefined;
  /** Whose delivery or ack it is, where a queue has several readers: discue's listener. */
  readonly reader?: string | undefined;
  /** The number of the request that caused it; absent where none did. */
  readonly request?: number | undefined;
  /** The operation, such as `"pull"`; absent where none caused it. */
  readonly operation?: Operation | undefined;
}

/** A reader's place in a queue. */
export interface JournalReadFacts<Operation extends string> extends JournalEventFacts<Operation> {
  /** The place that a request named: Tiki's `ack_id`, Workato's `after_message_id`. */
  readonly cursor: string;
}

/** A request that has ended. */
export interface JournalRequestFacts<Operation extends string> {
  /** Its number, from 1. */
  readonly request: number;
  /** Its operation; `"unknown"` for a path or method that there is not. */
  readonly operation: Operation | "unknown";
}

/** What each kind of entry tells. */
export interface JournalFacts<Operation extends string = string> {
  /** An event is held for a reader from now on. */
  readonly published: JournalEventFacts<Operation>;
  /** An event was put into an answer, which a fault may still have lost. */
  readonly delivered: JournalEventFacts<Operation>;
  /** An event was acknowledged. */
  readonly acked: JournalEventFacts<Operation>;
  /** An ack named what was acknowledged before: an event, or a place. */
  readonly ackedAgain: JournalEventFacts<Operation> & Partial<JournalReadFacts<Operation>>;
  /** A reader said how far it has read, where that is its ack. */
  readonly read: JournalReadFacts<Operation>;
  /** The emulator itself refused a request (4xx). */
  readonly refused: JournalRequestFacts<Operation> & {
    /** The HTTP status. */
    readonly status: number;
  };
  /** A fault was injected: into a request, or into what the emulator calls itself. */
  readonly fault: Partial<JournalEventFacts<Operation>> & {
    /** The operation that it hit. */
    readonly operation: Operation;
    /** Which fault was injected. */
    readonly fault: FaultKind;
  };
  /** A request ended. */
  readonly request: JournalRequestFacts<Operation> & {
    /** The HTTP status; absent where the connection was cut. */
    readonly status?: number | undefined;
  };
}

/** The kinds of entries. */
export type JournalKind = keyof JournalFacts;

/** What a provider's emulator writes down; told apart by `kind`. */
export type JournalNote<
  Operation extends string = string,
  Kind extends JournalKind = JournalKind,
> = { [Each in Kind]: { readonly kind: Each } & JournalFacts<Operation>[Each] }[Kind];

/** Where an entry stands. */
export interface JournalPlace {
  /** The place in the journal, from 1, without gaps as long as nothing is dropped. */
  readonly seq: number;
  /** When, epoch ms of the true clock: a skew does not touch it. */
  readonly at: number;
  /** The name of the emulator. */
  readonly provider: string;
}

/** A line of the journal, told apart by `kind`. It never holds a credential, a header or a payload. */
export type JournalEntry<
  Operation extends string = string,
  Kind extends JournalKind = JournalKind,
> = JournalPlace & JournalNote<Operation, Kind>;

/** An entry of any kind, as it is written. */
type AnyEntry = JournalPlace & {
  readonly kind: JournalKind;
  readonly request?: number | undefined;
  readonly queue?: string | undefined;
  readonly eventId?: string | undefined;
  readonly reader?: string | undefined;
  readonly operation?: string | undefined;
  readonly cursor?: string | undefined;
  readonly status?: number | undefined;
  readonly fault?: FaultKind | undefined;
};

type AnyNote = Omit<AnyEntry, keyof JournalPlace>;

/** What is known of one event of one queue. */
export interface EventRecord {
  /** How often it was published. */
  readonly published: number;
  /** How often it was put into an answer. */
  readonly delivered: number;
  /** How often an ack named it, the first time and again. */
  readonly acks: number;
  /** The place in the journal of its first ack; absent while it is not acknowledged. */
  readonly ackedSeq?: number | undefined;
  /** When it was first acknowledged, epoch ms. */
  readonly ackedAt?: number | undefined;
}

/**
 * How much a journal keeps. `"all"`: everything. `"events"`: no `request`, `refused` and `fault`
 * entries. `"totals"`: counters alone, for runs over millions of events.
 */
export type JournalDetail = "all" | "events" | "totals";

/** What a journal keeps, and how much of it: for emulators that are served for long. */
export interface JournalOptions {
  /** What it keeps. @default "all" */
  readonly detail?: JournalDetail | undefined;
  /**
   * How many entries it keeps, 1 or more: it forgets the oldest, and of an event what it knows with its last
   * entry. What is counted goes on. @default no bound
   */
  readonly max?: number | undefined;
}

/** Which entries are wanted. */
export interface JournalQuery<
  Operation extends string = string,
  Kind extends JournalKind = JournalKind,
> {
  /** Only entries behind this place. @default 0 */
  readonly after?: number | undefined;
  /** Only entries of these kinds. @default all kinds */
  readonly kinds?: readonly Kind[] | undefined;
  /** Only entries of this queue, topic or channel. @default all */
  readonly queue?: string | undefined;
  /** Only entries of this event. @default all */
  readonly eventId?: string | undefined;
  /** Only entries of this reader. @default all */
  readonly reader?: string | undefined;
  /** Only entries of this operation. @default all */
  readonly operation?: Operation | "unknown" | undefined;
  /** At most so many entries. @default all */
  readonly limit?: number | undefined;
}

/** How many entries there were of each kind, dropped ones included. */
export type JournalTotals = Readonly<Record<JournalKind, number>>;

/**
 * The ground truth of an emulator: what really happened, in order, only ever appended to until a reset.
 *
 * With a bound it knows of the last entries alone, and {@link Journal.forgotten} says where they begin.
 */
export interface Journal<Operation extends string = string> {
  /**
   * Entries in order; an empty list when none fit. A search by place, then a walk.
   *
   * @throws {TypeError} for a name, a kind or an operation that nobody knows, which could never fit.
   */
  entries<Kind extends JournalKind = JournalKind>(
    query?: JournalQuery<Operation, Kind>,
  ): readonly JournalEntry<Operation, Kind>[];
  /** The ids of all published events, each once, in order; of one queue, or of all. */
  publishedIds(queue?: string): readonly string[];
  /** The ids of all acknowledged events, each once; of one queue, or of all. */
  ackedIds(queue?: string): readonly string[];
  /** What is known of one event; of the first queue that has it, where no queue is given. */
  event(eventId: string, queue?: string): EventRecord | undefined;
  /**
   * How many requests of an operation arrived; of all operations, where none is given.
   *
   * @throws {TypeError} for an operation that nobody knows.
   */
  calls(operation?: Operation | "unknown"): number;
  /** How many entries there were of each kind. */
  totals(): JournalTotals;
  /**
   * The place of the last entry that was forgotten, since there is a bound; 0 while none was. Who has read up
   * to a place before it has missed what is between.
   */
  forgotten(): number;
}

/** A journal as its emulator has it. */
export interface JournalWriter extends Journal {
  /** Appends an entry, and gives it back complete. */
  add(note: JournalNote): JournalEntry;
  /** Says which operations there are. Called by the frame alone. */
  know(operations: readonly string[]): void;
  /** Counts an arriving request. Called by the frame alone. */
  countCall(operation: string): void;
  /** Forgets everything. Called by the frame alone. */
  reset(): void;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const noTotals: JournalTotals = Object.freeze({
  published: 0,
  delivered: 0,
  acked: 0,
  ackedAgain: 0,
  read: 0,
  refused: 0,
  fault: 0,
  request: 0,
});

const eventKinds: ReadonlySet<JournalKind> = new Set([
  "published",
  "delivered",
  "acked",
  "ackedAgain",
  "read",
]);

/** What is counted of an event. */
const counters: Readonly<Partial<Record<JournalKind, "published" | "delivered" | "acks">>> = {
  published: "published",
  delivered: "delivered",
  acked: "acks",
  ackedAgain: "acks",
};

/** A record, and the place of the last entry of its event. */
type KeptRecord = Mutable<EventRecord> & { lastSeq: number };

/** The records of events, by queue and id: what the queries need without walking the entries. */
function createRecords() {
  const queues = new Map<string, Map<string, KeptRecord>>();

  // Asked three times for every event of a run: nothing is set that is there.
  function recordOf(queue: string, eventId: string): KeptRecord {
    let events = queues.get(queue);
    if (!events) {
      events = new Map();
      queues.set(queue, events);
    }
    let record = events.get(eventId);
    if (!record) {
      record = { published: 0, delivered: 0, acks: 0, lastSeq: 0 };
      events.set(eventId, record);
    }
    return record;
  }

  return {
    clear: () => queues.clear(),
    count(entry: AnyEntry): void {
      const counter = counters[entry.kind];
      if (entry.eventId === undefined || counter === undefined) return;
      const record = recordOf(entry.queue ?? "", entry.eventId);
      record[counter] += 1;
      record.lastSeq = entry.seq;
      if (entry.kind === "acked" && record.ackedSeq === undefined) {
        record.ackedSeq = entry.seq;
        record.ackedAt = entry.at;
      }
    },
    /** Forgets the event of an entry, where that was its last one. */
    drop({ queue = "", eventId = "", seq }: AnyEntry): void {
      const events = queues.get(queue);
      if (events?.get(eventId)?.lastSeq !== seq) return;
      events.delete(eventId);
      if (events.size === 0) queues.delete(queue);
    },
    ids(queue: string | undefined, wanted: (record: EventRecord) => boolean): readonly string[] {
      const known = queue === undefined ? [...queues.values()] : [queues.get(queue) ?? new Map()];
      const found = known.flatMap((events) => [...events].filter(([, record]) => wanted(record)));
      return [...new Set(found.map(([id]) => id))];
    },
    find(eventId: string, queue: string | undefined): EventRecord | undefined {
      const all = queue === undefined ? [...queues.values()] : [queues.get(queue)];
      const record = all.find((events) => events?.has(eventId))?.get(eventId);
      if (record === undefined) return undefined;
      // A copy: what is known now.
      const { lastSeq: _, ...known } = record;
      return known;
    },
  };
}

/** Entries in order; with a bound the last ones. */
function createEntries(max: number, onDrop: (entry: AnyEntry) => void) {
  const entries: AnyEntry[] = [];
  /** How many at the beginning are forgotten, and taken out together: one by one each would move all others. */
  let gone = 0;
  return {
    add(entry: AnyEntry): void {
      entries.push(entry);
      const dropped = entries.length - gone > max ? entries[gone] : undefined;
      if (dropped === undefined) return;
      gone += 1;
      onDrop(dropped);
      if (gone < max) return;
      entries.splice(0, gone);
      gone = 0;
    },
    find(after: number, limit: number, isWanted: (entry: AnyEntry) => boolean): AnyEntry[] {
      const found: AnyEntry[] = [];
      for (let index = indexBehind(entries, gone, after); index < entries.length; index += 1) {
        if (found.length >= limit) break;
        const entry = entries[index];
        if (entry && isWanted(entry)) found.push(Object.freeze(entry));
      }
      return found;
    },
    clear(): void {
      entries.length = 0;
      gone = 0;
    },
  };
}

/** The index of the first entry behind a place, from one on; entries are sorted by `seq`. */
function indexBehind(entries: readonly AnyEntry[], from: number, after: number): number {
  let low = from;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle]?.seq ?? 0) <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}

function fits(entry: AnyEntry, { kinds, ...wanted }: JournalQuery): boolean {
  if (kinds && !kinds.includes(entry.kind)) return false;
  return (["queue", "eventId", "reader", "operation"] as const).every(
    (name) => wanted[name] === undefined || entry[name] === wanted[name],
  );
}

function isKept(detail: JournalDetail, kind: JournalKind): boolean {
  return detail === "all" || (detail === "events" && eventKinds.has(kind));
}

const isText = (value: unknown): boolean => typeof value === "string";
const isPlace = (value: unknown): boolean => typeof value === "number" && value >= 0;
const isKinds = (value: unknown): boolean =>
  isTexts(value) && (value as readonly string[]).every((kind) => Object.hasOwn(noTotals, kind));

/** What cannot be found would be an empty list for good: a slip in a test, which then cannot fail. */
function checkQuery(query: JournalQuery, operations: readonly string[]): void {
  checkChoices<JournalQuery>("journal", query, {
    after: isPlace,
    limit: isPlace,
    kinds: isKinds,
    queue: isText,
    eventId: isText,
    reader: isText,
    operation: operations.length === 0 ? isText : [...operations, "unknown"],
  });
}

// Written out, not spread: it halves the cost of what happens several times for each event.
function toEntry(
  seq: number,
  provider: string,
  { kind, request, queue, eventId, reader, operation, cursor, status, fault }: AnyNote,
): AnyEntry {
  return {
    seq,
    at: Date.now(),
    provider,
    kind,
    request,
    queue,
    eventId,
    reader,
    operation,
    cursor,
    status,
    fault,
  };
}

interface Keeping {
  readonly detail: JournalDetail;
  readonly max: number;
}

const details: readonly JournalDetail[] = ["all", "events", "totals"];

/** What a journal is to keep. @throws {TypeError} for a detail that nobody knows, or a bound that is none. */
function toKeeping(keeps: JournalDetail | JournalOptions): Keeping {
  const given = typeof keeps === "string" ? { detail: keeps } : keeps;
  checkChoices<JournalOptions>("emulator: journal", given, { detail: details, max: isCount });
  const { detail = "all", max = Number.POSITIVE_INFINITY } = given;
  return { detail, max };
}

/** Makes the journal of one emulator. */
export function createJournal(
  provider: string,
  keeps: JournalDetail | JournalOptions = "all",
  tell: (entry: JournalEntry) => void = () => {},
): JournalWriter {
  const { detail, max } = toKeeping(keeps);
  const records = createRecords();
  let forgotten = 0;
  const entries = createEntries(max, (entry) => {
    forgotten = entry.seq;
    records.drop(entry);
  });
  const totals: Mutable<JournalTotals> = { ...noTotals };
  const calls = new Map<string, number>();
  let lastSeq = 0;
  let known: readonly string[] = [];

  return {
    know(operations) {
      known = [...new Set(operations)];
    },
    add(note) {
      lastSeq += 1;
      const entry = toEntry(lastSeq, provider, note);
      totals[entry.kind] += 1;
      if (detail !== "totals") records.count(entry);
      if (isKept(detail, entry.kind)) entries.add(entry);
      tell(entry as JournalEntry);
      return entry as JournalEntry;
    },
    entries<Kind extends JournalKind>(query: JournalQuery<string, Kind> = {}) {
      checkQuery(query, known);
      const { after = 0, limit = Number.POSITIVE_INFINITY } = query;
      const found = entries.find(after, limit, (entry) => fits(entry, query));
      // A query's kinds are those of what it finds.
      return found as readonly AnyEntry[] as readonly JournalEntry<string, Kind>[];
    },
    publishedIds: (queue) => records.ids(queue, (record) => record.published > 0),
    ackedIds: (queue) => records.ids(queue, (record) => record.ackedSeq !== undefined),
    event: (eventId, queue) => records.find(eventId, queue),
    calls(operation) {
      checkQuery({ operation }, known);
      if (operation !== undefined) return calls.get(operation) ?? 0;
      return [...calls.values()].reduce((sum, count) => sum + count, 0);
    },
    totals: () => ({ ...totals }),
    forgotten: () => forgotten,
    countCall(operation) {
      calls.set(operation, (calls.get(operation) ?? 0) + 1);
    },
    reset() {
      entries.clear();
      records.clear();
      forgotten = 0;
      calls.clear();
      Object.assign(totals, noTotals);
      lastSeq = 0;
    },
  };
}
