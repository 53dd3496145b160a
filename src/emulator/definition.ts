import type { FaultInjector, Faults } from "./faults.ts";
import type { Journal, JournalDetail, JournalWriter } from "./journal.ts";
import type { RandomOf } from "./random.ts";
import type { PathParameters } from "./routes.ts";

/** The options that every emulator takes. */
export interface EmulatorOptions {
  /** Where ids, tokens and the rolls of faults come from; an integer. @default 1 */
  readonly seed?: number | undefined;
  /** How much the journal keeps. @default "all" */
  readonly journal?: JournalDetail | undefined;
  /** The provider's clock, epoch ms, in place of the process's. Waits are the process's all the same. */
  readonly clock?: EmulatorClock | undefined;
}

/** A clock that an emulator can be given. */
export interface EmulatorClock {
  /** The time, epoch ms. */
  now(): number;
}

/** What a client needs to know: base URLs and test credentials, by name. */
export type Connection = Readonly<Record<string, string>>;

/** What other processes may do through the server, by name: JSON in, JSON out. */
export type AdminCommands = Readonly<Record<string, (body: unknown) => unknown>>;

/** One provider's API, faked with its state in memory. `Operation` are its calls by name. */
export interface Emulator<Own extends Connection = Connection, Operation extends string = string> {
  /** The provider's name, and the prefix under which a server offers it. */
  readonly name: string;
  /** The seed that ids, tokens and faults follow from. */
  readonly seed: number;
  /**
   * Answers a request; takes what the global `fetch` takes, and can stand in its place.
   *
   * Only method, path, headers and body count, never the host. An abort rejects with the signal's
   * reason; a cut connection with a `TypeError` whose cause has the code `ECONNRESET`; a closed
   * emulator with one whose cause has the code `ECONNREFUSED`.
   */
  readonly fetch: typeof globalThis.fetch;
  /** What goes wrong. */
  readonly faults: Faults<Operation>;
  /** What happened. */
  readonly journal: Journal<Operation>;
  /** What other processes may do. */
  readonly admin: AdminCommands;
  /** The base URLs and the test credentials, for a client that reaches it under `origin`. */
  connection(origin: string): Own;
  /**
   * Begins anew, as it was made: nothing published, no fault, an empty journal, the same ids again. What
   * is open is cut. For `afterEach`.
   */
  reset(): Promise<void>;
  /** Cuts what is open, long polls too, and refuses everything after. Twice is once. */
  close(): Promise<void>;
  /** The same, at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** An emulator as its provider makes it, which can end and be made once more. */
export interface EmulatorFrame<
  Own extends Connection = Connection,
  Operation extends string = string,
> extends Omit<Emulator<Own, Operation>, "reset" | typeof Symbol.asyncDispose> {
  /** Cuts what is open and ends the provider's own work. */
  end(): Promise<void>;
}

/** What an emulator shares with the frame. */
export interface EmulatorTools {
  /** The provider's name. */
  readonly name: string;
  /** The seed. */
  readonly seed: number;
  /** The provider's clock: the true one, wrong by the skew of the faults. */
  readonly clock: { now(): number };
  /** The generators of ids, of tokens, and so on: one for each purpose. */
  readonly random: RandomOf;
  /** The faults. */
  readonly faults: FaultInjector;
  /** The journal. */
  readonly journal: JournalWriter;
  /** Fires at `close()`: for timers and requests of the emulator's own. */
  readonly closing: AbortSignal;
  /** Fires `closing`. Called by the frame alone. */
  readonly close: () => void;
  /** Empties the journal and the faults, and begins the generators anew. Called by the frame alone. */
  readonly reset: () => void;
}

/** One request, as a handler gets it. */
export interface Call {
  /** The number of the request, from 1. */
  readonly number: number;
  /** The operation of its route. */
  readonly operation: string;
  /** The request; its body is unread. */
  readonly request: Request;
  /** Its URL. */
  readonly url: URL;
  /** The values of the `:name` segments. */
  readonly params: PathParameters;
  /** Fires when the caller goes away or the emulator closes. */
  readonly signal: AbortSignal;
  /** Whether the fault `duplicate` hit it. */
  readonly duplicate: boolean;
}

/** One documented call of the API. */
export interface Route<Operation extends string = string> {
  /** Its name in faults and in the journal. */
  readonly operation: Operation;
  /** The HTTP method. */
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** The path, with `:name` for a segment that varies. */
  readonly path: string;
  /** Answers it. */
  readonly handle: (call: Call) => Response | Promise<Response>;
}

/** What a provider's emulator says of itself. */
export interface EmulatorDefinition<
  Own extends Connection = Connection,
  Operation extends string = string,
> {
  /** The documented calls. Anything else is answered with 404 or 405. */
  readonly routes: readonly Route<Operation>[];
  /** The provider's own error body; `code` is the vendor's, where a refusal has one. */
  readonly errorReply: (status: number, text: string, code?: string) => Response;
  /** What other processes may do. */
  readonly admin: AdminCommands;
  /** Base URLs and test credentials. */
  readonly connection: (origin: string) => Own;
  /** The operations that the emulator itself calls others by: faults hit them only by name. */
  readonly outgoing?: readonly Operation[] | undefined;
  /** Ends the provider's own work, at `close()`, after `closing` has fired, and at `reset()`. */
  readonly end?: (() => void | Promise<void>) | undefined;
}
