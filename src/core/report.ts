import type { AckloopError } from "./errors.ts";
import type { FeedEvent } from "./event.ts";
import type { Summary } from "./summary.ts";

/**
 * What each kind of report tells, by its `kind`. Every report also has `feed`, the feed's name. Times are in ms:
 * `elapsedMs` is how long something took, `delayMs` how long it is until the next try.
 */
export interface ReportFacts {
  /** The run has begun. Told first, and once. */
  readonly started: Readonly<Record<never, never>>;
  /** A pull was answered: `count` deliveries, `fresh` of them new to this run. */
  readonly pulled: { readonly count: number; readonly fresh: number; readonly elapsedMs: number };
  /** A handler is started with an event; each of a batch is told by itself. `attempt` counts from 1. */
  readonly handling: { readonly event: FeedEvent; readonly attempt: number };
  /**
   * A handler has taken `handlerTimeoutMs` and not returned yet: its signal fires. The attempt ends, and
   * is told as `handled` or `retried`, only once it returns.
   */
  readonly timedOut: {
    readonly event: FeedEvent;
    readonly attempt: number;
    readonly elapsedMs: number;
  };
  /** A handler is done with its event, which may be acknowledged now. */
  readonly handled: {
    readonly event: FeedEvent;
    readonly attempt: number;
    readonly elapsedMs: number;
  };
  /** An attempt failed with `error`, or asked for another and has none; the next one begins in `delayMs`. */
  readonly retried: {
    readonly event: FeedEvent;
    readonly attempt: number;
    readonly delayMs: number;
    readonly error?: unknown;
  };
  /**
   * An event is stored as a dead letter, by the `identity` that `DeadLetterStore.get` takes. `event` is absent
   * where it could not be read.
   */
  readonly deadLettered: {
    readonly identity: string;
    readonly event?: FeedEvent | undefined;
    readonly reason: string;
    readonly attempts: number;
  };
  /** An event is set aside unhandled, and will be acknowledged. `event` is absent where it could not be read. */
  readonly dropped: { readonly event?: FeedEvent | undefined; readonly reason: string };
  /** An event came that is settled already; no handler was started. */
  readonly duplicate: { readonly event: FeedEvent };
  /** `count` deliveries are acknowledged at the provider; `gone` of the receipts were so before. */
  readonly acked: { readonly count: number; readonly gone: number; readonly elapsedMs: number };
  /** An acknowledgement failed; it is sent again in `delayMs`. */
  readonly ackFailed: { readonly error: unknown; readonly delayMs: number };
  /** Nothing new; the next pull begins in `delayMs`. */
  readonly idle: { readonly delayMs: number };
  /** A pull failed; the next one begins in `delayMs`. */
  readonly pollFailed: { readonly error: unknown; readonly delayMs: number };
  /** A store failed; it is asked again in `delayMs`. */
  readonly storeFailed: {
    readonly store: "deadLetters" | "dedupe" | "lease";
    readonly error: unknown;
    readonly delayMs: number;
  };
  /** A store that had failed has answered. */
  readonly storeBack: { readonly store: "deadLetters" | "dedupe" | "lease" };
  /**
   * There is no room for more than the `open` events: pulling waits for the one that has been open longest, for
   * `heldMs`, here by its identity. Told once, until there was a pull again; and once more for each minute, and
   * then for two, four and so on, in which nothing was settled, for `stillMs` in all.
   */
  readonly windowFull: {
    readonly open: number;
    readonly heldBy: string;
    readonly heldMs: number;
    readonly stillMs: number;
  };
  /**
   * A handler has had its event for `forMs`: a minute, or `handlerTimeoutMs` where that is more. Told again each
   * time that has doubled.
   */
  readonly handlerSlow: {
    readonly event: FeedEvent;
    readonly attempt: number;
    readonly forMs: number;
  };
  /**
   * So many different events have failed, and none succeeded in between: an outage. No handler is
   * started but one that probes, in `delayMs`, and no attempt is counted until one succeeds. `why`: what the
   * last of them has failed with.
   */
  readonly circuitOpened: {
    readonly failed: number;
    readonly delayMs: number;
    readonly why: string;
  };
  /** What probes in an outage has failed too, `elapsedMs` after it began; the next does in `delayMs`. */
  readonly probeFailed: {
    readonly elapsedMs: number;
    readonly delayMs: number;
    readonly why: string;
  };
  /** A handler has succeeded: the outage is over, after so long. */
  readonly circuitClosed: { readonly elapsedMs: number };
  /** This run reads the feed now, and no other does. `fence` grows with each that does. */
  readonly leaseAcquired: { readonly fence: number };
  /** Another process holds the lease, `holder` where the store tells it; the next try is in `delayMs`. */
  readonly leaseTaken: { readonly delayMs: number; readonly holder?: string | undefined };
  /** `run.pause()` was called: no pull and no handler is started. */
  readonly paused: Readonly<Record<never, never>>;
  /** `run.resume()` was called. */
  readonly resumed: Readonly<Record<never, never>>;
  /**
   * The run is about to end, at most `withinMs` from now. `open` deliveries are not settled, `unacked` are not
   * acknowledged, settled ones included. `error`: what has halted it.
   */
  readonly stopping: {
    readonly open: number;
    readonly unacked: number;
    readonly withinMs: number;
    readonly error?: AckloopError | undefined;
  };
  /** The run must end, so as not to lose an event; or, while it stops, it leaves something behind. */
  readonly halted: { readonly error: AckloopError };
  /** The run has ended. Told last, and once. */
  readonly stopped: { readonly summary: Summary };
}

/**
 * What happens in a run, as one discriminated union: logs, metrics and progress bars are made from
 * it. Reports come in the order of what they tell of, each at most once. {@link ReportFacts} says what each
 * kind means and has.
 *
 * @example
 * ```ts
 * import { consume } from "ackloop";
 *
 * consume(feed, handlers, {
 *   onReport: (report) => {
 *     if (report.kind === "retried") console.warn(report.event.id, report.attempt, report.error);
 *   },
 * });
 * ```
 */
export type Report = {
  [Kind in keyof ReportFacts]: { readonly feed: string; readonly kind: Kind } & ReportFacts[Kind];
}[keyof ReportFacts];

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
