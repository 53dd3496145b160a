import type { Provider } from "../provider.ts";

export const kekker: Provider = {
  emulator: async (options) => (await import("ackloop/emulator")).kekkerEmulator(options),
};
