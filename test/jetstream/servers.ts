import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NatsConnection, NodeConnectionOptions } from "@nats-io/transport-node";
import { connect } from "@nats-io/transport-node";

/** The address of a real server, where the environment names one. */
export const natsUrl = process.env["ACKLOOP_NATS_URL"];

/** What a skipped test says. */
export const natsHint = natsUrl
  ? ""
  : ' (skipped: no server; export ACKLOOP_NATS_URL="$(scripts/nats.sh start)")';

/** A name that no other test uses. */
export function freshName(): string {
  return `t${crypto.randomUUID().replaceAll("-", "").slice(0, 20)}`;
}

/** A connection to the server that the environment names. */
export function connected(options: NodeConnectionOptions = {}): Promise<NatsConnection> {
  return connect({ servers: natsUrl ?? "", maxReconnectAttempts: -1, ...options });
}

/** A server of one test, which it may kill and start again on the same store. */
export class OwnServer {
  /** Where it keeps its streams. */
  readonly folder: string;
  readonly #port: number;
  readonly #binary: string;
  #process: ChildProcess | undefined;

  private constructor(binary: string, folder: string, port: number) {
    this.#binary = binary;
    this.folder = folder;
    this.#port = port;
  }

  static async start(): Promise<OwnServer> {
    const found = spawnSync("bash", ["scripts/nats.sh", "binary"], { encoding: "utf8" });
    const folder = await mkdtemp(join(tmpdir(), "ackloop-nats-test-"));
    const server = new OwnServer(found.stdout.trim(), folder, await freePort());
    await server.start();
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#port}`;
  }

  /** Starts it, and waits until JetStream answers. */
  async start(): Promise<void> {
    const told = ["-a", "127.0.0.1", "-p", `${this.#port}`, "-js", "-sd", this.folder];
    this.#process = spawn(this.#binary, told, { stdio: "ignore" });
    const connection = await connect({
      servers: this.url,
      maxReconnectAttempts: -1,
      waitOnFirstConnect: true,
      reconnectTimeWait: 50,
    });
    await connection.close();
  }

  /** Kills it as a crash does, unless told otherwise, and waits until it is gone. */
  async kill(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    const running = this.#process;
    if (running === undefined || running.exitCode !== null) return;
    const gone = new Promise((resolve) => running.once("exit", resolve));
    running.kill(signal);
    await gone;
    this.#process = undefined;
  }

  async close(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
