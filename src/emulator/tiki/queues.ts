import { copied, isRecord } from "../exchange.ts";
import { type Choices, checkWhole, isName, isText } from "../options.ts";
import { randomUuid } from "../random.ts";
import type { TikiTools } from "./access.ts";
import type { TikiAssumptions } from "./assumptions.ts";
import { createEventLog, type EventLog } from "./event-log.ts";

/** An event to publish; what is left out is made. */
export interface TikiEventInput {
  /** @default a new uuid */
  readonly id?: string | undefined;
  /** The event type. */
  readonly type: string;
  /** @default "v1" */
  readonly version?: string | undefined;
  /** The seller. @default the first one */
  readonly sid?: string | undefined;
  /** Epoch ms. @default now */
  readonly created_at?: number | undefined;
  /** What happened. */
  readonly payload: unknown;
}

/** What became of an event that was let happen. */
export interface TikiEmitted {
  /** Its id. */
  readonly id: string;
  /** The codes of the queues that it went to. */
  readonly queues: readonly string[];
  /** Where it went to none: why, and what to do. */
  readonly note?: string | undefined;
}

const eventChoices: Choices<TikiEventInput> = {
  id: isName,
  type: isName,
  version: isText,
  sid: isText,
  created_at: (value) => typeof value === "number",
  payload: () => true,
};

/**
 * An event as it goes over the wire.
 *
 * @throws {TypeError} for what is none.
 */
export function toEvent(event: TikiEventInput): TikiEventInput {
  const copy = copied("tiki: an event", event);
  // Members beside these stand in the event as they are.
  const known: Partial<TikiEventInput> = Object.fromEntries(
    Object.entries(Object(copy)).filter(([name]) => Object.hasOwn(eventChoices, name)),
  );
  checkWhole("tiki: an event", known, eventChoices, ["id", "version", "sid", "created_at"]);
  return copy;
}

/** A subscription of a queue. */
export interface Subscription {
  /** Its code. */
  readonly code: string;
  /** The type it is for. */
  readonly eventType: string;
  /** The seller it is for. */
  readonly sid: string;
  /** Whether it is switched on. */
  active: boolean;
  /** From when on events are routed, epoch ms: some time after it was switched on. */
  routesFrom: number;
}

/** A queue. */
export interface Queue {
  /** Its code. */
  readonly code: string;
  /** Its name. */
  readonly name: string;
  /** The `client_id` of its app. */
  readonly owner: string;
  /** The subscriptions, by their code. */
  readonly subscriptions: Map<string, Subscription>;
  /** The events and the place. */
  readonly log: EventLog;
}

/** How queues behave. */
export interface QueueOptions {
  /** How long a subscription that was switched on routes nothing, in ms. */
  readonly activationDelayMs: number;
  /** How long events are kept, in ms. */
  readonly retentionMs: number;
  /** The seller of an event that names none. */
  readonly sid: string;
  /** What the documents leave open. */
  readonly assumptions: TikiAssumptions;
}

/** The queues of all apps. */
export interface Queues {
  /** Makes a queue. */
  create(name: string, owner: string): Queue;
  /** Finds a queue by its code. */
  find(code: string): Queue | undefined;
  /** All queues, in the order they were made. */
  all(): readonly Queue[];
  /** The queues of an app, in the order they were made. */
  of(owner: string): readonly Queue[];
  /** Makes a subscription, switched on. */
  subscribe(queue: Queue, eventType: string, sid: string): Subscription;
  /** Switches a subscription; what was on already keeps its time. */
  setActive(subscription: Subscription, active: boolean): void;
  /** Puts an event into a queue; gives its id. */
  publish(queue: Queue, event: TikiEventInput): string;
  /** Puts a value into a queue as it is. */
  publishRaw(queue: Queue, wire: unknown): void;
  /** Puts events into a queue that no pull shows. */
  hide(queue: Queue, count: number): void;
  /** Puts an event into every queue whose subscription routes it; gives the codes of these. */
  emit(event: TikiEventInput): TikiEmitted;
  /** Lets events go that are older than the retention. */
  expire(queue: Queue): void;
}

