import { workatoEmulator } from "../../../src/emulator/index.ts";
import { workato } from "../../../src/providers/workato/index.ts";
import type { ProviderProcess } from "../../processes/provider.ts";

/** The message that a saved place is behind. */
export const idIn = (cursor: string) => (JSON.parse(cursor) as { readonly id?: string }).id;

export const process: ProviderProcess = {
  acks: "upTo",
  pulls: /\/consume$/,
  idIn,
  open() {
    const emulator = workatoEmulator({ requestsPerMinute: 1_000_000 });
    const topic = emulator.createTopic("orders");
    return {
      emulator,
      queue: String(topic),
      publish: (numbers, note) =>
        emulator.publish(
          topic,
          numbers.map((number) => ({ order: `${number}`, note })),
        ),
    };
  },
  feed({ connection, queue, cursor, consumer, options }) {
    const { token = "", streamsUrl, apiUrl } = connection;
    const client = workato({ token, streamsUrl, apiUrl, requestsPerMinute: 6000, ...options });
    return client.feed(queue, { cursor, consumer });
  },
};
