import { type AckloopError, isAckloopError } from "./errors.ts";
import type { FeedEvent } from "./event.ts";
import type { Delivery, DeliveryFacts, Receipt } from "./feed.ts";

/** How a page is read. */
export interface PageReading<E extends FeedEvent> {
  /** Reads the items of the page anew, from the text that the wire brought. */
  readonly items: () => readonly unknown[];
  /** Makes the event of an item, or the error that tells what is wrong with it. */
  readonly toEvent: (item: unknown, index: number) => E | AckloopError;
}

/**
 * A page of events, whose text is kept as long as one of its deliveries is, so that each of them can be
 * read anew.
 */
export class EventPage<E extends FeedEvent> {
  readonly #reading: PageReading<E>;
  /** Items that were parsed anew and given to nobody yet, so that one parse serves the whole page. */
  readonly #spare = new Map<number, unknown>();

  constructor(reading: PageReading<E>) {
    this.#reading = reading;
  }

  /** Makes the delivery of the item at `index`, from what the item was read as. */
  deliver(index: number, raw: unknown, read: E | AckloopError, receipt?: Receipt): Delivery<E> {
    // Whether it is readable decides which of the two shapes it has.
    return new PageDelivery(this, index, raw, read, receipt) as Delivery<E>;
  }

  /** Makes the delivery again, of an item that nobody has seen. */
  again(index: number, receipt: Receipt | undefined): Delivery<E> {
    const { items, toEvent } = this.#reading;
    if (!this.#spare.has(index)) {
      for (const [at, item] of items().entries()) this.#spare.set(at, item);
    }
    const item = this.#spare.get(index);
    this.#spare.delete(index);
    return this.deliver(index, item, toEvent(item, index), receipt);
  }
}

/** A class, since a closure for each delivery would cost every event what few of them need. */
class PageDelivery<E extends FeedEvent> implements DeliveryFacts<E> {
  readonly event: E | undefined;
  readonly unreadable: AckloopError | undefined;
  readonly raw: unknown;
  readonly receipt: Receipt | undefined;
  // Hidden, so that who prints a delivery does not print its whole page.
  readonly #page: EventPage<E>;
  readonly #index: number;

  constructor(
    page: EventPage<E>,
    index: number,
    raw: unknown,
    read: E | AckloopError,
    receipt: Receipt | undefined,
  ) {
    const isUnreadable = isAckloopError(read);
    this.event = isUnreadable ? undefined : read;
    this.unreadable = isUnreadable ? read : undefined;
    this.raw = raw;
    this.receipt = receipt;
    this.#page = page;
    this.#index = index;
  }

  again(): Delivery<E> {
    return this.#page.again(this.#index, this.receipt);
  }
}
