import type { Emulator, EmulatorExchange, EmulatorWatcher, JournalEntry } from "ackloop/emulator";

/** One thing that happened to an event. */
export interface Step {
  readonly kind: "published" | "delivered" | "acked" | "ackedAgain" | "read" | "fault";
  /** Epoch ms. */
  readonly at: number;
  /** The number of the request that it happened in. */
  readonly request?: number | undefined;
  readonly operation?: string | undefined;
  /** The listener. */
  readonly reader?: string | undefined;
  readonly fault?: string | undefined;
  /** The place in the journal. */
  readonly seq: number;
  /** The call to a listener that it was, once it is over. */
  call?: { readonly number: number; readonly status?: number | undefined; readonly ms: number };
}

/** An event that was published. */
export interface EventRecord {
  readonly provider: string;
  readonly place: string;
  readonly id: string;
  /** Where it stands among all events, from 1. */
  readonly order: number;
  /** When it was published, epoch ms. */
  readonly at: number;
  delivered: number;
  acked: number;
  /** The first and the last steps. */
  readonly steps: Step[];
  /** How many were left out between them. */
  left: number;
  /** Its type and a few words of what it says, once somebody has looked. */
  words?: { readonly type: string; readonly data: string };
}

/** A request, or a call to a listener. */
export interface RequestRecord extends EmulatorExchange {
  readonly provider: string;
  /** Where it stands among all requests, from 1. */
  readonly order: number;
  /** The faults that hit it. */
  readonly faults: readonly string[];
  /** How many events it delivered, and how many it acknowledged. */
  readonly delivered: number;
  readonly acked: number;
}

/** What is kept of each provider: older ones are forgotten. */
export const kept = Object.freeze({ events: 1_000, requests: 1_000, steps: 24, reads: 200 });
const firstSteps = 4;

interface Pending {
  faults: string[];
  delivered: number;
  acked: number;
}

/** Where a reader said that it has read up to: the only ack where there is no other. */
interface Read extends Step {
  readonly order: number;
}

/** What the page knows of the emulators. */
export interface Records {
  /** Grows with everything that happens. */
  version(): number;
  /** Events, newest first. */
  events(): readonly EventRecord[];
  find(provider: string, place: string, id: string): EventRecord | undefined;
  /** The step by which a reader said that it is behind an event; absent while none did. */
  readOf(event: EventRecord): Step | undefined;
  /** Requests and calls, newest first. */
  requests(): readonly RequestRecord[];
  /** Ends it. */
  end(): void;
}

const eventKinds: readonly string[] = ["published", "delivered", "acked", "ackedAgain", "fault"];

const keyOf = (place: string, id: string): string => JSON.stringify([place, id]);

/** The events of one emulator: a ring, which forgets the oldest. */
function createEvents(provider: string, nextOrder: () => number) {
  const events = new Map<string, EventRecord>();
  /** Deliveries that are under way, by their places in the journal. */
  const calls = new Map<number, Step>();
  const reads = new Map<string, Read[]>();

  function eventOf({ queue = "", eventId = "", kind, at }: Facts): EventRecord | undefined {
    const key = keyOf(queue, eventId);
    const known = events.get(key);
    if (known || kind !== "published") return known;
    const made: EventRecord = {
      ...{ provider, place: queue, id: eventId, order: nextOrder(), at },
      ...{ delivered: 0, acked: 0, steps: [], left: 0 },
    };
    events.set(key, made);
    drop(events, kept.events);
    return made;
  }

  function noteRead(facts: Facts): void {
    const { queue = "", eventId = "" } = facts;
    const order = events.get(keyOf(queue, eventId))?.order;
    const known = reads.get(queue) ?? [];
    if (order === undefined || order <= (known.at(-1)?.order ?? 0)) return;
    known.push({ ...stepOf(facts), order });
    if (known.length > kept.reads) known.shift();
    reads.set(queue, known);
    drop(reads, kept.reads);
  }

  function noteStep(event: EventRecord, facts: Facts): void {
    const { kind, request, seq } = facts;
    const step = stepOf(facts);
    if (kind === "delivered" || kind === "acked") event[kind] += 1;
    if (kind === "delivered" && request === undefined) calls.set(seq, step);
    drop(calls, kept.requests);
    event.steps.push(step);
    if (event.steps.length <= kept.steps) return;
    event.steps.splice(firstSteps, 1);
    event.left += 1;
  }

  return {
    events,
    note(facts: Facts): void {
      const event = eventKinds.includes(facts.kind) ? eventOf(facts) : undefined;
      if (facts.kind === "read") noteRead(facts);
      if (event) noteStep(event, facts);
    },
    /** A call is over; whether it was a delivery. */
    called({ seq = 0, number, status, ms }: EmulatorExchange): boolean {
      const step = calls.get(seq);
      if (step) step.call = { number, status, ms };
      return calls.delete(seq);
    },
    forget() {
      for (const known of [events, calls, reads]) known.clear();
    },
    readOf: ({ place, order }: EventRecord): Step | undefined =>
      reads.get(place)?.find((read) => read.order >= order),
  };
}

