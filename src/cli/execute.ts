import { spawn } from "node:child_process";
import { once } from "node:events";
import type { FeedEvent } from "ackloop";
import { Failure } from "./failure.ts";
import { oneLine } from "./output.ts";

/** How many signs of what a command wrote last go into the reason of its failure. */
const longestReason = 300;

/**
 * Runs a command of the shell with an event as one line of JSON on its standard input; what it writes goes to
 * where ours goes. Resolves when it ended with 0.
 *
 * @throws {Failure} for another end, which says what it was, with the last line that the command wrote.
 */
export async function execute(
  commandLine: string,
  event: FeedEvent,
  signal: AbortSignal,
  toError: (text: string) => void,
): Promise<void> {
  const child = spawn(commandLine, {
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
  const kill = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
    } catch {
      // It has ended meanwhile.
    }
  };
  signal.addEventListener("abort", kill, { once: true });
  let last = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (piece) => {
      last = `${last}${piece}`.slice(-4 * longestReason);
      toError(String(piece));
    });
  }
  // A command may end without reading all of it.
  child.stdin.on("error", () => undefined);
  child.stdin.end(`${JSON.stringify(event)}\n`);
  try {
    const [code, killed] = await once(child, "close");
    if (code === 0) return;
    const said = oneLine(last.trim().split("\n").at(-1) ?? "").slice(0, longestReason);
    throw new Failure(`the command ended with ${code ?? killed}${said && `: ${said}`}`);
  } finally {
    signal.removeEventListener("abort", kill);
  }
}
