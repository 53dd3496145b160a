import { AckloopError } from "../../core/errors.ts";
import type { AckReport, AckSink, AckVerdict, Receipt } from "../../core/feed.ts";
import { ask, toFailure } from "../../core/guard.ts";
import type { LoopSettings } from "../options.ts";
import { Answers } from "./answers.ts";
import { Doubt } from "./doubt.ts";
import type { Message } from "./entry.ts";
import { isStale } from "./entry.ts";
import { Pace } from "./pacing.ts";
import { Queue } from "./queue.ts";
import type { Tell } from "./report.ts";
import type { Reach } from "./watermark.ts";
import type { Window } from "./window.ts";

/** What the acknowledging side of a run works with. */
export interface SettlingParts {
  readonly feed: Pick<AckSink, "ack"> & {
    readonly name: string;
    readonly pulls: "unacked" | "onward";
  };
  readonly settings: LoopSettings;
  readonly window: Window;
  readonly tell: Tell | undefined;
  /** Cuts acknowledgements: the time kept for them is over, or the lease is lost. */
  readonly over: AbortSignal;
  /** Whether an acknowledgement may be started: not after a lease has run out. */
  readonly mayStart: () => boolean;
  /** Whether a pull may still bring what was not acknowledged. */
  readonly pullsOn: () => boolean;
  /** Confirmed, by a call of `sentAt`: `count` events are let go of. */
  readonly onAcked: (count: number, gone: number, sentAt: number) => void;
  /** The run cannot go on. */
  readonly onHalt: (error: AckloopError) => void;
  /** Something has changed: the run looks at all of it again. */
  readonly changed: () => void;
}

/** Sends acknowledgements for what is settled; runs no handler and pulls nothing. */
export interface Settling {
  /** How the provider answers. */
  readonly answers: Answers;
  /** A message's event is settled. */
  settled(message: Message): void;
  /** Sends what may be sent now; gives when there is more to do, by `performance.now`. */
  step(now: number): number;
  /** Whether nothing that can be acknowledged is left or on its way. */
  readonly isIdle: boolean;
  /** Whether something could be sent now, for all that is known here. */
  readonly isDue: boolean;
  /** Whether one call could not carry more than what waits. */
  readonly isFull: boolean;
  /** Whether another road may carry an ack now: none is on its way, and none waits. */
  mayCarry(now: number): boolean;
}

/** Errors that repeating a call does not mend and that mean that the run is no longer the reader. */
const FATAL = new Set<string>([
  "auth",
  "config",
  "conflict",
  "notFound",
  "leaseLost",
  "cursorExpired",
]);

/** Whether an error of a pull or an ack must end the run at once. */
export function isFatal({ code, retryable }: AckloopError): boolean {
  return FATAL.has(code) && !retryable;
}

/** The longest wait between two tries of an ack, in ms: a stop must leave time for another. */
const ACK_RETRY_MAX_MS = 2000;

function ackPace({ idle }: LoopSettings): Pace {
  const maxMs = Math.min(ACK_RETRY_MAX_MS, idle.maxMs);
  return new Pace({ minMs: Math.min(250, maxMs), maxMs });
}

/** How often an ack may be refused for a reason that repeating does not mend. */
const MOST_REFUSALS = 5;

/** The most ack calls at once; receipts gather meanwhile, so that a call carries many. */
const MOST_CALLS = 8;

const NEVER = Number.POSITIVE_INFINITY;

/** What came of an ack: a verdict on each receipt, or why there is none. */
type SentAck = AckReport | { readonly error: AckloopError };

