import type { FeedEvent } from "../../core/event.ts";
import type { Delivery, Feed, Page, Receipt } from "../../core/feed.ts";
import type { Identified } from "../../core/identity.ts";
import { EventMap, identityOf, isNameless, namelessIdentity } from "../../core/identity.ts";
import type { Message, PageWeight } from "./entry.ts";
import { Entry, isStale } from "./entry.ts";
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

  /** Every entry that is open. */
  *openEntries(): Generator<Entry> {
    for (const entry of this.#events.values()) if (entry.state === "open") yield entry;
    for (const entry of this.#named.values()) if (entry.state === "open") yield entry;
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
  openPage(page: Page): OpenPage {
    // A feed of the user's may hand on a header's text, and sums of texts never end.
    const bytes = Number.isFinite(page.bytes) ? Number(page.bytes) : 0;
    const weight = { bytes, openedAt: performance.now(), held: 0 };
    return { weight, events: [], names: new Map() };
  }

  /** Takes in one delivery of a page. */
  accept(delivery: Delivery, page: OpenPage): Accepted {
    const name = this.#nameOf(delivery, page);
    const { event } = delivery;
    page.events.push(name === undefined && event ? event : { source: "", id: name ?? "" });
    const known = this.#get(name, event);
    if (known && this.#isSame(known)) return this.#join(known, delivery, page.weight);
    const entry = this.#add(name, delivery, page.weight);
    if (this.#cumulative) entry.position = this.watermark.push(entry, delivery.receipt);
    return { message: entry, as: "fresh" };
  }

  #add(name: string | undefined, delivery: Delivery, weight: PageWeight): Entry {
    const entry = new Entry(name, delivery, weight);
    if (name !== undefined) this.#named.set(name, entry);
    else if (delivery.event !== undefined) this.#events.set(delivery.event, entry);
    this.#known += 1;
    this.#open += 1;
    this.#held += 1;
    if (weight.held === 0) this.#bytes += weight.bytes;
    weight.held += 1;
    return entry;
  }

  /**
   * Closes a page when all of it was taken in. True when the pages before held all of it: a provider
   * that is slow, or deaf, and brings back what was acked.
   */
  closePage({ events }: OpenPage, receipt: Page["receipt"]): boolean {
    if (this.#cumulative && receipt !== undefined) this.watermark.push(undefined, receipt, true);
    return this.#lately.isRepeat(events);
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

  /** An individual ack is confirmed; true when it was the last of its event. */
  acked({ entry, receipt }: Message): boolean {
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

  /** A message is not acked any more; true when it was the last of its event. */
  drop(message: Message): boolean {
    const wasLast = this.acked(message);
    message.receipt = undefined;
    return wasLast;
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
    const { event, identity } = delivery;
    // What is no text, or an empty one, says nothing: by it all would be one.
    if (typeof identity === "string" && identity !== "") return identity;
    if (event !== undefined && delivery.idDerived !== true) return undefined;
    const content = event === undefined ? toText(delivery.raw) : identityOf(event);
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

/** What a delivery was taken in as: an event new to this run, a further message of one, or known. */
export interface Accepted {
  readonly message: Message;
  readonly as: "fresh" | "further" | "known";
}

/** A page that is being taken in. */
export interface OpenPage {
  readonly weight: PageWeight;
  /** What it has held so far; what has no id of its own by its name. */
  readonly events: Identified[];
  /** How many it has held of each content that has no id. */
  readonly names: Map<string, number>;
}
