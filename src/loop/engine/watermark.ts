import type { Receipt } from "../../core/feed.ts";

/** A receipt that may be acknowledged, and how far it reaches. */
export interface Reach {
  /** What to acknowledge. */
  readonly receipt: Receipt;
  /** The position after the last delivery that it covers. */
  readonly end: number;
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
  /** What stands at each place; `undefined` where a page has moved on and held nothing. */
  readonly #items: (Item | undefined)[] = [];
  /** What acknowledges each place, where it can be acknowledged there. */
  readonly #receipts: (Receipt | undefined)[] = [];
  readonly #settled: boolean[] = [];
  /** The index of the first place still held; those before are spent. */
  #head = 0;
  /** The position of the first index. */
  #base = 0;
  /** The position of the first unsettled delivery, or the end. */
  #prefix = 0;
  #next: Reach | undefined;
  /** Nothing up to here may be offered any more. */
  #spent = 0;
  /** The last position that has a receipt; -1 while none has. */
  lastReceipt = -1;

  /** Adds a delivery at the end, and gives its position. A receipt that several have counts at the last. */
  push(item: Item | undefined, receipt: Receipt | undefined, settled = false): number {
    if (receipt !== undefined && receipt === this.#receipts[this.lastReceipt - this.#base])
      this.#withdraw(this.lastReceipt - this.#base);
    this.#items.push(item);
    this.#receipts.push(receipt);
    this.#settled.push(settled);
    const position = this.#base + this.#items.length - 1;
    if (receipt !== undefined) this.lastReceipt = position;
    if (settled) this.#advance();
    return position;
  }

  /** Settles a position; once more, or after it was confirmed, is nothing. */
  settle(position: number): void {
    const at = position - this.#base;
    if (this.#settled[at] !== false) return;
    this.#settled[at] = true;
    // Most settle behind one that is open.
    if (position === this.#prefix) this.#advance();
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
    // What has come since with the same receipt is not settled yet.
    if (this.#receipts[reach.end - 1 - this.#base] !== reach.receipt) return;
    if (reach.end > this.#base + this.#head) this.#next = reach;
  }

  /** Lets go of all that a confirmed receipt covers: `release` gets each, with its position, in order. */
  confirm(reach: Reach, release: (item: Item, position: number) => void): void {
    this.take(reach);
    const end = Math.min(reach.end - this.#base, this.#items.length);
    for (let at = this.#head; at < end; at += 1) {
      const item = this.#items[at];
      if (item !== undefined) release(item, this.#base + at);
    }
    this.#head = Math.max(this.#head, end);
    // What is spent holds its event, however large: never more of them than are held anyway.
    if (this.#head * 2 >= this.#items.length) {
      for (const list of [this.#items, this.#receipts, this.#settled]) list.splice(0, this.#head);
      this.#base += this.#head;
      this.#head = 0;
    }
  }

  /** The first delivery that is not yet covered by a confirmed acknowledgement. */
  get first(): Item | undefined {
    return this.#items.find((item, at) => at >= this.#head && item !== undefined);
  }

  /** How many deliveries are not yet covered by a confirmed acknowledgement. */
  get held(): number {
    return this.#items.length - this.#head;
  }

  /** A receipt counts further behind: what is on offer is one before it, if there is one. */
  #withdraw(at: number): void {
    this.#receipts[at] = undefined;
    if (this.#next?.end !== this.#base + at + 1) return;
    this.#next = undefined;
    for (let end = this.#base + at; end > this.#spent && this.#next === undefined; end -= 1) {
      const receipt = this.#receipts[end - 1 - this.#base];
      if (receipt !== undefined) this.#next = { receipt, end };
    }
  }

  #advance(): void {
    for (let at = this.#prefix - this.#base; this.#settled[at] === true; at += 1) {
      this.#prefix += 1;
      const receipt = this.#receipts[at];
      if (receipt !== undefined) this.#next = { receipt, end: this.#prefix };
    }
  }
}
