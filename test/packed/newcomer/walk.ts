import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import type { CommandStep, Step } from "./steps.ts";

/** What a command has of this process's surroundings: nothing that could stand for what the page says. */
const kept = /^(HOME|TMPDIR|LANG|NODE_EXTRA_CA_CERTS|SSL_CERT_\w+|\w*_proxy)$/i;

/** How long a command may take until it has shown what the page says, in ms. */
const commandMs = 90_000;

/** What a step came to. */
export interface Walked {
  readonly line: number;
  /** The command, or the name of the file. */
  readonly what: string;
  readonly elapsedMs: number;
  /** All that the command has written; empty for a file. */
  readonly output: string;
}

/** What stands for what the page names: the package, and ports that are free. */
export interface Stand {
  /** What is typed for a line that begins with `npm install ackloop`. */
  readonly install: string;
  /** The ports that the page names. */
  readonly ports: readonly string[];
  /** What must come while everything that goes on is still at work; `outputOf` a command. */
  readonly atLast?: (outputOf: (start: string) => string) => Promise<void>;
}

/** A command that was started. */
interface Started {
  readonly command: string;
  readonly child: ChildProcess;
  readonly written: { text: string };
}

/**
 * Makes the steps of a page in an empty folder, as somebody who types what it says. Rejects at the first
 * that does not go as the page has it, with its line and what it wrote.
 */
export async function walk(
  steps: readonly Step[],
  { install, ports, atLast }: Stand,
  onStep: (walked: Walked) => void = () => undefined,
): Promise<readonly Walked[]> {
  const folder = mkdtempSync(join(tmpdir(), "ackloop-newcomer-"));
  const free = new Map<string, string>();
  for (const port of ports) free.set(port, `${await freePort()}`);
  const running: Started[] = [];
  const walked: Walked[] = [];
  try {
    for (const step of steps) {
      if (step.kind === "command" && isNotNeeded(step)) continue;
      const startedAt = performance.now();
      const output = await made(inPlace(step, install, free), folder, running);
      const what = step.kind === "file" ? step.name : step.text;
      walked.push({ line: step.line, what, elapsedMs: performance.now() - startedAt, output });
      onStep(walked[walked.length - 1] as Walked);
    }
    await atLast?.((start) => {
      const found = running.find(({ command }) => command.startsWith(start));
      return found?.written.text ?? "";
    });
    for (const one of running.splice(0).reverse()) await interrupt(one);
    return walked;
  } finally {
    for (const { child } of running) signal(child, "SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

function isNotNeeded({ notFrom }: CommandStep): boolean {
  if (!notFrom) return false;
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const [fromMajor = 0, fromMinor = 0] = notFrom;
  return major > fromMajor || (major === fromMajor && minor >= fromMinor);
}

/** The step with what is here in place of the package's name and of the page's ports. */
function inPlace(step: Step, install: string, free: ReadonlyMap<string, string>): Step {
  const placed = (text: string) =>
    [...free].reduce((all, [port, other]) => all.replaceAll(port, other), text);
  if (step.kind === "file") return { ...step, text: placed(step.text) };
  const text = placed(step.text.replace(/^npm install ackloop\b.*$/, install));
  return { ...step, text, shown: step.shown.map(placed) };
}

/** Makes one step; gives what it wrote. */
async function made(step: Step, folder: string, running: Started[]): Promise<string> {
  if (step.kind === "file") {
    writeFileSync(join(folder, step.name), step.text);
    return "";
  }
  const started = start(step.text, folder);
  running.push(started);
  try {
    await run(step, started);
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    throw new Error(`line ${step.line}: ${step.text}\n${why}\n${started.written.text}`);
  }
  if (!step.goesOn) running.pop();
  return started.written.text;
}

async function run(step: CommandStep, started: Started): Promise<void> {
  const at = step.shown.indexOf("^C");
  const [before, after] =
    at === -1 ? [step.shown, []] : [step.shown.slice(0, at), step.shown.slice(at + 1)];
  if (step.goesOn || at !== -1) {
    await hasShown(started, before);
    if (step.goesOn) return;
    await interrupt(started);
  } else {
    await ended(started);
  }
  requireShown(started.written.text, [...before, ...after]);
}

/** The first line that the page shows and the text has not, in order; `...` stands for anything. */
function missing(text: string, shown: readonly string[]): string | undefined {
  const written = text.split("\n");
  let from = 0;
  for (const line of shown) {
    const parts = line.split("...").map((part) => part.trim());
    const found = written.findIndex(
      (each, index) => index >= from && parts.every((part) => each.includes(part)),
    );
    if (found === -1) return line;
    from = found + 1;
  }
  return undefined;
}

function requireShown(text: string, shown: readonly string[]): void {
  const line = missing(text, shown);
  if (line !== undefined) throw new Error(`it has not shown "${line}"`);
}

async function hasShown({ child, written }: Started, shown: readonly string[]): Promise<void> {
  const until = performance.now() + commandMs;
  while (missing(written.text, shown) !== undefined) {
    if (isOver(child)) throw new Error(`it ended with ${child.exitCode}`);
    if (performance.now() > until) requireShown(written.text, shown);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function start(command: string, folder: string): Started {
  const { PATH = "" } = process.env;
  // Ctrl+C ends the command, and the shell tells how it ended.
  const child = spawn("sh", ["-c", `trap : INT\n${command}`], {
    cwd: folder,
    // A group of its own, which Ctrl+C reaches whole, as on a terminal.
    detached: true,
    env: {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => kept.test(name))),
      PATH: `${dirname(process.execPath)}${delimiter}${PATH}`,
      npm_config_prefer_offline: "true",
      npm_config_audit: "false",
      npm_config_update_notifier: "false",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const written = { text: "" };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (piece: string) => {
      written.text += piece;
    });
  }
  return { command, child, written };
}

/** Waits for the end; 130 is npm's word for Ctrl+C. */
async function ended({ child }: Started, codes: readonly unknown[] = [0]): Promise<void> {
  const timer = setTimeout(() => signal(child, "SIGKILL"), commandMs);
  if (!isOver(child)) await once(child, "close");
  clearTimeout(timer);
  const code = child.exitCode ?? child.signalCode;
  if (!codes.includes(code)) throw new Error(`it ended with ${code}`);
}

async function interrupt(started: Started): Promise<void> {
  signal(started.child, "SIGINT");
  await ended(started, [0, 130]);
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid !== undefined && !isOver(child)) process.kill(-child.pid, name);
}

function isOver({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}
