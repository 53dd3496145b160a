import type { Fault } from "../../src/emulator/fault.ts";
import { providerNames } from "../providers/names.ts";

/** What is simulated: each of the providers, and feeds that are drawn. */
export const subjects: readonly string[] = [...providerNames, "drawn"];

/** What a handler does when it is started with an event. */
export interface Step {
  /** How long it works, in ms. */
  readonly ms: number;
  /** How it ends: `bare` is a return without a word. */
  readonly outcome: "bare" | "done" | "throw" | "retry" | "deadLetter" | "drop";
  /** What it does when its signal fires while it works. */
  readonly onAbort: "throw" | "bare" | "done" | "ignore";
}

/** An event that will be published. */
export interface PlannedEvent {
  readonly n: number;
  /** When, in ms since the start. */
  readonly at: number;
  readonly key: string;
  /** `unknown`: of a type outside the catalogue. `invalid`: its data does not fit. */
  readonly kind: "good" | "poison" | "unknown" | "invalid" | "unreadable";
  /** One step for each start of its handler; the last one stays. */
  readonly script: readonly Step[];
}

/** How the provider shows what it holds, in ways that no document rules out. */
export interface PlannedShape {
  /** How often something that no page shows stands before an event. */
  readonly hidden: number;
  /** What stands at the head and can never be acked. */
  readonly stuck: number;
  /** A list without a count, or with that of its page alone. */
  readonly list: "counted" | "pageCounted" | "uncounted" | "bare";
  /** How many bytes each event has besides its own. */
  readonly padding: number;
}

/** Something that goes wrong at the provider. */
export interface PlannedFault {
  readonly at: number;
  readonly fault: Fault;
}

/** A time in which a store fails. */
export interface StoreTrouble {
  readonly store: StoreName;
  readonly from: number;
  readonly until: number;
  /** How likely a call fails. */
  readonly probability: number;
  /** Whether the call has its effect before it fails. */
  readonly after: boolean;
  /** Whether it fails with an error of no known class. */
  readonly plain: boolean;
}

/** The stores that may fail. */
export type StoreName = "deadLetters" | "dedupe" | "leases" | "cursors";

/** Something that happens to a process. */
export interface PlannedAction {
  readonly at: number;
  readonly kind: "stop" | "abort" | "crash" | "pause" | "revoke";
  /** Which process. */
  readonly slot: number;
  /** The time a stop has, or a pause lasts, in ms. */
  readonly ms: number;
}

/** The process that takes the `step`-th step over an edge of the library dies there. */
export interface PlannedCrash {
  readonly step: number;
  /** Whether its requests on the way still reach the provider. */
  readonly late: boolean;
}

/** How the processes are set up. */
export interface PlannedSettings {
  readonly verb: "consume" | "drain" | "batch" | "webhook" | "receiver";
  readonly processes: 1 | 2;
  readonly concurrency: number;
  readonly maxInFlight: number;
  readonly ordered: boolean;
  readonly deadLetters: boolean;
  readonly dropsUnknown: boolean;
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
  /** The longest way of a request, there or back, in ms. */
  readonly latencyMs: number;
  /** How long a store takes at most, in ms. */
  readonly storeMs: number;
  /** After what time a process that ended is started anew, in ms. */
  readonly restartMs: number;
  readonly pageSize: number;
  readonly tokenSeconds: number;
}

/** A whole run, before it is run. What it holds can be taken away piece by piece. */
export interface Plan {
  readonly provider: string;
  readonly seed: number;
  readonly settings: PlannedSettings;
  readonly shape: PlannedShape;
  readonly events: readonly PlannedEvent[];
  readonly faults: readonly PlannedFault[];
  readonly troubles: readonly StoreTrouble[];
  readonly actions: readonly PlannedAction[];
  readonly crashes: readonly PlannedCrash[];
}

/** When the last event is published and the last fault begins, in ms since the start. */
export const BUSY_MS = 60_000;
