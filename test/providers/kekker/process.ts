import { kekkerEmulator } from "../../../src/emulator/index.ts";
import { kekker } from "../../../src/providers/kekker/index.ts";
import type { ProviderProcess } from "../../processes/provider.ts";

export const process: ProviderProcess = {
  acks: "each",
  pulls: /\/api\/events(\?|$)/,
  open() {
    const emulator = kekkerEmulator();
    const { channel } = emulator.connection("http://127.0.0.1");
    const deal = { category: "Deals", event: "DealCreated" };
    return {
      emulator,
      queue: channel,
      publish: (numbers, note) =>
        emulator.publish(
          numbers.map((number) => ({
            ...deal,
            objectId: `${number}:${number}`,
            localObjectId: number,
            note,
          })),
        ),
    };
  },
  feed({ connection, queue: channel, cursor, consumer, options }) {
    const { baseUrl = "", login = "", password = "" } = connection;
    return kekker({ ...options, baseUrl, login, password, channel }).feed({ cursor, consumer });
  },
};
