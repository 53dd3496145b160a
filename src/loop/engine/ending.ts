import type { AckloopError } from "../../core/errors.ts";
import type { StopReason } from "../../core/summary.ts";

/** The most of a stop's time that is kept for the acks. */
const RESERVED_SHARE = 1 / 5;

/** How long letting go may take at least, in ms, however short a stop is. */
const LEAST_LETTING_GO_MS = 1000;

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
  /** Handlers and acks are cut at once: the feed is another's now. */
  readonly abrupt: boolean;
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
  readonly facts: EndingFacts;
  phase: "handlers" | "acks" | "lettingGo" = "handlers";
  #endAt: number;
  #graceAt: number;
  #leastEndAt = 0;

  constructor(facts: EndingFacts, now: number) {
    this.facts = facts;
    this.#endAt = now + (facts.abrupt ? 0 : facts.withinMs);
    this.#graceAt = this.#endAt - facts.reserveMs;
    if (facts.abrupt) this.phase = "acks";
  }

  /** By when all must be over, by `performance.now`. */
  get endAt(): number {
    return this.#endAt;
  }

  /** A second stop, with less time: the shorter one holds. */
  shorten(withinMs: number, now: number): void {
    if (now + withinMs >= this.#endAt) return;
    this.#endAt = Math.max(now + withinMs, this.#leastEndAt);
    const graceAt = this.#endAt - reserveOf(this.facts.reserveMs, withinMs);
    this.#graceAt = Math.min(this.#graceAt, graceAt);
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
    const isDone = !(pending.handlers || pending.acks || pending.pull);
    if (this.phase === "acks" && (now >= this.#endAt || isDone)) {
      this.phase = "lettingGo";
      this.#leastEndAt = now + LEAST_LETTING_GO_MS;
      this.#endAt = Math.max(this.#endAt, this.#leastEndAt);
      return true;
    }
    return false;
  }

  /** When the phase ends at the latest, by `performance.now`. */
  get nextAt(): number {
    return this.phase === "handlers" ? this.#graceAt : this.#endAt;
  }
}
