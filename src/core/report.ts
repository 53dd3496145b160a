import type { AckloopError } from "./errors.ts";
import type { FeedEvent } from "./event.ts";

/** Why a run ended without an error. */
export type StopReason = "empty" | "deadline" | "limit" | "signal";

/** What a run did, in whole numbers, from its start to its end. */
export interface Summary {
  /** The feed's name. */
  readonly feed: string;
  /** Why it ended; absent in the summary that a failed run's error carries. */
  readonly stopped?: StopReason | undefined;
  /** Deliveries that were new to this run. */
  readonly pulled: number;
  /** Events whose handler was done. */
  readonly handled: number;
  /** Attempts that failed and were tried again. */
  readonly retried: number;
  /** Events stored as dead letters. */
  readonly deadLettered: number;
  /** Events dropped by the handler's word or by the policy `unprocessable`. */
  readonly dropped: number;
  /** Deliveries not given to a handler: the event was settled before. */
  readonly duplicates: number;
  /** Deliveries whose settlement the provider, or the cursor store, has confirmed. */
  readonly acked: number;
  /** Deliveries left as they were; they come again. */
  readonly unsettled: number;
  /** Pulls that were answered. */
  readonly polls: number;
  /** True when a cumulative feed did not move: the next run meets the same events. */
  readonly noProgress: boolean;
  /** From the start to the end, in ms. */
  readonly elapsedMs: number;
}

/**
 * What happens in a run, as one discriminated union: logs, metrics and progress bars are made from
 * it. Reports come in the order of what they tell of, each at most once.
 */
export type Report = { readonly feed: string } & (
  | { readonly kind: "started" }
  /** A pull was answered: `count` deliveries, `fresh` of them new to this run. */
  | {
      readonly kind: "pulled";
      readonly count: number;
      readonly fresh: number;
      readonly elapsedMs: number;
    }
  | {
      readonly kind: "handled";
      readonly event: FeedEvent;
      readonly attempt: number;
      readonly elapsedMs: number;
    }
  /** An attempt failed, or asked for it; the next one begins in `delayMs`. */
  | {
      readonly kind: "retried";
      readonly event: FeedEvent;
      readonly attempt: number;
      readonly delayMs: number;
      readonly error?: unknown;
    }
  | {
      readonly kind: "deadLettered";
      readonly id: string;
      readonly event?: FeedEvent | undefined;
      readonly reason: string;
      readonly attempts: number;
    }
  | {
      readonly kind: "dropped";
      readonly event?: FeedEvent | undefined;
      readonly reason: string;
    }
  /** An event came that is settled already; no handler was started. */
  | { readonly kind: "duplicate"; readonly event: FeedEvent }
  /** `count` deliveries are settled at the provider, `gone` of the receipts were so before. */
  | { readonly kind: "acked"; readonly count: number; readonly gone: number }
  | { readonly kind: "ackFailed"; readonly error: unknown; readonly delayMs: number }
  /** Nothing new; the next pull begins in `delayMs`. */
  | { readonly kind: "idle"; readonly delayMs: number }
  | { readonly kind: "pollFailed"; readonly error: unknown; readonly delayMs: number }
  | {
      readonly kind: "storeFailed";
      readonly store: "deadLetters" | "dedupe" | "lease";
      readonly error: unknown;
      readonly delayMs: number;
    }
  /** The window is full: pulling waits for the event that has been open longest. */
  | { readonly kind: "windowFull"; readonly open: number; readonly heldBy: string }
  | { readonly kind: "leaseAcquired"; readonly fence: number }
  /** Another process holds the lease; the next try is in `delayMs`. */
  | { readonly kind: "leaseTaken"; readonly delayMs: number }
  | { readonly kind: "paused" }
  | { readonly kind: "resumed" }
  | { readonly kind: "stopping" }
  | { readonly kind: "halted"; readonly error: AckloopError }
  | { readonly kind: "stopped"; readonly summary: Summary }
);

/** Takes reports. It must be quick and must not throw: a throw halts the run. */
export type ReportListener = (report: Report) => void;
