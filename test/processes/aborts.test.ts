import { getEventListeners, once } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";
import { expect, it } from "vitest";
import { isAckloopError } from "../../src/core/errors.ts";
import { sleep } from "../../src/core/sleep.ts";
import { callOf, clientOf } from "../http/support.ts";
import { isLong } from "./children.ts";

const calls = isLong ? 100_000 : 3_000;
const atOnce = 40;
const looks = 3;
/** How much the heap may grow over all calls after the warm-up, in MB. */
const mostGrowthMb = 3;

setFlagsFromString("--expose-gc");
const forceGc: () => void = runInNewContext("gc");

/** Answers in all the ways in which a call can be cut: at once, late, in part, with an error, or never. */
const server = `
  const { createServer } = require("node:http");
  const { parentPort } = require("node:worker_threads");
  const body = JSON.stringify({ text: "x".repeat(20_000) });
  const server = createServer((incoming, outgoing) => {
    incoming.resume();
    const kind = Math.random();
    if (kind < 0.04) return;
    if (kind < 0.08) {
      outgoing.writeHead(kind < 0.06 ? 200 : 500, { "content-length": body.length });
      outgoing.write(body.slice(0, 5_000));
    } else if (kind < 0.2) {
      outgoing.writeHead(kind < 0.14 ? 401 : 503, { "retry-after": "0" }).end('{"error":"no"}');
    } else if (kind < 0.25) incoming.socket.destroy();
    else setTimeout(() => outgoing.end(body), kind < 0.6 ? 0 : 20 * Math.random());
  });
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
`;

/** Starts it in a thread of its own: its memory is not measured. */
async function serve() {
  const thread = new Worker(server, { eval: true });
  const [port] = await once(thread, "message");
  const baseUrl = `http://127.0.0.1:${port}`;
  return {
    baseUrl,
    [Symbol.asyncDispose]: async () => void (await thread.terminate()),
  };
}

function anyCall(signal: AbortSignal) {
  const isPost = Math.random() < 0.5;
  return callOf({
    signal,
    method: isPost ? "POST" : "GET",
    ...(isPost && { json: { some: "body" } }),
    ...(Math.random() < 0.5 && { hot: true }),
  });
}

/** What the event loop holds; also what does not keep the process alive. */
function handles(): readonly { readonly type: string }[] {
  return (process.report.getReport() as { readonly libuv: { readonly type: string }[] }).libuv;
}

interface Look {
  readonly heapMb: number;
  readonly listeners: number;
  readonly timers: number;
  readonly sockets: number;
}

it("memory, timers, listeners and sockets are flat over calls that are aborted at random", async () => {
  await using server = await serve();
  // A token that is asked for anew after each 401: what waits for it is cut too.
  const token = async ({ signal }: { signal?: AbortSignal | undefined }) => {
    await sleep(2, signal);
    return "a-token-of-the-loopback";
  };
  const client = clientOf(undefined, {
    baseUrl: server.baseUrl,
    credential: { token, header: "authorization", prefix: "Bearer " },
    timeoutMs: 200,
    retry: { attempts: 2, minDelayMs: 1, maxDelayMs: 4, totalMs: 400 },
  });
  const forAll = new AbortController();
  const ends = { answered: 0, failed: 0, aborted: 0 };

  async function call(): Promise<void> {
    const own = new AbortController();
    const signal = Math.random() < 0.6 ? own.signal : forAll.signal;
    const timer = setTimeout(() => own.abort(), 80 * Math.random() ** 2);
    const end = await client.call(anyCall(signal)).then(
      () => "answered" as const,
      (error: unknown) => {
        if (isAckloopError(error)) return "failed";
        if (error === own.signal.reason) return "aborted";
        throw error;
      },
    );
    ends[end] += 1;
    clearTimeout(timer);
  }

  async function some(count: number): Promise<void> {
    let left = count;
    const line = async (): Promise<void> => {
      for (; left > 0; ) {
        left -= 1;
        await call();
      }
    };
    await Promise.all(Array.from({ length: atOnce }, line));
  }

  async function look(): Promise<Look> {
    // A connection whose call was cut before it was there is kept for the next, for four seconds.
    await sleep(5_000);
    for (let times = 0; times < 3; times += 1) {
      await sleep(30);
      forceGc();
    }
    const active = process.getActiveResourcesInfo();
    return {
      heapMb: process.memoryUsage().heapUsed / 2 ** 20,
      listeners: getEventListeners(forAll.signal, "abort").length,
      timers: active.filter((name) => name === "Timeout").length,
      sockets: handles().filter(({ type }) => type === "tcp").length,
    };
  }

  const seen: Look[] = [];
  for (let share = 0; share < looks; share += 1) {
    await some(calls / looks);
    seen.push(await look());
  }

  const [warm, , last] = seen as [Look, Look, Look];
  // How many of each depends on the machine.
  expect(Math.min(...Object.values(ends))).toBeGreaterThan(calls / 100);
  expect(last.listeners).toBe(0);
  expect(Math.max(last.sockets, last.timers)).toBeLessThan(atOnce);
  expect(last.heapMb - warm.heapMb).toBeLessThan(mostGrowthMb);
}, 1_200_000);
