import type { Emulator } from "../../src/emulator/definition.ts";
import { providerNames } from "../providers/names.ts";
import type { PlannedEvent, PlannedSettings } from "./plan.ts";
import type { Process } from "./process.ts";
import type { Running } from "./runner.ts";
import type { ProcessStores } from "./stores.ts";
import type { World } from "./world.ts";

/** What the simulation must know of a provider: `simulated` in its `simulation.ts`. */
export interface Simulated {
  /** The calls that faults hit, as often as they are listed. */
  readonly operations: readonly string[];
  /** The one that brings events: no other can bring one twice. */
  readonly delivers: string;
  /** Whether the provider calls us. */
  readonly calls?: boolean;
  /** Whether each event is acknowledged for itself, so that none holds back another. */
  readonly acksEach?: boolean;
  /** Whether its feed keeps a place in the cursor store. */
  readonly keepsPlace?: (settings: PlannedSettings) => boolean;
  /** The last event that a saved cursor acknowledges, where it acknowledges any. */
  readonly idIn?: (cursor: string) => string | undefined;
  /** Opens it in a world. */
  readonly open: (world: World) => Provider;
}

/** A provider in a world: its emulator, and how a process reads it. */
export interface Provider {
  readonly emulator: Emulator;
  /** The number of each event, by its id. */
  readonly numbers: Map<string, number>;
  /** Prepares what must be there before the first process. */
  open?(): Promise<void>;
  publish(event: PlannedEvent): void;
  /** Starts the library in a process. */
  start(process: Process, stores: ProcessStores): Running;
  /** Whether the provider holds nothing that is not acknowledged. */
  isDrained(): boolean;
  /** Takes the tokens away that it has given. */
  revoke?(): void;
  /** A cursor was saved. */
  saved?(id: string): void;
}

const all: ReadonlyMap<string, Simulated> = new Map(
  await Promise.all(
    providerNames.map(
      async (name) =>
        [name, (await import(`../providers/${name}/simulation.ts`)).simulated] as const,
    ),
  ),
);

/** What is known of a provider. */
export function simulatedOf(name: string): Simulated {
  const found = all.get(name);
  if (found === undefined) throw new Error(`no provider is named ${name}`);
  return found;
}
