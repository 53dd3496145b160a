import type { AckloopError } from "../../core/errors.ts";
import type { Delivery, Feed, Page, PullOptions, Receipt } from "../../core/feed.ts";
import type { Answer } from "../../core/guard.ts";
import { ask, toFailure } from "../../core/guard.ts";
import type { Pulled } from "../../core/reading.ts";
import { readPage } from "../../core/reading.ts";
import type { LoopSettings } from "../options.ts";
import { Doubt } from "./doubt.ts";
import type { Entry, Message } from "./entry.ts";
import { Pace } from "./pacing.ts";
import { Passing } from "./passing.ts";
import type { Tell } from "./report.ts";
import type { Settling } from "./settling.ts";
import { isFatal } from "./settling.ts";
import { toText } from "./storable.ts";
import type { Reach } from "./watermark.ts";
import type { OpenPage, Window } from "./window.ts";

/** What the pulling side of a run works with. */
export interface PullingParts {
  readonly feed: Feed;
  readonly settings: LoopSettings;
  readonly window: Window;
  readonly settling: Settling;
  readonly tell: Tell | undefined;
  /** Ends the pulling when nothing more is there: for `drain`. */
  readonly untilEmpty: boolean;
  /** Ends the pulling after so many new deliveries. */
  readonly limit: number | undefined;
  /** Takes a new delivery into work. */
  readonly onFresh: (entry: Entry) => void;
  /** A delivery is open, new or once more, with a lease from when the pull that brought it began. */
  readonly onOpen: (message: Message, leaseMs: number | undefined, pulledAt: number) => void;
  /** A delivery came back that is settled already. */
  readonly onSettledAgain: (entry: Entry) => void;
  /** Takes the receipts of what was pulled and is not begun. */
  readonly onLeft: (receipts: readonly Receipt[]) => void;
  /** Confirmed with a pull that carried an ack: so many events are let go of. */
  readonly onAcked: (count: number) => void;
  readonly onHalt: (error: AckloopError) => void;
  /** Whether a pull may be started: not while paused or stopping, nor after a lease has run out. */
  readonly mayStart: (now: number) => boolean;
  /** Whether it is to start in the next turn of the event loop, where the run looks at all of it again. */
  readonly isTurnOver: (now: number) => boolean;
  /** Whether what comes now is left, to come again. */
  readonly isStopping: () => boolean;
  /** Whether a handler could be started and there is nothing to start it with. */
  readonly isHungry: () => boolean;
  /** Something has changed: the run looks at all of it again. */
  readonly changed: () => void;
}

const NEVER = Number.POSITIVE_INFINITY;

/** How long a pull may take beyond the wait it asks for, in ms. */
const PULL_LIMIT_MS = 60_000;

/** How many pulls in a row may bring nothing, move nowhere and be followed at once where there is more. */
const MOST_EMPTY_PAGES = 20;

/** For how long a page may hold up the next before it is said what holds it, in ms. */
const QUIET_BLOCK_MS = 5000;

/** A constant reason: an abort without one makes an error with a stack each time. */
const CUT_REASON = Object.freeze(new DOMException("The run does not wait for it.", "AbortError"));

/** A pull under way. */
interface Pull {
  readonly own: AbortController;
  /** The ack that it carries. */
  readonly carried: Reach | undefined;
  readonly began: number;
  /** Whether nothing was in work or on its way when it began, so that what it finds is all there is. */
  readonly wasQuiet: boolean;
}

/** The pulling side of a run: one pull at a time, whenever there is room. It starts no handler. */
export class Pulling {
  readonly #parts: PullingParts;
  readonly #pace: Pace;
  #pull: Pull | undefined;
  /** A pull of a queue that was cut and has not ended: what it still brings comes before what follows. */
  #cutPull: Pull | undefined;
  #after: Receipt | undefined;
  #taken = 0;
  /** How many of these came with a receipt. */
  #ackable = 0;
  /** How many deliveries the last page of progress had. */
  #longest = 0;
  /** Whether the wait ends as soon as something here has moved: a list was full of what is in work. */
  #endsEarly = false;
  /** How much may be held at most for that. */
  #enough = 0;
  /** Whether nothing is pulled before all work here has ended: only then a list says that it is empty. */
  #waitsForQuiet = false;
  #emptyPages = 0;
  readonly #passing = new Passing();
  readonly #doubt = new Doubt();
  /** Since when there is no room. */
  #blockedAt: number | undefined;
  #isBlockTold = false;
  /** Why no pull is made any more, once that is so. */
  finished: "empty" | "limit" | undefined;
  /** How many pulls were answered. */
  polls = 0;
  /** How many in a row brought nothing new or failed. */
  fruitless = 0;
  /** When a pull was last answered, in epoch ms. */
  lastPollAt: number | undefined;
  /** Since when an answer to a pull is due, by `performance.now`; absent while none is to be expected. */
  dueSince: number | undefined;

