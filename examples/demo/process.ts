import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Task } from "./task.ts";

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

/** Starts a program that needs nothing but Node. */
export function startScript(path: string, env: Readonly<Record<string, string>>): Child {
  const child = spawn(process.execPath, [path], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "inherit"],
  });
  return toChild(child);
}

/** Steers the emulators from outside. */
export class Admin {
  readonly #origin: string;

  constructor(origin: string) {
    this.#origin = origin;
  }

  get(provider: string, what: string): Promise<unknown> {
    return this.#call(`${this.#origin}/_emulator/${provider}/${what}`, { method: "GET" });
  }

  post(provider: string, what: string, body: unknown): Promise<unknown> {
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

/** A port of 127.0.0.1 that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}
