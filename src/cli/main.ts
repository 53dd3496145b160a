#!/usr/bin/env node
import { createRequire } from "node:module";
import { run } from "./run.ts";

const manifest: { readonly version: string } = createRequire(import.meta.url)(
  "ackloop/package.json",
);
const stopping = new AbortController();
for (const [name, number] of [
  ["SIGINT", 2],
  ["SIGTERM", 15],
  // Of a terminal that goes away; what was started, and what was made for a while, must end all the same.
  ["SIGHUP", 1],
] as const) {
  process.on(name, () => {
    // A second one ends the process at once, with whatever commands it has started.
    if (stopping.signal.aborted) process.exit(128 + number);
    stopping.abort();
  });
}
/** Why the standard output cannot be written any more. */
let fault: NodeJS.ErrnoException | undefined;
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  fault ??= error;
  stopping.abort();
});
// Nobody can be told.
process.stderr.on("error", () => stopping.abort());

async function flush(): Promise<void> {
  await new Promise<void>((resolve) => process.stdout.write("", () => resolve()));
  if (fault) throw fault;
}

const code = await run(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  flush,
  signal: stopping.signal,
  version: manifest.version,
  environment: process.env,
  isTerminal: process.stderr.isTTY === true,
});
await flush().catch(() => {});
// Whoever read has had enough, as in `| head`: that is no failure.
const isLost = fault !== undefined && fault.code !== "EPIPE";
if (isLost) process.stderr.write(`ackloop: the output cannot be written (${fault?.code})\n`);
process.exitCode = code === 0 && isLost ? 1 : code;