/** The requests of one emulator: a ring, which forgets the oldest. */
function createRequests(provider: string, nextOrder: () => number) {
  const requests: RequestRecord[] = [];
  const pending = new Map<number, Pending>();
  return {
    requests,
    count({ kind, request, fault }: Facts): void {
      if (request === undefined) return;
      const known = pending.get(request) ?? { faults: [], delivered: 0, acked: 0 };
      pending.set(request, known);
      drop(pending, kept.requests);
      if (kind === "fault" && fault !== undefined) known.faults.push(fault);
      if (kind === "delivered" || kind === "acked") known[kind] += 1;
    },
    end(exchange: EmulatorExchange, isDelivery: boolean): void {
      const isCall = exchange.direction === "out";
      const found = isCall ? undefined : pending.get(exchange.number);
      if (!isCall) pending.delete(exchange.number);
      const counted = found ?? { faults: [], delivered: isDelivery ? 1 : 0, acked: 0 };
      requests.push({ ...exchange, ...counted, provider, order: nextOrder() });
      if (requests.length > kept.requests) requests.shift();
    },
    forget() {
      requests.length = 0;
      pending.clear();
    },
  };
}

/** The records of one emulator. */
function createRing(provider: string, nextOrder: () => number) {
  const events = createEvents(provider, nextOrder);
  const requests = createRequests(provider, nextOrder);
  const watcher: EmulatorWatcher = {
    entry(entry) {
      const facts: Facts = entry;
      requests.count(facts);
      if (facts.eventId !== undefined) events.note(facts);
    },
    exchange: (exchange) => requests.end(exchange, events.called(exchange)),
    reset() {
      events.forget();
      requests.forget();
    },
  };
  return { watcher, ...events, ...requests };
}

/** What is read of an entry, whatever its kind. */
type Facts = Pick<JournalEntry, "kind" | "at" | "seq"> & {
  readonly queue?: string | undefined;
  readonly eventId?: string | undefined;
  readonly request?: number | undefined;
  readonly operation?: string | undefined;
  readonly reader?: string | undefined;
  readonly fault?: string | undefined;
};

function stepOf({ kind, at, seq, request, operation, reader, fault }: Facts): Step {
  return { kind: kind as Step["kind"], at, seq, request, operation, reader, fault };
}

/** Lets the oldest go. */
function drop(known: Map<unknown, unknown>, most: number): void {
  if (known.size <= most) return;
  const [oldest] = known.keys();
  known.delete(oldest);
}

/** Begins to keep what happens in emulators, in bounds that {@link kept} says. */
export function createRecords(emulators: readonly Emulator[]): Records {
  let version = 0;
  let lastOrder = 0;
  const nextOrder = (): number => {
    lastOrder += 1;
    return lastOrder;
  };
  const rings = new Map(emulators.map(({ name }) => [name, createRing(name, nextOrder)]));
  const ends = emulators.map((emulator) => {
    const watcher = rings.get(emulator.name)?.watcher;
    for (const entry of emulator.journal.entries()) watcher?.entry?.(entry);
    const changed = (): void => {
      version += 1;
    };
    const ends = [emulator.watch(watcher ?? {})];
    ends.push(emulator.watch({ entry: changed, exchange: changed, reset: changed }));
    return () => ends.forEach((end) => void end());
  });
  const newest = <Row extends { readonly order: number }>(rows: readonly Row[]): Row[] =>
    rows.toSorted((one, other) => other.order - one.order);
  return {
    version: () => version,
    events: () => newest([...rings.values()].flatMap(({ events }) => [...events.values()])),
    find: (provider, place, id) => rings.get(provider)?.events.get(keyOf(place, id)),
    readOf: (event) => rings.get(event.provider)?.readOf(event),
    requests: () => newest([...rings.values()].flatMap(({ requests }) => requests)),
    end: () => ends.forEach((end) => void end()),
  };
}
