import type { FeedEvent } from "../../core/event.ts";
import type { Delivery } from "../../core/feed.ts";
import { identityOf } from "../../core/identity.ts";

/** Answers one held request. The second answer is ignored. */
export type Answer = (response: Response) => void;

/** One delivery and the requests that brought it. */
export interface Held<E extends FeedEvent> {
  /** The delivery, as the receiver read it. */
  readonly delivery: Delivery<E>;
  /** What the feed's receipt stands for. */
  readonly token: object;
  /** The requests that its settling answers, each with the time (`performance.now`) it ends at. */
  readonly requests: Map<Answer, number>;
}

/** The requests that a feed holds open. */
export interface HeldRequests<E extends FeedEvent> {
  /** How many requests are held. */
  readonly size: number;
  /** Holds a request: with the open delivery of the same id if there is one, else as a new one. */
  add(delivery: Delivery<E>, answer: Answer, endsAtMs: number): Held<E>;
  /** Lets go of one request; with the last one its delivery is gone. */
  remove(held: Held<E>, answer: Answer): void;
  /** Gives up to `limit` deliveries that were not given before, oldest first. */
  take(limit: number): readonly Held<E>[];
  /** Makes deliveries that were taken, and are still open, the next to be taken. */
  putBack(taken: readonly Held<E>[]): void;
  /** How many deliveries wait to be taken. */
  readonly waiting: number;
  /** Ends a delivery and gives its requests; `undefined` when it is gone. */
  settle(token: object): readonly Answer[] | undefined;
  /**
   * An event is done with though its delivery is gone: a resend is known from now on. Gives the requests of
   * one that has come already.
   */
  settleLate(token: object): readonly Answer[];
  /** Whether an event was done with, and its requests never told. */
  isSettled(delivery: Delivery<E>): boolean;
  /** Ends every delivery and gives their requests. */
  clear(): readonly Answer[];
}

/** How many events are known that were done with late, and for how long, in ms. */
const mostSettled = 10_000;
const settledMs = 600_000;

/** The events that were done with when their requests had ended: their resends are told so. */
class SettledLate {
  /** By what each token's event is known, whether it is held or not. */
  readonly #ids = new WeakMap<object, string>();
  /** Until when each is known, by `performance.now`, oldest first. */
  readonly #until = new Map<string, number>();

  /** A token stands for what is known by this. */
  name(token: object, id: string): void {
    this.#ids.set(token, id);
  }

  /** Notes what a token stands for, and gives by what it is known. */
  add(token: object): string | undefined {
    const id = this.#ids.get(token);
    if (id === undefined) return undefined;
    this.#until.delete(id);
    this.#until.set(id, performance.now() + settledMs);
    const [oldest] = this.#until.keys();
    if (this.#until.size > mostSettled && oldest !== undefined) this.#until.delete(oldest);
    return id;
  }

  has(id: string | undefined): boolean {
    return id !== undefined && (this.#until.get(id) ?? 0) > performance.now();
  }
}

/** Makes the list, empty. */
export function createHeldRequests<E extends FeedEvent>(): HeldRequests<E> {
  return new OpenDeliveries<E>();
}

class OpenDeliveries<E extends FeedEvent> implements HeldRequests<E> {
  readonly #open = new Map<object, Held<E>>();
  readonly #byId = new Map<string, Held<E>>();
  readonly #late = new SettledLate();
  #waiting = new Set<Held<E>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  add(delivery: Delivery<E>, answer: Answer, endsAtMs: number): Held<E> {
    const held = this.#byId.get(joinId(delivery) ?? "") ?? this.#hold(delivery);
    held.requests.set(answer, endsAtMs);
    this.#size += 1;
    return held;
  }

  remove(held: Held<E>, answer: Answer): void {
    if (!held.requests.delete(answer) || !this.#open.has(held.token)) return;
    this.#size -= 1;
    if (held.requests.size === 0) this.#end(held);
  }

  take(limit: number): readonly Held<E>[] {
    const taken = [...this.#waiting].slice(0, limit);
    for (const held of taken) this.#waiting.delete(held);
    return taken;
  }

  putBack(taken: readonly Held<E>[]): void {
    const stillOpen = taken.filter((held) => this.#open.has(held.token));
    this.#waiting = new Set([...stillOpen, ...this.#waiting]);
  }

  settle(token: object): readonly Answer[] | undefined {
    const held = this.#open.get(token);
    if (!held) return undefined;
    this.#end(held);
    this.#size -= held.requests.size;
    return [...held.requests.keys()];
  }

  settleLate(token: object): readonly Answer[] {
    const again = this.#byId.get(this.#late.add(token) ?? "");
    return (again && this.settle(again.token)) ?? [];
  }

  isSettled(delivery: Delivery<E>): boolean {
    return this.#late.has(joinId(delivery));
  }

  clear(): readonly Answer[] {
    return [...this.#open.keys()].flatMap((token) => this.settle(token) ?? []);
  }

  #hold(delivery: Delivery<E>): Held<E> {
    const held: Held<E> = { delivery, token: {}, requests: new Map() };
    const id = joinId(delivery);
    this.#open.set(held.token, held);
    this.#waiting.add(held);
    if (id === undefined) return held;
    this.#byId.set(id, held);
    this.#late.name(held.token, id);
    return held;
  }

  #end(held: Held<E>): void {
    this.#open.delete(held.token);
    this.#waiting.delete(held);
    const id = joinId(held.delivery);
    if (id !== undefined) this.#byId.delete(id);
  }
}

/** What a resend is known by. A derived id says nothing: two messages may be equal. */
function joinId(delivery: Delivery): string | undefined {
  if (delivery.event === undefined || delivery.idDerived) return undefined;
  return delivery.identity ?? identityOf(delivery.event);
}
