import { once } from "node:events";
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { sqliteStores } from "../../src/stores/index.ts";
import { driversHere, useFiles } from "./sqlite-drivers.ts";

const key = { consumer: "counter", feed: "feed" };
const busy = { code: "transport", retryable: true, message: expect.stringContaining("BUSY") };

const { freshFolder, freshFile, closing } = useFiles();

describe.each(driversHere)("a lock of another, with $name", (driver) => {
  it("is waited for without holding the thread, up to a limit", async () => {
    const file = await freshFile();
    const { cursors } = closing(driver.stores(file));
    const hasty = closing(driver.stores(file, { timeoutMs: 50 }));
    await cursors.save(key, "one", 0);
    const other = closing(driver.open(file));
    other.exec("begin immediate");
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 5);

    const saving = cursors.save(key, "two", 1);
    await expect(hasty.cursors.save(key, "x", 1)).rejects.toMatchObject(busy);
    expect(await hasty.cursors.load(key)).toMatchObject({ value: "one" });
    other.exec("commit");

    expect(await saving).toEqual({ status: "saved", revision: 2 });
    expect(turns).toBeGreaterThan(3);
    clearInterval(timer);
  });

  it("is waited for by each call on its own, however many wait before it", async () => {
    const file = await freshFile();
    const { cursors } = closing(driver.stores(file, { timeoutMs: 1000 }));
    await cursors.load(key);
    const other = closing(driver.open(file));
    other.exec("begin immediate");
    const startedAt = performance.now();
    const save = (at: number) => cursors.save({ ...key, feed: `${at}` }, "x", 0);
    // More than share one transaction, and some that are asked for while the first ones wait.
    const first = Array.from({ length: 1100 }, (_, at) => save(at));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const calls = await Promise.allSettled([...first, save(2000)]);

    expect(performance.now() - startedAt).toBeLessThan(2500);
    expect(calls.filter(({ status }) => status === "fulfilled")).toEqual([]);
    other.exec("rollback");
    expect(await save(1)).toEqual({ status: "saved", revision: 1 });
  });
});

describe("several copies of the module", () => {
  it("in threads of one process share a file, and lose no update", async () => {
    const folder = await freshFolder();
    const file = `${folder}/ackloop.db`;
    // Beside the packages, so that a thread finds its driver as a program does.
    const packages = fileURLToPath(new URL("../../node_modules", import.meta.url));
    const script = `${packages}/.threads-${process.pid}.mjs`;
    await build({
      entryPoints: [fileURLToPath(new URL("counter.ts", import.meta.url))],
      outfile: script,
      bundle: true,
      platform: "node",
      format: "esm",
    });
    const threads = [1, 2, 3].map(() => new Worker(script, { workerData: { file, times: 40 } }));
    const stores = closing(sqliteStores(file));
    for (const ended of threads.map((thread) => once(thread, "exit"))) {
      // The test's own copy is used beside them.
      await stores.cursors.load(key);
      expect(await ended).toEqual([0]);
    }
    await rm(script);

    const cursor = await stores.cursors.load(key);
    expect(cursor?.revision).toBe(120);
    expect(Number.parseInt(cursor?.value ?? "", 10)).toBe(120);
  });
});
