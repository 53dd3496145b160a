import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { environment } from "./tools.ts";

/** A command, and its arguments. */
export type Command = readonly [file: string, ...args: string[]];

/** A program that was started, and what it has written so far. */
export interface Started {
  readonly child: ChildProcess;
  written(): string;
  /** What it ended with; a signal's name where one ended it. */
  readonly ended: Promise<number | string>;
}

/** Starts a program in a folder, with nothing of this process's environment but where programs are. */
export function start(
  [file, ...args]: Command,
  folder: string,
  variables: Readonly<Record<string, string>> = {},
): Started {
  const child = spawn(file, args, { cwd: folder, env: { ...environment, ...variables } });
  let written = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (piece) => {
      written += piece;
    });
  }
  const ended = once(child, "close").then(([code, signal]) => code ?? signal);
  return { child, written: () => written, ended };
}

/** Runs a program to its end; what it wrote is in the error when it fails. */
export async function runToEnd(
  command: Command,
  folder: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { written, ended, child } = start(command, folder, variables);
  const timer = setTimeout(() => child.kill("SIGKILL"), 120_000);
  const code = await ended;
  clearTimeout(timer);
  if (code !== 0) throw new Error(`it ended with ${code}: ${written()}`);
  return written();
}
