import type { Provider } from "../provider.ts";

const { POSITIVE_INFINITY: none } = Number;

export const tiki: Provider = {
  async emulator(options, limits) {
    const { tikiEmulator } = await import("ackloop/emulator");
    return tikiEmulator(limits ? options : { ...options, requestsPerSecond: none });
  },
};
