import type { AckloopErrorFacts } from "../../core/errors.ts";
import { AckloopError } from "../../core/errors.ts";
import type { Feed } from "../../core/feed.ts";
import type { StopReason, Summary } from "../../core/summary.ts";
import type { SettledAs } from "./handling.ts";

/** What a run has done so far, in whole numbers. */
export class Counts {
  pulled = 0;
  handled = 0;
  retried = 0;
  deadLettered = 0;
  dropped = 0;
  duplicates = 0;
  acked = 0;
  #hasMoved = false;
  readonly #feed: Pick<Feed, "name" | "acks">;
  readonly #began = performance.now();

  constructor(feed: Pick<Feed, "name" | "acks">) {
    this.#feed = feed;
  }

  /** An event is settled. */
  settled(as: SettledAs): void {
    this[as === "duplicate" ? "duplicates" : as] += 1;
  }

  /** An ack is confirmed. That of a page of others' events lets go of none, and moves the feed on. */
  ackedSo(count: number): void {
    this.acked += count;
    this.#hasMoved = true;
  }

  /** The summary of the run, at its end. */
  toSummary(stopped: StopReason | undefined, unsettled: number, polls: number): Summary {
    const { name, acks } = this.#feed;
    const { pulled, acked } = this;
    return {
      feed: name,
      stopped,
      pulled,
      handled: this.handled,
      retried: this.retried,
      deadLettered: this.deadLettered,
      dropped: this.dropped,
      duplicates: this.duplicates,
      acked,
      unsettled,
      polls,
      noProgress: acks === "cumulative" && pulled > 0 && !this.#hasMoved,
      elapsedMs: performance.now() - this.#began,
    };
  }
}

/** The error that halted a run, with what that, or all of a group, had done. */
export function withSummary(
  error: AckloopError,
  feed: string | undefined,
  summaries: Pick<AckloopErrorFacts, "summary" | "summaries">,
): AckloopError {
  const { code, message, cause, retryable, operation, status } = error;
  const { retryAfterMs, requestId, path, outcomeUnknown, provider = feed } = error;
  const facts = { cause, retryable, status, retryAfterMs, requestId, path, outcomeUnknown };
  const named = new AckloopError(code, message, { ...facts, ...summaries });
  return Object.assign(named, provider && { provider }, operation && { operation });
}
