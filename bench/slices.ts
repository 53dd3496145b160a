import { type ChildProcess, execFile, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** What one fresh process does and is measured by. */
export interface Slice {
  readonly job: "tiki" | "workato" | "kekker" | "webhook";
  /** The module of `sides/` that does it. */
  readonly side: "ours" | "hand-written" | "floor" | "sqs-consumer";
  readonly url: string;
  readonly events: number;
  readonly handlerMs: number;
}

/** What a slice measured. */
export interface Measure {
  readonly handled: number;
  /** CPU of the process, user and system, in us an event. */
  readonly cpuUs: number;
  readonly wallMs: number;
}

/** The jobs of a row: the same work for each side. */
export interface Job extends Omit<Slice, "side" | "url"> {
  readonly pageSize: number;
  /** How long the server waits before each answer, in ms. */
  readonly delayMs: number;
}

const run = promisify(execFile);
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const typescript = ["--import", path("../scripts/typescript.mjs")];

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
    const child = fork(path("./server.ts"), { execArgv: typescript });
    const [url] = (await once(child, "message")) as [string];
    return new BenchServer(child, url);
  }

  /** Where a run finds its events; no two runs share anything. */
  urlOf({ events, pageSize, delayMs }: Job): string {
    this.#runs += 1;
    return `${this.#url}/run${this.#runs}/${events}/${pageSize}/${delayMs}`;
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
  const env = { ...process.env, ACKLOOP_BUILT: "1" };
  const args = ["--no-warnings", ...typescript, path("./slice.ts"), slice];
  const { stdout } = await run(process.execPath, args, { env, maxBuffer: 1e8 });
  const measured = JSON.parse(stdout) as Measure;
  if (measured.handled < job.events) {
    throw new Error(`${side} ${job.job}: ${measured.handled} of ${job.events} events`);
  }
  return measured;
}
