import { isAckloopError } from "../core/errors.ts";
import type { Delivery, Feed, PullOptions, Receipt } from "../core/feed.ts";
import { toPage } from "../core/feed.ts";
import { sleep } from "../core/sleep.ts";
import type { Acks } from "./acks.ts";
import { askedWaitMs, isFatal } from "./acks.ts";
import type { Changes } from "./changes.ts";
import type { Entry } from "./entry.ts";
import type { LoopSettings } from "./options.ts";
import { Pacing } from "./pacing.ts";
import type { Tell } from "./report.ts";
import type { Mark } from "./watermark.ts";
import type { Window } from "./window.ts";

/** What the pulling side of a run works with. */
export interface PullerParts {
  readonly feed: Feed;
  readonly settings: LoopSettings;
  readonly window: Window;
  readonly acks: Acks;
  readonly changes: Changes;
  readonly tell: Tell | undefined;
  /** Ends the pulling when nothing more is there: for `drain`. */
  readonly untilEmpty: boolean;
  /** Ends the pulling after so many new deliveries. */
  readonly limit: number | undefined;
  /** Takes a new delivery into work. */
  readonly onFresh: (entry: Entry) => void;
  /** A delivery came back that is settled already. */
  readonly onSettledAgain: (entry: Entry) => void;
  /** Takes what was pulled and is not begun. */
  readonly onLeft: (delivery: Delivery) => void;
  /** A page was taken in. */
  readonly onPage: () => void;
  /** A pull that carried an ack was answered. */
  readonly onCarried: (mark: Mark) => void;
  /** Nothing more can come before something here is settled. */
  readonly onBlocked: () => void;
  /** The run cannot go on. */
  readonly onFatal: (error: unknown) => void;
  /** Whether a pull may be started: not after a lease has run out. */
  readonly mayStart: () => boolean;
  /** Whether a handler could be started and there is nothing to start it with. */
  readonly isHungry: () => boolean;
}

/** The pulling side of a run: one pull at a time, whenever there is room. */
export class Puller {
  readonly #parts: PullerParts;
  readonly #pacing: Pacing;
  /** The ids of the last page with something new; of what has none, `undefined`. */
  #page: readonly (string | undefined)[] = [];
  #stopped = false;
  #paused = false;
  /** True while waiting for room: the next pull goes out as soon as there is. */
  #atGate = false;
  #pull: { readonly controller: AbortController; readonly carriesAck: boolean } | undefined;
  #nap: AbortController | undefined;
  #after: Receipt | undefined;
  #taken = 0;
  /** How many pulls were answered. */
  polls = 0;
  /** When a pull was last answered, in epoch ms. */
  lastPollAt: number | undefined;
  /** Since when an answer to a pull is due, in epoch ms; absent while none is to be expected. */
  dueSince: number | undefined;

  constructor(parts: PullerParts) {
    this.#parts = parts;
    this.#pacing = new Pacing(parts.settings.idle);
  }

  /** How many polls in a row brought nothing or failed. */
  get fruitless(): number {
    return this.#pacing.attempts;
  }

  /** Whether the next pull goes out at once and can carry an ack. */
  get carries(): boolean {
    return (
      this.#parts.feed.acksOnPull === true &&
      this.#atGate &&
      !this.#stopped &&
      !this.#paused &&
      !this.#limitReached &&
      this.#parts.window.open === 0
    );
  }

  /** Pulls until stopped, or until nothing more is to be pulled; tells which. */
  async run(): Promise<"empty" | "limit" | undefined> {
    while (!this.#stopped) {
      this.#atGate = true;
      await this.#untilRoom();
      this.#atGate = false;
      if (this.#stopped) break;
      if (this.#paused) continue;
      const finished = await this.#pullOnce();
      if (finished) return finished;
    }
    return undefined;
  }

  /** Pulls no more and cuts what is under way, but never a pull that carries an ack. */
  stop(): void {
    this.#stopped = true;
    this.#interrupt();
  }

  /** Cuts even a pull that carries an ack: the time of the stop is over. */
  cut(): void {
    this.#pull?.controller.abort();
  }

  pause(): void {
    this.#paused = true;
    this.#interrupt();
    this.#parts.acks.flush();
  }

  resume(): void {
    this.#paused = false;
    this.#parts.changes.notify();
  }

  get #limitReached(): boolean {
    return this.#parts.limit !== undefined && this.#taken >= this.#parts.limit;
  }

  #interrupt(): void {
    this.#nap?.abort();
    if (this.#pull && !this.#pull.carriesAck) this.#pull.controller.abort();
    this.#parts.changes.notify();
  }

  async #untilRoom(): Promise<void> {
    const { changes, window, settings, tell, onBlocked } = this.#parts;
    const may = (): boolean => this.#stopped || (!this.#paused && this.#hasRoom());
    if (may()) return;
    this.dueSince = undefined;
    onBlocked();
    const { oldest } = window;
    if (oldest && window.held >= settings.maxInFlight && !this.#waitsForPage) {
      tell?.({ kind: "windowFull", open: window.open, heldBy: oldest.id, heldMs: Date.now() - oldest.openedAt });
    }
    await changes.until(may);
  }

