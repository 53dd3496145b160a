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
import {
  consume,
  drop,
  type Feed,
  type FeedEvent,
  type Handler,
  type LoopOptions,
  type Run,
  webhook,
} from "ackloop";
import { discue } from "ackloop/discue";
import { kekker } from "ackloop/kekker";
import { sqliteStores } from "ackloop/stores";
import { clientCredentials, tiki } from "ackloop/tiki";
import { workato } from "ackloop/workato";
import { toFetchServer } from "./fetch-server.ts";
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

/** A short one, as the server stalls now and then. */
const timeoutMs = 2_000;

const common = {
  concurrency: 10,
  retry: { attempts: 4, minDelayMs: 50, maxDelayMs: 200 },
  idle: { minDelayMs: 50, maxDelayMs: 500 },
  deadLetters: stores.deadLetters,
  consumer,
} satisfies LoopOptions;

/** The place of a Workato reader, kept in a file; each save that succeeded is recorded. */
const cursor: typeof stores.cursors = {
  load: (...call) => stores.cursors.load(...call),
  save: async (key, value, ...rest) => {
    const save = await stores.cursors.save(key, value, ...rest);
    const { id } = JSON.parse(value) as { readonly id?: string };
    if (save.status === "saved" && id !== undefined) record("saved", id);
    return save;
  },
};

const start = {
  tiki(): Run {
    const { clientId = "", clientSecret = "", tokenUrl, baseUrl } = connection;
    const shop = tiki({
      token: clientCredentials({ clientId, clientSecret, tokenUrl }),
      baseUrl,
      timeoutMs,
    });
    const handlers = {
      ORDER_CREATED_SUCCESSFULLY: work,
      ORDER_STATUS_UPDATED: work,
      PRODUCT_PRICE_UPDATED: work,
      other,
    };
    return consume(shop.feed(queue), handlers, common);
  },

  kekker(): Run {
    const { baseUrl = "", login = "", password = "", channel = "" } = connection;
    const node = kekker({ baseUrl, login, password, channel, timeoutMs });
    const feed = node.feed({ cursor: stores.cursors, consumer });
    return consume(feed, { DealCreated: work, DealUpdated: work, other }, common);
  },

  workato(): Run {
    const { token = "", streamsUrl, apiUrl } = connection;
    const client = workato({ token, streamsUrl, apiUrl, timeoutMs, requestsPerMinute: 6000 });
    const feed: Feed<FeedEvent<"message">> = client.feed(queue, { cursor, consumer });
    return consume(feed, { message: work }, { ...common, waitMs: 1000 });
  },

  async discue(): Promise<void> {
    const { apiKey = "", baseUrl } = connection;
    const client = discue({ apiKey, baseUrl });
    const receiver = client.receiver({ name: queue, secret: webhookSecret });
    const { retry, deadLetters } = common;
    const answer = webhook(receiver, { message: work }, { retry, deadLetters, consumer });
    const server = createServer(toFetchServer(answer)).listen(task.port, "127.0.0.1");
    await new Promise((resolve) => process.once("SIGTERM", resolve));
    await new Promise((resolve) => server.close(resolve));
  },
} as const;

const run = start[task.provider]();
if (run && "stop" in run) process.once("SIGTERM", () => void run.stop());
await run;
