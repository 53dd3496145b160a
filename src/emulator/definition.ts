import type { FaultInjector, Faults } from "./faults.ts";
import type { Journal, JournalDetail, JournalOptions, JournalWriter } from "./journal.ts";
import type { RandomOf } from "./random.ts";
import type { PathParameters } from "./routes.ts";
import type { EmulatorWatcher, Watching } from "./watch.ts";

/** The options that every emulator takes. */
export interface EmulatorOptions {
  /** Where ids, tokens and the rolls of faults come from; an integer. @default 1 */
  readonly seed?: number | undefined;
  /** How much the journal keeps; for a server that runs for long with a bound, `{ max }`. @default "all" */
  readonly journal?: JournalDetail | JournalOptions | undefined;
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

/** A reader that a place calls: discue's listener. */
export interface EmulatorListener {
  /** Its id: the journal's `reader`. */
  readonly id: string;
  /** Its name. */
  readonly name: string;
  /** Where it is called; what may be a credential is masked. */
  readonly url: string;
  /** How many events it has acknowledged. */
  readonly acked: number;
  /** How many it has refused so far, and gets again. */
  readonly failing: number;
}

/** What events are published into: a queue, a topic, or the list of a channel. */
export interface EmulatorPlace {
  /** Its id: the journal's `queue`. */
  readonly id: string;
  /** Its name. */
  readonly name: string;
  /** How many events are not acknowledged; where the provider keeps no reader's place, how many it holds. */
  readonly holds: number;
  /** Who is called with its events; absent where nobody is. */
  readonly listeners?: readonly EmulatorListener[] | undefined;
}

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
  /** The queues, topics or lists that there are, in the order they were made; an empty list where there is none. */
  places(): readonly EmulatorPlace[];
  /** An event as a place would give it to a reader; `undefined` where it holds none of that id. */
  held(place: string, eventId: string): unknown;
  /**
   * Tells a watcher of all that happens from now on, resets included; gives what ends it.
   *
   * It is called in the middle of a request, keeps nothing for it, and never shows a credential, a header or a body.
   */
  watch(watcher: EmulatorWatcher): () => void;
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
  /** Who watches, and what tells them. */
  readonly watching: Watching;
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
  /** What events are published into. @default nothing */
  readonly places?: (() => readonly EmulatorPlace[]) | undefined;
  /** An event as a place gives it. @default none */
  readonly held?: ((place: string, eventId: string) => unknown) | undefined;
  /** The operations that the emulator itself calls others by: faults hit them only by name. */
  readonly outgoing?: readonly Operation[] | undefined;
  /** Ends the provider's own work, at `close()`, after `closing` has fired, and at `reset()`. */
  readonly end?: (() => void | Promise<void>) | undefined;
}
