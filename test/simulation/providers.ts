import type { Emulator } from "../../src/emulator/definition.ts";
import type { PlannedEvent, ProviderName } from "./plan.ts";
import type { Process } from "./process.ts";
import { openDiscue } from "./providers/discue.ts";
import { openKekker } from "./providers/kekker.ts";
import { openTiki } from "./providers/tiki.ts";
import { openWorkato } from "./providers/workato.ts";
import type { Running } from "./runner.ts";
import type { ProcessStores } from "./stores.ts";
import type { World } from "./world.ts";

/** A provider in a world: its emulator, and how a process reads it. */
export interface Provider {
  readonly emulator: Emulator;
  /** The number of each event, by its id. */
  readonly numbers: Map<string, number>;
  /** Prepares what must be there before the first process. */
  open(): Promise<void>;
  publish(event: PlannedEvent): void;
  /** Starts the library in a process. */
  start(process: Process, stores: ProcessStores): Running;
  /** Whether the provider holds nothing that is not acknowledged. */
  isDrained(): boolean;
  /** Takes the tokens away that it has given. */
  revoke(): void;
  /** A cursor was saved. */
  saved(id: string): void;
}

/** Opens the provider of a world's plan. */
export function openProvider(world: World): Provider {
  return openers[world.plan.provider](world);
}

const openers: Readonly<Record<ProviderName, (world: World) => Provider>> = {
  tiki: openTiki,
  kekker: openKekker,
  workato: openWorkato,
  discue: openDiscue,
};
