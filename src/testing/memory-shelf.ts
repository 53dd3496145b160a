import { throwIfAborted } from "../core/abort.ts";
import { AckloopError, isAckloopError } from "../core/errors.ts";
import type { FeedEvent } from "../core/event.ts";
import type { AckVerdict, Delivery, Page, Receipt, UnreadableDelivery } from "../core/feed.ts";
import { fromReceipt, toReceipt } from "../core/feed.ts";
import { sleep } from "../core/sleep.ts";
import { type MemorySettings, wrong } from "./memory-options.ts";

/** One thing that was published. It is kept as text, so that what a handler does to it ends there. */
interface Item {
  /** The event's id; absent for what cannot be read, and for what is none of this feed's. */
  readonly id: string | undefined;
  /** Absent for what is none of this feed's. */
  readonly text: string | undefined;
  readonly hasReceipt: boolean;
  acked: boolean;
  /** Until when a reader has it, in epoch ms. */
  hiddenUntil: number;
  attempts: number;
}

/** What a look at the shelf found. */
interface Found {
  readonly indexes: readonly number[];
  /** The last item that was looked at; absent where there was none. */
  readonly last: number | undefined;
}

const ACKED: AckVerdict = Object.freeze({ status: "acked" });
const GONE: AckVerdict = Object.freeze({ status: "gone" });

/** What all feed objects of one memory share: the provider's side. */
export class MemoryShelf {
  /** The ids of what was acknowledged, in the order of the acks. */
  readonly acked: string[] = [];
  readonly #settings: MemorySettings;
  readonly #items: Item[] = [];
  readonly #sleepers = new Set<AbortController>();
  /** The index of the first item that may not be acked; all before it are. */
  #first = 0;

  constructor(settings: MemorySettings) {
    this.#settings = settings;
  }

  /** Adds events, all of them or none. */
  publish(events: readonly FeedEvent[]): void {
    const texts = events.map((event) => [event.id, toText(event)] as const);
    for (const [id, text] of texts) this.#add({ id, text });
  }

  /** Adds an item that cannot be read. */
  publishUnreadable(raw: unknown, hasReceipt: boolean): void {
    this.#add({ id: undefined, text: toText(raw ?? null), hasReceipt });
  }

  /** Adds items that are none of this feed's. */
  publishElsewhere(count: number): void {
    for (let added = 0; added < count; added += 1) this.#add({ id: undefined, text: undefined });
  }