/** Why an event reached no queue, in words. */
function whyNowhere(
  queues: readonly Queue[],
  { type, sid }: Pick<TikiEventInput, "type" | "sid">,
  now: number,
): string {
  const all = queues.flatMap(({ subscriptions }) => [...subscriptions.values()]);
  const fitting = all.filter((each) => each.eventType === type && each.sid === sid);
  const on = fitting.filter(({ active }) => active);
  if (on.length > 0) {
    const first = Math.min(...on.map(({ routesFrom }) => routesFrom));
    return `its subscription to ${type} is new, and routes in ${Math.ceil((first - now) / 1000)} s: emit it then, or publish into the queue`;
  }
  const state = fitting.length > 0 ? "is switched off" : "is there for this seller";
  const what = fitting.length > 0 ? "the subscription" : "no subscription";
  return `${what} to ${type} ${state}: the event is in no queue; subscribe one, or publish into it`;
}

function routes(queue: Queue, type: string, sid: string, now: number): boolean {
  return [...queue.subscriptions.values()].some(
    (each) => each.active && each.routesFrom <= now && each.eventType === type && each.sid === sid,
  );
}

/** Makes the queues of an emulator. */
export function createQueues({ clock, random, journal }: TikiTools, options: QueueOptions): Queues {
  const queues = new Map<string, Queue>();
  const newCode = (): string => randomUuid(random("queue"));
  const newAckId = (): string => randomUuid(random("ack"));

  function append(queue: Queue, wire: unknown): void {
    const id = isRecord(wire) ? wire["id"] : undefined;
    const eventId = typeof id === "string" ? id : undefined;
    queue.log.append({ wire, eventId, at: clock.now() });
    journal.add({ kind: "published", queue: queue.code, eventId });
  }

  function complete(event: TikiEventInput) {
    const facts = { sid: options.sid, created_at: clock.now(), version: "v1" };
    const made = { id: randomUuid(random("event")), ...facts };
    const given = Object.entries(event).filter(([, value]) => value !== undefined);
    return { ...made, ...(Object.fromEntries(given) as Pick<TikiEventInput, "type" | "payload">) };
  }

  function emit(event: TikiEventInput) {
    const wire = complete(event);
    const now = clock.now();
    const reached = [...queues.values()].filter((each) => routes(each, wire.type, wire.sid, now));
    for (const queue of reached) append(queue, wire);
    const note = reached.length === 0 ? whyNowhere([...queues.values()], wire, now) : undefined;
    return { id: wire.id, queues: reached.map(({ code }) => code), ...(note && { note }) };
  }

  return {
    create(name, owner) {
      const log = createEventLog(newAckId);
      const queue: Queue = { code: newCode(), name, owner, subscriptions: new Map(), log };
      queues.set(queue.code, queue);
      return queue;
    },
    find: (code) => queues.get(code),
    all: () => [...queues.values()],
    of: (owner) => [...queues.values()].filter((each) => each.owner === owner),
    subscribe(queue, eventType, sid) {
      const routesFrom = clock.now() + options.activationDelayMs;
      const subscription = { code: newCode(), eventType, sid, active: true, routesFrom };
      queue.subscriptions.set(subscription.code, subscription);
      return subscription;
    },
    setActive(subscription, active) {
      if (active && !subscription.active) {
        const isDelayed = options.assumptions.reactivation === "delayed";
        subscription.routesFrom = clock.now() + (isDelayed ? options.activationDelayMs : 0);
      }
      subscription.active = active;
    },
    publish(queue, event) {
      const wire = complete(event);
      append(queue, wire);
      return wire.id;
    },
    publishRaw: append,
    hide({ log }, count) {
      const held = { wire: undefined, eventId: undefined, at: clock.now(), hidden: true } as const;
      for (let left = count; left > 0; left -= 1) log.append(held);
    },
    emit,
    expire: ({ log }) => log.expire(clock.now() - options.retentionMs),
  };
}
