import type { FeedEvent } from "../../core/event.ts";
import { type Delivery, type Feed, fromReceipt, type Page, type Receipt } from "../../core/feed.ts";
import {
  EventMap,
  hasOwnId,
  identityOf,
  isNameless,
  namelessIdentity,
} from "../../core/identity.ts";
import type { Message, PageWeight } from "./entry.ts";
import { Entry, isStale } from "./entry.ts";
import type { Seen } from "./lately.ts";
import { Lately } from "./lately.ts";
import { Queue } from "./queue.ts";
import { toText } from "./storable.ts";
import type { Reach } from "./watermark.ts";
import { Watermark } from "./watermark.ts";

/** How many that can never be acked are known again: their content may be another each time. */
const MOST_UNACKABLE = 1000;

/** How many further messages of an event are kept from earlier pages; what is dropped comes again. */
const MOST_STALE = 100;

/**
 * The deliveries a run holds, from pulled to acknowledged, and how a returning one is known again.
 *
 * It counts and remembers, and decides nothing. An event that comes back joins its entry and is handled
 * once. Whether another receipt is a second message or replaces one whose lease has ended is not told
 * apart: the entry owns all of them, and each is acked.
 */
export class Window {
  readonly watermark = new Watermark<Entry>();
  /** What is known by its event's source and id. */
  readonly #events = new EventMap<Entry>();
  /** What is known by a name of its own. */
  readonly #named = new Map<string, Entry>();
  readonly #lately = new Lately();
  readonly #cumulative: boolean;
  readonly #unacked: boolean;
  /** Acked while a pull was under way that may still bring them. */
  readonly #leaving: Entry[] = [];
  /** What can never be acked, oldest first. */
  readonly #unackables = new Queue<Entry>();
  #pulling = false;
  /** The receipts that say nothing as text, and their numbers. */
  readonly #handles = new WeakMap<object, string>();
  #handleCount = 0;
  #nameless = 0;
  #known = 0;
  #held = 0;
  #open = 0;
  #bytes = 0;

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

  /** How many deliveries are known, those included that can never be acknowledged. */
  get known(): number {
    return this.#known;
  }

  /** How many messages of what is open are not acknowledged. */
  get messages(): number {
    let count = 0;
    for (const { unacked } of this.openEntries()) count += Math.max(1, unacked);
    return count;
  }

  /** How many messages of what is open the last page that brought each event has shown. */
  get shown(): number {
    let count = 0;
    for (const entry of this.openEntries()) {
      let shown = isStale(entry) ? 0 : 1;
      for (const message of entry.further?.values() ?? []) if (!isStale(message)) shown += 1;
      count += Math.max(1, shown);
    }
    return count;
  }

  /** The length of the pages of which something is held, as far as the feed tells it. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The entry that has been open longest. */
  get oldest(): Entry | undefined {
    let oldest: Entry | undefined;
    for (const entry of this.openEntries()) {
      if (oldest === undefined || entry.openedAt < oldest.openedAt) oldest = entry;
    }
    return oldest;
  }

  /** Whether the event of a delivery is open here already, as far as its id tells. */
  isOpen(delivery: Delivery): boolean {
    const { event } = delivery;
    return (
      event !== undefined && hasOwnId(delivery) && this.#get(undefined, event)?.state === "open"
    );
  }

