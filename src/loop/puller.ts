import { isAckloopError } from "../core/errors.ts";
import type { Delivery, Feed, PullOptions, Receipt } from "../core/feed.ts";
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
}

/** The pulling side of a run: one pull at a time, whenever there is room. */
export class Puller {
  readonly #parts: PullerParts;
  readonly #pacing: Pacing;
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

  /** Whether pulling waits for handlers or acks. */
  get waitsForRoom(): boolean {
    return this.#atGate;
  }

  /** Pulls until stopped, or until nothing more is to be pulled; tells which. */
  async run(): Promise<"empty" | "limit" | undefined> {
    while (!this.#stopped) {
      this.#atGate = true;
      await this.#untilRoom();
      this.#atGate = false;
      if (this.#stopped) break;
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
    onBlocked();
    const { oldest } = window;
    if (oldest && window.held >= settings.maxInFlight && !this.#waitsForPage) {
      tell?.({ kind: "windowFull", open: window.open, heldBy: oldest.id });
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
    if (!this.#waitsForPage) return window.held <= settings.maxInFlight / 2;
    if (window.open > 0) return false;
    return acks.idle || (feed.acksOnPull === true && window.watermark.next !== undefined);
  }

  async #pullOnce(): Promise<"empty" | "limit" | undefined> {
    const { feed, window, acks, mayStart } = this.#parts;
    if (!mayStart()) return undefined;
    const mark = feed.acksOnPull && window.open === 0 ? window.watermark.next : undefined;
    if (mark) window.watermark.take(mark);
    const quiet = window.open === 0 && (mark !== undefined || acks.idle);
    const controller = new AbortController();
    const began = performance.now();
    this.#pull = { controller, carriesAck: mark !== undefined };
    window.pullBegins();
    let deliveries: readonly Delivery[];
    try {
      deliveries = await feed.pull(this.#optionsOf(mark, controller.signal));
    } catch (error) {
      window.pullEnded();
      await this.#failed(error, mark, controller.signal.aborted);
      return undefined;
    } finally {
      this.#pull = undefined;
    }
    this.polls += 1;
    this.lastPollAt = Date.now();
    if (mark) this.#parts.onCarried(mark);
    const fresh = this.#takeIn(deliveries, performance.now() - began);
    window.pullEnded();
    if (this.#limitReached) return "limit";
    if (fresh > 0) this.#pacing.reset();
    else return this.#foundNothing(deliveries.length === 0, quiet, performance.now() - began);
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

  async #foundNothing(
    wasEmpty: boolean,
    wasQuiet: boolean,
    elapsedMs: number,
  ): Promise<"empty" | undefined> {
    const { feed, acks, untilEmpty, settings, tell } = this.#parts;
    acks.flush();
    if (untilEmpty) {
      const nothingLeft = wasEmpty || acks.idle;
      if (nothingLeft && (wasQuiet || feed.pulls === "onward")) return "empty";
      if (await this.#untilQuiet()) return undefined;
    }
    const didWait = feed.waits === true && !untilEmpty && elapsedMs >= settings.waitMs * 0.9;
    const delayMs = didWait && settings.waitMs > 0 ? 0 : this.#pacing.next();
    tell?.({ kind: "idle", delayMs });
    // A list that was full of what is in work here shows more as soon as that is acked.
    if (!wasQuiet) void this.#untilQuiet().then(() => this.#nap?.abort());
    await this.#sleep(delayMs);
    return undefined;
  }

  /**
   * Acks under way shift a list, so only a pull begun without any can say that it is empty.
   * True when there was something to wait for.
   */
  async #untilQuiet(): Promise<boolean> {
    const { changes, window, acks } = this.#parts;
    const isQuiet = (): boolean => this.#stopped || (window.open === 0 && acks.idle);
    if (isQuiet()) return false;
    await changes.until(isQuiet);
    return true;
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

  async #sleep(delayMs: number): Promise<void> {
    if (delayMs === 0 || this.#stopped || this.#paused) return;
    this.#nap = new AbortController();
    await sleep(delayMs, this.#nap.signal).catch(() => {});
    this.#nap = undefined;
  }
}

/** Whether a call was turned away before it could have an effect. */
function certainlyRefused(error: unknown): boolean {
  return (
    isAckloopError(error) &&
    error.outcomeUnknown !== true &&
    (error.code === "rateLimit" || error.code === "auth" || error.code === "request")
  );
}
