import { onTestFinished, vi } from "vitest";
import { run } from "../../src/cli/run.ts";
import type { Surroundings } from "../../src/cli/surroundings.ts";

/** Runs the command line and collects what it writes; `stop` asks it to end. */
export function start(args: string | readonly string[], given: Partial<Surroundings> = {}) {
  const written = { out: "", err: "" };
  const stopping = new AbortController();
  const words = typeof args === "string" ? args.split(" ").filter(Boolean) : args;
  const code = run(words, {
    out: (text) => {
      written.out += text;
    },
    err: (text) => {
      written.err += text;
    },
    signal: stopping.signal,
    version: "1.2.3",
    environment: {},
    isTerminal: false,
    ...given,
  });
  onTestFinished(async () => {
    stopping.abort();
    await code;
  });
  return { written, code, stop: () => stopping.abort() };
}

/** Waits until something was written; gives the first line as JSON. */
export async function announced({ written }: ReturnType<typeof start>) {
  await vi.waitFor(() => {
    if (!written.out.includes("\n")) throw new Error(`nothing was written but ${written.err}`);
  }, 60_000);
  return written.out;
}
