import type { Feed } from "../../src/core/feed.ts";
import type { Receiver } from "../../src/core/receiver.ts";
import type { CursorStore } from "../../src/core/stores.ts";
import type { Connection, Emulator } from "../../src/emulator/index.ts";
import type { ClientOptions } from "../../src/http/types.ts";
import { providerNames } from "../providers/names.ts";

/** A provider's queue behind an emulator that is not yet served. */
export interface Opened {
  readonly emulator: Emulator;
  /** The queue, topic or channel. */
  readonly queue: string;
  /** Publishes events with these numbers and gives their ids; `note` stands in the data of each. */
  publish(numbers: readonly number[], note: string): readonly string[];
  /** Publishes events with ids of the test's own, where the provider lets it. */
  publishIds?(ids: readonly string[], note: string): void;
  /** What is still to be done once the server is there; a provider that calls us does so at `hook`. */
  connect?(connection: Connection, hook: string): Promise<void>;
}

/** What a consumer knows of its provider. */
export interface Place {
  readonly connection: Connection;
  readonly queue: string;
  /** The place of a feed that keeps one, and whose it is. */
  readonly cursor: CursorStore;
  readonly consumer: string;
  readonly options: ClientOptions;
}

/** How a provider is read by processes of their own: `process` in its `process.ts`. */
export interface ProviderProcess {
  readonly open: () => Opened;
  /** The feed of a provider that is asked for events. */
  readonly feed?: (place: Place) => Feed;
  /** The receiver of one that calls us. */
  readonly receiver?: (place: Place, secret: string) => Receiver;
  /** What is acknowledged at once: one event, all of a page, or all up to one. */
  readonly acks: "each" | "page" | "upTo";
  /** What a path of a request for events ends in. */
  readonly pulls?: RegExp;
  /** The last event that a saved cursor acknowledges, where that is the ack. */
  readonly idIn?: (cursor: string) => string | undefined;
}

/** How a provider is read. */
export async function processOf(name: string): Promise<ProviderProcess> {
  return (await import(`../providers/${name}/process.ts`)).process;
}

/** The providers that are asked for events. */
export async function pulled(): Promise<readonly (ProviderProcess & { readonly name: string })[]> {
  const all = providerNames.map(async (name) => ({ ...(await processOf(name)), name }));
  return (await Promise.all(all)).filter(({ feed }) => feed !== undefined);
}
