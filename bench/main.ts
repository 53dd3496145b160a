/**
 * What ackloop costs, beside what anybody would write by hand: `npm run bench`.
 *
 * Each side of a row does the same work in a fresh process, one after the other, on the built package; the
 * server is a process of its own. A row is the median of its rounds. `--quick` leaves out what takes long,
 * `--smoke` only sees that it runs, `--json` prints one object, `--row TEXT` keeps the rows with that text in
 * their name, `--scale` prints the tables of docs/scale.md, and `--filled N` first makes so many finished
 * marks in the stores, which should cost nothing.
 */

import { writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildIfStale } from "../scripts/build.ts";
import { durables } from "./durable.ts";
import { isNode24, median, type Plan, type Result } from "./result.ts";
import { bounds, lengths, loopRows, ratios, sizeRows, starts } from "./rows.ts";
import { scale } from "./scale.ts";
import { BenchServer } from "./slices.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    row: { type: "string", default: "" },
    rounds: { type: "string", default: "5" },
    smoke: { type: "boolean", default: false },
    scale: { type: "boolean", default: false },
    filled: { type: "string", default: "0" },
  },
});
const rounds = values.smoke ? 1 : Number(values.rounds);

const plan: Plan = {
  rounds,
  part: values.smoke ? 0.01 : 1,
  wants: (name) => name.includes(values.row),
};
const few: Plan = { ...plan, rounds: Math.min(3, rounds) };

/** All rows, in order. */
async function* rows(server: BenchServer): AsyncGenerator<Result> {
  yield* ratios(server, plan);
  yield* loopRows({ ...plan, rounds: values.smoke ? 1 : rounds + 2 });
  yield* sizeRows(plan);
  if (values.quick || values.smoke) return;
  yield* starts(server, plan);
  yield* bounds(server, few);
  yield* durables(few, Number(values.filled));
  yield* lengths(server, few);
}

function metOf({ met }: Result): string {
  if (met === null) return "stated";
  return met ? "yes" : "no";
}

const toLine = (row: Result): string => {
  const { name, value, unit, spread, baseline, target } = row;
  const range = spread[0] === spread[1] ? "" : spread.join(" - ");
  return `| ${name} | ${value} ${unit} | ${range} | ${baseline} | ${target ?? ""} | ${metOf(row)} |`;
};

/** What of the machine matters for what is read; a load above 1 says that others work on it. */
const load = `a load of ${loadavg()[0]?.toFixed(1)} when it began`;
const machine = `${availableParallelism()} cores, node ${process.version}, ${process.platform}, ${load}`;

/** How far apart the rounds of a row lie: the noise of the machine. */
function noiseOf(results: readonly Result[]): number {
  const ranges = results
    .filter(({ spread }) => spread[0] !== spread[1])
    .map(({ value, spread }) => (spread[1] - spread[0]) / Math.abs(value));
  return Math.round(100 * median(ranges));
}

async function measureAll(server: BenchServer): Promise<void> {
  const results: Result[] = [];
  for await (const result of rows(server)) {
    results.push(result);
    const line = values.smoke ? `${result.name}: it runs` : toLine(result);
    if (!values.json) process.stdout.write(`${line}\n`);
  }
  const date = new Date().toISOString().slice(0, 10);
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ node: process.version, date, results })}\n`);
  }
  if (!values.smoke && values.row === "") await writeResults(date, results);
}

/** Keeps the last full table beside its command; that of the newer Node in a file of its own. */
async function writeResults(date: string, results: readonly Result[]): Promise<void> {
  const command = `npm run bench${values.quick ? " -- --quick" : ""}`;
  const lines = [
    "# What it costs",
    "",
    `\`${command}\`, ${date}, ${machine}. Ratios are medians of ${rounds} rounds; less is better, but for`,
    `shares. The rounds of a row lie ${noiseOf(results)} % apart (median of the rows): that is the machine's noise.`,
    "",
    "| row | value | spread | beside | target | met |",
    "| --- | --- | --- | --- | --- | --- |",
    ...results.map(toLine),
    "",
  ];
  const file = isNode24 ? "RESULTS.node24.md" : "RESULTS.md";
  await writeFile(`${root}bench/${file}`, lines.join("\n"));
}

async function main(): Promise<void> {
  buildIfStale();
  const server = await BenchServer.start();
  try {
    if (values.scale) await scale(server, machine);
    else await measureAll(server);
  } finally {
    server.stop();
  }
}

await main();
