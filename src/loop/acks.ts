import { AckloopError, isAckloopError } from "../core/errors.ts";
import type { AckReport, AckSink, Receipt } from "../core/feed.ts";
import { sleep } from "../core/sleep.ts";
import type { Entry } from "./entry.ts";
import type { LoopSettings } from "./options.ts";
import { Pacing } from "./pacing.ts";
import { toHalt } from "./processor.ts";
import { Queue } from "./queue.ts";
import type { Tell } from "./report.ts";
import type { Mark } from "./watermark.ts";
import type { Window } from "./window.ts";

/** What the acknowledging side of a run works with. */
export interface AckParts {
  readonly feed: AckSink & { readonly name: string; readonly pulls: "unacked" | "onward" };
  readonly settings: LoopSettings;
  readonly window: Window;
  readonly tell: Tell | undefined;
  /** Cuts acknowledgements: the time kept for them is over, or the lease is lost. */
  readonly signal: AbortSignal;
  /** Whether an acknowledgement may be started: not after a lease has run out. */
  readonly mayStart: () => boolean;
  /** Confirmed: `count` events are let go of. */
  readonly onAcked: (count: number, gone: number) => void;
  /** The run cannot go on. */
  readonly onHalt: (error: AckloopError) => void;
  /** Something has moved; whoever waits for room or for the end may look again. */
  readonly onChange: () => void;
}

/** Sends acknowledgements for what is settled. */
export interface Acks {
  /** An entry is settled. */
  settled(entry: Entry): void;
  /** Sends what can be sent, without waiting for more. */
  flush(): void;
  /** Whether nothing that can be acknowledged is left or on its way. */
  readonly idle: boolean;
  /** Whether a call is on its way, or waits to be repeated. */
  readonly calling: boolean;
}

/** An entry whose ack failed, and why. */
interface Refusal {
  readonly entry: Entry;
  readonly error: unknown;
}

/** Errors that repeating an ack does not mend and that mean that the run is no longer the reader. */
const FATAL = new Set<string>([
  "auth",
  "config",
  "conflict",
  "notFound",
  "leaseLost",
  "cursorExpired",
]);

/** Whether an error of a pull or an ack must end the run at once. */
export function isFatal(error: unknown): boolean {
  if (!isAckloopError(error)) return true;
  return FATAL.has(error.code) && !error.retryable;
}

/** How long the error asks to wait, capped. */
export function askedWaitMs(error: unknown, maxMs: number): number {
  const asked = isAckloopError(error) ? (error.retryAfterMs ?? 0) : 0;
  return Math.min(asked, Math.max(maxMs, 300_000));
}

/** The longest wait between two tries of an ack, in ms: a stop must leave time for another. */
const ACK_RETRY_MAX_MS = 2000;

function ackPacing(settings: LoopSettings): Pacing {
  const maxMs = Math.min(ACK_RETRY_MAX_MS, settings.idle.maxMs);
  return new Pacing({ minMs: Math.min(250, maxMs), maxMs });
}

/** The most ack calls at once; receipts gather meanwhile, so that a call carries many. */
const MOST_CALLS = 8;

/** Acknowledges one event each: as many at once as allowed, the failed ones again. */
export class IndividualAcks implements Acks {
  readonly #parts: AckParts;
  readonly #queue = new Queue<Entry>();
  readonly #failed: Entry[] = [];
  readonly #pacing: Pacing;
  #calls = 0;
  #inFlight = 0;
  #scheduled = false;
  #waiting = false;
  /** Refused for good: a stop need not wait for what cannot be acknowledged any more. */
  #gaveUp = false;

  constructor(parts: AckParts) {
    this.#parts = parts;
    this.#pacing = ackPacing(parts.settings);
  }

