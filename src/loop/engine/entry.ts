import type { FeedEvent } from "../../core/event.ts";
import type { Delivery, ReadableDelivery, Receipt } from "../../core/feed.ts";
import { identityOf } from "../../core/identity.ts";
import type { AnyHandler } from "./route.ts";

/** The page that a delivery came with: its weight counts until all of it has left. */
export interface PageWeight {
  /** How long its text was; 0 where the feed does not know it. */
  readonly bytes: number;
  /** When it came, by `performance.now`. */
  readonly openedAt: number;
  /** How many of its deliveries are still held. */
  held: number;
  /** What the telemetry gave for the poll that brought it. */
  readonly poll?: unknown;
}

/** A mark in the dedupe store: the event is this run's until then, by both clocks. */
export interface Mark {
  readonly text: string;
  /** By `performance.now`, which stands still while a machine is suspended. */
  untilMono: number;
  /** By `Date.now`, which somebody may set. */
  untilWall: number;
}

/** Why an event is given up: its attempts are used up. */
export interface Verdict {
  readonly reason: string;
  readonly code: string | undefined;
  readonly cause: unknown;
}

/** What a provider wants an ack for: most events come as one message, which their entry stands for. */
export interface Message {
  readonly entry: Entry;
  /** What its ack needs; absent where it cannot be acked, or not any more. */
  receipt: Receipt | undefined;
  /** The page that brought it last. */
  seenIn: PageWeight;
  /** How often its ack was refused for a reason that repeating does not mend. */
  refusals: number;
  /** Those of its page that have its receipt too, itself included: all are acked by it, and only together. */
  beside?: Set<Message> | undefined;
}

/** Whether its event came again since with another receipt, which may have ended this one. */
export function isStale({ entry, seenIn }: Message): boolean {
  return seenIn !== entry.latest;
}

/** Everything that an ack, a nack or an extension of an event must name. */
export function receiptsOf({ receipt, further }: Entry): Receipt[] {
  return [...(receipt === undefined ? [] : [receipt]), ...(further?.keys() ?? [])];
}

/** One delivery on its way through the loop: the loop's own notes about it. */
export class Entry implements Message {
  /** As it came first. */
  readonly delivery: Delivery;
  /** The page it came with. */
  readonly page: PageWeight;
  #name: string | (() => string) | undefined;
  /** What its event is known by, as it came: a handler may change the event itself. */
  readonly source: string;
  readonly id: string;
  receipt: Receipt | undefined;
  seenIn: PageWeight;
  /** The page that brought the event last, by whichever message. */
  latest: PageWeight;
  /** The other messages that brought it, oldest first. */
  further: Map<Receipt, Message> | undefined = undefined;
  /** How many of its messages are not acked. */
  unacked: number;
  /** Its position in a cumulative feed; a redelivery gives it a later one. */
  position = -1;
  /** The positions that it had before. */
  earlier: number[] | undefined = undefined;
  /** `open` until its outcome is final; `acked` while a pull may bring it that is to be no news. */
  state: "open" | "settled" | "acked" = "open";
  /** The key that orders it. */
  key: string | number | undefined = undefined;
  /** Why it has no key although it should; of no account where the event is not valid anyway. */
  keyFailure: string | undefined = undefined;
  /** The delivery as its handler gets it: fresh for each attempt, so that none sees what another did. */
  given: ReadableDelivery | undefined = undefined;
  /** The event as its handler gets it: known, and valid. */
  event: FeedEvent | undefined = undefined;
  /** Its handler; absent before it was routed, and for batches. */
  handler: AnyHandler | undefined = undefined;
  /** How often a handler was started with it, outages apart. */
  attempts = 0;
  /** How often it had failed when another succeeded, which may have been the end of an outage. */
  forgiven = 0;
  /** Until when a lease that nothing lengthens hides it, by `performance.now`. */
  hiddenUntil = Number.POSITIVE_INFINITY;
  /** When a handler was started with it last, by `performance.now`. */
  begunAt = 0;
  /** When its handler was called, where a store or a schema was waited for before that. */
  calledAt = 0;
  /** Why its last attempt has failed. */
  failure: string | undefined = undefined;
  /** How often in a row it was found in work elsewhere. */
  busy = 0;
  /** Why it is to be given up, once that is certain. */
  verdict: Verdict | undefined = undefined;
  /** Whether a handler has it in its hands. */
  isAtWork = false;
  /** Whether nothing is left to do with it but to tell the dedupe store. */
  isDone = false;
  /** Whether a begin of it was not answered: it may count as a start, whoever has begun it since. */
  isUnheard = false;
  /** The mark in the dedupe store, while the event is this run's. */
  mark: Mark | undefined = undefined;
  refusals = 0;
  beside: Set<Message> | undefined = undefined;

  /** @param name What it is known by, where that is not its event's source and id; or what makes it, once. */
  constructor(name: string | (() => string) | undefined, delivery: Delivery, page: PageWeight) {
    this.#name = name;
    this.source = delivery.event?.source ?? "";
    this.id = delivery.event?.id ?? "";
    this.delivery = delivery;
    this.page = page;
    this.seenIn = page;
    this.latest = page;
    this.receipt = delivery.receipt;
    this.unacked = delivery.receipt === undefined ? 0 : 1;
  }

  get entry(): this {
    return this;
  }

  /** What tells it apart: the event's identity, or a name in a space of its own. */
  get identity(): string {
    return this.name ?? identityOf(this);
  }

  /** Its name, where the event does not say what it is. */
  get name(): string | undefined {
    if (typeof this.#name === "function") this.#name = this.#name();
    return this.#name;
  }

  /** Since when its handler has it, by `performance.now`, while that is at work. */
  get atWorkSince(): number {
    return Math.max(this.begunAt, this.calledAt);
  }

  /** When it came, by `performance.now`. */
  get openedAt(): number {
    return this.page.openedAt;
  }
}
