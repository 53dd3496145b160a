/** What many events, and many feeds, leave and take. */
import { subscribe } from "node:diagnostics_channel";
import { drain } from "ackloop";
import { tiki } from "ackloop/tiki";
import { atOnce, handlerOf, token, type Work } from "./work.ts";

/** After so many events everything is warm. */
const WARM = 100_000;

/** What the heap holds once all that can be collected is, in MB. */
function heapMb(): number {
  if (!globalThis.gc) throw new Error("this needs --expose-gc");
  globalThis.gc();
  return process.memoryUsage().heapUsed / 1e6;
}

/** Reads a queue, and weighs the heap in the midst of it: at the last event, and at one long before. */
export async function heapLoop(work: Work) {
  const feed = tiki({ token, baseUrl: work.url }).feed("bench");
  let seen = 0;
  let early = 0;
  let late = 0;
  const handler = async (): Promise<void> => {
    seen += 1;
    if (seen === WARM) early = heapMb();
    if (seen === work.events) late = heapMb();
  };
  const { handled } = await drain(feed, handler, { concurrency: atOnce });
  return { handled, heapGrownMb: late - early };
}

/** Reads many queues at once, each with the same number of events, by one client. */
export async function feedsLoop(work: Work) {
  const { feeds = 1 } = work;
  const each = work.events / feeds;
  const client = tiki({ token, baseUrl: work.url });
  const counts = new Array<number>(feeds).fill(0);
  const facts = { sockets: 0, fairShare: 0 };
  subscribe("net.client.socket", () => {
    facts.sockets += 1;
  });
  const handle = handlerOf(work);
  const runs = counts.map((_, index) =>
    drain(
      client.feed(`queue-${index}`),
      async () => {
        await handle();
        const count = (counts[index] ?? 0) + 1;
        counts[index] = count;
        if (count === each && facts.fairShare === 0) facts.fairShare = Math.min(...counts) / each;
      },
      { concurrency: atOnce },
    ),
  );
  const handled = (await Promise.all(runs)).reduce((sum, run) => sum + run.handled, 0);
  return { handled, ...facts };
}
