import type { FeedEvent } from "./event.ts";
import type { ReportListener } from "./report.ts";

/**
 * Watches runs from inside, as the option `telemetry` of every verb: `ackloop/opentelemetry` makes one.
 *
 * It changes nothing of what a run does: whatever it throws goes no further, and what a handler gives is read
 * past it.
 */
export interface Telemetry {
  /** A run, or a webhook, is made: called once for each, in the async context of the verb. */
  watch(run: WatchedRun): RunWatch;
}

/** What is known of a run when it is made. */
export interface WatchedRun {
  /** The feed's or receiver's name. */
  readonly feed: string;
  /** The reader's own name; empty where it has none. */
  readonly consumer: string;
  /**
   * `endless`: it goes on until it is stopped, as `consume` and `deliveries` do. `job`: it is a part of what has
   * started it, as `drain` and `redrive` are. `request`: each handler is a part of a request, as in `webhook`.
   */
  readonly kind: "endless" | "job" | "request";
  /** How many deliveries it holds now that are not settled. */
  countOpen(): number;
}

/** Watches one run. */
export interface RunWatch {
  /** Gets every report, as the option `onReport` does. */
  readonly onReport: ReportListener;
  /**
   * A pull was answered. What this gives is given back with the events that came first with it.
   *
   * @param facts.count How many deliveries it brought.
   * @param facts.elapsedMs How long it took, in ms.
   */
  polled(facts: { readonly count: number; readonly elapsedMs: number }): unknown;
  /**
   * A webhook holds deliveries that are not settled, or none any more. Nobody says when a webhook is over: what
   * holds none need not be kept.
   */
  busy?(isBusy: boolean): void;
  /** A handler is about to be called, in the async context that it will have. */
  handling(call: HandlerCall): HandlerWatch;
}

/** One call of a handler. */
export interface HandlerCall {
  /** The event, or those of a batch. */
  readonly events: readonly FeedEvent[];
  /** Whether a batch handler is called. */
  readonly isBatch: boolean;
  /** Which attempt of this run it is, from 1, for each event. */
  readonly attempts: readonly number[];
  /** What `polled` gave for the polls that brought the events, each once. */
  readonly polls: readonly unknown[];
}

/** Watches one call of a handler. */
export interface HandlerWatch {
  /** Calls `call`, once and at once, in an async context of its own. It never throws, and gives nothing. */
  run(call: () => void): void;
  /** The handler has returned, or its promise has settled: how it ended with each event. */
  ended(ends: readonly HandlerEnd[]): void;
}

/** How a handler ended with an event. */
export interface HandlerEnd {
  /**
   * What it has said: nothing, or `done()`, is `done`. `timedOut`: it took longer than `handlerTimeoutMs` and has
   * not said `done()`. `unsettled`: the run was stopping.
   */
  readonly outcome: "done" | "retry" | "deadLetter" | "drop" | "failed" | "timedOut" | "unsettled";
  /** What it threw, where it did. */
  readonly error?: unknown;
}
