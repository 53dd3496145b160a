import type { Receipt } from "../../core/feed.ts";

/** A receipt that may be acknowledged, and how far it reaches. */
export interface Reach {
  /** What to acknowledge. */
  readonly receipt: Receipt;
  /** The position after the last delivery that it covers. */
  readonly end: number;
}

interface Place<Item> {
  /** Absent where a page has moved on and held nothing. */
  readonly item: Item | undefined;
  readonly receipt: Receipt | undefined;
  settled: boolean;
}

/**
 * The contiguous settled prefix of a cumulative feed's deliveries.
 *
 * Deliveries get positions in the order they came. {@link Watermark.next} gives the furthest receipt
 * strictly before the first unsettled one, so no acknowledgement ever passes an open delivery, and none
 * goes back behind one that was sent. It holds every delivery until an acknowledgement that covers it is
 * confirmed, since until then the provider may bring it again.
 */
export class Watermark<Item> {
  readonly #places: Place<Item>[] = [];
  /** The index in `#places` of the first place still held; those before are spent. */
  #head = 0;
  /** The position of `#places[0]`. */
  #base = 0;
  /** The position of the first unsettled delivery, or the end. */
  #prefix = 0;
  #next: Reach | undefined;
  /** Nothing up to here may be offered any more. */
  #spent = 0;

  /** Adds a delivery at the end, and gives its position. */
  push(item: Item | undefined, receipt: Receipt | undefined, settled = false): number {
    this.#places.push({ item, receipt, settled });
    if (settled) this.#advance();
    return this.#base + this.#places.length - 1;
  }

  /** Settles a position; once more, or after it was confirmed, is nothing. */
  settle(position: number): void {
    const place = this.#places[position - this.#base];
    if (place === undefined || place.settled) return;
    place.settled = true;
    this.#advance();
  }

  /** The furthest receipt that may be acknowledged now, if there is one that was not sent. */
  get next(): Reach | undefined {
    return this.#next;
  }

  /** Takes a receipt off the offer: it is being acknowledged, or must never be sent (again). */
  take(reach: Reach): void {
    this.#spent = Math.max(this.#spent, reach.end);
    if (this.#next && this.#next.end <= this.#spent) this.#next = undefined;
  }

  /** Offers a receipt again that was taken and not confirmed, unless a further one is on offer or was sent. */
  putBack(reach: Reach): void {
    if (this.#next !== undefined || reach.end < this.#spent) return;
    if (reach.end > this.#base + this.#head) this.#next = reach;
  }

  /** Lets go of all that a confirmed receipt covers: `release` gets each, with its position, in order. */
  confirm(reach: Reach, release: (item: Item, position: number) => void): void {
    this.take(reach);
    const end = Math.min(reach.end - this.#base, this.#places.length);
    for (let at = this.#head; at < end; at += 1) {
      const item = this.#places[at]?.item;
      if (item !== undefined) release(item, this.#base + at);
    }
    this.#head = Math.max(this.#head, end);
    // What is spent holds its event, however large: never more of them than are held anyway.
    if (this.#head * 2 >= this.#places.length) {
      this.#places.splice(0, this.#head);
      this.#base += this.#head;
      this.#head = 0;
    }
  }

  /** How many deliveries are not yet covered by a confirmed acknowledgement. */
  get held(): number {
    return this.#places.length - this.#head;
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
