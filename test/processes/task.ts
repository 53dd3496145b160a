import type { FeedEvent } from "../../src/core/event.ts";
import type { LoopOptions } from "../../src/index.ts";

/** Where the stores of a process are. */
export type StorePlace =
  | { readonly folder: string; readonly url?: undefined }
  | { readonly folder?: undefined; readonly url: string; readonly prefix: string };

/** What a consumer process is told, as JSON on its command line. */
export interface ConsumerTask {
  /** The process's own name: it stands in its record, its requests and its lease. */
  readonly name: string;
  readonly provider: string;
  /** Base URLs and test credentials. */
  readonly connection: Readonly<Record<string, string>>;
  /** The queue, topic or channel. */
  readonly queue: string;
  readonly place: StorePlace;
  /** The file that it writes down what it does in. */
  readonly record: string;
  /** Where it takes webhooks, if the provider calls it. */
  readonly port?: number | undefined;
  /** How long a handler works, in ms. */
  readonly handlerMs?: number | undefined;
  /** The time limit of one HTTP attempt, in ms. */
  readonly timeoutMs?: number | undefined;
  /** Options of the loop that JSON can say. */
  readonly options?: Pick<
    LoopOptions,
    | "concurrency"
    | "idle"
    | "maxInFlight"
    | "reserveMs"
    | "retry"
    | "shutdownTimeoutMs"
    | "unprocessable"
    | "waitMs"
  >;
  /** Holds a lease of this length, in ms. */
  readonly leaseMs?: number | undefined;
  /** Recognises redeliveries, with marks of this length, in ms. */
  readonly markMs?: number | undefined;
  /** The table that handlers write their effect to, in one transaction with `context.finish`. */
  readonly effects?: string | undefined;
}

/** What the processes of an inbox are told, as JSON on their command line. */
export interface InboxTask {
  readonly name: string;
  /** `receiver` answers requests on `port`; `worker` handles what was received. */
  readonly role: "receiver" | "worker";
  readonly place: StorePlace;
  readonly record: string;
  readonly port: number;
}

/** One line of what a process writes down. */
export interface RecordLine {
  /**
   * `ready`, `started` and `handled` (an event), `saving` and `saved` (a cursor), `ended`, `failed`, or
   * the kind of a report of the loop.
   */
  readonly kind: string;
  /** The process. */
  readonly by: string;
  /** When, in epoch ms. */
  readonly at: number;
  /** The event. */
  readonly id?: string | undefined;
  /** The code of an error. */
  readonly code?: string | undefined;
  /** The message of an error. */
  readonly message?: string | undefined;
}

/** The reader's name in every store. */
export const consumer = "processes";

/** The secret in the webhook's URL. */
export const webhookSecret = "processes-secret-0001";

/** The name of the webhook's queue, and so of the inbox. */
export const inboxName = "inbox";

/** What an event's data asks its handler to do beside its work. */
export const wishes = {
  die: "kill-the-process",
  fail: "fail-always",
  /** A handler that never ends and hears no signal. */
  hang: "hang-for-good",
} as const;

/** How far a process sets its clock back on SIGUSR2, in ms. */
export const clockStepMs = 3_600_000;

/** Tells whether an event asks for something. */
export function asksFor(event: FeedEvent, wish: keyof typeof wishes): boolean {
  return JSON.stringify(event.data).includes(wishes[wish]);
}
