/**
 * What ackloop costs, beside what anybody would write by hand: `npm run bench`.
 *
 * Each side of a row does the same work in a fresh process, one after the other, on the built package; the
 * server is a process of its own. A row is the median of the ratios of its rounds. `--quick` leaves out what
 * takes long, `--json` prints one object, `--row TEXT` keeps the rows with that text in their name.
 */

import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bounds, lengths, loopRows, machine, type Result, ratios } from "./rows.ts";
import { BenchServer } from "./slices.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    row: { type: "string", default: "" },
    rounds: { type: "string", default: "5" },
    smoke: { type: "boolean", default: false },
  },
});
const rounds = values.smoke ? 1 : Number(values.rounds);

/** Builds the package where a source is newer than what was built. */
async function build(): Promise<void> {
  const built = `${root}dist/index.js`;
  const files = await readdir(`${root}src`, { recursive: true, withFileTypes: true });
  const newest = Math.max(
    ...files
      .filter((file) => file.isFile())
      .map((file) => statSync(`${file.parentPath}/${file.name}`).mtimeMs),
  );
  if (existsSync(built) && statSync(built).mtimeMs > newest) return;
  execFileSync("npm", ["run", "--silent", "build"], { cwd: root, stdio: "ignore" });
}

/** All rows, in order. */
async function* rows(server: BenchServer): AsyncGenerator<Result> {
  const wants = (name: string): boolean => name.includes(values.row);
  yield* ratios(server, rounds, wants);
  yield* loopRows(rounds + 2, wants);
  if (values.quick) return;
  yield* bounds(server, Math.min(3, rounds), wants);
  yield* lengths(server, rounds, wants);
}

const toLine = ({ name, value, unit, spread, baseline, target, met }: Result): string =>
  `| ${name} | ${value} ${unit} | ${spread.join(" - ")} | ${baseline} | ${target} | ${met ? "yes" : "no"} |`;

async function main(): Promise<void> {
  await build();
  const server = await BenchServer.start();
  const results: Result[] = [];
  try {
    for await (const result of rows(server)) {
      results.push(result);
      if (!values.json) process.stdout.write(`${toLine(result)}\n`);
    }
  } finally {
    server.stop();
  }
  const date = new Date().toISOString().slice(0, 10);
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ node: process.version, date, results })}\n`);
  }
  if (!values.smoke && values.row === "") await writeResults(date, results);
}

/** Keeps the last full table beside its command. */
async function writeResults(date: string, results: readonly Result[]): Promise<void> {
  const command = `npm run bench${values.quick ? " -- --quick" : ""}`;
  const lines = [
    "# What it costs",
    "",
    `\`${command}\`, ${date}, ${machine()}. Ratios are medians of ${rounds} rounds; less is better, but for shares.`,
    "",
    "| row | value | spread | beside | target | met |",
    "| --- | --- | --- | --- | --- | --- |",
    ...results.map(toLine),
    "",
  ];
  await writeFile(`${root}bench/RESULTS.md`, lines.join("\n"));
}

await main();
