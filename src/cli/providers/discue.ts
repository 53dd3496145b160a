import type { Provider } from "../provider.ts";

export const discue: Provider = {
  emulator: async (options) => (await import("ackloop/emulator")).discueEmulator(options),
};