  constructor(parts: PullingParts) {
    this.#parts = parts;
    this.#pace = new Pace(parts.settings.idle);
  }

  /** Whether a pull is under way. */
  get isPulling(): boolean {
    return this.#pull !== undefined;
  }

  /** Pulls if it may; gives when there is more to do, by `performance.now`. */
  step(now: number): number {
    const { mayStart, isTurnOver } = this.#parts;
    if (this.#pull || this.finished) return NEVER;
    if (!mayStart(now)) {
      this.dueSince = undefined;
      return NEVER;
    }
    const blockedUntil = this.#blockedUntil(now);
    if (blockedUntil !== undefined) return blockedUntil;
    if (this.#endsEarly && this.#hasMoved()) this.#pace.cut();
    if (!this.#pace.isOpen(now)) return this.#pace.until;
    const lateUntil = this.#cutPull ? this.#cutPull.began + this.#waitMs + PULL_LIMIT_MS : now;
    if (lateUntil > now) return lateUntil;
    if (!isTurnOver(now)) this.#send(now);
    return NEVER;
  }

  /** Whether a pull may bring something new by then. */
  mayComeBy(at: number): boolean {
    if (this.finished) return false;
    if (this.#pull) return true;
    const now = performance.now();
    return this.#parts.mayStart(now) && this.#hasRoom(now) && this.#pace.until <= at;
  }

  /** Whether more may come before what is held has gone. */
  get hasRoom(): boolean {
    return !this.finished && (this.isPulling || this.#hasRoom(performance.now()));
  }

  /** One that was taken was not begun and comes again: what had seen an end has not. */
  lapsed(): void {
    this.#taken -= 1;
    this.finished = undefined;
  }

  /** Cuts what is under way; one that carries an ack only at the very end. */
  cut(evenAcks: boolean): void {
    if (this.#pull === undefined || (this.#pull.carried && !evenAcks)) return;
    this.#cutPull = this.#isQueue ? this.#pull : undefined;
    this.#pull.own.abort(CUT_REASON);
  }

  get #isLimitReached(): boolean {
    const { limit } = this.#parts;
    return limit !== undefined && this.#taken >= limit;
  }

  get #isQueue(): boolean {
    const { feed } = this.#parts;
    return feed.acks === "individual" && feed.pulls === "onward";
  }

  get #isList(): boolean {
    const { feed } = this.#parts;
    return feed.acks === "individual" && feed.pulls === "unacked";
  }

  /** Its next pull says where it begins. */
  get #isCursor(): boolean {
    const { feed } = this.#parts;
    return feed.acks === "cumulative" && feed.pulls === "onward";
  }

  /** A cumulative list of what is not acked: a second pull before the ack brings the same page. */
  get #waitsForPage(): boolean {
    const { feed } = this.#parts;
    return feed.acks === "cumulative" && feed.pulls === "unacked";
  }

  /** Says what holds the pulling up, once; `undefined` when nothing does. */
  #blockedUntil(now: number): number | undefined {
    const { window, tell, settings } = this.#parts;
    if (this.#hasRoom(now)) {
      this.#blockedAt = undefined;
      this.#isBlockTold = false;
      return undefined;
    }
    // Nothing is left that could make room, if the feed gives no receipt for what is settled.
    this.dueSince = this.#isQuiet() ? (this.dueSince ?? now) : undefined;
    this.#blockedAt ??= now;
    if (tell === undefined || this.#isBlockTold) return NEVER;
    const isFull = window.held >= settings.maxInFlight || window.bytes >= settings.maxInFlightBytes;
    const tellAt =
      this.#blockedAt + (isFull && window.open > 0 && !this.#waitsForPage ? 0 : QUIET_BLOCK_MS);
    if (now < tellAt) return tellAt;
    const oldest = window.oldest ?? window.watermark.first;
    if (oldest === undefined) return NEVER;
    this.#isBlockTold = true;
    const heldMs = now - oldest.openedAt;
    tell({ kind: "windowFull", open: window.open, heldBy: oldest.identity, heldMs });
    return NEVER;
  }

  #hasRoom(now: number): boolean {
    const { feed, window, settling, settings, isHungry } = this.#parts;
    if (this.#waitsForQuiet) {
      if (!this.#isQuiet()) return false;
      this.#waitsForQuiet = false;
    }
    if (this.#waitsForPage) {
      if (window.open > 0) return false;
      return settling.isIdle || (feed.acksOnPull === true && settling.mayCarry(now));
    }
    if (window.bytes >= settings.maxInFlightBytes) return false;
    if (window.held <= settings.maxInFlight / 2) return true;
    // Pulls of half a window are cheaper, but not while slots stand empty behind an event that is stuck.
    return window.held < settings.maxInFlight && settling.isIdle && isHungry();
  }

  #send(now: number): void {
    const { feed, window, settling } = this.#parts;
    const mayCarry = feed.acksOnPull === true && window.open === 0 && settling.mayCarry(now);
    const carried = mayCarry ? window.watermark.next : undefined;
    if (carried) window.watermark.take(carried);
    const own = new AbortController();
    const wasQuiet = window.open === 0 && (carried !== undefined || settling.isIdle);
    const pull: Pull = { own, carried, began: now, wasQuiet };
    this.#pull = pull;
    this.#endsEarly = false;
    this.dueSince ??= now;
    window.pullBegins();
    const waitMs = this.#waitMs;
    const asking = { what: "pull", whom: feed.name, limitMs: waitMs + PULL_LIMIT_MS, own };
    const onLate = (late: Answer<Pulled>): void => this.#cameLate(pull, late);
    void ask<Pulled>({ ...asking, onLate }, (signal) =>
      feed.pull(this.#optionsOf(waitMs, carried, signal)),
    ).then((answer) => this.#answered(pull, answer));
  }

  #optionsOf(waitMs: number, carried: Reach | undefined, signal: AbortSignal): PullOptions {
    const { settings, window, limit } = this.#parts;
    const room = settings.maxInFlight - (this.#waitsForPage ? 0 : window.held);
    const left = limit === undefined ? room : Math.min(room, limit - this.#taken);
    // A list of what is not acked shows what is known here too, each message of it, so that the wish must
    // reach past it.
    const wish = this.#isList ? left + window.known + window.messages - window.open : left;
    const after = this.#isCursor ? this.#after : undefined;
    return { limit: Math.max(1, wish), waitMs, after, ack: carried?.receipt, signal };
  }

  #answered(pull: Pull, answer: Answer<Pulled>): void {
    const { feed, window, changed } = this.#parts;
    this.#pull = undefined;
    if (answer.kind !== "cut") this.#cutPull = undefined;
    try {
      if (answer.kind === "answered") this.#succeeded(pull, readPage(answer.value, feed.name));
      else this.#failed(answer, pull);
    } catch (thrown) {
      // It gave no page, or one with a getter that throws.
      const error = toFailure(thrown, { what: "pull", whom: feed.name });
      this.#failed({ kind: "failed", error, thrown }, { began: pull.began });
    }
    window.pullEnded();
    changed();
  }

  #succeeded(pull: Pull, page: Page): void {
    const { window, onAcked } = this.#parts;
    this.#doubt.clear();
    this.polls += 1;
    this.lastPollAt = Date.now();
    this.dueSince = undefined;
    if (pull.carried) onAcked(window.confirm(pull.carried));
    this.#takePage(pull, page);
  }

  #takePage(pull: Pull, page: Page): void {
    const elapsedMs = performance.now() - pull.began;
    const before = this.#after;
    const ackable = this.#ackable;
    const { fresh, isRepeat } = this.#takeIn(page, pull.began, elapsedMs);
    if (this.#isLimitReached) this.finished = "limit";
    else if (fresh === 0)
      this.#foundNothing(pull, page, elapsedMs, !isSamePlace(before, this.#after));
    else {
      const isProgress = this.#isProgress(page, ackable);
      this.#passing.end();
      // What was acked lately, once more: a provider that is slow, or deaf, is not hurried.
      if (isRepeat || !isProgress) this.#idle(0);
      else {
        this.#pace.reset();
        this.fruitless = 0;
      }
      if (page.more === false) this.#foundLast();
    }
  }

  /**
   * Whether what is new in a page lets the next follow at once: not where a list has only brought what can
   * never be acked, and may have another content each time. One that shows more than before is read on.
   */
  #isProgress({ deliveries }: Page, ackableBefore: number): boolean {
    const isList = this.#isList;
    const hasAckable = this.#ackable > ackableBefore;
    if (isList && !hasAckable && deliveries.length <= this.#longest) return false;
    this.#longest = deliveries.length;
    if (!isList || hasAckable) this.#emptyPages = 0;
    return true;
  }

  /** Sorts what a pull brought; gives how many deliveries are new. */
  #takeIn(
    page: Page,
    pulledAt: number,
    elapsedMs: number,
  ): { readonly fresh: number; readonly isRepeat: boolean } {
    const { window, tell, onLeft } = this.#parts;
    const before = this.#taken;
    const open = window.openPage(page);
    const count = this.#acceptSome(page.deliveries, open, pulledAt);
    const isWhole = count === page.deliveries.length;
    if (!isWhole) onLeft(receiptsFrom(page.deliveries, count));
    const isRepeat = window.closePage(open, isWhole ? page.receipt : undefined);
    if (isWhole && page.receipt !== undefined) this.#after = page.receipt;
    const fresh = this.#taken - before;
    tell?.({ kind: "pulled", count: page.deliveries.length, fresh, elapsedMs });
    return { fresh, isRepeat };
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
    if (!isStopping() && !(mayCut && this.#isLimitReached)) return false;
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
      if (this.#isQueue && feed.extend === undefined) hide(entry, delivery.leaseMs, pulledAt);
    } else onSettledAgain(entry);
    if (feed.acks === "cumulative" && delivery.receipt !== undefined) {
      this.#after = delivery.receipt;
    }
    return as === "further" && entry.state === "settled" ? message : undefined;
  }

  /** The page was the last for now: what an empty poll would say. */
  #foundLast(): void {
    if (this.#parts.untilEmpty) this.finished = "empty";
    else if (!this.#parts.feed.waits && this.#pace.attempts === 0) this.#wait(0);
  }

  #foundNothing(pull: Pull, page: Page, elapsedMs: number, hasMoved: boolean): void {
    const { feed, window, untilEmpty } = this.#parts;
    const isUnacked = feed.pulls === "unacked";
    if (this.#goesOn(pull, page, hasMoved)) return;
    if (untilEmpty && this.#isEmpty(pull, page)) {
      this.finished = "empty";
      return;
    }
    if (untilEmpty && isUnacked && !this.#isQuiet()) {
      this.#waitsForQuiet = true;
      return;
    }
    this.#endsEarly = isUnacked && !pull.wasQuiet;
    this.#enough = window.held / 2;
    // What a feed that waits has waited itself is waited already.
    if (!this.#hasWaited(elapsedMs)) this.#idle(this.#waitMs > 0 ? elapsedMs : 0);
  }

  /** Whether more may be behind what is known, or filtered, so that the next pull goes out at once. */
  #goesOn({ began }: Pull, page: Page, hasMoved: boolean): boolean {
    const { feed, window, untilEmpty } = this.#parts;
    const { deliveries, more } = page;
    // Where a drain was moved on past what is not for it, it has not seen the end.
    const hasPassed = hasMoved && deliveries.length === 0;
    const maySkip = untilEmpty && hasPassed && more === undefined;
    // A page of what is not for this feed is progress, where the place is what the next pull says.
    if (this.#isCursor && more === true && hasPassed) this.#emptyPages = 0;
    if ((more === true || maySkip) && this.#emptyPages < MOST_EMPTY_PAGES) {
      this.#emptyPages += 1;
      return true;
    }
    return feed.pulls === "onward" && this.#passing.goesOn(page, began, window);
  }

  /** Whether the feed itself has waited, long enough that there is no need to wait here. */
  #hasWaited(elapsedMs: number): boolean {
    const waitMs = this.#waitMs;
    return waitMs > 0 && elapsedMs >= Math.max(waitMs * 0.9, this.#parts.settings.idle.minMs);
  }

  /** How long the feed is asked to wait; a drain does not wait. */
  get #waitMs(): number {
    const { feed, settings, untilEmpty } = this.#parts;
    return feed.waits && !untilEmpty ? settings.waitMs : 0;
  }

  /** Waits before the next pull, as this one has brought nothing new. */
  #idle(waitedMs: number): void {
    this.fruitless += 1;
    this.#wait(waitedMs);
  }

  #wait(waitedMs: number): void {
    const delayMs = this.#pace.delay(0, waitedMs);
    this.#parts.tell?.({ kind: "idle", delayMs });
  }

  /** Whether a pull that brought nothing new says that nothing is left. */
  #isEmpty({ wasQuiet }: Pull, { deliveries, more }: Page): boolean {
    const { feed, settling } = this.#parts;
    if (more === true) return false;
    const wasEmpty = deliveries.length === 0;
    // A page of what is known says nothing of what follows it, unless it is a list of all there is.
    if (feed.pulls === "onward") return wasEmpty || more === false;
    return wasQuiet && (wasEmpty || settling.isIdle);
  }

