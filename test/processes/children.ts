import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { sleep } from "../../src/core/sleep.ts";
import type { ConsumerTask, InboxTask, RecordLine } from "./task.ts";

/** Whether the long runs are wanted. */
export const isLong = process.env["ACKLOOP_LONG"] === "1";

/** Scripts as one file each, so that a process starts fast. */
export interface Scripts {
  /** Starts a script with a task. */
  start(script: "consumer", task: ConsumerTask): Child;
  start(script: "inbox-process", task: InboxTask): Child;
  /** Ends what is still running, and takes the files off. */
  close(): Promise<void>;
}

/** Builds the scripts. */
export async function buildScripts(): Promise<Scripts> {
  // Inside the repository, so that the packages that are not bundled are found.
  const root = fileURLToPath(new URL("../../.tmp/", import.meta.url));
  await mkdir(root, { recursive: true });
  const folder = await mkdtemp(join(root, "processes-"));
  await build({
    entryPoints: [
      fileURLToPath(new URL("consumer.ts", import.meta.url)),
      fileURLToPath(new URL("inbox-process.ts", import.meta.url)),
    ],
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "es2022",
    external: ["pg", "@electric-sql/pglite"],
  });
  const started = new Set<Child>();
  return {
    start(script: string, task: ConsumerTask | InboxTask) {
      const child = new Child(join(folder, `${script}.mjs`), task);
      started.add(child);
      return child;
    },
    async close() {
      for (const child of started) await child.end("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A process of a test. */
export class Child {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #closed: Promise<number | null>;
  #errors = "";

  constructor(script: string, task: { readonly name: string }) {
    this.name = task.name;
    this.#process = spawn(process.execPath, [script, JSON.stringify(task)], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#process.stderr?.on("data", (chunk: Buffer) => {
      this.#errors += chunk.toString();
    });
    this.#closed = new Promise((resolve) => this.#process.once("close", resolve));
  }

  get hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** What it wrote to its standard error, which should be nothing. */
  get errors(): string {
    return this.#errors;
  }

  /** Sends a signal and does not wait. */
  send(signal: "SIGTERM" | "SIGSTOP" | "SIGCONT" | "SIGUSR2" | "SIGKILL"): void {
    this.#process.kill(signal);
  }

  /** Sends a signal and waits for the end; gives the exit code, `null` for one that was killed. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<number | null> {
    this.send(signal);
    return await this.#closed;
  }

  /** Waits for its own end. */
  ended(): Promise<number | null> {
    return this.#closed;
  }
}

/** What the processes of a test have written down, read as it grows. */
export class Records {
  readonly file: string;
  readonly lines: RecordLine[] = [];
  #offset = 0;

  constructor(folder: string) {
    this.file = join(folder, "record.jsonl");
    closeSync(openSync(this.file, "a"));
  }

  /** Reads what is new. A line that is half written waits for the next time. */
  read(): readonly RecordLine[] {
    const file = openSync(this.file, "r");
    const bytes = Buffer.alloc(fstatSync(file).size - this.#offset);
    readSync(file, bytes, 0, bytes.length, this.#offset);
    closeSync(file);
    const whole = bytes.subarray(0, bytes.lastIndexOf(10) + 1);
    this.#offset += whole.length;
    for (const line of whole.toString().split("\n").filter(Boolean)) {
      this.lines.push(JSON.parse(line) as RecordLine);
    }
    return this.lines;
  }

  /** The lines of a kind, of one process or of all. */
  of(kind: string, by?: string): readonly RecordLine[] {
    return this.read().filter((line) => line.kind === kind && (!by || line.by === by));
  }

  /** The ids in the lines of a kind. */
  ids(kind: string, by?: string): readonly string[] {
    return this.of(kind, by).map(({ id = "" }) => id);
  }

  /** When each event was handled for the first time. */
  handledAt(): ReadonlyMap<string, number> {
    const first = new Map<string, number>();
    for (const { id = "", at } of this.of("handled")) if (!first.has(id)) first.set(id, at);
    return first;
  }
}

/** Waits until something is true, for at most `limitMs`. */
export async function until(
  isTrue: () => boolean | Promise<boolean>,
  what: string,
  limitMs = 30_000,
): Promise<void> {
  const end = performance.now() + limitMs;
  while (performance.now() < end) {
    if (await isTrue()) return;
    await sleep(10);
  }
  throw new Error(`waited in vain: ${what}`);
}
