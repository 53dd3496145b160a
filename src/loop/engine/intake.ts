import type { Delivery, Feed, Page, Receipt } from "../../core/feed.ts";
import type { Entry, Message } from "./entry.ts";
import { kindOf } from "./kind.ts";
import type { Brought } from "./progress.ts";
import type { Tell } from "./report.ts";
import type { Settling } from "./settling.ts";
import { toText } from "./storable.ts";
import type { Watching } from "./watching.ts";
import type { OpenPage, Window } from "./window.ts";

/** What taking in works with. */
export interface IntakeParts {
  readonly feed: Feed;
  readonly window: Window;
  readonly settling: Pick<Settling, "settled">;
  readonly tell: Tell | undefined;
  /** Absent where nobody watches. */
  readonly watching?: Watching | undefined;
  /** Takes in so many new deliveries at the most. */
  readonly limit: number | undefined;
  /** Takes a new delivery into work. */
  readonly onFresh: (entry: Entry) => void;
  /** A delivery is open, new or once more, with a lease from when the pull that brought it began. */
  readonly onOpen: (message: Message, leaseMs: number | undefined, pulledAt: number) => void;
  /** A delivery came back that is settled already. */
  readonly onSettledAgain: (entry: Entry) => void;
  /** Takes the receipts of what was pulled and is not begun. */
  readonly onLeft: (receipts: readonly Receipt[]) => void;
  /** Whether what comes now is left, to come again. */
  readonly isStopping: () => boolean;
}

/** Takes in what pulls bring: sorts the new from the known, and leaves what is too much. */
export class Intake {
  readonly #parts: IntakeParts;
  /** How many new deliveries were taken in, and how many of these came with a receipt. */
  #taken = 0;
  #ackable = 0;
  /** How many were let go of and have not come again. */
  #owed = 0;
  /** What acknowledges all that was taken in last: the place where the next pull of a cursor begins. */
  after: Receipt | undefined;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /** How many new deliveries may still be taken in. */
  get left(): number {
    return (this.#parts.limit ?? Number.POSITIVE_INFINITY) - this.#taken;
  }

  /** One that was taken in was not begun, and comes again. */
  takeBack(): void {
    this.#taken -= 1;
    this.#owed += 1;
  }

  /** Sorts what a pull brought. */
  take(page: Page, pulledAt: number, elapsedMs: number): Brought {
    const { feed, window, tell, watching, onLeft } = this.#parts;
    const { deliveries } = page;
    const before = { taken: this.#taken, ackable: this.#ackable, after: this.after };
    const open = window.openPage(page, watching?.polled(deliveries.length, elapsedMs));
    const count = this.#acceptSome(deliveries, open, pulledAt);
    const isWhole = count === deliveries.length;
    // What is in work here is not another's at once.
    if (!isWhole) onLeft(receiptsFrom(deliveries, count, (each) => !window.isOpen(each)));
    // A cursor that stands where it stood is acknowledged there once.
    const hasStood = deliveries.length === 0 && isSamePlace(page.receipt, before.after);
    const place = isWhole && !(hasStood && kindOf(feed) === "cursor") ? page.receipt : undefined;
    const wasKnown = window.closePage(open, place);
    if (isWhole && page.receipt !== undefined) this.after = page.receipt;
    const fresh = this.#taken - before.taken;
    const ackable = this.#ackable - before.ackable;
    // What was let go of is to come again.
    const isRepeat = wasKnown && this.#owed === 0;
    this.#owed = Math.max(0, this.#owed - fresh);
    tell?.({ kind: "pulled", count: deliveries.length, fresh, elapsedMs });
    const isVain = fresh === 0 && (deliveries.length === 0 || kindOf(feed) === "cursor");
    const stands = isVain && isSamePlace(before.after, this.after);
    return { page, pulledAt, fresh, ackable, isRepeat, stands };
  }

  /** Takes in what may be, from the front; gives how many. */
  #acceptSome(deliveries: readonly Delivery[], open: OpenPage, pulledAt: number): number {
    const again: Message[] = [];
    let count = 0;
    for (const delivery of deliveries) {
      if (this.#leavesFrom(count, deliveries, open)) break;
      const settledAgain = this.#accept(delivery, open, pulledAt);
      if (settledAgain) again.push(settledAgain);
      count += 1;
    }
    // Not before it is known who else has its receipt.
    for (const message of again) this.#parts.settling.settled(message);
    return count;
  }

  /** Whether what is behind here in a page is left, to come again. */
  #leavesFrom(at: number, deliveries: readonly Delivery[], { messages }: OpenPage): boolean {
    const { feed, isStopping } = this.#parts;
    const last = deliveries[at - 1]?.receipt;
    // Below a cumulative receipt everything must be handled, or the work before it is lost.
    const mayCut = feed.acks === "individual" || last !== undefined;
    if (!isStopping() && !(mayCut && this.left <= 0)) return false;
    // Nor may an ack of what was taken in reach what is left.
    const isShared = (receipt: Receipt): boolean => receipt === last || messages.has(receipt);
    return !receiptsFrom(deliveries, at).some(isShared);
  }

  /** Gives the message where it is one more of an event that is settled. */
  #accept(delivery: Delivery, open: OpenPage, pulledAt: number): Message | undefined {
    const { feed, window, onFresh, onOpen, onSettledAgain } = this.#parts;
    const { message, as } = window.accept(delivery, open);
    const { entry } = message;
    if (as === "fresh") {
      this.#taken += 1;
      if (delivery.receipt !== undefined) this.#ackable += 1;
      onFresh(entry);
    }
    if (entry.state === "open") {
      onOpen(message, delivery.leaseMs, pulledAt);
      if (kindOf(feed) === "queue" && feed.extend === undefined)
        hide(entry, delivery.leaseMs, pulledAt);
    } else onSettledAgain(entry);
    if (feed.acks === "cumulative" && delivery.receipt !== undefined) this.after = delivery.receipt;
    return as === "further" && entry.state === "settled" ? message : undefined;
  }
}

/** A further message hides its event anew. */
function hide(entry: Entry, leaseMs: number | undefined, pulledAt: number): void {
  if (typeof leaseMs === "number" && leaseMs > 0) entry.hiddenUntil = pulledAt + leaseMs;
}

/**
 * A receipt that is no text may be made anew for one place; one that says nothing as text is another.
 * Nothing else looks into a receipt.
 */
function isSamePlace(before: Receipt | undefined, after: Receipt | undefined): boolean {
  if (before === after) return true;
  if (typeof before !== "object" || typeof after !== "object") return false;
  const text = toText(before);
  return text === toText(after) && !text.includes("{}");
}

function receiptsFrom(
  deliveries: readonly Delivery[],
  at: number,
  which = (_: Delivery): boolean => true,
): Receipt[] {
  const from = deliveries.slice(at).filter(which);
  return from.flatMap(({ receipt }) => (receipt === undefined ? [] : [receipt]));
}
