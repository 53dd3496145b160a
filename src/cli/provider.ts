import type { CursorStore, Feed, Logger, Receiver } from "ackloop";
import type { Connection, Emulator, EmulatorOptions } from "ackloop/emulator";
import type { Assumptions } from "../core/assumption.ts";
import type { Example } from "./command.ts";
import type { EmulatorCommand, Guide } from "./emulator-page/guide.ts";
import type { Environment } from "./surroundings.ts";

/** What the command line knows of a provider: one file each, in `providers`. */
export interface Provider {
  /** The name, as the vendor writes it. */
  readonly title: string;
  /** What it is told by: credentials and addresses. */
  readonly variables: readonly Variable[];
  /** Whether it calls us, and is not asked. */
  readonly calls?: true;
  /** What is named to read from, such as a queue; absent where the account itself is it. */
  readonly place?: Place | undefined;
  /** How many requests it takes, as documented. */
  readonly limits: string;
  /** Makes what the variables lead to; makes no request. They are all there. */
  readonly connect: (environment: Environment, settings: Settings) => Promise<Account>;
  /** Makes its emulator; `limits` says whether its rate limits are on, as documented. */
  readonly emulator: (options: EmulatorOptions, limits: boolean) => Promise<Emulator>;
  /** How items, as {@link Provider.sample} or the wire has them, are put into its emulator; and what its page tells. */
  readonly guide: Guide;
  /** A made-up item, by its number from 1. */
  readonly sample: (number: number) => unknown;
  /** A program of five lines that consumes from a place of an emulator; `port` is where it is called. */
  readonly program: (connection: Connection, place: string, port: number) => string;
  /**
   * Writes the TypeScript of a place's data from its description, where the provider has any.
   *
   * @throws {Failure} for a description that is none.
   */
  readonly generate?: ((described: unknown) => string) | undefined;
  /** A line for the help of some commands, by their names. */
  readonly examples: Readonly<Record<string, Example>>;
  /** What the client takes for granted. */
  readonly assumptions: Assumptions;
  /** How each of that is asked, by the same ids; a text says why it cannot be. */
  readonly probes: Probes;
}

/** Questions by the ids of assumptions. */
export type Probes<Id extends string = string> = Readonly<Record<Id, Probe | string>>;

/** An environment variable. */
export interface Variable {
  readonly name: string;
  /** What it is, for people. */
  readonly about: string;
  readonly isSecret?: true;
  readonly isOptional?: true;
  /** What an emulator's connection calls it. */
  readonly member?: string;
}

/** What is read from. */
export interface Place {
  /** What it is called, such as `queue`. */
  readonly name: string;
  /** How it is found out, for people. */
  readonly about: string;
}

/** What every client is given. */
export interface Settings {
  readonly fetch?: typeof globalThis.fetch | undefined;
  readonly logger?: Logger | undefined;
}

/** Where a reader stands, for the feeds whose provider keeps no place. */
export interface Reading {
  readonly cursor: CursorStore;
  readonly consumer: string;
  /** Where it begins when it has no place yet. */
  readonly from?: "oldest" | "now" | number | undefined;
}

/** An account at a provider. */
export interface Account {
  /** The roots of its APIs. */
  readonly urls: readonly string[];
  /** One call that changes nothing; says what was reached. */
  readonly check: (signal: AbortSignal) => Promise<string>;
  /** The places that there are, where the API tells them. */
  readonly places?: (signal: AbortSignal) => Promise<readonly { id: string; name?: string }[]>;
  /** The feed of a place, where it is asked for events. */
  readonly feed?: (place: string, reading: Reading) => Feed;
  /** The receiver of a place, where it calls. */
  readonly receiver?: (place: string, secret: string) => Receiver;
  /** Makes a place of the reader's own with all that comes to another one. */
  readonly own?: (place: string, options: OwnOptions) => Promise<OwnPlace>;
  /** What the API says of a place and its data. */
  readonly describe?: (place: string, signal: AbortSignal) => Promise<unknown>;
  /** Publishes one event; gives its id. */
  readonly publish?: (place: string, data: unknown, signal: AbortSignal) => Promise<string>;
}

/** How an own place is made. */
export interface OwnOptions {
  /** Where the provider can call, for one that calls. */
  readonly url?: string | undefined;
  readonly signal: AbortSignal;
}

/** A place that nobody else reads. */
export interface OwnPlace {
  readonly place: string;
  /** What was made, for people. */
  readonly made: string;
  /** Takes it away as far as the API can; says what stays. */
  end(signal: AbortSignal): Promise<string>;
}

/** One question to a real account. */
export interface Probe {
  /** Whether it changes something there. */
  readonly writes?: true;
  /** Whether it is asked of a place that is named. */
  readonly needsPlace?: true;
  /** Whether the provider calls us for it. */
  readonly needsUrl?: true;
  /** Asks it. */
  readonly ask: (probing: Probing) => Promise<Finding>;
}

/** What a question is asked with. */
export interface Probing {
  /** The account, whose answers are recorded. */
  readonly account: Account;
  /** The place that was named, where one was. */
  readonly place: string | undefined;
  /** The last answer to a call of the account's. */
  readonly last: () => Answer | undefined;
  /** Sends a request with the account's credentials; resolves whatever the status is. */
  readonly send: (method: string, url: string, body?: unknown) => Promise<Answer>;
  /** Where the provider can call, and the port that this leads to. */
  readonly url: string | undefined;
  readonly port: number;
  readonly environment: Environment;
  readonly signal: AbortSignal;
}

/** An answer as it came. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The text as JSON; `undefined` where it is none. */
  readonly json: unknown;
}

/** What was found: it holds, does not, or nothing can be told; and what shows it. */
export interface Finding {
  readonly verdict: "holds" | "fails" | "open";
  readonly found: string;
  /** The answer that shows it. */
  readonly answer?: Answer | undefined;
}

/** How long a person at a terminal waits for a call that fails. */
export const quick = Object.freeze({
  timeoutMs: 20_000,
  retry: Object.freeze({ attempts: 2, totalMs: 20_000, maxRetryAfterMs: 5_000 }),
});

/** Findings in short. */
export const holds = (found: string, answer?: Answer): Finding => ({
  verdict: "holds",
  found,
  answer,
});
export const fails = (found: string, answer?: Answer): Finding => ({
  verdict: "fails",
  found,
  answer,
});
export const open = (found: string, answer?: Answer): Finding => ({
  verdict: "open",
  found,
  answer,
});
/** The list at a member of a JSON answer; empty where there is none. */
export function listAt(answer: Answer, member?: string): readonly Record<string, unknown>[] {
  const value = member === undefined ? answer.json : Object(answer.json)[member];
  return Array.isArray(value) ? value : [];
}

/** Puts items into a new place of an emulator; gives the place. `url` is where a provider calls that does. */
export async function fill(
  { guide, title }: Provider,
  command: EmulatorCommand,
  items: readonly unknown[],
  url?: string,
): Promise<string> {
  const place = await guide.make?.(command, "orders");
  // A listener gets what comes after it was made.
  if (place !== undefined && url !== undefined) await guide.listen?.(command, place, url);
  await guide.put(command, place, items);
  return place ?? title;
}

/** The commands of an emulator in this process. */
export const commandsOf =
  ({ admin }: Pick<Emulator, "admin">): EmulatorCommand =>
  async (name, body) =>
    Object((await admin[name]?.(body)) ?? {});
