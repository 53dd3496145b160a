import type { Provider } from "../provider.ts";

const { POSITIVE_INFINITY: none } = Number;

export const workato: Provider = {
  async emulator(options, limits) {
    const { workatoEmulator } = await import("ackloop/emulator");
    return workatoEmulator(limits ? options : { ...options, requestsPerMinute: none });
  },
};
