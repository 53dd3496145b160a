import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { FeedEvent } from "ackloop";
import { sleep } from "../core/sleep.ts";
import { Failure } from "./failure.ts";
import { type Output, oneLine } from "./output.ts";

/** How many signs of what a command wrote last go into the reason of its failure. */
const longestReason = 300;

/** How long a command that was asked to end may take for it, in ms. */
const graceMs = 5000;

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
        ACKLOOP_EVENT_ID: event.id,
        ACKLOOP_EVENT_TYPE: event.type,
        ACKLOOP_EVENT_SOURCE: event.source,
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

/** With whatever it has started, where the system has groups. */
function kill(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // It has ended meanwhile, or there are no groups here.
    child.kill(signal);
  }
}
