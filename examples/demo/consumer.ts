/**
 * The demo's consumer, a process for each provider: what an integrator would write, and a record of
 * what its handlers finished, so that the demo can compare it with the emulator's journal.
 *
 * It is killed in the middle and started again, and knows nothing of it.
 */
import { appendFileSync, mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type CursorStore, drop, type FeedEvent, type Handler, type LoopOptions } from "ackloop";
import { sqliteStores } from "ackloop/stores";
import { toFetchServer } from "./fetch-server.ts";
import { type Parts, providerOf } from "./provider.ts";
import {
  consumer,
  type RecordLine,
  recordFile,
  storesFile,
  type Task,
  webhookSecret,
} from "./task.ts";

const task: Task = JSON.parse(process.env["DEMO_TASK"] ?? "{}");
const { connection, folder, queue } = task;
const provider = await providerOf(task.provider);
mkdirSync(folder, { recursive: true });
const stores = sqliteStores(join(folder, storesFile));

function record(kind: RecordLine["kind"], id: string): void {
  const line: RecordLine = { kind, id, at: Date.now() };
  appendFileSync(join(folder, recordFile), `${JSON.stringify(line)}\n`);
}

/** The work itself: takes some milliseconds, fails sometimes, and always on the poison event. */
async function work({ id, data }: FeedEvent): Promise<void> {
  await wait(2 + Math.random() * 8);
  if (JSON.stringify(data).includes("poison")) throw new Error("cannot make sense of this event");
  if (Math.random() < 0.02) throw new Error("the database is busy");
  record("handled", id);
}

const other: Handler = ({ type }) => drop(`${type} is no business of ours`);

/** A line for each trouble, without its facts, so that the table of the demo stays in sight. */
const say = (text: string): void => console.error(text);

const common = {
  logger: { debug: () => {}, info: () => {}, warn: say, error: say },
  concurrency: 10,
  retry: { attempts: 4, minDelayMs: 50, maxDelayMs: 200 },
  idle: { minDelayMs: 50, maxDelayMs: 500 },
  deadLetters: stores.deadLetters,
  consumer,
} satisfies LoopOptions;

/** The place of a reader, kept in a file; each save that is an ack is recorded. */
const cursors: CursorStore = {
  load: (...call) => stores.cursors.load(...call),
  save: async (key, value, ...rest) => {
    const save = await stores.cursors.save(key, value, ...rest);
    const id = save.status === "saved" ? provider.idIn?.(value) : undefined;
    if (id !== undefined) record("saved", id);
    return save;
  },
};

/** Takes a provider's calls until it is told to stop. */
const serve: Parts["serve"] = async (handle) => {
  const server = createServer(toFetchServer(handle)).listen(task.port, "127.0.0.1");
  await new Promise((resolve) => process.once("SIGTERM", resolve));
  await new Promise((resolve) => server.close(resolve));
};

const run = provider.consume({
  connection,
  queue,
  stores: { ...stores, cursors },
  consumer,
  common,
  timeoutMs: 2_000,
  work,
  other,
  secret: webhookSecret,
  serve,
});
if ("stop" in run) process.once("SIGTERM", () => void run.stop());
await run;