  /** Every entry that is open. */
  *openEntries(): Generator<Entry> {
    for (const entry of this.#events.values()) if (entry.state === "open") yield entry;
    for (const entry of this.#named.values()) if (entry.state === "open") yield entry;
  }

  /** What is open and came first, at most so many. */
  firstOpen(most: number): readonly Entry[] {
    const found: Entry[] = [];
    for (const entries of [this.#events.values(), this.#named.values()]) {
      let left = most;
      for (const entry of entries) {
        if (left <= 0) break;
        if (entry.state !== "open") continue;
        found.push(entry);
        left -= 1;
      }
    }
    return found.sort((one, other) => one.openedAt - other.openedAt).slice(0, most);
  }

  /** A pull begins. */
  pullBegins(): void {
    this.#pulling = true;
  }

  /** The pull has ended, and what it brought was taken in. */
  pullEnded(): void {
    this.#pulling = false;
    for (const entry of this.#leaving.splice(0)) this.#forget(entry);
  }

  /** Opens a page: gives what its deliveries are taken in with. */
  openPage(page: Page, poll?: unknown): OpenPage {
    // A feed of the user's may hand on a header's text, and sums of texts never end.
    const bytes = Number.isFinite(page.bytes) ? Number(page.bytes) : 0;
    const weight = { bytes, openedAt: performance.now(), held: 0, poll };
    const receipt = page.receipt ?? page.deliveries.at(-1)?.receipt;
    return { weight, receipt, seen: [], names: new Map(), messages: new Map() };
  }

  /** Takes in one delivery of a page. */
  accept(delivery: Delivery, page: OpenPage): Accepted {
    const name = this.#nameOf(delivery, page);
    const { event } = delivery;
    page.seen.push(name === undefined && event ? event : this.#seenAs(name ?? "", delivery, page));
    const known = this.#get(name, event);
    const accepted =
      known && this.#isSame(known)
        ? this.#join(known, delivery, page.weight)
        : this.#add(name, delivery, page.weight);
    if (!this.#cumulative) putBeside(accepted.message, delivery.receipt, page.messages);
    return accepted;
  }

  #add(name: string | undefined, delivery: Delivery, weight: PageWeight): Accepted {
    const entry = new Entry(name, delivery, weight);
    if (name !== undefined) this.#named.set(name, entry);
    else if (delivery.event !== undefined) this.#events.set(delivery.event, entry);
    this.#known += 1;
    this.#open += 1;
    this.#held += 1;
    if (weight.held === 0) this.#bytes += weight.bytes;
    weight.held += 1;
    if (this.#cumulative) entry.position = this.watermark.push(entry, delivery.receipt);
    return { message: entry, as: "fresh" };
  }

  /**
   * Closes a page when all of it was taken in. True when the pages before held all of it: a provider
   * that is slow, or deaf, and brings back what was acked.
   */
  closePage({ seen }: OpenPage, receipt: Page["receipt"]): boolean {
    if (this.#cumulative && receipt !== undefined) this.watermark.push(undefined, receipt, true);
    return this.#lately.isRepeat(seen);
  }

  /** An entry's outcome is final. */
  settle(entry: Entry): void {
    if (entry.state !== "open") return;
    entry.state = "settled";
    this.#open -= 1;
    if (!this.#cumulative) return;
    this.watermark.settle(entry.position);
    for (const position of entry.earlier ?? []) this.watermark.settle(position);
  }

  /** An individual ack is confirmed, for all that have its receipt; gives how many events it let go of. */
  acked(message: Message): number {
    const { beside, receipt } = message;
    if (beside === undefined) return this.#acked(message) ? 1 : 0;
    return [...beside].filter((each) => each.receipt === receipt && this.#acked(each)).length;
  }

  /** True when it was the last of its event. */
  #acked({ entry, receipt }: Message): boolean {
    if (entry.state === "acked") return false;
    if (receipt !== undefined) entry.further?.delete(receipt);
    entry.unacked -= 1;
    if (entry.unacked > 0) return false;
    entry.state = "acked";
    this.#letGo(entry);
    // A list that was asked for before the ack may still hold it; a later one would mean it anew.
    if (this.#unacked && this.#pulling) this.#leaving.push(entry);
    else this.#forget(entry);
    return true;
  }

  /** A message is not acked any more, nor what has its receipt; gives how many events that let go of. */
  drop(message: Message): number {
    const count = this.acked(message);
    const { receipt } = message;
    for (const each of message.beside ?? [message])
      if (each.receipt === receipt) each.receipt = undefined;
    return count;
  }

  /** Nothing is done with an individual entry, nor acked: its event comes again, as another entry. */
  leave(entry: Entry): void {
    this.settle(entry);
    entry.state = "acked";
    this.#letGo(entry);
    this.#forget(entry);
  }

  /** An individual delivery came without a receipt: nothing can be acked, so it is only known. */
  unackable(entry: Entry): void {
    entry.state = "acked";
    this.#letGo(entry);
    if (!this.#unacked) this.#forget(entry);
    else this.#unackables.push(entry);
    const oldest = this.#unackables.length > MOST_UNACKABLE ? this.#unackables.shift() : undefined;
    if (oldest) this.#forget(oldest);
  }

  /** A cumulative ack is confirmed; gives how many events it let go of. */
  confirm(reach: Reach): number {
    let count = 0;
    this.watermark.confirm(reach, (entry, position) => {
      // One that came again behind it is held on to until that place is acked too.
      if (position !== entry.position || entry.state === "acked") return;
      entry.state = "acked";
      this.#letGo(entry);
      this.#forget(entry);
      count += 1;
    });
    return count;
  }

  #letGo({ page }: Entry): void {
    this.#held -= 1;
    page.held -= 1;
    if (page.held === 0) this.#bytes -= page.bytes;
  }

  /**
   * What has no id is known again by its content. In a cumulative feed that is not enough once it is
   * settled: another of the same content would be acked with it, and never be handled.
   */
  #isSame({ name, state }: Entry): boolean {
    return !this.#cumulative || state === "open" || name === undefined || !isNameless(name);
  }

  #join(entry: Entry, { receipt }: Delivery, weight: PageWeight): Accepted {
    if (!this.#cumulative) return this.#joinMessage(entry, receipt, weight);
    // Where nothing since can be acked, it stands where it stood.
    if (receipt !== undefined || this.watermark.lastReceipt >= entry.position) {
      entry.earlier ??= [];
      entry.earlier.push(entry.position);
      entry.position = this.watermark.push(entry, receipt, entry.state !== "open");
    }
    return { message: entry, as: "known" };
  }

  #joinMessage(entry: Entry, receipt: Receipt | undefined, seenIn: PageWeight): Accepted {
    const { state, name } = entry;
    const isSure = name === undefined || !isNameless(name);
    // Known by its content it may be another one: what is not acked comes again, and is handled.
    const mayJoin = state === "open" || (isSure && state === "settled");
    if (receipt === undefined || !mayJoin) return { message: entry, as: "known" };
    entry.latest = seenIn;
    const known = entry.receipt === receipt ? entry : entry.further?.get(receipt);
    if (known === undefined && entry.receipt !== undefined && isSure)
      return this.#addMessage({ entry, receipt, seenIn, refusals: 0 });
    const message = known ?? entry;
    const as = message.receipt === undefined ? "further" : "known";
    if (as === "further") {
      entry.unacked += 1;
      entry.refusals = 0;
    }
    message.receipt = receipt;
    message.seenIn = seenIn;
    return { message, as };
  }

  #addMessage(message: Message & { readonly receipt: Receipt }): Accepted {
    const { entry, receipt } = message;
    entry.further ??= new Map();
    const [oldest] = entry.further.values();
    const isMany = entry.further.size >= MOST_STALE;
    entry.further.set(receipt, message);
    entry.unacked += 1;
    if (isMany && oldest && isStale(oldest)) this.drop(oldest);
    return { message, as: "further" };
  }

  /** What comes again without an id is known by its receipt; in a list by its content too. */
  #seenAs(name: string, delivery: Delivery, page: OpenPage): Seen {
    const { receipt = page.receipt } = delivery;
    const named = { source: "", id: name };
    if (!isNameless(name) || (this.#unacked && receipt === undefined)) return named;
    const handle = this.#handleOf(receipt);
    const isOwn = delivery.receipt !== undefined && handle === undefined;
    const placed = { source: isOwn ? "" : contentOf(delivery), id: handle ?? toText(receipt) };
    return this.#unacked ? { ...named, or: placed } : placed;
  }

  /** A receipt that says nothing as text, a held request say: in a queue each is one of its own. */
  #handleOf(receipt: Receipt | undefined): string | undefined {
    const value = fromReceipt<object | (() => unknown)>(receipt as Receipt);
    const isObject = typeof value === "object" && value !== null;
    if (typeof value !== "function" && !(isObject && toText(value) === "{}")) return undefined;
    if (this.#cumulative) return "";
    const known = this.#handles.get(value);
    if (known !== undefined) return known;
    this.#handleCount += 1;
    this.#handles.set(value, `${this.#handleCount}`);
    return `${this.#handleCount}`;
  }

  #get(name: string | undefined, event: FeedEvent | undefined): Entry | undefined {
    if (name !== undefined) return this.#named.get(name);
    return event && this.#events.get(event);
  }

  #forget(entry: Entry): void {
    this.#known -= 1;
    if (entry.name === undefined) this.#events.delete(entry);
    else if (this.#named.get(entry.name) === entry) this.#named.delete(entry.name);
  }

  /** The name of what cannot be known by its event; `undefined` where it can. */
  #nameOf(delivery: Delivery, page: OpenPage): string | undefined {
    const { identity } = delivery;
    // What is no text, or an empty one, says nothing: by it all would be one.
    if (typeof identity === "string" && identity !== "") return identity;
    if (hasOwnId(delivery)) return undefined;
    const content = contentOf(delivery);
    if (!this.#unacked) {
      this.#nameless += 1;
      return namelessIdentity(content, this.#nameless);
    }
    // A list brings it again: it is known by its content, and its place among equals in the page.
    const among = (page.names.get(content) ?? 0) + 1;
    page.names.set(content, among);
    return namelessIdentity(content, among);
  }
}

/** Puts a message beside those of its page that have its receipt. */
function putBeside(
  message: Message,
  receipt: Receipt | undefined,
  page: Map<Receipt, Message>,
): void {
  if (receipt === undefined || receipt !== message.receipt) return;
  const other = page.get(receipt);
  if (other === undefined) page.set(receipt, message);
  if (other === undefined || other === message) return;
  const group = other.beside ?? new Set([other]);
  other.beside = group;
  for (const each of message.beside ?? [message]) {
    group.add(each);
    each.beside = group;
  }
}

/** What is known by its content; an id that was made of it stands for it. */
function contentOf({ event, raw }: Delivery): string {
  return event && event.id !== "" ? identityOf(event) : toText([event, raw]);
}

/** What a delivery was taken in as: an event new to this run, a further message of one, or known. */
export interface Accepted {
  readonly message: Message;
  readonly as: "fresh" | "further" | "known";
}

/** A page that is being taken in. */
export interface OpenPage {
  readonly weight: PageWeight;
  /** What acknowledges its end. */
  readonly receipt: Receipt | undefined;
  /** What it has held so far. */
  readonly seen: Seen[];
  /** How many it has held of each content that has no id. */
  readonly names: Map<string, number>;
  /** What was taken in first with each receipt, where each is acknowledged by itself. */
  readonly messages: Map<Receipt, Message>;
}
