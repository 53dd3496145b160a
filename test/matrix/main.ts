/**
 * The packed tarball on every runtime and compiler that it is made for: `npm run matrix`.
 *
 * `--all` also runs the rows that take long, `--only TEXT` those whose name has it, `--json` prints one object
 * `{ results }`. A row that cannot be had here, for want of a network, is skipped and says why. Fails where a
 * row does.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildIfStale } from "../../scripts/build.ts";
import { commands } from "./commands.ts";
import type { MatrixRow, Row } from "./row.ts";
import { runtimes } from "./runtimes.ts";
import { installPackage, installTool, root, type Tool } from "./tools.ts";
import { types } from "./types.ts";

/** How many rows run at once: two for each of two cores, as most of a scenario is waiting. */
const AT_ONCE = 4;

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    all: { type: "boolean", default: false },
    only: { type: "string", default: "" },
  },
});

/** Installs what rows need, each tool once; gives why some are not there. */
function installAll(rows: readonly Row[]): ReadonlyMap<Tool, string> {
  const missing = new Map<Tool, string>();
  for (const tool of new Set(rows.flatMap(({ tools }) => tools))) {
    const reason = installTool(tool);
    if (reason !== undefined) missing.set(tool, `${tool}: ${reason}`);
  }
  return missing;
}

async function runRow(row: Row, consumer: string, missing: ReadonlyMap<Tool, string>) {
  const { name } = row;
  const reason = row.tools.map((tool) => missing.get(tool)).find((each) => each !== undefined);
  if (reason !== undefined) return { name, ok: true, detail: reason, skipped: true };
  try {
    return { name, ok: true, detail: await row.run(consumer), skipped: false };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { name, ok: false, detail, skipped: false };
  }
}

function print({ name, ok, detail, skipped }: MatrixRow): void {
  if (options.json) return;
  const word = ok ? "ok" : "FAILED";
  const text = ok ? detail : detail.slice(0, 4_000);
  process.stdout.write(
    `| ${name.padEnd(62)} | ${(skipped ? "skipped" : word).padEnd(7)} | ${text} |\n`,
  );
}

/** Runs rows, some at once, in their order. */
async function runAll(
  rows: readonly Row[],
  consumer: string,
  missing: ReadonlyMap<Tool, string>,
): Promise<readonly MatrixRow[]> {
  const results: MatrixRow[] = [];
  const left = [...rows.entries()];
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [index, row] = next;
      const result = await runRow(row, consumer, missing);
      results[index] = result;
      print(result);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

/** For the closing line of `.ci/run`, in the words of vitest. */
function writeCounts(results: readonly MatrixRow[]): void {
  const count = (is: (row: MatrixRow) => boolean) => results.filter(is).length;
  const counts = {
    numPassedTests: count(({ ok, skipped }) => ok && !skipped),
    numFailedTests: count(({ ok }) => !ok),
    numPendingTests: count(({ skipped }) => skipped),
  };
  mkdirSync(join(root, ".tmp/results"), { recursive: true });
  writeFileSync(join(root, ".tmp/results/matrix.json"), JSON.stringify(counts));
}

async function main(): Promise<void> {
  buildIfStale();
  const rows = [...runtimes, ...commands, ...types].filter(
    ({ name, isSlow }) => name.includes(options.only) && (options.all || !isSlow),
  );
  const missing = installAll(rows);
  const consumer = installPackage();
  try {
    const results = await runAll(rows, consumer, missing);
    if (options.json) process.stdout.write(`${JSON.stringify({ results })}\n`);
    if (process.env["CI"]) writeCounts(results);
    if (results.some(({ ok }) => !ok)) process.exitCode = 1;
  } finally {
    rmSync(consumer, { recursive: true, force: true });
  }
}

await main();
