/**
 * A consumer as an integrator would write it, a process of its own, told on its command line what to
 * read. It writes down what it does and knows nothing of being killed, stopped or cut off.
 */
import { createServer } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import type { Pool } from "pg";
import { toFetchServer } from "../../examples/demo/fetch-server.ts";
import type { FeedEvent } from "../../src/core/event.ts";
import type { Receiver } from "../../src/core/receiver.ts";
import type { Report } from "../../src/core/report.ts";
import {
  consume,
  type HandlerContext,
  type LoopOptions,
  type Run,
  webhook,
} from "../../src/index.ts";
import { processOf } from "./provider.ts";
import { openStores } from "./stores.ts";
import { asksFor, type ConsumerTask, clockStepMs, consumer, webhookSecret } from "./task.ts";
import { toFacts, toWriter } from "./writing.ts";

const task = JSON.parse(process.argv[2] ?? "") as ConsumerTask;
const write = toWriter(task.record, task.name);
const { stores, pool, close } = await openStores(task.place);

// As if somebody had set the machine's clock back.
process.once("SIGUSR2", () => {
  const { now } = Date;
  Date.now = () => now() - clockStepMs;
});

/** The work itself. */
async function work(event: FeedEvent, context: HandlerContext): Promise<void> {
  write("started", { id: event.id });
  if (asksFor(event, "die")) process.kill(process.pid, "SIGKILL");
  await wait(asksFor(event, "hang") ? 600_000 : (task.handlerMs ?? 1));
  if (asksFor(event, "fail")) throw new Error("cannot make sense of this event");
  if (task.effects !== undefined && pool !== undefined) {
    await writeEffect(pool, task.effects, event, context);
  }
  write("handled", { id: event.id });
}

/** The effect and the mark in one transaction: both hold or none. */
async function writeEffect(
  database: Pool,
  table: string,
  { id }: FeedEvent,
  { finish }: HandlerContext,
): Promise<void> {
  const client = await database.connect();
  try {
    await client.query("begin");
    await client.query(`insert into ${table} (event_id) values ($1)`, [id]);
    await client.query((await finish(client)) ? "commit" : "rollback");
  } finally {
    client.release();
  }
}

function onReport(report: Report): void {
  const { kind } = report;
  if (kind === "pollFailed" || kind === "ackFailed" || kind === "storeFailed") {
    write(kind, toFacts(report.error));
  } else if (kind === "leaseAcquired" || kind === "stopping") write(kind);
}

const provider = await processOf(task.provider);

/** The place of a reader; each save that is an ack is written down before it begins and when it is made. */
const cursor: typeof stores.cursors = {
  load: (...call) => stores.cursors.load(...call),
  async save(key, value, ...rest) {
    if (provider.idIn) write("saving", { id: provider.idIn(value) });
    const save = await stores.cursors.save(key, value, ...rest);
    if (provider.idIn && save.status === "saved") write("saved", { id: provider.idIn(value) });
    return save;
  },
};

const options: LoopOptions = {
  concurrency: 5,
  retry: { attempts: 3, minDelayMs: 20, maxDelayMs: 100 },
  idle: { minDelayMs: 20, maxDelayMs: 200 },
  waitMs: 500,
  // Events that are bad are what these tests publish, and nothing good behind them: no outage.
  circuitBreaker: false,
  deadLetters: stores.deadLetters,
  consumer,
  onReport,
  // What is written to the standard error is a fault of the process.
  logger: false,
  ...(task.leaseMs !== undefined && {
    lease: { store: stores.leases, leaseMs: task.leaseMs, holder: task.name },
  }),
  ...(task.markMs !== undefined && { dedupe: { store: stores.dedupe, markMs: task.markMs } }),
  ...task.options,
};

const place = {
  connection: task.connection,
  queue: task.queue,
  cursor,
  consumer,
  options: {
    headers: { "x-consumer": task.name },
    timeoutMs: task.timeoutMs,
    retry: { attempts: 1 },
  },
};

/** Takes the provider's calls until it is told to end. */
async function listen(receiver: Receiver): Promise<void> {
  const { retry, deadLetters, dedupe } = options;
  const answer = webhook(receiver, work, { retry, deadLetters, dedupe, consumer, logger: false });
  const server = createServer(toFetchServer(answer)).listen(task.port, "127.0.0.1");
  write("ready");
  await new Promise((resolve) => process.once("SIGTERM", resolve));
  await new Promise((resolve) => server.close(resolve));
}

async function run(): Promise<void> {
  const receiver = provider.receiver?.(place, webhookSecret);
  if (receiver) return listen(receiver);
  const feed = provider.feed?.(place);
  if (!feed) throw new Error(`${task.provider} has neither a feed nor a receiver`);
  const running: Run = consume(feed, work, options);
  process.once("SIGTERM", () => void running.stop().catch(() => {}));
  write("ready");
  await running;
}

try {
  await run();
  write("ended");
} catch (error) {
  write("failed", toFacts(error));
  process.exitCode = 1;
}
await close();
