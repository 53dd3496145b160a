/** Why a run ended without an error; `"signal"` where it was told to, by `stop()` or the option `signal`. */
export type StopReason = "empty" | "deadline" | "limit" | "signal";

/** What a run did, in whole numbers, from its start to its end. */
export interface Summary {
  /** The feed's name. */
  readonly feed: string;
  /** Why it ended; absent in the summary that a failed run's error carries. */
  readonly stopped?: StopReason | undefined;
  /**
   * Deliveries that were new to this run, and those of events that it had settled before: always the
   * sum of `handled`, `deadLettered`, `dropped`, `duplicates` and `unsettled`.
   */
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
  /** Events whose settlement the provider, or the cursor store, has confirmed, for all their messages. */
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
