/**
 * Runs the deterministic simulation: `npm run simulate -- --runs 1000 --seed 7`.
 *
 * What the options mean stands in docs/simulation.md.
 */
import { parseArgs } from "node:util";
import { bundle } from "./bundle.ts";
import { askOnce, runAll } from "./crew.ts";
import { subjects } from "./plan.ts";
import type { Failure, Tally } from "./worker.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "300" },
    seed: { type: "string", default: "1" },
    feed: { type: "string", default: subjects.join(",") },
    replay: { type: "string" },
    workers: { type: "string", default: "2" },
    json: { type: "boolean", default: false },
  },
});

const wanted = values.feed.split(",");
const providers = subjects.filter((name) => wanted.includes(name));
const write = (line: string): void => void process.stdout.write(`${line}\n`);
const file = await bundle(`run-${process.pid}`);

if (values.replay === undefined) await runs();
else await replay(Number(values.replay));

async function runs(): Promise<void> {
  const began = performance.now();
  let told = began;
  const tally = await runAll({
    bundle: file,
    providers,
    runs: Number(values.runs),
    seed: Number(values.seed),
    workers: Number(values.workers),
    onProgress(soFar) {
      if (values.json || performance.now() - told < 5_000) return;
      told = performance.now();
      write(`${soFar.runs} runs, ${soFar.failures.length} of them failed`);
    },
  });
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  const { failures, ...sums } = tally;
  const violations = failures.length;
  if (values.json) write(JSON.stringify({ ...sums, violations, seconds }));
  else await report(tally, seconds);
  for (const failure of failures) console.error(toLine(failure));
  if (violations > 0) process.exitCode = 1;
}

async function report({ failures, ...sums }: Tally, seconds: number): Promise<void> {
  write(JSON.stringify({ ...sums, violations: failures.length, seconds }, undefined, 2));
  for (const failure of firstOfEach(failures)) {
    const { provider, seed, violations } = failure;
    write(`\n${provider}: replay with --feed ${provider} --replay ${seed}`);
    for (const { kind, text } of violations.slice(0, 5)) write(`  ${kind}: ${text}`);
    const violation = violations[0]?.kind ?? "";
    const lines = await askOnce(file, { kind: "shrink", provider, seed, violation });
    write("  the smallest plan that was found:");
    for (const line of lines) write(`    ${line}`);
  }
}

function toLine({ provider, seed, violations }: Failure): string {
  const kinds = new Set(violations.map(({ kind }) => kind));
  return `--feed ${provider} --replay ${seed}: ${[...kinds].join(", ")}`;
}

/** One failure for each provider and promise, and no more than three. */
function firstOfEach(failures: readonly Failure[]): readonly Failure[] {
  const found = new Map<string, Failure>();
  for (const failure of failures) {
    const name = `${failure.provider} ${failure.violations[0]?.kind}`;
    if (!found.has(name)) found.set(name, failure);
  }
  return [...found.values()].slice(0, 3);
}

async function replay(seed: number): Promise<void> {
  for (const provider of providers) {
    for (const line of await askOnce(file, { kind: "replay", provider, seed })) write(line);
  }
}
