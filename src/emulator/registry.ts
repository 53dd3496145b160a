import type { Emulator, EmulatorOptions } from "./definition.ts";
import { discueEmulator } from "./discue.ts";
import { kekkerEmulator } from "./kekker.ts";
import { tikiEmulator } from "./tiki.ts";
import { workatoEmulator } from "./workato.ts";

/** Makes an emulator; `limits` says whether its rate limits are on, as documented. */
type Create = (options: EmulatorOptions, limits: boolean) => Emulator;

const { POSITIVE_INFINITY: none } = Number;

/** Every emulator, by the provider's name. */
export const emulators: Readonly<Record<string, Create>> = Object.freeze({
  tiki: (options, limits) =>
    tikiEmulator(limits ? options : { ...options, requestsPerSecond: none }),
  kekker: (options) => kekkerEmulator(options),
  discue: (options) => discueEmulator(options),
  workato: (options, limits) =>
    workatoEmulator(limits ? options : { ...options, requestsPerMinute: none }),
});
