/** One process around an inbox: the receiver that answers requests, or a worker that handles them. */
import { createServer } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { toFetchServer } from "../../examples/demo/fetch-server.ts";
import { consume } from "../../src/index.ts";
import { discue } from "../../src/providers/discue/index.ts";
import { inbox } from "../../src/stores/index.ts";
import { openStores } from "./stores.ts";
import { consumer, type InboxTask, inboxName, webhookSecret } from "./task.ts";
import { toFacts, toWriter } from "./writing.ts";

const task = JSON.parse(process.argv[2] ?? "") as InboxTask;
const write = toWriter(task.record, task.name);
const { stores, close } = await openStores(task.place);
const receiver = discue({ apiKey: "none" }).receiver({ name: inboxName, secret: webhookSecret });
const ends = inbox(stores.inbox, receiver, { leaseMs: 2000, pollMs: 50 });

const roles = {
  async receiver(): Promise<void> {
    const server = createServer(toFetchServer(ends.fetch)).listen(task.port, "127.0.0.1");
    write("ready");
    await new Promise((resolve) => process.once("SIGTERM", resolve));
    server.closeIdleConnections();
    await new Promise((resolve) => server.close(resolve));
  },
  async worker(): Promise<void> {
    const work = async ({ id }: { readonly id: string }): Promise<void> => {
      await wait(1 + Math.random() * 5);
      write("handled", { id });
    };
    const run = consume(ends.feed, work, {
      concurrency: 10,
      maxInFlight: 50,
      idle: { minDelayMs: 20, maxDelayMs: 200 },
      deadLetters: stores.deadLetters,
      consumer,
    });
    process.once("SIGTERM", () => void run.stop().catch(() => {}));
    write("ready");
    await run;
  },
};

try {
  await roles[task.role]();
  write("ended");
} catch (error) {
  write("failed", toFacts(error));
  process.exitCode = 1;
}
await close();
