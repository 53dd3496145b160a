import { discueEmulator } from "../../../src/emulator/index.ts";
import { discue, discueReceiver } from "../../../src/providers/discue/index.ts";
import type { ProviderProcess } from "../../processes/provider.ts";

export const process: ProviderProcess = {
  acks: "each",
  open() {
    const webhook = { retryDelaysMs: [100, 200, 300], timeoutMs: 5000, livenessIntervalMs: 0 };
    const emulator = discueEmulator({ webhook });
    return {
      emulator,
      queue: "orders",
      publish: (numbers, note) =>
        emulator.publish(
          "orders",
          numbers.map((order) => ({
            name: `message-${order}`,
            data: JSON.stringify({ order, note }),
          })),
        ),
      async connect({ apiKey = "", baseUrl }, hook) {
        const client = discue({ apiKey, baseUrl });
        const { id } = await client.queues.create({ name: "orders" });
        const urls = { notifyUrl: hook, livenessUrl: hook };
        await client.listeners.create(id, { name: "listener", ...urls });
      },
    };
  },
  receiver: ({ queue: name }, secret) => discueReceiver({ name, secret }),
};
