import {
  discueEmulator,
  kekkerEmulator,
  serveEmulators,
  tikiEmulator,
  workatoEmulator,
} from "../../../src/emulator/index.ts";
import { eventCount, type Given } from "./programs.ts";

const numbers = Array.from({ length: eventCount }, (_, at) => at);

/** Serves emulators on loopback that hold events nobody has read, while something runs. */
export async function withGiven<Result>(use: (given: Given) => Promise<Result>): Promise<Result> {
  const [tiki, kekker, workato, discue] = [
    tikiEmulator(),
    kekkerEmulator(),
    workatoEmulator(),
    discueEmulator(),
  ];
  const queue = tiki.createQueue("orders");
  tiki.publish(
    queue,
    numbers.map((at) => ({
      type: "ORDER_CREATED_SUCCESSFULLY",
      payload: { order_code: String(at) },
    })),
  );
  kekker.publish(
    numbers.map((at) => ({ category: "Deal", event: "DealCreated", objectId: `${at}` })),
  );
  const topic = workato.createTopic("orders");
  workato.publish(
    topic,
    numbers.map((at) => ({ order: at })),
  );
  await using server = await serveEmulators([tiki, kekker, workato, discue]);
  const { baseUrl, token } = server.connection("workato");
  return await use({
    tiki: { ...server.connection("tiki"), queue },
    kekker: server.connection("kekker"),
    workato: { baseUrl: baseUrl ?? "", token: token ?? "", topic: String(topic) },
    discue: server.connection("discue"),
  });
}
