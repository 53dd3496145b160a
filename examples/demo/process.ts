import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { discue } from "ackloop/discue";
import { kekker } from "ackloop/kekker";
import { memoryStores } from "ackloop/stores";
import { clientCredentials, tiki } from "ackloop/tiki";
import { workato } from "ackloop/workato";
import { consumer, type ProviderName, type Task, webhookSecret } from "./task.ts";

/** Base URLs and test credentials of one emulator. */
export type Connection = Readonly<Record<string, string>>;

/** What the emulator's process prints when it is ready. */
export interface Announcement {
  readonly origin: string;
  readonly connections: Readonly<Record<string, Connection>>;
  readonly otherwise: readonly string[];
}

/** A process of the demo. */
export interface Child {
  hasEnded(): boolean;
  /** Sends a signal and waits for the end; SIGKILL follows after 10 s. */
  kill(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
}

function start(file: string, env: Readonly<Record<string, string>>, output: "pipe" | "ignore") {
  const path = fileURLToPath(new URL(file, import.meta.url));
  return spawn(process.execPath, [...process.execArgv, path], {
    env: { ...process.env, ...env },
    stdio: ["ignore", output, "inherit"],
  });
}

function toChild(child: ChildProcess): Child {
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    kill: async (signal) => {
      child.kill(signal);
      const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Starts the emulators and waits until they say where they are. */
export async function startEmulator(): Promise<{
  readonly child: Child;
  readonly announcement: Announcement;
}> {
  const process = start("./emulator.ts", {}, "pipe");
  const child = toChild(process);
  if (process.stdout === null) throw new Error("the emulator has no output");
  for await (const line of createInterface(process.stdout)) {
    return { child, announcement: JSON.parse(line) };
  }
  throw new Error("the emulator ended before it was ready");
}

/** Starts a consumer. */
export function startConsumer(task: Task): Child {
  return toChild(start("./consumer.ts", { DEMO_TASK: JSON.stringify(task) }, "ignore"));
}

/** Steers the emulators from outside. */
export class Admin {
  readonly #origin: string;

  constructor(origin: string) {
    this.#origin = origin;
  }

  get(provider: ProviderName, what: string): Promise<unknown> {
    return this.#call(`${this.#origin}/_emulator/${provider}/${what}`, { method: "GET" });
  }

  post(provider: ProviderName, what: string, body: unknown): Promise<unknown> {
    return this.#call(`${this.#origin}/_emulator/${provider}/${what}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  }

  async #call(url: string, init: RequestInit): Promise<unknown> {
    const response = await fetch(url, init);
    if (response.ok) return response.json();
    throw new Error(`the emulator answered ${response.status}: ${await response.text()}`);
  }
}

/** The queue, topic or channel of a provider, and the name of the feed that reads it. */
export interface Opened {
  readonly queue: string;
  readonly feed: string;
}

/** Makes the queue or topic through the typed client. */
export const openQueue: Readonly<
  Record<ProviderName, (connection: Connection, port: number) => Promise<Opened>>
> = {
  async tiki({ clientId = "", clientSecret = "", tokenUrl, baseUrl }) {
    const shop = tiki({ token: clientCredentials({ clientId, clientSecret, tokenUrl }), baseUrl });
    const { code } = await shop.queues.create({ name: "demo" });
    return { queue: code, feed: shop.feed(code).name };
  },
  async kekker({ baseUrl = "", login = "", password = "", channel = "" }) {
    return { queue: channel, feed: kekker({ baseUrl, login, password, channel }).feed().name };
  },
  async workato({ token = "", streamsUrl, apiUrl }) {
    const client = workato({ token, streamsUrl, apiUrl });
    const { id } = await client.topics.create({ name: "demo", schema: [] });
    const { cursors } = memoryStores();
    return { queue: String(id), feed: client.feed(id, { cursor: cursors, consumer }).name };
  },
  async discue({ apiKey = "", baseUrl }, port) {
    const client = discue({ apiKey, baseUrl });
    const { id } = await client.queues.create({ name: "demo-queue" });
    const url = `http://127.0.0.1:${port}/?secret=${webhookSecret}`;
    const urls = { notifyUrl: url, livenessUrl: url };
    await client.listeners.create(id, { name: "demo-listener", ...urls });
    return { queue: id, feed: client.receiver({ name: id, secret: webhookSecret }).name };
  },
};

/** A port of 127.0.0.1 that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}