/** Sends receipts; `undefined` when the call was cut. */
async function sendAck(
  { feed, settings, over }: SettlingParts,
  receipts: readonly Receipt[],
): Promise<SentAck | undefined> {
  const { name } = feed;
  const asking = { what: "ack", whom: name, limitMs: settings.callTimeoutMs, signal: over };
  const answer = await ask(asking, (signal) => feed.ack(receipts, { signal }));
  if (over.aborted || answer.kind === "cut") return undefined;
  if (answer.kind === "failed") return answer;
  const { value } = answer;
  try {
    if (Array.isArray(value) && value.length === receipts.length) {
      // Not by `map`, which passes over the holes of a list.
      return Array.from(value, (verdict) => toVerdict(verdict, name));
    }
  } catch (thrown) {
    return { error: toFailure(thrown, { what: "ack", whom: name }) };
  }
  const count = Array.isArray(value) ? `${value.length} verdicts` : "no list of verdicts";
  const facts = { provider: name, operation: "ack" };
  return {
    error: new AckloopError(
      "schema",
      `gave ${count} for ${receipts.length} receipts; that is a fault of the feed`,
      facts,
    ),
  };
}

/** A feed of the user's may give anything: what does not say that it is acked has failed. */
function toVerdict(verdict: Partial<AckVerdict> | null | undefined, feed: string): AckVerdict {
  const { status, error } = (verdict ?? {}) as {
    readonly status?: unknown;
    readonly error?: unknown;
  };
  if (status === "acked") return ACKED;
  if (status === "gone") return GONE;
  return { status: "failed", error: toFailure(error, { what: "ack", whom: feed }) };
}

const ACKED: AckVerdict = Object.freeze({ status: "acked" });
const GONE: AckVerdict = Object.freeze({ status: "gone" });

/** What an ack's error throws when it is read must end neither the process nor the acks, unsaid. */
const orHalt =
  ({ feed, onHalt }: SettlingParts) =>
  (thrown: unknown): void =>
    onHalt(toFailure(thrown, { what: "ack", whom: feed.name }));

function verdictOf(report: SentAck, index: number): AckVerdict {
  const verdict = "error" in report ? undefined : report[index];
  return verdict ?? { status: "failed", error: (report as { readonly error: AckloopError }).error };
}

interface Refusal {
  readonly message: Message;
  readonly error: AckloopError;
}

/** A call that was sent. */
interface Sent {
  /** Whether it was refused whole, with what was stale in it. */
  readonly isMixed: boolean;
  /** By `performance.now`. */
  readonly sentAt: number;
}

/** Acknowledges one message each: as many at once as allowed, the failed ones again. */
export class IndividualSettling implements Settling {
  readonly #parts: SettlingParts;
  readonly #queue = new Queue<Message>();
  /** What the provider refused and may take later, and from when. */
  readonly #refused = new Map<Message, number>();
  readonly #pace: Pace;
  /** Kept while the provider refuses, for good, whatever it is sent. */
  readonly #refusing: Pace;
  /** How many refusals for good there were in a row. */
  #refusals = 0;
  readonly #doubt = new Doubt();
  readonly answers = new Answers();
  #calls = 0;
  #inFlight = 0;
  /** Refused for good: a stop need not wait for what cannot be acknowledged any more. */
  #gaveUp = false;
  #halted: AckloopError | undefined;

  constructor(parts: SettlingParts) {
    this.#parts = parts;
    this.#pace = ackPace(parts.settings);
    this.#refusing = ackPace(parts.settings);
  }

  get isIdle(): boolean {
    if (this.#calls > 0) return false;
    return this.#gaveUp || (this.#queue.length === 0 && this.#refused.size === 0);
  }

  get isDue(): boolean {
    return this.#queue.length > 0;
  }

  get isFull(): boolean {
    return this.#queue.length >= this.#parts.settings.ackConcurrency;
  }

  mayCarry(): boolean {
    return false;
  }

  settled(message: Message): void {
    if (message.receipt !== undefined) this.#push(message);
    else if (message.entry.unacked === 0) this.#parts.window.unackable(message.entry);
  }

  /** What several have is sent once, when the last of them is settled. */
  #push(message: Message): void {
    if (message.beside === undefined) {
      this.#queue.push(message);
      return;
    }
    const beside = [...message.beside];
    if (beside.some(({ entry }) => entry.state === "open")) return;
    const byReceipt = new Map(beside.map((each) => [each.receipt, each]));
    for (const each of byReceipt.values()) this.#queue.push(each);
  }