  get idle(): boolean {
    if (this.#calls > 0) return false;
    return this.#gaveUp || (this.#queue.length === 0 && this.#failed.length === 0);
  }

  get calling(): boolean {
    return this.#calls > 0 || this.#waiting;
  }

  settled(entry: Entry): void {
    if (entry.receipt === undefined) {
      this.#parts.window.unackable(entry);
      return;
    }
    this.#queue.push(entry);
    if (this.#scheduled) return;
    // Handlers that end in one turn of the event loop share a call.
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  flush(): void {
    const { settings, signal, mayStart } = this.#parts;
    while (!this.#gaveUp && this.#calls < MOST_CALLS && this.#queue.length > 0) {
      const room = settings.ackConcurrency - this.#inFlight;
      if (room <= 0 || signal.aborted || !mayStart()) return;
      void this.#send(this.#queue.take(room));
    }
  }

  async #send(entries: readonly Entry[]): Promise<void> {
    const { feed, signal, onChange } = this.#parts;
    this.#calls += 1;
    this.#inFlight += entries.length;
    const receipts = entries.map((entry) => entry.receipt as Receipt);
    try {
      this.#read(entries, checkReport(await feed.ack(receipts, { signal }), receipts.length));
    } catch (error) {
      this.#refused(entries.map((entry) => ({ entry, error })));
    }
    this.#calls -= 1;
    this.#inFlight -= entries.length;
    this.flush();
    onChange();
  }

  #read(entries: readonly Entry[], report: AckReport): void {
    let acked = 0;
    let gone = 0;
    const refusals: Refusal[] = [];
    for (const [index, entry] of entries.entries()) {
      const verdict = report[index];
      if (verdict?.status === "failed") {
        refusals.push({ entry, error: verdict.error });
        continue;
      }
      acked += 1;
      if (verdict?.status === "gone") gone += 1;
      this.#parts.window.acked(entry);
    }
    if (acked > 0) {
      this.#pacing.reset();
      this.#parts.onAcked(acked, gone);
    }
    this.#refused(refusals);
  }

  #refused(refusals: readonly Refusal[]): void {
    const { signal } = this.#parts;
    if (signal.aborted) return;
    let again: Refusal | undefined;
    for (const refusal of refusals) {
      if (this.#isRefusedForGood(refusal)) continue;
      this.#failed.push(refusal.entry);
      again = refusal;
    }
    if (again && !this.#gaveUp) void this.#again(again.error);
  }

  /** Halts the run when an event cannot be acked; the others of its call still can. */
  #isRefusedForGood({ entry, error }: Refusal): boolean {
    const { settings, onHalt, feed } = this.#parts;
    const fatal = isFatal(error);
    if (!(isAckloopError(error) && error.retryable)) entry.refusals += 1;
    if (!fatal && entry.refusals < settings.attempts) return false;
    this.#gaveUp ||= fatal;
    onHalt(toHalt(feed.name, error));
    return true;
  }

  async #again(error: unknown): Promise<void> {
    if (this.#waiting) return;
    this.#waiting = true;
    const { tell, signal, settings } = this.#parts;
    const delayMs = this.#pacing.next(askedWaitMs(error, settings.idle.maxMs));
    tell?.({ kind: "ackFailed", error, delayMs });
    await sleep(delayMs, signal).catch(() => {});
    this.#waiting = false;
    for (const entry of this.#failed.splice(0)) this.#queue.push(entry);
    this.flush();
    this.#parts.onChange();
  }
}

/** Acknowledges "everything up to here": one receipt, one call in flight, never back. */
export class CumulativeAcks implements Acks {
  readonly #parts: AckParts;
  readonly #pacing: Pacing;
  #busy = false;
  #scheduled = false;
  #refusals = 0;
  /** Refused for good: a stop need not wait for what cannot be acknowledged any more. */
  #gaveUp = false;
  /** Says whether the next pull goes out at once and so may carry the ack. */
  readonly #carries: () => boolean;

  constructor(parts: AckParts, carries: () => boolean) {
    this.#parts = parts;
    this.#pacing = ackPacing(parts.settings);
    this.#carries = carries;
  }

  get idle(): boolean {
    if (this.#busy) return false;
    return this.#gaveUp || this.#parts.window.watermark.next === undefined;
  }

  get calling(): boolean {
    return this.#busy;
  }

  settled(): void {
    if (this.#scheduled || this.#busy || this.#parts.window.watermark.next === undefined) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      if (!this.#carries()) this.flush();
    });
  }

  flush(): void {
    if (!this.#busy && !this.#gaveUp) void this.#send();
  }

  async #send(): Promise<void> {
    const { window, signal, mayStart, onChange } = this.#parts;
    this.#busy = true;
    for (;;) {
      const mark = window.watermark.next;
      if (mark === undefined || signal.aborted || !mayStart()) break;
      window.watermark.take(mark);
      const error = await this.#ackOne(mark);
      if (error === undefined) {
        if (this.#carries()) break;
        continue;
      }
      if (signal.aborted || !(await this.#refused(mark, error))) break;
    }
    this.#busy = false;
    onChange();
  }

  /** Sends one receipt; gives the error where it failed. */
  async #ackOne(mark: Mark): Promise<{ readonly error: unknown } | undefined> {
    const { feed, signal, window, onAcked } = this.#parts;
    try {
      const [verdict] = checkReport(await feed.ack([mark.receipt], { signal }), 1);
      if (verdict?.status === "failed") return verdict;
      this.#pacing.reset();
      this.#refusals = 0;
      onAcked(window.confirm(mark), verdict?.status === "gone" ? 1 : 0);
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  /** Waits before the next try; false when there is none to be made. */
  async #refused(mark: Mark, { error }: { readonly error: unknown }): Promise<boolean> {
    const { feed, settings, window, tell, signal, onHalt } = this.#parts;
    const lasting = !(isAckloopError(error) && error.retryable);
    if (lasting) this.#refusals += 1;
    if (isFatal(error) || this.#refusals >= settings.attempts) {
      this.#gaveUp = true;
      onHalt(toHalt(feed.name, error));
      return false;
    }
    const delayMs = this.#pacing.next(askedWaitMs(error, settings.idle.maxMs));
    tell?.({ kind: "ackFailed", error, delayMs });
    await sleep(delayMs, signal).catch(() => {});
    // A server that refuses the receipt for good hands out a new one with the next pull.
    if (!lasting || feed.pulls === "onward") window.watermark.putBack(mark);
    return true;
  }
}

/** Holds a feed to its contract: one verdict for each receipt. */
function checkReport(report: AckReport, count: number): AckReport {
  if (report.length === count) return report;
  throw new AckloopError("schema", `ack gave ${report.length} verdicts for ${count} receipts`);
}
