import {
  discueEmulator,
  type Emulator,
  type EmulatorOptions,
  kekkerEmulator,
  tikiEmulator,
  workatoEmulator,
} from "../emulator/index.ts";

/** How the command line makes an emulator. */
export interface EmulatorSettings extends EmulatorOptions {
  /** Whether rate limits are on, as documented. */
  readonly limits: boolean;
}

/** The emulators that the command line knows, by the provider's name: one entry each. */
export const emulators: Readonly<Record<string, (settings: EmulatorSettings) => Emulator>> =
  Object.freeze({
    tiki: ({ limits, ...options }) =>
      tikiEmulator(limits ? options : { ...options, requestsPerSecond: Number.POSITIVE_INFINITY }),
    kekker: ({ limits: _none, ...options }) => kekkerEmulator(options),
    discue: ({ limits: _none, ...options }) => discueEmulator(options),
    workato: ({ limits, ...options }) =>
      workatoEmulator(
        limits ? options : { ...options, requestsPerMinute: Number.POSITIVE_INFINITY },
      ),
  });