  #isQuiet(): boolean {
    const { window, settling } = this.#parts;
    return window.open === 0 && settling.isIdle;
  }

  /** A list that was full of what is in work here shows more as soon as enough of that is acked. */
  #hasMoved(): boolean {
    const { window, settling } = this.#parts;
    return this.#isQuiet() || (settling.isIdle && window.held <= this.#enough);
  }

  #failed(failure: Failure, { carried, began }: Partial<Pull> & Pick<Pull, "began">): void {
    const { window, tell, onHalt } = this.#parts;
    if (failure.kind === "cut") return;
    const { error } = failure;
    // An ack whose outcome is not known is never sent again: its page comes back with a new one.
    if (carried && isCertainlyRefused(error)) window.watermark.putBack(carried);
    if (isFatal(error) && this.#doubt.isSure(error, began)) {
      onHalt(error);
      return;
    }
    const delayMs = this.#pace.delay(error.retryAfterMs);
    this.fruitless += 1;
    this.#endsEarly = false;
    tell?.({ kind: "pollFailed", error, delayMs });
  }

  /**
   * A page that came after its time, or that a stop has cut. A queue has hidden what it holds, so it
   * counts, or is given back; a list is old.
   */
  #cameLate(pull: Pull, late: Answer<Pulled>): void {
    const { feed, changed } = this.#parts;
    if (this.#cutPull === pull) this.#cutPull = undefined;
    try {
      if (late.kind === "answered" && this.#isQueue) {
        const page = readPage(late.value, feed.name);
        this.#takeIn(page, pull.began, performance.now() - pull.began);
      }
    } catch {
      // A feed that is late and wrong: what it has hidden comes again.
    }
    changed();
  }
}

type Failure = Exclude<Answer<never>, { kind: "answered" }>;

/** A further message hides its event anew. */
function hide(entry: Entry, leaseMs: number | undefined, pulledAt: number): void {
  if (typeof leaseMs === "number" && leaseMs > 0) entry.hiddenUntil = pulledAt + leaseMs;
}

/** A receipt that is no text may be made anew for one place. */
function isSamePlace(before: Receipt | undefined, after: Receipt | undefined): boolean {
  if (before === after) return true;
  return (
    typeof before === "object" && typeof after === "object" && toText(before) === toText(after)
  );
}

function receiptsFrom(deliveries: readonly Delivery[], at: number): Receipt[] {
  return deliveries.slice(at).flatMap(({ receipt }) => (receipt === undefined ? [] : [receipt]));
}

/** Whether a call was turned away before it could have an effect. */
function isCertainlyRefused({ outcomeUnknown, code }: AckloopError): boolean {
  return outcomeUnknown !== true && (code === "rateLimit" || code === "auth" || code === "request");
}
