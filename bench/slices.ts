import { type ChildProcess, execFile, fork } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";

/** What one fresh process does and is measured by. */
export interface Slice {
  readonly job: "tiki" | "workato" | "kekker" | "webhook" | "heap" | "feeds" | "relays" | "rates";
  /** The module of `sides/` that does it. */
  readonly side: "ours" | "ours-tiki" | "hand-written" | "floor" | "sqs-consumer";
  readonly url: string;
  readonly events: number;
  readonly handlerMs: number;
  /** How many feeds share the events. @default 1 */
  readonly feeds?: number;
}

/** What a slice measured. */
export interface Measure {
  readonly handled: number;
  /** CPU of the process, user and system, in us an event. */
  readonly cpuUs: number;
  readonly wallMs: number;
  /** From the start of the process to the end of the work, in ms. */
  readonly sinceStartMs: number;
  /** The most memory that the process had. */
  readonly peakMb: number;
  /** Of `heap`: how much more there is after all events than after the first 100,000. */
  readonly heapGrownMb?: number;
  /** Of `feeds` and `relays`: how many sockets were opened. */
  readonly sockets?: number;
  /** Of `feeds`, `relays` and `rates`: what the slowest feed had done when the first was through, of all it had to do. */
  readonly fairShare?: number;
}

/** The jobs of a row: the same work for each side. */
export interface Job extends Omit<Slice, "side" | "url"> {
  readonly pageSize: number;
  /** How long the server waits before each answer, in ms. */
  readonly delayMs: number;
}

const run = promisify(execFile);
const root = fileURLToPath(new URL("../", import.meta.url));
const made = `${root}.tmp/bench`;

/** Takes the types off the slices once, so that no measured process does; packages stay outside. */
async function writeSlices(): Promise<void> {
  rmSync(made, { recursive: true, force: true });
  await build({
    entryPoints: [`${root}bench/slice.ts`, `${root}bench/server.ts`],
    outdir: made,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    packages: "external",
    // As users see it: the repository's own settings lead to the source.
    tsconfigRaw: {},
    logLevel: "error",
  });
}

/** The server of the pages, in a process of its own. */
export class BenchServer {
  readonly #process: ChildProcess;
  readonly #url: string;
  #runs = 0;

  private constructor(child: ChildProcess, url: string) {
    this.#process = child;
    this.#url = url;
  }

  /** Starts it. */
  static async start(): Promise<BenchServer> {
    await writeSlices();
    const child = fork(`${made}/server.js`, { execArgv: [] });
    const [url] = (await once(child, "message")) as [string];
    return new BenchServer(child, url);
  }

  /** Where a run finds its events; no two runs share anything. */
  urlOf({ events, feeds = 1, pageSize, delayMs }: Job): string {
    this.#runs += 1;
    return `${this.#url}/run${this.#runs}/${events / feeds}/${pageSize}/${delayMs}`;
  }

  /** Ends it. */
  stop(): void {
    this.#process.disconnect();
  }
}

/** Runs one side of a job in a fresh process, on the built package. */
export async function measure(
  server: BenchServer,
  job: Job,
  side: Slice["side"],
): Promise<Measure> {
  const slice = JSON.stringify({ ...job, side, url: server.urlOf(job) });
  const args = ["--no-warnings", "--expose-gc", `${made}/slice.js`, slice];
  const { stdout } = await run(process.execPath, args, { cwd: root, maxBuffer: 1e8 });
  const measured = JSON.parse(stdout) as Measure;
  if (measured.handled < job.events) {
    throw new Error(`${side} ${job.job}: ${measured.handled} of ${job.events} events`);
  }
  return measured;
}

/** When a fresh process that has run a text is through with it, in ms since it started. */
export async function startOf(text: string): Promise<number> {
  const program = `${text}\nprocess.stdout.write(String(performance.now()));`;
  const args = ["--no-warnings", "--input-type=module", "--eval", program];
  return Number((await run(process.execPath, args, { cwd: root })).stdout);
}
