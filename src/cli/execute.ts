import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { FeedEvent } from "ackloop";
import { sleep } from "../core/sleep.ts";
import { Failure, UsageError } from "./failure.ts";
import { type Output, oneLine } from "./output.ts";

/** How many signs of what a command wrote last go into the reason of its failure. */
const longestReason = 300;

/** How many signs a variable has at most: the system allows about 100 kB. */
const longestVariable = 10_000;

/** How long a command that was asked to end may take for it, in ms. */
const graceMs = 5000;

/** A line that begins with the plain name of a command, and not of a function that it makes. */
const plainStart = /^\s*([\w./+-]+)(?=\s*$|\s+[^\s(]|[;|&<>])/;

/**
 * Looks whether the shell knows the command: with one that is mistyped every event would fail, and each letter
 * of a redrive would have that as its reason.
 *
 * @throws {UsageError} where it does not; a line that begins with something else than a name is let through.
 */
export async function checkCommand(commandLine: string): Promise<void> {
  const [, name] = plainStart.exec(commandLine) ?? [];
  if (name === undefined || process.platform === "win32") return;
  const looking = spawn("sh", ["-c", 'command -v -- "$1"', "sh", name], { stdio: "ignore" });
  const [code] = await once(looking, "close");
  if (code === 0) return;
  throw new UsageError(
    `--exec: the shell finds no command ${name} here: mend its name or its path`,
  );
}

/** Runs one command of the shell for each event. What is at work when this process ends at once ends with it. */
export class Executor {
  readonly #commandLine: string;
  readonly #output: Pick<Output, "note">;
  readonly #atWork = new Set<ChildProcess>();
  readonly #onExit = (): void => {
    for (const child of this.#atWork) kill(child, "SIGKILL");
  };

  /** What the command writes goes to the notes of the output. */
  constructor(commandLine: string, output: Pick<Output, "note">) {
    this.#commandLine = commandLine;
    this.#output = output;
  }

  /**
   * Runs the command with an event as one line of JSON on its standard input; resolves when it ended with 0.
   * The signal asks it to end, and ends it where it has not by itself after five seconds.
   *
   * @throws {Failure} for another end, which says what it was, with the last line that the command wrote.
   */
  async run(event: FeedEvent, signal: AbortSignal): Promise<void> {
    const child = spawn(this.#commandLine, {
      shell: true,
      // A group of its own: Ctrl+C is for us, and the event is finished first.
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
      env: {
        ...process.env,
        ...toVariable("ACKLOOP_EVENT_ID", event.id),
        ...toVariable("ACKLOOP_EVENT_TYPE", event.type),
        ...toVariable("ACKLOOP_EVENT_SOURCE", event.source),
      },
    });
    const ending = new AbortController();
    const end = (): void => {
      kill(child, "SIGTERM");
      sleep(graceMs, ending.signal).then(
        () => kill(child, "SIGKILL"),
        () => undefined,
      );
    };
    signal.addEventListener("abort", end, { once: true });
    if (this.#atWork.size === 0) process.on("exit", this.#onExit);
    this.#atWork.add(child);
    try {
      await this.#ended(child, event);
    } finally {
      ending.abort();
      signal.removeEventListener("abort", end);
      this.#atWork.delete(child);
      if (this.#atWork.size === 0) process.off("exit", this.#onExit);
    }
  }

  async #ended(child: ReturnType<typeof spawn>, event: FeedEvent): Promise<void> {
    let last = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (piece) => {
        last = `${last}${piece}`.slice(-4 * longestReason);
        this.#output.note(String(piece).replace(/\n$/, ""));
      });
    }
    // A command may end without reading all of it.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(`${JSON.stringify(event)}\n`);
    const [code, killed] = await once(child, "close");
    if (code === 0) return;
    const said = oneLine(last.trim().split("\n").at(-1) ?? "").slice(0, longestReason);
    throw new Failure(`the command ended with ${code ?? killed}${said && `: ${said}`}`);
  }
}

/** A variable of the command; not set to what no variable can hold. All of it is on the standard input. */
function toVariable(name: string, text: string): NodeJS.ProcessEnv {
  const fits = text.length <= longestVariable && !text.includes("\0");
  // One of the same name that is around would be that of another event.
  return { [name]: fits ? text : undefined };
}

/** With whatever it has started, where the system has groups. */
function kill(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // It has ended meanwhile, or there are no groups here.
    child.kill(signal);
  }
}
