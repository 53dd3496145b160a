import type { FeedEvent } from "../core/event.ts";
import type { Feed } from "../core/feed.ts";
import type { Summary } from "../core/summary.ts";
import type { Incident } from "./engine/recent.ts";

export type { Incident } from "./engine/recent.ts";

/** An event that a run holds and has not settled. */
export interface OpenEvent {
  /** What tells it apart. */
  readonly identity: string;
  /** The event as it came; absent where it could not be read. */
  readonly event?: FeedEvent | undefined;
  /** `handling`: a handler has it. `retrying`: it has failed, and waits for its next attempt. */
  readonly state: "waiting" | "handling" | "retrying";
  /** How many attempts have ended. */
  readonly attempts: number;
  /** For how long it has been open, in ms. */
  readonly openMs: number;
  /** In how long its next attempt may begin, in ms; absent where that is not known. */
  readonly nextInMs?: number | undefined;
  /** Why its last attempt has failed, for people. */
  readonly failure?: string | undefined;
}

/** What a run has done and what it holds, at the moment it was asked. For pages and tools that show it to people. */
export interface RunDetails {
  /** The feed's name. */
  readonly feed: string;
  /** The reader's own name; empty where it has none. */
  readonly consumer: string;
  /** How the feed acknowledges. */
  readonly acks: Feed["acks"];
  /** What it has done so far; `stopped` is absent, and `unsettled` is what is open. */
  readonly summary: Summary;
  /** The option `concurrency`. */
  readonly concurrency: number;
  /** The option `maxInFlight`. */
  readonly maxInFlight: number;
  /** The length of the pages of which something is held, in bytes, as far as the feed tells it. */
  readonly bytes: number;
  /** By which name it holds, or waits for, the lease; absent where it needs none. */
  readonly holder?: string | undefined;
  /** The `time` of the event that came last; absent before the first, or where events have none. */
  readonly newestTime?: string | undefined;
  /**
   * The `time` of the first event that is not acknowledged: what an acknowledgement of all before it stands behind.
   * Absent where all are, or it has none.
   */
  readonly unackedTime?: string | undefined;
  /** What is open, those that came first before the others, at most as many as were asked for. */
  readonly open: readonly OpenEvent[];
  /** What went wrong last, oldest first, at most 20. */
  readonly incidents: readonly Incident[];
}
