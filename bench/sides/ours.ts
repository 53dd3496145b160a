import { drain } from "ackloop";
import { kekker } from "ackloop/kekker";
import { memoryStores } from "ackloop/stores";
import { workato } from "ackloop/workato";
import { atOnce, handlerOf, type Side, token } from "./work.ts";

export { tikiLoop } from "./ours-tiki.ts";

/** The loop on Workato's feed, its place in memory. */
export const workatoLoop: Side = async (work) => {
  const client = workato({
    token,
    streamsUrl: work.url,
    apiUrl: work.url,
    requestsPerMinute: Number.POSITIVE_INFINITY,
  });
  const feed = client.feed("7", { cursor: memoryStores().cursors, consumer: "bench" });
  const { handled } = await drain(feed, handlerOf(work), { concurrency: atOnce });
  return handled;
};

/** The loop on Kekker's feed, with an ack for each event. */
export const kekkerLoop: Side = async (work) => {
  const client = kekker({ token, baseUrl: work.url, channel: "bench" });
  const feed = client.feed({ cursor: memoryStores().cursors, consumer: "bench" });
  // As many in hand as acks are on the way at once, and as many again.
  const { handled } = await drain(feed, handlerOf(work), { concurrency: atOnce, maxInFlight: 200 });
  return handled;
};
