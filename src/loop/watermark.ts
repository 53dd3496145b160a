import type { Receipt } from "../core/feed.ts";

/** A receipt that may be acknowledged, and how far it reaches. */
export interface Mark {
  /** What to acknowledge. */
  readonly receipt: Receipt;
  /** The position after the last delivery that it covers. */
  readonly end: number;
}

interface Place<Item> {
  readonly item: Item;
  readonly receipt: Receipt | undefined;
  settled: boolean;
}

/**
 * The contiguous settled prefix of a cumulative feed's deliveries.
 *
 * Deliveries get positions in the order they came. {@link Watermark.next} gives the furthest
 * receipt strictly before the first unsettled one, so no acknowledgement ever passes an open
 * delivery, and none is offered twice. It holds every delivery until an acknowledgement that covers
 * it is confirmed, since until then the provider may bring it again.
 */
export class Watermark<Item> {
  readonly #places: Place<Item>[] = [];
  /** The index in `#places` of the first place still held; those before are spent. */
  #head = 0;
  /** The position of `#places[0]`. */
  #base = 0;
  /** The position of the first unsettled delivery, or the end. */
  #prefix = 0;
  #next: Mark | undefined;
  /** Nothing up to here may be offered again. */
  #offered = 0;

  /** Adds a delivery at the end, and gives its position. */
  push(item: Item, receipt: Receipt | undefined): number {
    this.#places.push({ item, receipt, settled: false });
    return this.#base + this.#places.length - 1;
  }

  /** Settles a position; once more, or after it was confirmed, is nothing. */
  settle(position: number): void {
    const place = this.#places[position - this.#base];
    if (place === undefined || place.settled) return;
    place.settled = true;
    this.#advance();
  }

  /** The furthest receipt that may be acknowledged now, if there is one that was not offered. */
  get next(): Mark | undefined {
    return this.#next;
  }

  /** Takes a mark off the offer: it is being acknowledged, or must never be sent (again). */
  take(mark: Mark): void {
    this.#offered = Math.max(this.#offered, mark.end);
    if (this.#next && this.#next.end <= this.#offered) this.#next = undefined;
  }

  /** Offers a mark again whose acknowledgement certainly had no effect. */
  putBack(mark: Mark): void {
    if (this.#next === undefined) this.#next = mark;
  }

  /** Lets go of all that a confirmed mark covers, and gives it, in order. */
  confirm(mark: Mark): Item[] {
    this.take(mark);
    const end = Math.min(mark.end - this.#base, this.#places.length);
    const covered = this.#places.slice(this.#head, end).map((place) => place.item);
    this.#head = Math.max(this.#head, end);
    // What is spent holds its event, however large: never more of them than are held anyway.
    if (this.#head * 2 >= this.#places.length) {
      this.#places.splice(0, this.#head);
      this.#base += this.#head;
      this.#head = 0;
    }
    return covered;
  }

  /** How many deliveries are not yet covered by a confirmed acknowledgement. */
  get held(): number {
    return this.#places.length - this.#head;
  }

  /** Whether every delivery so far is settled. */
  get allSettled(): boolean {
    return this.#prefix === this.#base + this.#places.length;
  }

  #advance(): void {
    for (;;) {
      const place = this.#places[this.#prefix - this.#base];
      if (place === undefined || !place.settled) return;
      this.#prefix += 1;
      if (place.receipt !== undefined) this.#next = { receipt: place.receipt, end: this.#prefix };
    }
  }
}
