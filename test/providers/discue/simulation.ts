import { onAbort } from "../../../src/core/abort.ts";
import type { Feed } from "../../../src/core/feed.ts";
import { discueEmulator } from "../../../src/emulator/discue.ts";
import { webhook } from "../../../src/loop/webhook.ts";
import type { DiscueReceiver } from "../../../src/providers/discue/index.ts";
import { discue } from "../../../src/providers/discue/index.ts";
import { handlerOf } from "../../simulation/handler.ts";
import { eventSchema, toPayload, typeOf } from "../../simulation/payload.ts";
import type { Process } from "../../simulation/process.ts";
import type { Provider, Simulated } from "../../simulation/providers.ts";
import { handlingOptions, type Running, runLoop } from "../../simulation/runner.ts";
import type { ProcessStores } from "../../simulation/stores.ts";
import type { World } from "../../simulation/world.ts";

const SECRET = "simulation-secret-0001";
const URL_OF_US = `https://receiver.test/?secret=${SECRET}`;

/** Takes one request; resolves to its answer. */
type Serve = (request: Request) => Promise<Response>;

/** discue's queue, which calls us. */
export const simulated: Simulated = {
  operations: ["notify"],
  delivers: "notify",
  calls: true,
  open,
};

function open(world: World): Provider {
  const { seed, settings } = world.plan;
  const numbers = new Map<string, number>();
  /** What takes requests now; nothing while no process is there. */
  let door: { readonly process: Process; readonly serve: Serve } | undefined;
  let queue = "";

  const deliver = async (url: string, init: RequestInit): Promise<Response> => {
    const { signal } = init;
    await world.latency(signal);
    if (door === undefined || door.process.dead) throw new TypeError("fetch failed");
    const { process, serve } = door;
    const reply = await untilDeath(process, serve(new Request(url, init)));
    await world.latency(signal);
    return reply;
  };
  const emulator = discueEmulator({
    seed,
    deliver,
    webhook: { concurrency: settings.pageSize, livenessIntervalMs: 0 },
  });
  const { baseUrl, apiKey = "" } = emulator.connection("https://discue.test");
  const client = discue({ apiKey, baseUrl, fetch: emulator.fetch });

  return {
    emulator,
    numbers,
    async open() {
      const made = await client.queues.create({ name: "simulation" });
      queue = made.id;
      const urls = { notifyUrl: URL_OF_US, livenessUrl: URL_OF_US };
      await client.listeners.create(queue, { name: "simulation", ...urls });
    },
    publish(event) {
      const data = JSON.stringify(toPayload(event));
      const [id = ""] = emulator.publish(queue, [{ data }]);
      numbers.set(id, event.n);
    },
    start(process, stores) {
      const receiver = client.receiver({
        name: "simulation",
        secret: SECRET,
        typeOf,
        events: { message: eventSchema },
        logger: false,
      });
      const { running, serve } =
        settings.verb === "webhook"
          ? answering(process, stores, receiver)
          : holding(process, stores, receiver);
      door = { process, serve: (request) => process.cross(() => serve(request)) };
      return running;
    },
    isDrained: () => emulator.journal.ackedIds(queue).length === numbers.size,
  };
}

interface Serving {
  readonly running: Running;
  readonly serve: Serve;
}

/** Each request is answered by a handler of its own. */
function answering(process: Process, stores: ProcessStores, receiver: DiscueReceiver): Serving {
  const answer = webhook(receiver, handlerOf(process), handlingOptions(process, stores));
  const server = createServer(answer);
  const { serve } = server;
  return { serve, running: { ended: server.ended, stop: server.stop } };
}

/** Requests are held until the loop has settled their events. */
function holding(process: Process, stores: ProcessStores, receiver: DiscueReceiver): Serving {
  const feed = receiver.feed({ replyTimeoutMs: 9_000 });
  const server = createServer(feed.fetch);
  const loop = runLoop(process, stores, feed as Feed);
  const ended = loop.ended.then((what) => {
    feed.close();
    return what;
  });
  return { serve: server.serve, running: { ...loop, ended } };
}

/** What a web server does around a handler: at a stop it lets requests end, for a time. */
function createServer(handle: Serve) {
  const open = new Set<Promise<unknown>>();
  let isClosed = false;
  let end = (_what: string): void => {};
  const ended = new Promise<string>((resolve) => {
    end = resolve;
  });
  return {
    ended,
    async serve(request: Request): Promise<Response> {
      if (isClosed) throw new TypeError("fetch failed");
      const work = handle(request);
      open.add(work);
      try {
        return await work;
      } finally {
        open.delete(work);
      }
    },
    stop(_how: string, withinMs: number): void {
      isClosed = true;
      const timer = setTimeout(() => end("cut"), withinMs);
      void Promise.allSettled(open).then(() => {
        clearTimeout(timer);
        end("closed");
      });
    },
  };
}

/** A process that dies takes its connections along. */
function untilDeath(process: Process, reply: Promise<Response>): Promise<Response> {
  const { signal } = process.death;
  return new Promise((resolve, reject) => {
    const onDeath = (): void => reject(new TypeError("fetch failed"));
    if (signal.aborted) onDeath();
    const forget = onAbort(signal, onDeath);
    reply.then(resolve, reject).finally(forget);
  });
}
