import type { Ending } from "./ending.ts";

/** A queue with what it holds. */
export interface QueueState {
  readonly id: string;
  name: string | undefined;
  schema: Readonly<Record<string, unknown>> | undefined;
  readonly listeners: Map<string, ListenerState>;
  readonly messages: Map<string, MessageState>;
}

/** A listener and what is known of it. */
export interface ListenerState {
  readonly id: string;
  readonly queue: QueueState;
  name: string;
  notifyUrl: string;
  livenessUrl: string;
  state: "stable" | "inactive";
  successes: number;
  failures: number;
  failuresInRow: number;
  acknowledged: number;
  /** Messages whose last delivery failed and that are not acknowledged. */
  readonly missed: Set<string>;
  /** Ends its deliveries and checks. */
  readonly ending: Ending;
}

/** A message. */
export interface MessageState {
  readonly id: string;
  readonly queue: QueueState;
  name: string | undefined;
  readonly data: string;
  deleted: boolean;
}

/** An API key. */
export interface KeyState {
  readonly id: string;
  readonly secret: string;
  name: string | undefined;
  status: string;
  /** Scopes in either form; undefined: everything. */
  scopes: unknown;
  readonly createdAt: number;
  updatedAt: number;
  lastUsedAt: number;
}

/** A domain. */
export interface DomainState {
  readonly id: string;
  name: string;
  readonly hostname: string;
  readonly port: number;
  readonly fileName: string;
  readonly fileContent: string;
  readonly createdAt: number;
  verifiedAt: number | undefined;
}

/** All that the emulator remembers. */
export interface State {
  readonly queues: Map<string, QueueState>;
  readonly keys: Map<string, KeyState>;
  readonly clients: Map<string, { readonly id: string; name: string | undefined }>;
  readonly domains: Map<string, DomainState>;
}

/** Makes the state, empty. */
export function createState(): State {
  return { queues: new Map(), keys: new Map(), clients: new Map(), domains: new Map() };
}
