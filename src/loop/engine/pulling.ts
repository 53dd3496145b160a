import { AckloopError } from "../../core/errors.ts";
import type { Page, PullOptions } from "../../core/feed.ts";
import type { Answer } from "../../core/guard.ts";
import { ask, toFailure } from "../../core/guard.ts";
import type { Pulled } from "../../core/reading.ts";
import { readPage } from "../../core/reading.ts";
import type { LoopSettings } from "../options.ts";
import { Answers } from "./answers.ts";
import { Doubt } from "./doubt.ts";
import type { IntakeParts } from "./intake.ts";
import { Intake } from "./intake.ts";
import type { Kind } from "./kind.ts";
import { kindOf } from "./kind.ts";
import { Pace } from "./pacing.ts";
import type { Brought } from "./progress.ts";
import { Progress } from "./progress.ts";
import { LONG_MS } from "./run-voice.ts";
import type { Settling } from "./settling.ts";
import { isFatal } from "./settling.ts";
import type { Reach } from "./watermark.ts";

/** What the pulling side of a run works with. */
export interface PullingParts extends IntakeParts {
  readonly settings: LoopSettings;
  readonly settling: Settling;
  /** Ends the pulling when nothing more is there: for `drain`. */
  readonly untilEmpty: boolean;
  /** Confirmed with a pull of `sentAt` that carried an ack: so many events are let go of. */
  readonly onAcked: (count: number, sentAt: number) => void;
  readonly onHalt: (error: AckloopError) => void;
  /** Whether a pull may be started: not while paused or stopping, nor after a lease has run out. */
  readonly mayStart: (now: number) => boolean;
  /** Whether it is to start in the next turn of the event loop, where the run looks at all of it again. */
  readonly isTurnOver: (now: number) => boolean;
  /** Whether a handler could be started and there is nothing to start it with. */
  readonly isHungry: () => boolean;
  /** How many may come so that their leases do not end before they are begun. @default any number */
  readonly roomInTime?: (() => number) | undefined;
  /** Something has changed: the run looks at all of it again. */
  readonly changed: () => void;
}

const NEVER = Number.POSITIVE_INFINITY;

/** How long a pull may take beyond the wait it asks for, in ms. */
const PULL_LIMIT_MS = 60_000;

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

/** What is known of a time without room. */
interface Block {
  readonly since: number;
  /** Since when nothing was settled. */
  stillSince: number;
  open: number;
  /** When it is told again. */
  againAt: number | undefined;
}

