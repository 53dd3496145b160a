import type { Emulator, EmulatorOptions } from "ackloop/emulator";

/** What the command line knows of a provider: one file each, in `providers`. */
export interface Provider {
  /** Makes its emulator; `limits` says whether its rate limits are on, as documented. */
  readonly emulator: (options: EmulatorOptions, limits: boolean) => Promise<Emulator>;
}
