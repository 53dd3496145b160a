import { existsSync, readdirSync } from "node:fs";
import type { EventCatalogue, Feed, FeedEvent, Handler, LoopOptions, Receiver, Run } from "ackloop";
import type { Connection, Emulator } from "ackloop/emulator";
import type { StoreSet } from "ackloop/stores";

/** What the demo knows of a provider: `provider` in `providers/<name>.ts`. */
export interface DemoProvider {
  readonly emulator: () => Emulator;
  /** What is set otherwise than documented. */
  readonly otherwise?: string;
  /** Makes the queue through the typed client; a provider that calls us does so at `hook`. */
  readonly open: (connection: Connection, hook: string) => Promise<Opened>;
  /** The publish command of some events, as the admin route takes it. */
  readonly publish: (queue: string, events: readonly Numbered[]) => object;
  /** What goes wrong while they travel, as the admin route takes it. */
  readonly faults: readonly object[];
  /** The call that asks for events, or brings them. */
  readonly polls: string;
  /** A command that is given beside the events now and then. */
  readonly aside?: (queue: string) => readonly [command: string, body: object];
  /** The last event that a saved cursor acknowledges, where such a save is the ack. */
  readonly idIn?: (cursor: string) => string | undefined;
  /** What reads the queue; of a provider that calls us it is absent. */
  readonly feed?: (source: Source) => Feed;
  /** What takes the calls of a provider that makes them. */
  readonly receiver?: (source: Source) => Receiver;
  /** Reads the queue with typed handlers, until it is told to stop. */
  readonly consume: (parts: Parts) => Run | Promise<void>;
  /** Reads, with the same handlers, a queue of ours that the provider's events were passed on to. */
  readonly work: (open: OpenFeed, parts: Work) => Run;
}

/** Opens the feed of a queue of ours, whose events are of these types, where they are known. */
export type OpenFeed = <E extends FeedEvent>(events?: EventCatalogue<E>) => Feed<E>;

/** The queue, topic or channel, and the name of the feed or the receiver that reads it. */
export interface Opened {
  readonly queue: string;
  readonly feed: string;
}

/** An event before it is published. */
export interface Numbered {
  readonly number: number;
  /** Stands in its data. */
  readonly code: string;
}

/** Where events come from. */
export interface Source {
  readonly connection: Connection;
  readonly queue: string;
  readonly stores: StoreSet;
  /** The reader's name. */
  readonly consumer: string;
  /** Of the client: a short one, as the server stalls now and then. */
  readonly timeoutMs: number;
  /** The secret in the address that a provider calls us at. */
  readonly secret: string;
}

/** What is done with events. */
export interface Work {
  /** The options of the loop. */
  readonly common: LoopOptions & { readonly consumer: string };
  /** The work itself. */
  readonly work: (event: FeedEvent) => Promise<void>;
  /** What is done with events of other types. */
  readonly other: Handler;
}

/** What a consumer is made of. */
export interface Parts extends Source, Work {
  /** Takes its calls. */
  readonly serve: (handle: (request: Request) => Promise<Response>) => Promise<void>;
}

/** The providers of the demo, in the order of its table. */
export const providerNames: readonly string[] = namesIn(new URL("./providers/", import.meta.url));

function namesIn(folder: URL): readonly string[] {
  // A process of one file has no folder, and is told its provider.
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((file) => file.replace(/\.ts$/, ""));
}

/** What the demo knows of one. */
export async function providerOf(name: string): Promise<DemoProvider> {
  return (await import(`./providers/${name}.ts`)).provider;
}
