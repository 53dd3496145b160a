import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { sleep } from "../../src/core/sleep.ts";
import type { StoreSet } from "../../src/core/stores.ts";
import { sqliteStores } from "../../src/stores/index.ts";
import { onServer, postgresHint, postgresUrl } from "./servers.ts";
import type { WorkerTask } from "./worker.ts";

interface Place {
  readonly stores: StoreSet;
  readonly task: Pick<WorkerTask, "folder" | "url" | "prefix">;
  close(): Promise<void>;
}

class Worker {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;

  constructor(script: string, task: WorkerTask) {
    this.#child = spawn(process.execPath, [script, JSON.stringify(task)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#closed = new Promise((resolve) => this.#child.once("close", resolve));
    let rest = "";
    this.#child.stdout?.on("data", (chunk: Buffer) => {
      const lines = `${rest}${chunk.toString()}`.split("\n");
      rest = lines.pop() ?? "";
      this.lines.push(...lines);
    });
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#closed;
  }

  /** The numbers or ids of the lines that begin with a word. */
  all(word: string): string[] {
    return this.lines
      .filter((line) => line.startsWith(`${word} `))
      .map((line) => line.slice(word.length + 1));
  }
}

/** Waits for a fact, for half a minute, or as long as `progress` grows: machines are slow at times. */
async function until(
  isTrue: () => boolean | Promise<boolean>,
  what: string,
  progress: () => number = () => 0,
): Promise<void> {
  let seen = progress();
  for (let tries = 0; tries < 1500; tries += 1) {
    if (await isTrue()) return;
    await sleep(20);
    if (progress() > seen) tries = 0;
    seen = progress();
  }
  throw new Error(`waited in vain: ${what}`);
}

async function inFolder(): Promise<Place> {
  const folder = await mkdtemp(`${tmpdir()}/ackloop-processes-`);
  const stores = sqliteStores(`${folder}/ackloop.db`);
  return {
    stores,
    task: { folder },
    async close() {
      await stores.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function inDatabase(): Promise<Place> {
  const { stores, prefix, close } = await onServer();
  return { stores, task: { url: postgresUrl ?? "", prefix }, close };
}

let script = "";
let built = "";

beforeAll(async () => {
  built = await mkdtemp(
    `${fileURLToPath(new URL("../../node_modules", import.meta.url))}/.worker-`,
  );
  script = `${built}/worker.mjs`;
  await build({
    entryPoints: [fileURLToPath(new URL("worker.ts", import.meta.url))],
    outfile: script,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
  });
});
afterAll(async () => await rm(built, { recursive: true }));

const started: Worker[] = [];
afterEach(async () => {
  for (const worker of started.splice(0)) await worker.kill();
});

function startWorker(task: WorkerTask): Worker {
  const worker = new Worker(script, task);
  started.push(worker);
  return worker;
}

/** How often one of three processes is killed. */
const kills = Number(process.env["ACKLOOP_KILLS"] ?? 4);
const timeout = 60_000 + kills * 3000;

describe.each([
  ["SQLite", inFolder, true],
  [`a PostgreSQL server${postgresHint}`, inDatabase, Boolean(postgresUrl)],
] as const)("several processes on %s", (_, open, isThere) => {
  it.skipIf(!isThere)("lose no update of one cursor, whoever is killed", { timeout }, async () => {
    const place = await open();
    const start = (name: string) => startWorker({ task: "count", name, ...place.task });
    const workers = [start("a"), start("b"), start("c")];

    for (let kill = 0; kill < kills; kill += 1) {
      const done = () => workers.flatMap((worker) => worker.all("saved")).length;
      await until(() => done() >= (kill + 1) * 40, "saves");
      await workers[kill]?.kill();
      workers.push(start(`again ${kill}`));
    }
    await until(() => workers.slice(-3).every((worker) => worker.all("saved").length > 3), "all");
    for (const worker of workers) await worker.kill();

    const cursor = await place.stores.cursors.load({ consumer: "counter", feed: "feed" });
    const saved = workers.flatMap((worker) => worker.all("saved"));
    expect(Number.parseInt(cursor?.value ?? "", 10)).toBe(cursor?.revision);
    expect(new Set(saved).size).toBe(saved.length);
    // A process may be killed between its save and its line.
    expect((cursor?.revision ?? 0) - saved.length).toBeLessThanOrEqual(workers.length);
    expect((cursor?.revision ?? 0) - saved.length).toBeGreaterThanOrEqual(0);
    await place.close();
  });

  it.skipIf(!isThere)(
    "handle every entry of an inbox, whoever is killed",
    { timeout },
    async () => {
      const place = await open();
      const start = (name: string) => startWorker({ task: "handle", name, ...place.task });
      const workers = [start("a"), start("b"), start("c")];
      const ids = Array.from({ length: kills * 50 }, (_, at) => `event ${at}`);
      const handled = () => new Set(workers.flatMap((worker) => worker.all("handled")));

      for (const [at, id] of ids.entries()) {
        const event = { specversion: "1.0", id, source: "/s", type: "message", data: at } as const;
        await place.stores.inbox.add("in", [{ event, raw: at }]);
        if (at % 50 === 25) {
          await workers.at(-3)?.kill();
          workers.push(start(`again ${at}`));
        }
      }
      await until(
        () => handled().size === ids.length,
        "every entry",
        () => handled().size,
      );

      const times = workers.flatMap((worker) => worker.all("handled")).length;
      expect([...handled()].sort()).toEqual([...ids].sort());
      expect(times - ids.length).toBeLessThanOrEqual(kills * 5);
      for (const worker of workers) await worker.kill();
      await place.close();
    },
  );

  it.skipIf(!isThere)(
    "take a lease over from one that was killed, with a greater fence",
    { timeout: 60_000 },
    async () => {
      const place = await open();
      const start = (name: string) => startWorker({ task: "lease", name, ...place.task });
      const workers = [start("a"), start("b"), start("c")];
      const holders = () => workers.filter((worker) => worker.all("held").length > 0);
      await until(() => workers.every(({ lines }) => lines.includes("ready")), "all are there");
      await until(() => holders().length > 0, "a holder");
      await sleep(300);
      expect(holders()).toHaveLength(1);

      const [first] = holders();
      const killedAt = performance.now();
      await first?.kill();
      await until(() => holders().length === 2, "a new holder");

      const tookMs = performance.now() - killedAt;
      const second = holders().find((worker) => worker !== first);
      expect(Number(second?.all("held")[0])).toBe(Number(first?.all("held")[0]) + 1);
      expect(tookMs).toBeLessThan(3000);
      for (const worker of workers) if (worker !== first) await worker.kill();
      await place.close();
    },
  );
});
