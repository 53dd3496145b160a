import type { AckloopError } from "./errors.ts";
import type { FeedEvent } from "./event.ts";
import type { Summary } from "./summary.ts";

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
  /** A handler is started with an event; each of a batch is told by itself. */
  | { readonly kind: "handling"; readonly event: FeedEvent; readonly attempt: number }
  /**
   * A handler has taken `handlerTimeoutMs` and not returned yet: its signal fires. The attempt ends, and
   * is told as `handled` or `retried`, only once it returns.
   */
  | {
      readonly kind: "timedOut";
      readonly event: FeedEvent;
      readonly attempt: number;
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
      /** The letter's identity, as `DeadLetterStore.get` takes it. */
      readonly identity: string;
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
  /**
   * `count` deliveries are settled at the provider, `gone` of the receipts were so before. The call has taken
   * `elapsedMs`.
   */
  | {
      readonly kind: "acked";
      readonly count: number;
      readonly gone: number;
      readonly elapsedMs: number;
    }
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
  /** A store that had failed has answered. */
  | { readonly kind: "storeBack"; readonly store: "deadLetters" | "dedupe" | "lease" }
  /**
   * There is no room for more: pulling waits for the event that has been open longest, here by its
   * identity. Told once, until there was a pull again; and once more for each minute, and then for two, four
   * and so on, in which nothing was settled, for `stillMs` in all.
   */
  | {
      readonly kind: "windowFull";
      readonly open: number;
      readonly heldBy: string;
      readonly heldMs: number;
      readonly stillMs: number;
    }
  /**
   * A handler has had its event for `forMs`: a minute, or `handlerTimeoutMs` where that is more. Told again each
   * time that has doubled.
   */
  | {
      readonly kind: "handlerSlow";
      readonly event: FeedEvent;
      readonly attempt: number;
      readonly forMs: number;
    }
  /**
   * So many different events have failed, and none succeeded in between: an outage. No handler is
   * started but one that probes, in `delayMs`, and no attempt is counted until one succeeds. `why`: what the
   * last of them has failed with.
   */
  | {
      readonly kind: "circuitOpened";
      readonly failed: number;
      readonly delayMs: number;
      readonly why: string;
    }
  /** What probes in an outage has failed too, `elapsedMs` after it began; the next does in `delayMs`. */
  | {
      readonly kind: "probeFailed";
      readonly elapsedMs: number;
      readonly delayMs: number;
      readonly why: string;
    }
  /** A handler has succeeded: the outage is over, after so long. */
  | { readonly kind: "circuitClosed"; readonly elapsedMs: number }
  | { readonly kind: "leaseAcquired"; readonly fence: number }
  /** Another process holds the lease, `holder` where the store tells it; the next try is in `delayMs`. */
  | {
      readonly kind: "leaseTaken";
      readonly delayMs: number;
      readonly holder?: string | undefined;
    }
  | { readonly kind: "paused" }
  | { readonly kind: "resumed" }
  /** The run is about to end, at most `withinMs` from now; `error`: what has halted it. */
  | {
      readonly kind: "stopping";
      /** Deliveries that are not settled. */
      readonly open: number;
      /** Deliveries that are not acknowledged, settled ones included. */
      readonly unacked: number;
      readonly withinMs: number;
      readonly error?: AckloopError | undefined;
    }
  /** The run must end, so as not to lose an event; or, while it stops, it leaves something behind. */
  | { readonly kind: "halted"; readonly error: AckloopError }
  | { readonly kind: "stopped"; readonly summary: Summary }
);

/** A report as the parts of the loop make it: without the feed's name. */
export type ReportBody = Report extends infer Each
  ? Each extends Report
    ? Omit<Each, "feed">
    : never
  : never;

/**
 * Takes reports. It must be quick. One that throws, at once or late, is told to the logger once and is
 * not called again; the run goes on.
 */
export type ReportListener = (report: Report) => void;