  step(now: number): number {
    const { settings, over, mayStart } = this.#parts;
    if (this.#gaveUp || over.aborted) return NEVER;
    const next = this.#takeBackRefused(now);
    if (this.#queue.length === 0) return next;
    const until = Math.max(this.#pace.until, this.#refusing.until);
    if (until > now) return until;
    while (this.#calls < MOST_CALLS && this.#queue.length > 0) {
      const room = settings.ackConcurrency - this.#inFlight;
      if (room <= 0 || !mayStart()) break;
      void this.#send(this.#queue.take(room)).catch(orHalt(this.#parts));
      // While the provider fails, one call at a time tries whether it is back.
      if (this.#pace.attempts + this.#refusing.attempts > 0) break;
    }
    return next;
  }

  #takeBackRefused(now: number): number {
    let next = NEVER;
    for (const [message, at] of this.#refused) {
      if (at > now) {
        next = Math.min(next, at);
        continue;
      }
      this.#refused.delete(message);
      this.#queue.push(message);
    }
    return next;
  }

  async #send(taken: readonly Message[]): Promise<void> {
    const messages = taken.filter(({ receipt }) => receipt !== undefined);
    if (messages.length === 0) return;
    this.#calls += 1;
    this.#inFlight += messages.length;
    const sentAt = performance.now();
    this.answers.sent(sentAt);
    const report = await sendAck(
      this.#parts,
      messages.map(({ receipt }) => receipt as Receipt),
    );
    this.#calls -= 1;
    this.#inFlight -= messages.length;
    if (report === undefined) this.answers.cut();
    else this.#read(messages, report, sentAt);
    this.#parts.changed();
  }

  #read(messages: readonly Message[], report: SentAck, sentAt: number): void {
    const { window, onAcked } = this.#parts;
    let acked = 0;
    let gone = 0;
    const failures: Refusal[] = [];
    for (const [index, message] of messages.entries()) {
      // Dropped meanwhile.
      if (message.receipt === undefined) continue;
      const verdict = verdictOf(report, index);
      if (verdict.status === "failed") failures.push({ message, error: verdict.error });
      else {
        this.#doubt.clear();
        this.#refusing.reset();
        this.#refusals = 0;
        const count = window.acked(message);
        acked += count;
        if (verdict.status === "gone") gone += count;
      }
    }
    this.#note(failures, messages, sentAt);
    if (acked > 0) onAcked(acked, gone, sentAt);
    // Where the whole call was refused, it may have been for what was stale in it.
    const isMixed = "error" in report && failures.some(({ message }) => isStale(message));
    const again = failures.filter((each) => !this.#isRefusedForGood(each, isMixed, sentAt));
    this.#again(again, { isMixed, sentAt });
  }

  /** One that is refused beside others that are taken is no failure of the provider. */
  #note(failures: readonly Refusal[], { length }: readonly Message[], sentAt: number): void {
    const [first] = failures;
    if (first && failures.length === length) this.answers.failed(first.error, sentAt);
    else this.answers.good();
  }

  /** Halts the run when an event cannot be acked; the others of its call still can. */
  #isRefusedForGood({ message, error }: Refusal, isMixed: boolean, sentAt: number): boolean {
    const { window, onAcked } = this.#parts;
    if (isStale(message)) {
      // A newer receipt is acked for it; if it was another message, that comes again.
      message.refusals += error.retryable ? 1 : MOST_REFUSALS;
      const isDropped = message.refusals >= MOST_REFUSALS;
      const dropped = isDropped ? window.drop(message) : 0;
      if (dropped > 0) onAcked(dropped, 0, sentAt);
      return isDropped;
    }
    const fatal = isFatal(error) && !isMixed && this.#doubt.isSure(error, sentAt);
    if (!error.retryable && !isMixed) message.refusals += 1;
    if (!fatal && message.refusals < MOST_REFUSALS) return false;
    this.#gaveUp ||= fatal;
    this.#halt(error);
    return true;
  }

  /** A call has one error for all that it carried, which is told once. */
  #halt(error: AckloopError): void {
    if (this.#halted === error) return;
    this.#halted = error;
    this.#parts.onHalt(error);
  }

