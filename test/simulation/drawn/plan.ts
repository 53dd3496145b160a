import type { OddName } from "./odd.ts";

/** The four kinds of feed that there are, by what they are like. */
export const feedKinds = ["list", "queue", "pages", "log"] as const;

/** One of them: individual and unacked, individual and onward, cumulative and unacked or onward. */
export type KindName = (typeof feedKinds)[number];

/** What is asked in a run, and may go wrong. */
export type Service =
  | "pull"
  | "ack"
  | "nack"
  | "extend"
  | "put"
  | "letters"
  | "remove"
  | "begin"
  | "renew"
  | "finish"
  | "forget"
  | "acquire"
  | "renewLease"
  | "release"
  | "schema"
  | "orderBy"
  | "logger"
  | "onReport";

/** What a handler does when it is started with an event. */
export interface DrawnStep {
  /** How long it waits, in ms. */
  readonly ms: number;
  /** How long it computes before, in ms: nothing else runs meanwhile. */
  readonly burnMs: number;
  /** How it ends; `odd` returns a value that is no outcome, `never` does not end. */
  readonly outcome: "bare" | "done" | "throw" | "retry" | "deadLetter" | "drop" | "odd" | "never";
  /** What it does when its signal fires while it works. */
  readonly onAbort: "throw" | "bare" | "done" | "ignore";
  /** What it throws or returns where it does. */
  readonly odd: OddName;
  /** Whether it writes into the event first. */
  readonly changes: boolean;
}

/** An event that will be published. */
export interface DrawnEvent {
  readonly n: number;
  /** When, in ms since the start; more than once where it comes again, or where others equal it. */
  readonly times: readonly number[];
  readonly source: string;
  readonly id: string;
  readonly key: string;
  /**
   * `derived`: its id is made from the content, and each is an event of its own; so is each
   * `unreadable`. `foreign`: at the provider, but not for this feed.
   */
  readonly kind: "good" | "poison" | "unfit" | "derived" | "unreadable" | "foreign";
  /** Whether it comes with a receipt, where acks are individual. */
  readonly receipt: boolean;
  /** One step for each start of its handler; the last one stays. */
  readonly script: readonly DrawnStep[];
  /** Until when its handler fails whatever the script says, in ms since the start. */
  readonly failsUntil: number;
}

/** A time in which a service fails. */
export interface DrawnTrouble {
  readonly service: Service;
  readonly from: number;
  readonly until: number;
  readonly probability: number;
  /** `throw`: at once. `reject`: later. `late`: it answers after its time. `verdict`: of one receipt. */
  readonly how: "throw" | "reject" | "hang" | "late" | "verdict";
  /** Whether the call has its effect all the same. */
  readonly after: boolean;
  readonly odd: OddName;
  /** How late, in ms. */
  readonly ms: number;
}

/** Something that happens to a process, or to all of them. */
export interface DrawnAction {
  readonly at: number;
  readonly kind:
    | "stop"
    | "stopTwice"
    | "abort"
    | "pause"
    | "leave"
    | "redrive"
    | "suspend"
    | "wall"
    | "storeClock"
    | "outage";
  readonly slot: number;
  /** The time a stop has, a pause, suspension or outage lasts, or a clock jumps, in ms. */
  readonly ms: number;
}

/** How the feed is. */
export interface DrawnFeedSettings {
  readonly kind: KindName;
  readonly acksOnPull: boolean;
  readonly waits: boolean;
  readonly ignoresWait: boolean;
  /** Whether a pull answers a `Page`. */
  readonly isPage: boolean;
  readonly tellsMore: boolean;
  readonly tellsBytes: boolean;
  readonly again: boolean;
  /** Where receipts stand in a cumulative feed. */
  readonly receipts: "each" | "last" | "page";
  /** The lease of each delivery, in turn; -2 is none. */
  readonly leases: readonly number[];
  readonly extend: boolean;
  readonly nack: boolean;
  readonly tellsAttempt: boolean;
  /** Whether only the newest receipt of an event acks it. */
  readonly newestOnly: boolean;
  readonly pageSize: number;
  readonly ignoresLimit: boolean;
  readonly order: "kept" | "shuffled" | "turns";
  /** How likely a pull brings what was acked lately, and an empty page. */
  readonly stale: number;
  readonly empty: number;
  /** After what time comes again what is hidden for no stated time, in ms. */
  readonly resendMs: number;
  readonly latencyMs: number;
}

/** How the processes are set up. */
export interface DrawnSettings extends DrawnFeedSettings {
  readonly verb: "consume" | "drain" | "batch" | "deliveries";
  readonly processes: 1 | 2;
  readonly concurrency: number;
  readonly maxInFlight: number | undefined;
  readonly ordered: boolean;
  readonly deadLetters: boolean;
  readonly drops: boolean;
  readonly dedupe: boolean;
  readonly markMs: number;
  readonly lease: boolean;
  readonly leaseMs: number;
  readonly attempts: number;
  readonly retryMs: readonly [minMs: number, maxMs: number];
  readonly idleMs: readonly [minMs: number, maxMs: number];
  readonly handlerTimeoutMs: number | undefined;
  readonly waitMs: number;
  readonly shutdownMs: number;
  readonly batchSize: number;
  readonly batchWaitMs: number;
  /** The deadline of a drain, in ms from its start. */
  readonly deadlineMs: number | undefined;
  readonly callTimeoutMs: number;
  readonly circuitAfter: number;
  readonly storeMs: number;
  readonly restartMs: number;
}

/** A whole run, before it is run. What it holds can be taken away piece by piece. */
export interface DrawnPlan {
  readonly seed: number;
  readonly settings: DrawnSettings;
  readonly events: readonly DrawnEvent[];
  readonly troubles: readonly DrawnTrouble[];
  readonly actions: readonly DrawnAction[];
}

/** When the last event is published and the last trouble begins, in ms since the start. */
export const BUSY_MS = 60_000;

/** Whether several of an event's times are several events. */
export function isNameless({ kind }: DrawnEvent): boolean {
  return kind === "derived" || kind === "unreadable";
}
