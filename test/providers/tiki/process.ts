import { tikiEmulator } from "../../../src/emulator/index.ts";
import { clientCredentials, tiki } from "../../../src/providers/tiki/index.ts";
import type { ProviderProcess } from "../../processes/provider.ts";

const type = "ORDER_CREATED_SUCCESSFULLY";

export const process: ProviderProcess = {
  acks: "page",
  pulls: /\/pull$/,
  open() {
    const emulator = tikiEmulator({ pageSize: 20, requestsPerSecond: 10_000 });
    const queue = emulator.createQueue("orders");
    const status = "queueing";
    return {
      emulator,
      queue,
      publish: (numbers, note) =>
        emulator.publish(
          queue,
          numbers.map((number) => ({ type, payload: { order_code: `${number}`, status, note } })),
        ),
      publishIds(ids, note) {
        const payload = { order_code: "1", status, note };
        emulator.publish(
          queue,
          ids.map((id) => ({ id, type, payload })),
        );
      },
    };
  },
  feed({ connection, queue, options }) {
    const { clientId = "", clientSecret = "", tokenUrl, baseUrl } = connection;
    const token = clientCredentials({ clientId, clientSecret, tokenUrl });
    return tiki({ token, baseUrl, ...options }).feed(queue);
  },
};
