import { writeSync } from "node:fs";
import { Pool } from "pg";
import { sleep } from "../../src/core/sleep.ts";
import type { StoreSet } from "../../src/core/stores.ts";
import { postgresStores, sqliteStores } from "../../src/stores/index.ts";

/** What a worker is told on its command line. */
export interface WorkerTask {
  readonly task: "count" | "handle" | "lease";
  readonly folder?: string;
  readonly url?: string;
  readonly prefix?: string;
  readonly name: string;
}

/** A process that works on a store until it is killed, and prints a line for each step it has made. */
async function work(task: WorkerTask): Promise<never> {
  const stores: StoreSet = task.folder
    ? sqliteStores(`${task.folder}/ackloop.db`)
    : postgresStores(new Pool({ connectionString: task.url }), { prefix: task.prefix });
  print("ready");
  for (;;) await steps[task.task](stores, task.name);
}

const key = { consumer: "counter", feed: "feed" };

const steps = {
  async count({ cursors }: StoreSet, name: string): Promise<void> {
    const current = await cursors.load(key);
    const next = Number.parseInt(current?.value ?? "0", 10) + 1;
    const value = `${next} ${name} ${crypto.randomUUID()}`;
    const save = await cursors.save(key, value, current?.revision ?? 0);
    if (save.status === "saved") print(`saved ${save.revision}`);
  },
  async handle({ inbox }: StoreSet): Promise<void> {
    const claims = await inbox.claim("in", 5, 1500);
    if (claims.length === 0) await sleep(20);
    for (const { event, token } of claims) {
      print(`handled ${event?.id}`);
      await inbox.finish("in", [token]);
    }
  },
  async lease({ leases }: StoreSet, name: string): Promise<void> {
    const grant = await leases.acquire(key, name, 1000);
    while (grant.status === "held" && (await leases.renew(key, grant.fence, 1000))) {
      print(`held ${grant.fence}`);
      await sleep(50);
    }
    await sleep(50);
  },
};

function print(line: string): void {
  // At once, so that a line is written when the step is made, whenever the process is killed.
  writeSync(1, `${line}\n`);
}

await work(JSON.parse(process.argv[2] ?? "") as WorkerTask);
