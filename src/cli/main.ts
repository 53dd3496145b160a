#!/usr/bin/env node
import { createRequire } from "node:module";
import { run } from "./run.ts";

const manifest: { readonly version: string } = createRequire(import.meta.url)(
  "ackloop/package.json",
);
const stopping = new AbortController();
// Once: a second signal ends the process at once.
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stopping.abort());
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    // Whoever read has had enough, as in `| head`.
    if (error.code !== "EPIPE") throw error;
    stopping.abort();
  });
}

process.exitCode = await run(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  signal: stopping.signal,
  version: manifest.version,
  environment: process.env,
  isTerminal: process.stderr.isTTY === true,
});
