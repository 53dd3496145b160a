import { workerData } from "node:worker_threads";
import { sqliteStores } from "../../src/stores/index.ts";

const key = { consumer: "counter", feed: "feed" };

/** A thread that counts up in a cursor, some times, beside others. */
async function count(file: string, times: number): Promise<void> {
  const { cursors, close } = sqliteStores(file);
  for (let done = 0; done < times; ) {
    const current = await cursors.load(key);
    const revision = current?.revision ?? 0;
    const next = Number.parseInt(current?.value ?? "0", 10) + 1;
    // A value of its own: the same one at the same revision would pass for a repeat.
    const save = await cursors.save(key, `${next} ${crypto.randomUUID()}`, revision);
    if (save.status === "saved") done += 1;
  }
  await close();
}

const { file, times } = workerData as { readonly file: string; readonly times: number };
await count(file, times);
