import type { Task } from "../task.ts";

/** What a relay writes to and workers read from. */
export const engineNames = ["sqlite", "jetstream", "postgres"] as const;
export type EngineName = (typeof engineNames)[number];

/** Where a process finds the queue and the stores. */
export interface Place {
  readonly engine: EngineName;
  /** The server; empty where there is none. */
  readonly url: string;
  /** The folder of the SQLite file, which has the stores also where a server has the queue. */
  readonly folder: string;
  /** For how long a worker holds an event without a word, in ms. */
  readonly leaseMs: number;
}

/**
 * A promise broken on purpose, so that it can be seen that it is noticed: a relay that says "stored" before
 * it is, and a worker that acknowledges before its handler.
 */
export const faultNames = ["hasty-relay", "hasty-worker"] as const;
export type FaultName = (typeof faultNames)[number];

interface Common {
  /** The process's own name: it stands in its record and its lease. */
  readonly name: string;
  readonly place: Place;
  /** The file that it writes down what it does in. */
  readonly record: string;
  readonly fault: FaultName | undefined;
}

/** What a relay's process is told. */
export interface RelayTask extends Common {
  readonly source: Task;
  /** For how long it holds the feed without a word, in ms. */
  readonly leaseMs: number;
}

/** What a worker's process is told. */
export interface WorkerTask extends Common {
  /** Whose events it handles: a queue for each. */
  readonly providers: readonly string[];
  /** How many handlers run at once, on each queue. */
  readonly concurrency: number;
  /** The most events of each queue that it holds. */
  readonly maxInFlight: number;
  /** How long a handler waits, in ms. */
  readonly handlerMs: number;
  /** Whether handlers fail now and then, and always on the poison event. */
  readonly fails: boolean;
  /** Whether acknowledgements are written down. */
  readonly isWatched: boolean;
}

/** A line of what a process writes down. */
export interface FleetLine {
  /**
   * `sending`: a relay sends events. `stored`: the queue has confirmed them. `saved`: a cursor was saved, where
   * that is the ack. `pulled`, `extended`: a worker holds events for a lease from now. `handled`: a handler is
   * done. `setAside`: a dead letter is stored. `acking`, `acked`: a worker acknowledges at the queue, and it has
   * confirmed. `ready`, `usage`: the process.
   */
  readonly kind:
    | "sending"
    | "stored"
    | "saved"
    | "pulled"
    | "extended"
    | "handled"
    | "setAside"
    | "acking"
    | "acked"
    | "ready"
    | "usage";
  /** The process. */
  readonly by: string;
  /** When, in epoch ms. */
  readonly at: number;
  readonly provider: string;
  readonly ids: readonly string[];
  /** Those whose id was made from the content, which a queue stores whenever they come. */
  readonly derived?: readonly string[];
  /** CPU of the process since it was ready, in us. */
  readonly cpuUs?: number;
}

/** The workers' name in the queue. */
export const workers = "workers";
