import type { Receipt } from "../../../src/core/feed.ts";
import { fromReceipt, toReceipt } from "../../../src/core/feed.ts";
import type { Dice } from "../dice.ts";
import type { DrawnEvent, DrawnSettings } from "./plan.ts";

/** For how long a provider may bring again what was acked, in ms. */
const STALE_MS = 15_000;

/** One publication of an event at the provider. */
export interface Item {
  readonly event: DrawnEvent;
  /** Its place, from 1. */
  readonly place: number;
  ackedAt: number | undefined;
  hiddenUntil: number;
  /** The lease of its last delivery. */
  leaseMs: number;
  deliveries: number;
}

/** What a receipt of a drawn feed holds. */
export interface Ticket {
  readonly place: number;
  /** Which delivery of the item it came with. */
  readonly delivery: number;
}

/** Some items, and how far the provider has moved on with them. */
export interface Batch {
  readonly items: readonly Item[];
  readonly place: number;
  readonly isLast: boolean;
}

/** What a server works with. */
export interface ServerParts {
  readonly settings: DrawnSettings;
  readonly dice: Dice;
  readonly now: () => number;
  /** An item is acked, for the first time. */
  readonly onAcked: (item: Item) => void;
}

/** The provider in memory: what was published, what is hidden, and what is acked. */
export class Server {
  readonly items: Item[] = [];
  readonly #parts: ServerParts;
  #waiting: (() => void)[] = [];
  /** How far a cumulative ack has come. */
  place = 0;
  #turn = 0;
  #leases = 0;
  /** Until when it may bring what is settled, and pages with nothing. */
  mischiefUntil = 0;

  constructor(parts: ServerParts) {
    this.#parts = parts;
  }

  publish(event: DrawnEvent): void {
    const place = this.items.length + 1;
    this.items.push({
      event,
      place,
      ackedAt: undefined,
      hiddenUntil: 0,
      leaseMs: 0,
      deliveries: 0,
    });
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** Resolves when something is published, or the signal given fires. */
  onPublished(wake: () => void): () => void {
    this.#waiting.push(wake);
    return () => {
      this.#waiting = this.#waiting.filter((each) => each !== wake);
    };
  }

  /** What may be acked and is not. */
  get unacked(): readonly Item[] {
    return this.items.filter(
      ({ ackedAt, event }) => ackedAt === undefined && event.receipt && event.kind !== "foreign",
    );
  }

  /** What a pull brings. */
  take(limit: number, after: number | undefined): Batch {
    const { kind, pageSize, ignoresLimit, receipts } = this.#parts.settings;
    const whole = ignoresLimit || receipts !== "each";
    switch (kind) {
      case "list":
        return this.#list(ignoresLimit ? Math.max(limit, pageSize) : limit);
      case "queue":
        return this.#claim(ignoresLimit ? pageSize : Math.min(limit, pageSize));
      case "pages":
        return this.#page(whole ? pageSize : Math.min(limit, pageSize));
      default:
        return this.#read(after ?? this.place, whole ? pageSize : Math.min(limit, pageSize));
    }
  }

  ackOne({ place, delivery }: Ticket): "acked" | "gone" {
    const item = this.items[place - 1];
    if (item === undefined || item.ackedAt !== undefined) return "gone";
    if (this.#parts.settings.newestOnly && delivery !== item.deliveries) return "gone";
    this.#ack(item);
    return "acked";
  }

  ackTo(place: number): void {
    for (const item of this.items.slice(this.place, place)) this.#ack(item);
    this.place = Math.max(this.place, place);
  }

  /** Shows an item again, or hides it for longer, where the ticket is still good for it. */
  hide({ place, delivery }: Ticket, ms: number): void {
    const item = this.items[place - 1];
    if (item && item.deliveries === delivery) item.hiddenUntil = this.#parts.now() + ms;
  }

  /** The lease of the next delivery, in ms; -2 is none. */
  nextLease(): number {
    const { leases } = this.#parts.settings;
    this.#leases += 1;
    return leases[this.#leases % leases.length] ?? -2;
  }

  get isMischievous(): boolean {
    return this.#parts.now() < this.mischiefUntil;
  }

  #ack(item: Item): void {
    if (item.ackedAt !== undefined) return;
    item.ackedAt = this.#parts.now();
    this.#parts.onAcked(item);
  }

  #list(limit: number): Batch {
    const listed = this.items.filter((item) => this.#isListed(item));
    const items = this.#ordered(listed).slice(0, limit);
    return toBatch(items, items.length === listed.length);
  }

  #isListed({ ackedAt }: Item): boolean {
    if (ackedAt === undefined) return true;
    const { settings, dice, now } = this.#parts;
    return this.isMischievous && now() - ackedAt < STALE_MS && dice.chance(settings.stale);
  }

  #claim(limit: number): Batch {
    const now = this.#parts.now();
    const free = this.items.filter((item) => item.ackedAt === undefined && item.hiddenUntil <= now);
    const items = this.#ordered(free).slice(0, limit);
    // Whoever asks in the same moment gets others.
    for (const item of items) item.hiddenUntil = now + 1;
    return toBatch(items, items.length === free.length);
  }

  #page(limit: number): Batch {
    const { settings, dice } = this.#parts;
    const isStale = this.isMischievous && this.place > 0 && dice.chance(settings.stale / 2);
    const from = isStale ? dice.whole(0, this.place - 1) : this.place;
    const items = this.items.slice(from, from + limit);
    return toBatch(items, from + limit >= this.items.length);
  }

  #read(after: number, limit: number): Batch {
    const items = this.items.slice(after, after + limit);
    const place = Math.max(after, items.at(-1)?.place ?? 0);
    const own = items.filter(({ event }) => event.kind !== "foreign");
    return { items: own, place, isLast: after + limit >= this.items.length };
  }

  #ordered(items: readonly Item[]): readonly Item[] {
    const { settings, dice } = this.#parts;
    if (settings.order === "kept" || !this.isMischievous) return items;
    if (settings.order === "shuffled") {
      const keyed = items.map((item) => ({ item, key: dice.next() }));
      return keyed.sort((left, right) => left.key - right.key).map(({ item }) => item);
    }
    this.#turn += 1;
    const half = items.filter(({ place }) => place % 2 === this.#turn % 2);
    // Nothing would say that nothing is there.
    return half.length > 0 ? half : items;
  }
}

function toBatch(items: readonly Item[], isLast: boolean): Batch {
  return { items, place: items.at(-1)?.place ?? 0, isLast };
}

/** Makes the receipt of a ticket. */
export function ticketReceipt(place: number, delivery: number): Receipt {
  return toReceipt({ place, delivery });
}

/** The ticket of a receipt. */
export function ticketOf(receipt: Receipt): Ticket {
  return fromReceipt<Ticket>(receipt);
}