/** The pulling side of a run: one pull at a time, whenever there is room. It starts no handler. */
export class Pulling {
  readonly #parts: PullingParts;
  readonly #kind: Kind;
  readonly #intake: Intake;
  readonly #progress: Progress;
  readonly #pace: Pace;
  #pull: Pull | undefined;
  /** A pull of a queue that was cut and has not ended: what it still brings comes before what follows. */
  #cutPull: Pull | undefined;
  /** Whether the wait ends as soon as something here has moved: a list was full of what is in work. */
  #endsEarly = false;
  /** How much may be held at most for that. */
  #enough = 0;
  /** Whether nothing is pulled before all work here has ended: only then a list says that it is empty. */
  #waitsForQuiet = false;
  readonly #doubt = new Doubt();
  /** How the feed answers. */
  readonly answers = new Answers();
  /** There is no room. */
  #block: Block | undefined;
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
    this.#kind = kindOf(parts.feed);
    this.#intake = new Intake(parts);
    this.#progress = new Progress(this.#kind, parts.untilEmpty);
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
    this.#intake.takeBack();
    this.finished = undefined;
  }

  /** Cuts what is under way; one that carries an ack only at the very end. */
  cut(evenAcks: boolean): void {
    if (this.#pull === undefined || (this.#pull.carried && !evenAcks)) return;
    this.#cutPull = this.#kind === "queue" ? this.#pull : undefined;
    this.#pull.own.abort(CUT_REASON);
  }

  /** When what holds the pulling up is to be told; `undefined` when nothing does. */
  #blockedUntil(now: number): number | undefined {
    if (this.#hasRoom(now)) {
      this.#block = undefined;
      return undefined;
    }
    // Nothing is left that could make room, if the feed gives no receipt for what is settled.
    const isStuck = this.#isQuiet();
    this.dueSince = isStuck ? (this.dueSince ?? now) : undefined;
    if (isStuck && this.#parts.untilEmpty) return this.#haltStuck();
    return this.#parts.tell === undefined ? NEVER : this.#tellOfBlock(now);
  }

  /** Says what holds the pulling up, and again where nothing was settled for long; gives when that is due. */
  #tellOfBlock(now: number): number {
    const { window, tell } = this.#parts;
    const { open } = window;
    this.#block ??= { since: now, stillSince: now, open, againAt: undefined };
    const block = this.#block;
    if (open !== block.open) {
      Object.assign(block, { open, stillSince: now });
      if (block.againAt !== undefined || !tell?.each) block.againAt = now + LONG_MS;
    }
    // A log speaks of it only where it lasts.
    const soonMs = this.#isFull ? 0 : QUIET_BLOCK_MS;
    const tellAt = block.againAt ?? block.since + (tell?.each ? soonMs : LONG_MS);
    if (now < tellAt) return tellAt;
    const oldest = window.oldest ?? window.watermark.first;
    if (oldest === undefined) return NEVER;
    const stillMs = now - block.stillSince;
    block.againAt = now + Math.max(LONG_MS, stillMs);
    const heldMs = now - oldest.openedAt;
    tell?.({ kind: "windowFull", open, heldBy: oldest.identity, heldMs, stillMs });
    return block.againAt;
  }

  /** Whether it is so full that this is told at once. */
  get #isFull(): boolean {
    const { window, settings } = this.#parts;
    const isFull = window.held >= settings.maxInFlight || window.bytes >= settings.maxInFlightBytes;
    return isFull && window.open > 0 && this.#kind !== "pages";
  }

  /** A drain would wait for ever. */
  #haltStuck(): number {
    const { feed, window, onHalt } = this.#parts;
    const what = `gave no receipt that acknowledges the ${window.held} deliveries that are settled`;
    const why = `${what}; that is a fault of the feed, and a drain would wait for ever`;
    onHalt(new AckloopError("schema", why, { provider: feed.name, operation: "pull" }));
    return NEVER;
  }

  #hasRoom(now: number): boolean {
    const { feed, window, settling, settings, isHungry } = this.#parts;
    if (this.#waitsForQuiet) {
      if (!this.#isQuiet()) return false;
      this.#waitsForQuiet = false;
    }
    if (this.#kind === "pages") {
      if (window.open > 0) return false;
      return settling.isIdle || (feed.acksOnPull === true && settling.mayCarry(now));
    }
    if (window.bytes >= settings.maxInFlightBytes || this.#roomInTime <= 0) return false;
    if (window.held <= settings.maxInFlight / 2) return true;
    // Pulls of half a window are cheaper, but not while slots stand empty behind an event that is stuck.
    return window.held < settings.maxInFlight && settling.isIdle && isHungry();
  }

  get #roomInTime(): number {
    return this.#parts.roomInTime?.() ?? NEVER;
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
    this.answers.sent(now);
    window.pullBegins();
    const waitMs = this.#waitMs;
    const asking = { what: "pull", whom: feed.name, limitMs: waitMs + PULL_LIMIT_MS, own };
    const onLate = (late: Answer<Pulled>): void => this.#cameLate(pull, late);
    void ask<Pulled>({ ...asking, onLate }, (signal) =>
      feed.pull(this.#optionsOf(waitMs, carried, signal)),
    ).then((answer) => this.#answered(pull, answer));
  }

  #optionsOf(waitMs: number, carried: Reach | undefined, signal: AbortSignal): PullOptions {
    const { settings, window } = this.#parts;
    const room = settings.maxInFlight - (this.#kind === "pages" ? 0 : window.held);
    const left = Math.min(room, this.#roomInTime, this.#intake.left);
    // A list of what is not acked shows what is known here too, each message of it, so that the wish must
    // reach past it.
    const wish = this.#kind === "list" ? left + window.known + window.shown - window.open : left;
    const after = this.#kind === "cursor" ? this.#intake.after : undefined;
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
    this.answers.good();
    this.polls += 1;
    this.lastPollAt = Date.now();
    this.dueSince = undefined;
    if (pull.carried) onAcked(window.confirm(pull.carried), pull.began);
    this.#takePage(pull, page);
  }

  #takePage(pull: Pull, page: Page): void {
    const elapsedMs = performance.now() - pull.began;
    const brought = this.#intake.take(page, pull.began, elapsedMs);
    if (this.#intake.left <= 0) {
      this.finished = "limit";
      return;
    }
    const goesOn = this.#progress.goesOn(brought, this.#parts.window);
    // A list may bring what can never be acked for ever, in another content each time.
    const isVain = !goesOn && this.#kind === "list" && brought.ackable === 0;
    if (brought.fresh === 0 || (isVain && this.#parts.untilEmpty)) {
      if (!goesOn) this.#foundNothing(pull, brought, elapsedMs);
      return;
    }
    if (goesOn) {
      this.#pace.reset();
      this.fruitless = 0;
    } else this.#idle(0);
    if (page.more === false) this.#foundLast();
  }

  /** The page was the last for now: what an empty poll would say. */
  #foundLast(): void {
    if (this.#parts.untilEmpty) this.finished = "empty";
    else if (!this.#parts.feed.waits && this.#pace.attempts === 0) this.#wait(0);
  }

  #foundNothing(pull: Pull, brought: Brought, elapsedMs: number): void {
    const { feed, window, untilEmpty } = this.#parts;
    const isUnacked = feed.pulls === "unacked";
    const { page } = brought;
    if (untilEmpty && this.#isEmpty(pull, brought)) {
      this.finished = "empty";
      return;
    }
    if (untilEmpty && isUnacked && page.more !== true && !this.#isQuiet()) {
      this.#waitsForQuiet = true;
      return;
    }
    this.#endsEarly = isUnacked && !pull.wasQuiet;
    this.#enough = window.held / 2;
    // What a feed that waits has waited itself is waited already.
    if (!this.#hasWaited(elapsedMs)) this.#idle(this.#waitMs > 0 ? elapsedMs : 0);
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
    const delayMs = this.#pace.delay(0, { spentMs: waitedMs });
    this.#parts.tell?.({ kind: "idle", delayMs });
  }

  /** Whether a pull that brought nothing new says that nothing is left. */
  #isEmpty({ wasQuiet }: Pull, { page: { deliveries, more }, stands }: Brought): boolean {
    const { feed, settling } = this.#parts;
    if (more === true) return false;
    const wasEmpty = deliveries.length === 0;
    // A page of what is known says nothing of what follows it, unless it is a list of all there is, or a
    // cursor has not moved, so that the next pull would ask the same.
    if (this.#kind === "cursor" && wasQuiet && stands) return true;
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
    if (failure.kind === "cut") {
      this.answers.cut();
      return;
    }
    const { error } = failure;
    this.answers.failed(error, began);
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
      if (late.kind === "answered" && this.#kind === "queue") {
        const page = readPage(late.value, feed.name);
        this.#intake.take(page, pull.began, performance.now() - pull.began);
      }
    } catch {
      // A feed that is late and wrong: what it has hidden comes again.
    }
    changed();
  }
}

type Failure = Exclude<Answer<never>, { kind: "answered" }>;

/** Whether a call was turned away before it could have an effect. */
function isCertainlyRefused({ outcomeUnknown, code }: AckloopError): boolean {
  return outcomeUnknown !== true && (code === "rateLimit" || code === "auth" || code === "request");
}