  /** A cumulative list of what is not acked: a second pull before the ack brings the same page. */
  get #waitsForPage(): boolean {
    const { feed } = this.#parts;
    return feed.acks === "cumulative" && feed.pulls === "unacked";
  }

  #hasRoom(): boolean {
    const { feed, window, acks, settings } = this.#parts;
    if (this.#waitsForPage) {
      if (window.open > 0) return false;
      const mayCarry = feed.acksOnPull === true && !acks.calling;
      return acks.idle || (mayCarry && window.watermark.next !== undefined);
    }
    if (window.held <= settings.maxInFlight / 2) return true;
    // Pulls of half a window are cheaper, but not while slots stand empty behind an event that is stuck.
    return window.held < settings.maxInFlight && acks.idle && this.#parts.isHungry();
  }

  async #pullOnce(): Promise<"empty" | "limit" | undefined> {
    const { feed, window, acks, mayStart } = this.#parts;
    if (!mayStart()) return undefined;
    const mark = feed.acksOnPull && window.open === 0 ? window.watermark.next : undefined;
    if (mark) window.watermark.take(mark);
    const quiet = window.open === 0 && (mark !== undefined || acks.idle);
    const controller = new AbortController();
    const began = performance.now();
    this.dueSince ??= Date.now();
    this.#pull = { controller, carriesAck: mark !== undefined };
    window.pullBegins();
    let deliveries: readonly Delivery[];
    try {
      deliveries = toPage(await feed.pull(this.#optionsOf(mark, controller.signal))).deliveries;
    } catch (error) {
      window.pullEnded();
      await this.#failed(error, mark, controller.signal.aborted);
      return undefined;
    } finally {
      this.#pull = undefined;
    }
    this.polls += 1;
    this.lastPollAt = Date.now();
    this.dueSince = undefined;
    if (mark) this.#parts.onCarried(mark);
    const fresh = this.#takeIn(deliveries, performance.now() - began);
    window.pullEnded();
    if (this.#limitReached) return "limit";
    if (fresh === 0) {
      return this.#foundNothing(deliveries.length === 0, quiet, performance.now() - began);
    }
    await this.#foundSome(deliveries);
    return undefined;
  }

  #optionsOf(mark: Mark | undefined, signal: AbortSignal): PullOptions {
    const { feed, settings, window, limit, untilEmpty } = this.#parts;
    const room = settings.maxInFlight - (feed.pulls === "onward" ? window.held : 0);
    // A list of what is not acked shows what is held here too, so the wish must reach past it.
    const held = feed.pulls === "unacked" ? window.held : 0;
    const wish = limit === undefined ? room : Math.min(room, limit - this.#taken + held);
    return {
      limit: wish,
      waitMs: feed.waits && !untilEmpty ? settings.waitMs : 0,
      after: feed.pulls === "onward" ? this.#after : undefined,
      ack: mark?.receipt,
      signal,
    };
  }

  /** Sorts what a pull brought; gives how many deliveries are new. */
  #takeIn(deliveries: readonly Delivery[], elapsedMs: number): number {
    const { feed, tell, onLeft, onPage } = this.#parts;
    const before = this.#taken;
    let mayCut = false;
    for (const delivery of deliveries) {
      if (this.#stopped || (mayCut && this.#limitReached)) {
        onLeft(delivery);
        continue;
      }
      this.#accept(delivery);
      // Below a cumulative receipt everything must be handled, or the work before it is lost.
      mayCut = feed.acks === "individual" || delivery.receipt !== undefined;
    }
    const fresh = this.#taken - before;
    tell?.({ kind: "pulled", count: deliveries.length, fresh, elapsedMs });
    onPage();
    return fresh;
  }

  #accept(delivery: Delivery): void {
    const { feed, window, onFresh, onSettledAgain } = this.#parts;
    const { entry, fresh } = window.accept(delivery);
    if (fresh) {
      this.#taken += 1;
      onFresh(entry);
    } else if (entry.state !== "open") onSettledAgain(entry);
    if (feed.pulls === "onward" && delivery.receipt !== undefined) this.#after = delivery.receipt;
  }

  /** The page before once more, although it was acked: a provider that is slow, or deaf, is not hurried. */
  async #foundSome(deliveries: readonly Delivery[]): Promise<void> {
    const page = deliveries.map(({ event }) => event?.id);
    const isRepeat = isRepeatOf(page, this.#page);
    this.#page = page;
    if (!isRepeat) {
      this.#pacing.reset();
      return;
    }
    const delayMs = this.#pacing.next();
    this.#parts.tell?.({ kind: "idle", delayMs });
    await this.#sleep(delayMs);
  }

  async #foundNothing(
    wasEmpty: boolean,
    wasQuiet: boolean,
    elapsedMs: number,
  ): Promise<"empty" | undefined> {
    const { feed, acks, window, untilEmpty, settings, tell } = this.#parts;
    const isList = feed.pulls === "unacked";
    acks.flush();
    if (untilEmpty) {
      if (this.#isEmpty(wasEmpty, wasQuiet)) return "empty";
      if (isList && (await this.#untilQuiet())) return undefined;
    }
    const didWait = feed.waits === true && !untilEmpty && elapsedMs >= settings.waitMs * 0.9;
    const delayMs = didWait && settings.waitMs > 0 ? 0 : this.#pacing.next();
    tell?.({ kind: "idle", delayMs });
    // A list that was full of what is in work here shows more as soon as enough of that is acked.
    const enough = window.held / 2;
    const hasMoved = (): boolean => this.#isQuiet() || (acks.idle && window.held <= enough);
    await this.#sleep(delayMs, isList && !wasQuiet ? hasMoved : undefined);
    return undefined;
  }

  /** Whether a pull that brought nothing new says that nothing is left. */
  #isEmpty(wasEmpty: boolean, wasQuiet: boolean): boolean {
    const { feed, acks } = this.#parts;
    // A page of what is known says nothing of what follows it, unless it is a list of all there is.
    return feed.pulls === "onward" ? wasEmpty : wasQuiet && (wasEmpty || acks.idle);
  }

  /**
   * Acks under way shift a list, so only a pull begun without any can say that it is empty.
   * True when there was something to wait for.
   */
  async #untilQuiet(): Promise<boolean> {
    if (this.#isQuiet()) return false;
    await this.#parts.changes.until(() => this.#isQuiet());
    return true;
  }

  #isQuiet(): boolean {
    const { window, acks } = this.#parts;
    return this.#stopped || (window.open === 0 && acks.idle);
  }

  async #failed(error: unknown, mark: Mark | undefined, wasCut: boolean): Promise<void> {
    const { window, acks, settings, tell, onFatal } = this.#parts;
    if (mark) {
      // An ack whose outcome is not known is never sent again: its page comes back with a new one.
      if (certainlyRefused(error)) window.watermark.putBack(mark);
      acks.flush();
    }
    if (wasCut) return;
    if (isFatal(error)) {
      onFatal(error);
      return;
    }
    const delayMs = this.#pacing.next(askedWaitMs(error, settings.idle.maxMs));
    tell?.({ kind: "pollFailed", error, delayMs });
    await this.#sleep(delayMs);
  }

  /** Waits, but not on when `hasMoved` becomes true. */
  async #sleep(delayMs: number, hasMoved?: () => boolean): Promise<void> {
    if (delayMs === 0 || this.#stopped || this.#paused) return;
    const nap = new AbortController();
    this.#nap = nap;
    if (hasMoved) {
      const isOver = (): boolean => nap.signal.aborted || hasMoved();
      void this.#parts.changes.until(isOver).then(() => nap.abort());
    }
    await sleep(delayMs, nap.signal).catch(() => {});
    nap.abort();
    this.#nap = undefined;
  }
}

/** Whether a page holds nothing that the one before did not hold; a look at the first mostly says. */
function isRepeatOf(
  page: readonly (string | undefined)[],
  before: readonly (string | undefined)[],
): boolean {
  if (page[0] !== before[0]) return false;
  const known = new Set(before);
  return page.every((id) => id !== undefined && known.has(id));
}

/** Whether a call was turned away before it could have an effect. */
function certainlyRefused(error: unknown): boolean {
  return (
    isAckloopError(error) &&
    error.outcomeUnknown !== true &&
    (error.code === "rateLimit" || error.code === "auth" || error.code === "request")
  );
}
