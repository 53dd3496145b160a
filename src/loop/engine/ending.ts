import type { AckloopError } from "../../core/errors.ts";
import type { StopReason } from "../../core/summary.ts";

/** The most of a stop's time that is kept for the acks. */
const RESERVED_SHARE = 1 / 5;

/** What handlers leave for letting go at the most, in ms: half of what is kept for acks, if that is less. */
const MOST_KEPT_MS = 1000;

/** How long letting go may take at least, in ms: however short a stop is, and where the lease is lost. */
const LEAST_MS = Object.freeze({ stop: 100, lost: 1000 });

/** What of a time that is left is kept for the last acks, in ms. */
export function reserveOf(reserveMs: number, leftMs: number): number {
  return Math.min(reserveMs, Math.max(0, leftMs) * RESERVED_SHARE);
}

/** How a run is asked to end. */
export interface EndingFacts {
  readonly reason?: StopReason | undefined;
  readonly error?: AckloopError | undefined;
  /** The whole stop, in ms. */
  readonly withinMs: number;
  /** The part of it that is kept for the acks, in ms. */
  readonly reserveMs: number;
}

/** What there is still to wait for. */
export interface Pending {
  readonly handlers: boolean;
  readonly acks: boolean;
  readonly pull: boolean;
}

/**
 * The end of a run, in its stated order: handlers may finish, then their signal fires, then the last
 * acks go out, then what is left is let go of. It knows the times, and does nothing itself.
 */
export class Ending {
  facts: EndingFacts;
  phase: "handlers" | "acks" | "lettingGo" = "handlers";
  /** Whether the feed is another's now. */
  isLost = false;
  #endAt: number;
  #graceAt: number;
  #letGoMs: number;
  #leastEndAt = 0;

  constructor(facts: EndingFacts, now: number) {
    this.facts = facts;
    this.#endAt = now + facts.withinMs;
    this.#graceAt = this.#endAt - facts.reserveMs;
    this.#letGoMs = Math.min(MOST_KEPT_MS, facts.reserveMs / 2);
  }

  /** The feed is another's now: handlers and acks are cut, and what is left is let go of; no stop in order. */
  lose(error: AckloopError, now: number): void {
    this.isLost = true;
    this.facts = { ...this.facts, reason: undefined, error: this.facts.error ?? error };
    this.phase = "acks";
    this.#endAt = now;
  }

  /** By when all must be over, by `performance.now`. */
  get endAt(): number {
    return this.#endAt;
  }

  /** A second stop, with less time: the shorter one holds. */
  shorten(withinMs: number, now: number): void {
    if (now + withinMs >= this.#endAt) return;
    this.#endAt = Math.max(now + withinMs, this.#leastEndAt);
    const reserveMs = reserveOf(this.facts.reserveMs, withinMs);
    this.#graceAt = Math.min(this.#graceAt, this.#endAt - reserveMs);
    this.#letGoMs = Math.min(this.#letGoMs, reserveMs / 2);
  }

  /** Goes on to the next phase if it may; true when it did. */
  advance(pending: Pending, now: number): boolean {
    if (
      this.phase === "handlers" &&
      (now >= this.#graceAt || !(pending.handlers || pending.pull))
    ) {
      this.phase = "acks";
      return true;
    }
    // Acks on their way, one that a pull carries too, may use all of the time; handlers may not.
    const hasAcks = pending.acks || pending.pull;
    const lateAt = hasAcks ? this.#endAt : this.#endAt - this.#letGoMs;
    const isDone = !(pending.handlers || pending.acks || pending.pull);
    if (this.phase === "acks" && (now >= lateAt || isDone)) {
      this.phase = "lettingGo";
      this.#leastEndAt = now + (this.isLost ? LEAST_MS.lost : LEAST_MS.stop);
      this.#endAt = Math.max(this.#endAt, this.#leastEndAt);
      return true;
    }
    return false;
  }

  /** When there is something to decide next, by `performance.now`. */
  nextAt(now: number): number {
    if (this.phase === "handlers") return this.#graceAt;
    const lateAt = this.#endAt - this.#letGoMs;
    return this.phase === "acks" && now < lateAt ? lateAt : this.#endAt;
  }
}