  #again(refused: readonly Refusal[], { isMixed, sentAt }: Sent): void {
    // What says that the provider is away matters to all; what is wrong with one does not.
    const worst = refused.find(({ error }) => error.retryable) ?? refused[0];
    const isAway = worst !== undefined && (worst.error.retryable || isMixed);
    if (!isAway) this.#pace.reset(sentAt);
    if (worst === undefined) return;
    const { error } = worst;
    const pace = isAway ? this.#pace : this.#paceOfRefusals(refused.length);
    const delayMs = pace.delay(error.retryAfterMs, { sentAt });
    for (const { message } of refused) this.#refused.set(message, pace.until);
    this.#parts.tell?.({ kind: "ackFailed", error, delayMs });
    if (this.#refusing.attempts < MOST_REFUSALS) return;
    this.#gaveUp = true;
    this.#parts.onHalt(error);
  }

  #paceOfRefusals(count: number): Pace {
    this.#refusals += count;
    // More in a row than one event can have are no fault of an event.
    return this.#refusals > MOST_REFUSALS ? this.#refusing : ackPace(this.#parts.settings);
  }
}

/** Acknowledges "everything up to here": one receipt, one call in flight, never back. */
export class CumulativeSettling implements Settling {
  readonly #parts: SettlingParts;
  readonly #pace: Pace;
  readonly #doubt = new Doubt();
  readonly answers = new Answers();
  #isCalling = false;
  #refusals = 0;
  /** Refused for good: a stop need not wait for what cannot be acknowledged any more. */
  #gaveUp = false;

  constructor(parts: SettlingParts) {
    this.#parts = parts;
    this.#pace = ackPace(parts.settings);
  }

  get isIdle(): boolean {
    if (this.#isCalling) return false;
    return this.#gaveUp || this.#parts.window.watermark.next === undefined;
  }

  get isDue(): boolean {
    return !this.#isCalling && this.#parts.window.watermark.next !== undefined;
  }

  get isFull(): boolean {
    return false;
  }

  mayCarry(now: number): boolean {
    return !this.#isCalling && this.#pace.isOpen(now) && this.#pace.attempts === 0;
  }

  settled(): void {
    // The window's watermark knows.
  }

  step(now: number): number {
    const { window, over, mayStart } = this.#parts;
    const { next } = window.watermark;
    if (this.#isCalling || this.#gaveUp || next === undefined || over.aborted) return NEVER;
    if (!this.#pace.isOpen(now)) return this.#pace.until;
    if (mayStart()) void this.#send(next).catch(orHalt(this.#parts));
    return NEVER;
  }

  async #send(reach: Reach): Promise<void> {
    const { window, onAcked, changed } = this.#parts;
    this.#isCalling = true;
    window.watermark.take(reach);
    const sentAt = performance.now();
    this.answers.sent(sentAt);
    const report = await sendAck(this.#parts, [reach.receipt]);
    this.#isCalling = false;
    if (report === undefined) this.answers.cut();
    else {
      const verdict = verdictOf(report, 0);
      if (verdict.status === "failed") this.#refused(reach, verdict.error, sentAt);
      else {
        this.answers.good();
        this.#pace.reset();
        this.#doubt.clear();
        this.#refusals = 0;
        onAcked(window.confirm(reach), verdict.status === "gone" ? 1 : 0, sentAt);
      }
    }
    changed();
  }

  #refused(reach: Reach, error: AckloopError, sentAt: number): void {
    const { feed, window, tell, onHalt, pullsOn } = this.#parts;
    this.answers.failed(error, sentAt);
    if (!error.retryable) this.#refusals += 1;
    const fatal = isFatal(error) && this.#doubt.isSure(error, sentAt);
    if (fatal || this.#refusals >= MOST_REFUSALS) {
      this.#gaveUp = true;
      onHalt(error);
      return;
    }
    // A server that refuses the receipt for good hands out a new one with the next pull, if there is one.
    const comesAgain = feed.pulls === "unacked" && pullsOn();
    if (error.retryable || !comesAgain) window.watermark.putBack(reach);
    const delayMs = this.#pace.delay(error.retryAfterMs);
    tell?.({ kind: "ackFailed", error, delayMs });
  }
}
