/**
 * The soak: many events of Tiki's emulator through the loop over a real socket, and a look at what grows.
 *
 *   node --expose-gc --import ./scripts/typescript.mjs test/processes/soak.ts [events]
 *
 * Prints one JSON object, and exits non-zero when an event was lost, or when memory, timers, listeners or
 * sockets grow, or when something is still open at the end. @default 200 000 events
 */
import { getEventListeners } from "node:events";
import { sleep } from "../../src/core/sleep.ts";
import { serveEmulators, tikiEmulator } from "../../src/emulator/index.ts";
import { consume } from "../../src/index.ts";
import { clientCredentials, tiki } from "../../src/providers/tiki/index.ts";

const events = Number(process.argv[2] ?? 200_000);
const looks = 20;
/** How much the heap may grow over all events after the warm-up, in MB. */
const mostGrowthMb = 1;

/** What is looked at between two shares of the events. */
interface Look {
  readonly heapMb: number;
  readonly listeners: number;
  readonly timers: number;
  readonly sockets: number;
}

const { gc } = globalThis;
if (gc === undefined) throw new Error("run it with --expose-gc");
const forceGc: () => void = gc;

function resources(kind: RegExp): number {
  return process.getActiveResourcesInfo().filter((name) => kind.test(name)).length;
}

async function look(stop: AbortSignal): Promise<Look> {
  // What was let go of in the last turns is collected only after they have ended.
  for (let times = 0; times < 3; times += 1) {
    await sleep(20);
    forceGc();
  }
  return {
    heapMb: process.memoryUsage().heapUsed / 2 ** 20,
    listeners: getEventListeners(stop, "abort").length + process.listenerCount("warning"),
    timers: resources(/^Timeout$/),
    sockets: resources(/^TCPSocketWrap$/),
  };
}

/** The growth of a series over its whole length, by least squares. */
function growth(series: readonly number[]): number {
  const middle = (series.length - 1) / 2;
  const mean = series.reduce((sum, value) => sum + value, 0) / series.length;
  let above = 0;
  let below = 0;
  for (const [at, value] of series.entries()) {
    above += (at - middle) * (value - mean);
    below += (at - middle) ** 2;
  }
  return (above / below) * (series.length - 1);
}

const emulator = tikiEmulator({ journal: "totals", requestsPerSecond: 1_000_000 });
const queue = emulator.createQueue("soak");
const server = await serveEmulators([emulator]);
const { clientId = "", clientSecret = "", tokenUrl, baseUrl } = server.connection("tiki");
const token = clientCredentials({ clientId, clientSecret, tokenUrl });
const stop = new AbortController();
let handled = 0;
const run = consume(
  tiki({ token, baseUrl }).feed(queue),
  async () => {
    handled += 1;
  },
  { concurrency: 100, idle: { minDelayMs: 10, maxDelayMs: 10 }, signal: stop.signal },
);

const began = performance.now();
const seen: Look[] = [];
let published = 0;
while (published < events) {
  const share = Math.min(events, Math.round(((seen.length + 1) * events) / looks));
  while (published < share) {
    const type = "ORDER_CREATED_SUCCESSFULLY";
    const page = Array.from({ length: Math.min(1000, share - published) }, (_, at) => ({
      type,
      payload: { order_code: `${published + at}`, status: "queueing" },
    }));
    published += emulator.publish(queue, page).length;
    while (handled < published || emulator.waiting(queue) > 0) await sleep(1);
  }
  seen.push(await look(stop.signal));
}
const seconds = (performance.now() - began) / 1000;
stop.abort();
const summary = await run;
await emulator.close();
await server.close();
await sleep(100);

const steady = seen.slice(looks / 4);
const grown = Object.fromEntries(
  (["heapMb", "listeners", "timers", "sockets"] as const).map((name) => [
    name,
    Math.round(growth(steady.map((each) => each[name])) * 100) / 100,
  ]),
);
const left = process
  .getActiveResourcesInfo()
  .filter((name) => !/^(?:TTYWrap|PipeWrap)$/.test(name));
const result = {
  events,
  handled,
  acked: summary.acked,
  lost: events - handled,
  seconds: Math.round(seconds),
  perSecond: Math.round(events / seconds),
  grown,
  heapMb: seen.map(({ heapMb }) => Math.round(heapMb * 100) / 100),
  last: seen.at(-1),
  openAtTheEnd: left,
};
console.log(JSON.stringify(result));
const isFlat =
  (grown["heapMb"] ?? 0) < mostGrowthMb &&
  ["listeners", "timers", "sockets"].every((name) => (grown[name] ?? 0) < 1);
if (!isFlat || handled < events || summary.acked < events || left.length > 0) process.exitCode = 1;