  #add(facts: Pick<Item, "id" | "text"> & { readonly hasReceipt?: boolean }): void {
    this.#items.push({ hasReceipt: true, ...facts, acked: false, hiddenUntil: 0, attempts: 0 });
    this.#wake();
  }

  /** Brings the next deliveries, and waits for them where that is asked. */
  async pull(
    limit: number,
    after: Receipt | undefined,
    waitMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Page> {
    const endsAt = Date.now() + waitMs;
    let found = this.#look(limit, after);
    for (;;) {
      const leftMs = endsAt - Date.now();
      if (found.last !== undefined || leftMs <= 0) return this.#take(found);
      await this.#nap(Math.min(leftMs, this.#untilNextLeaseEnds()), signal);
      found = this.#look(limit, after);
    }
  }

  #look(limit: number, after: Receipt | undefined): Found {
    while (this.#items[this.#first]?.acked) this.#first += 1;
    const { pages } = this.#settings;
    const now = Date.now();
    const indexes: number[] = [];
    let last: number | undefined;
    let count = 0;
    for (let index = this.#placeOf(after); index < this.#items.length; index += 1) {
      if (count >= limit) break;
      const item = this.#items[index];
      if (!item || !isOpen(item, now)) continue;
      // In a list there is no way to say that one has moved on; a page says so.
      if (item.text === undefined && !pages) continue;
      if (item.text !== undefined) indexes.push(index);
      count += 1;
      last = index;
    }
    return { indexes, last };
  }

  /** Only a log is read on behind a receipt; whatever comes again is at the head of the others. */
  #placeOf(after: Receipt | undefined): number {
    const { acks, pulls } = this.#settings;
    const isLog = acks === "cumulative" && pulls === "onward";
    return isLog && after !== undefined ? fromReceipt<number>(after) + 1 : this.#first;
  }

  #take({ indexes, last }: Found): Page {
    const { acks, leaseMs } = this.#settings;
    const hiddenUntil = leaseMs === undefined ? Infinity : Date.now() + leaseMs;
    let bytes = 0;
    const deliveries = indexes.map((index) => {
      const item = this.#items[index] as Item;
      item.attempts += 1;
      if (this.#isQueue()) item.hiddenUntil = hiddenUntil;
      bytes += item.text?.length ?? 0;
      return this.#deliver(item, index, index === last);
    });
    const hasPlace = acks === "cumulative" && last !== undefined;
    return {
      deliveries,
      more: this.#hasMore(last),
      bytes,
      ...(hasPlace && { receipt: toReceipt(last) }),
    };
  }

  #hasMore(last: number | undefined): boolean {
    const now = Date.now();
    return last !== undefined && this.#items.slice(last + 1).some((item) => isOpen(item, now));
  }

  #isQueue(): boolean {
    return this.#settings.acks === "individual" && this.#settings.pulls === "onward";
  }

  #deliver(item: Item, index: number, isLast: boolean): Delivery {
    const { receipts, leaseMs, again } = this.#settings;
    const hasReceipt = item.hasReceipt && (receipts === "each" || isLast);
    const facts = {
      ...(hasReceipt && { receipt: toReceipt(index) }),
      ...(this.#isQueue() && { attempt: item.attempts }),
      ...(leaseMs !== undefined && { leaseMs }),
    };
    const read = (): Delivery => {
      const raw: unknown = JSON.parse(item.text ?? "null");
      const common = { ...facts, ...(again && { again: read }), raw };
      // It was checked when it was published.
      if (item.id !== undefined) return { ...common, event: raw as FeedEvent };
      return { ...common, unreadable: unreadableAt(index) } as UnreadableDelivery;
    };
    return read();
  }

  /** Acknowledges a receipt, and what is before it where acks are cumulative. */
  settle(receipt: Receipt): AckVerdict {
    const index = fromReceipt<number>(receipt);
    if (this.#items[index] === undefined) {
      return failed(new AckloopError("request", "this receipt is not one of this feed"));
    }
    const first = this.#settings.acks === "cumulative" ? this.#first : index;
    let verdict = GONE;
    for (let at = first; at <= index; at += 1) {
      const item = this.#items[at];
      if (!item || item.acked) continue;
      item.acked = true;
      if (item.text !== undefined) this.acked.push(this.idOf(toReceipt(at)));
      verdict = ACKED;
    }
    return verdict;
  }

  /** Hides items until a time, in epoch ms; one in the past shows them. */
  hide(receipts: readonly Receipt[], until: number): void {
    for (const receipt of receipts) {
      const item = this.#items[fromReceipt<number>(receipt)];
      if (item) item.hiddenUntil = until;
    }
    this.#wake();
  }

  /** Shows all that is hidden. */
  showAll(): void {
    for (const item of this.#items) item.hiddenUntil = 0;
    this.#wake();
  }

  /** The id of an event; of what has none its place. */
  idOf(receipt: Receipt): string {
    const index = fromReceipt<number>(receipt);
    return this.#items[index]?.id ?? `items[${index}]`;
  }

  #untilNextLeaseEnds(): number {
    const now = Date.now();
    const ends = this.#items
      .filter(({ acked, hiddenUntil }) => !acked && hiddenUntil > now)
      .map(({ hiddenUntil }) => hiddenUntil - now);
    return ends.reduce((least, each) => Math.min(least, each), Infinity);
  }

  #wake(): void {
    for (const sleeper of this.#sleepers) sleeper.abort();
  }

  /** Waits until something may have come, or for so long; rejects when the caller's signal fires. */
  async #nap(waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    const sleeper = new AbortController();
    const onAbort = (): void => sleeper.abort();
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#sleepers.add(sleeper);
    await sleep(waitMs, sleeper.signal).catch(() => {});
    this.#sleepers.delete(sleeper);
    signal?.removeEventListener("abort", onAbort);
    throwIfAborted(signal);
  }
}

/** The verdict of a receipt that failed. */
export function failed(error: unknown): AckVerdict {
  const known = isAckloopError(error) ? error : new AckloopError("request", String(error));
  return { status: "failed", error: known };
}

function isOpen({ acked, hiddenUntil }: Item, now: number): boolean {
  return !acked && hiddenUntil <= now;
}

function unreadableAt(index: number): AckloopError {
  const path = `items[${index}]`;
  return new AckloopError("schema", `${path} cannot be read`, { path });
}

function toText(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // Circles and BigInts are no JSON, and no provider could have sent them.
  }
  if (text === undefined) throw wrong("memoryFeed publish", "what is published must be JSON");
  return text;
}
