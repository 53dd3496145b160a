/**
 * What every runtime does, by nothing but `fetch` and the package: it reads 500 events of a provider from an
 * emulator over HTTP, while one fault of each kind comes, and takes the calls of one that calls us.
 */
import { trace } from "@opentelemetry/api";
import { drop, type FeedEvent, type LoopOptions } from "ackloop";
import { openTelemetry } from "ackloop/opentelemetry";
import type { StoreSet } from "ackloop/stores";
import type { DemoProvider } from "../../examples/demo/provider.ts";
import { faultsOf, kindsOfCalls } from "./faults.ts";

const EVENTS = 500;
const PER_PUBLISH = 20;
/** Between two publishes, in ms: enough for a poll each, so that all faults come soon. */
const PUBLISH_EACH_MS = 150;
/** Every hundredth event is one that no handler can take. */
const POISON_EACH = 100;
/** How long one provider may take, in ms. */
const LIMIT_MS = 140_000;
const consumer = "matrix";

/** What a runtime is asked to do, as the body of `POST /run`. */
export interface MatrixTask {
  readonly provider: string;
  readonly connection: Readonly<Record<string, string>>;
  /** Where the emulator is steered. */
  readonly admin: string;
  /** Where the runtime is called. */
  readonly origin: string;
}

/** What became of it. */
export interface MatrixResult {
  /** Times that a handler finished, and the events that it finished. */
  readonly calls: number;
  readonly handled: number;
  readonly deadLettered: number;
  /** Acknowledged at the provider; the saved place, where that is the ack. */
  readonly acked: number;
  /** The kinds of faults that came. */
  readonly faults: readonly string[];
  /** The spans that were begun; none where a provider's program has no telemetry. */
  readonly spans: number | undefined;
}

/** The stores of a run, and what closes them. */
export type OpenStores = (provider: string) => Promise<StoreSet & { close?(): unknown }>;

/** The providers of the demo, by name. */
export type Providers = Readonly<Record<string, DemoProvider>>;

type Handle = (request: Request) => Promise<Response>;

const secret = "matrix-webhook-secret-0001";
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A server of the scenario, as the fetch standard has it: `POST /run`, and what providers call. */
export function scenario(providers: Providers, openStores: OpenStores): Handle {
  const hooks = new Map<string, Handle>();
  return async (request) => {
    const { pathname } = new URL(request.url);
    const hook = hooks.get(pathname);
    if (hook) return hook(request);
    if (request.method === "GET") return new Response("ready");
    const task = (await request.json()) as MatrixTask;
    const provider = providers[task.provider];
    if (!provider) return new Response("no such provider", { status: 404 });
    const take = (handle: Handle) => hooks.set(`/hook/${task.provider}`, handle);
    const stores = await openStores(task.provider);
    return runProvider(provider, task, stores, take).then(
      (result) => Response.json(result),
      toFailure,
    );
  };
}

function toFailure(error: unknown): Response {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new Response(text, { status: 500 });
}

async function runProvider(
  provider: DemoProvider,
  task: MatrixTask,
  stores: StoreSet & { close?(): unknown },
  take: (handle: Handle) => void,
): Promise<MatrixResult> {
  const hook = `${task.origin}/hook/${task.provider}?secret=${secret}`;
  const admin = new Admin(task.admin);
  const { queue, feed } = await provider.open(task.connection, hook);
  const handled: string[] = [];
  const spans = countedSpans();
  let isOver = false;
  const running = provider.consume({
    connection: task.connection,
    queue,
    stores,
    consumer: common.consumer,
    common: { ...common, deadLetters: stores.deadLetters, telemetry: spans.telemetry },
    timeoutMs: 1_500,
    secret,
    work: async ({ id, data }: FeedEvent) => {
      if (JSON.stringify(data).includes("poison"))
        throw new Error("cannot make sense of this event");
      await wait(1);
      handled.push(id);
    },
    other: () => drop("no business of ours"),
    serve: async (handle) => {
      take(handle);
      while (!isOver) await wait(20);
    },
  });
  let failure: unknown;
  const ended = Promise.resolve(running).catch((error: unknown) => {
    failure = error;
  });
  try {
    await admin.post("faults", faultsOf(provider.polls));
    for (let from = 0; from < EVENTS; from += PER_PUBLISH) {
      await admin.post("publish", provider.publish(queue, numbered(from)));
      await wait(PUBLISH_EACH_MS);
    }
    const letters = async () =>
      (await stores.deadLetters.list({ consumer, feed }, { limit: 1_000 })).letters.length;
    const look = async (): Promise<MatrixResult> => ({
      calls: handled.length,
      handled: new Set(handled).size,
      deadLettered: await letters(),
      acked: provider.idIn ? 0 : await admin.countAcked(),
      faults: await admin.faults(),
      spans: "stop" in running ? spans.count() : undefined,
    });
    const until = performance.now() + LIMIT_MS;
    let result = await look();
    while (!isDone(result, provider) && performance.now() < until && failure === undefined) {
      await wait(100);
      result = await look();
    }
    isOver = true;
    if ("stop" in running) await running.stop({ withinMs: 10_000 });
    await ended;
    if (failure !== undefined) throw failure;
    return await look();
  } finally {
    isOver = true;
    await stores.close?.();
  }
}

/** Telemetry by an API whose spans go nowhere, and how many were begun. */
function countedSpans() {
  let count = 0;
  const tracer = trace.getTracer("matrix");
  const counting: typeof tracer = {
    startSpan(...call) {
      count += 1;
      return tracer.startSpan(...call);
    },
    startActiveSpan: tracer.startActiveSpan.bind(tracer),
  };
  const tracerProvider = { getTracer: () => counting };
  return { telemetry: openTelemetry({ tracerProvider }), count: () => count };
}

const common = {
  concurrency: 10,
  retry: { attempts: 2, minDelayMs: 10, maxDelayMs: 50 },
  idle: { minDelayMs: 20, maxDelayMs: 100 },
  logger: false,
  consumer,
} satisfies LoopOptions;

/** What a run has to come to, of a provider. */
export function isDone(
  { handled, deadLettered, acked, faults, spans = Number.POSITIVE_INFINITY }: MatrixResult,
  provider: DemoProvider,
): boolean {
  const poison = EVENTS / POISON_EACH;
  return (
    handled === EVENTS - poison &&
    deadLettered === poison &&
    spans >= EVENTS &&
    (provider.idIn !== undefined || acked === EVENTS) &&
    kindsOfCalls.every((kind) => faults.includes(kind))
  );
}

function numbered(from: number) {
  return Array.from({ length: PER_PUBLISH }, (_, at) => {
    const number = from + at;
    return { number, code: `${number % POISON_EACH === 7 ? "poison" : "order"}-${number}` };
  });
}

/** Steers the emulator of one provider. */
class Admin {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async post(what: string, body: unknown): Promise<void> {
    const headers = { "content-type": "application/json" };
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    const response = await fetch(`${this.#url}/${what}`, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`the emulator answered ${response.status}: ${text}`);
  }

  async countAcked(): Promise<number> {
    return new Set((await this.#entries("acked")).map(({ eventId }) => eventId)).size;
  }

  async faults(): Promise<readonly string[]> {
    return [...new Set((await this.#entries("fault")).map(({ fault = "" }) => fault))];
  }

  async #entries(kind: string): Promise<readonly { eventId?: string; fault?: string }[]> {
    const response = await fetch(`${this.#url}/journal?kind=${kind}&limit=10000`);
    return ((await response.json()) as { entries: [] }).entries;
  }
}
