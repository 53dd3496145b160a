import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePort } from "../process.ts";
import type { EngineName } from "./task.ts";

const run = promisify(execFile);

/** What stands between relays and workers, as the fleet runs it. */
export interface Engine {
  readonly name: EngineName;
  /** What it is, in words. */
  readonly title: string;
  readonly url: string;
  /** Kills it and starts it again; absent where it is no process of its own. */
  readonly kill?: () => Promise<void>;
  /** CPU of its processes so far, in seconds; absent where it is no process of its own. */
  readonly cpuSeconds?: () => number;
  close(): Promise<void>;
}

/** Where a NATS server is on this machine; `undefined` where there is none. */
export function natsServer(): string | undefined {
  const script = "command -v nats-server || ls /usr/sbin/nats-server 2>/dev/null";
  const found = spawnSync("sh", ["-c", script], { encoding: "utf8" }).stdout.trim();
  return found === "" ? undefined : found;
}

/** Starts an engine; `undefined` where it is not on this machine. */
export async function startEngine(name: EngineName, folder: string): Promise<Engine | undefined> {
  if (name === "sqlite") {
    const title = "one SQLite file between the processes";
    return { name, title, url: "", close: async () => {} };
  }
  if (name === "jetstream") {
    const binary = natsServer();
    return binary === undefined ? undefined : await NatsServer.start(binary, folder);
  }
  return await startPostgres();
}

/** A server that may be killed, and started again on the same store. */
class NatsServer implements Engine {
  readonly name = "jetstream";
  readonly title = "a nats-server with JetStream";
  readonly #told: readonly string[];
  readonly #binary: string;
  readonly #port: number;
  #process: ChildProcess | undefined;
  #usedBefore = 0;

  private constructor(binary: string, folder: string, port: number) {
    this.#binary = binary;
    this.#port = port;
    this.#told = ["-a", "127.0.0.1", "-p", `${port}`, "-js", "-sd", folder];
  }

  static async start(binary: string, parent: string): Promise<NatsServer> {
    const folder = join(parent, "nats");
    await mkdir(folder, { recursive: true });
    const server = new NatsServer(binary, folder, await freePort());
    await server.#start();
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#port}`;
  }

  kill = async (): Promise<void> => {
    await this.#end();
    await this.#start();
  };

  cpuSeconds = (): number => this.#usedBefore + cpuOf(this.#process?.pid);

  async close(): Promise<void> {
    await this.#end();
  }

  async #end(): Promise<void> {
    const running = this.#process;
    if (running === undefined) return;
    this.#usedBefore += cpuOf(running.pid);
    const gone = new Promise((resolve) => running.once("exit", resolve));
    running.kill("SIGKILL");
    await gone;
    this.#process = undefined;
  }

  async #start(): Promise<void> {
    this.#process = spawn(this.#binary, this.#told, { stdio: "ignore" });
    const { connect } = await import("@nats-io/transport-node");
    const connection = await connect({
      servers: this.url,
      maxReconnectAttempts: -1,
      waitOnFirstConnect: true,
      reconnectTimeWait: 50,
    });
    await connection.close();
  }
}

/** CPU of a process so far, in seconds; 0 where the system has no `/proc`. */
function cpuOf(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Runs the script of the repository that starts a throwaway cluster; gives the last line that it printed. */
async function postgres(...words: readonly string[]): Promise<string> {
  const { stdout } = await run("bash", ["scripts/postgres.sh", ...words], { cwd: root });
  return stdout.trim().split("\n").at(-1) ?? "";
}

async function startPostgres(): Promise<Engine | undefined> {
  // What is not here is not installed for a measurement.
  const script = "ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null || command -v initdb";
  if (spawnSync("sh", ["-c", script], { encoding: "utf8" }).stdout.trim() === "") return undefined;
  const url = await postgres("start");
  return {
    name: "postgres",
    title: "a PostgreSQL server",
    url,
    kill: async () => void (await postgres("crash", url)),
    close: async () => void (await postgres("stop", url)),
  };
}
