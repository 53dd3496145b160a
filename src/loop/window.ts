import type { FeedEvent } from "../core/event.ts";
import type { Delivery, Feed } from "../core/feed.ts";
import type { Entry } from "./entry.ts";
import { toEntry } from "./entry.ts";
import { toText } from "./storable.ts";
import type { Mark } from "./watermark.ts";
import { Watermark } from "./watermark.ts";

/** What a delivery turned out to be. */
export type Arrival =
  /** New to this run. */
  | { readonly entry: Entry; readonly fresh: true }
  /** Known: it joined its entry. */
  | { readonly entry: Entry; readonly fresh: false };

/**
 * The deliveries a run holds, from pulled to acknowledged, and how a returning one is known again.
 *
 * An id that comes back joins its entry: its newer receipt replaces the older, and it is handled
 * once. It counts as settled only if its entry is.
 */
export class Window {
  readonly #known = new Map<string, Entry>();
  readonly #cumulative: boolean;
  readonly #unacked: boolean;
  /** Acked while a pull was under way that may still bring them. */
  readonly #leaving: Entry[] = [];
  #pulling = false;
  #serial = 0;
  #held = 0;
  #open = 0;
  readonly watermark = new Watermark<Entry>();

  constructor(feed: Pick<Feed, "acks" | "pulls">) {
    this.#cumulative = feed.acks === "cumulative";
    this.#unacked = feed.pulls === "unacked";
  }

  /** How many deliveries are not settled. */
  get open(): number {
    return this.#open;
  }

  /** How many deliveries are not acknowledged, those that are settled included. */
  get held(): number {
    return this.#cumulative ? this.watermark.held : this.#held;
  }

  /** The entry that has been open longest. */
  get oldest(): Entry | undefined {
    for (const entry of this.#known.values()) if (entry.state === "open") return entry;
    return undefined;
  }

  /** Every entry that is open, oldest first. */
  *openEntries(): Generator<Entry> {
    for (const entry of this.#known.values()) if (entry.state === "open") yield entry;
  }

  /** Takes in a delivery. */
  accept(delivery: Delivery<FeedEvent>): Arrival {
    const id = this.#idOf(delivery);
    const known = this.#known.get(id);
    if (known) {
      this.#join(known, delivery);
      return { entry: known, fresh: false };
    }
    const entry = toEntry(id, delivery);
    this.#known.set(id, entry);
    this.#open += 1;
    this.#held += 1;
    if (this.#cumulative) {
      entry.positions.push(this.watermark.push(entry, delivery.receipt));
    }
    return { entry, fresh: true };
  }

  /** An entry's outcome is final. */
  settle(entry: Entry): void {
    if (entry.state !== "open") return;
    entry.state = "settled";
    this.#open -= 1;
    for (const position of entry.positions) this.watermark.settle(position);
  }

  /** An individual ack is confirmed. */
  acked(entry: Entry): void {
    if (entry.state === "acked") return;
    entry.state = "acked";
    this.#held -= 1;
    // A list that was asked for before the ack may still hold it; a later one would mean it anew.
    if (this.#unacked && this.#pulling) this.#leaving.push(entry);
    else this.#known.delete(entry.id);
  }

  /** An individual delivery came without a receipt: nothing can be acked, so it is only known. */
  unackable(entry: Entry): void {
    this.#held -= 1;
    if (!this.#unacked) this.#known.delete(entry.id);
  }

  /** A cumulative ack is confirmed; gives how many events it let go of. */
  confirm(mark: Mark): number {
    let count = 0;
    for (const entry of this.watermark.confirm(mark)) {
      const last = entry.positions.at(-1) ?? -1;
      if (last < mark.end && this.#known.delete(entry.id)) count += 1;
    }
    return count;
  }

  /** A pull begins. */
  pullBegins(): void {
    this.#pulling = true;
  }

  /** The pull has ended, and what it brought was taken in. */
  pullEnded(): void {
    this.#pulling = false;
    for (const entry of this.#leaving.splice(0)) this.#known.delete(entry.id);
  }

  #join(entry: Entry, delivery: Delivery): void {
    if (delivery.receipt !== undefined) entry.receipt = delivery.receipt;
    if (!this.#cumulative) return;
    const position = this.watermark.push(entry, delivery.receipt);
    entry.positions.push(position);
    if (entry.state !== "open") this.watermark.settle(position);
  }

  #idOf(delivery: Delivery): string {
    this.#serial += 1;
    if (delivery.event === undefined) return `unreadable ${toText(delivery.raw)}`;
    return delivery.idDerived ? `derived ${this.#serial}` : delivery.event.id;
  }
}
