/**
 * One slice of a benchmark, in a fresh process: what is measured begins once everything is loaded. It prints
 * one line of JSON.
 */

import type { Side } from "./sides/work.ts";
import type { Slice } from "./slices.ts";

/** What a slice is told. */
const slice = JSON.parse(process.argv[2] ?? "{}") as Slice;

/** CPU, user and system, and the time on the wall of some work. */
async function measured(work: () => Promise<number>): Promise<object> {
  const startedAt = performance.now();
  const before = process.cpuUsage();
  const handled = await work();
  const { user, system } = process.cpuUsage(before);
  return { handled, cpuUs: (user + system) / handled, wallMs: performance.now() - startedAt };
}

async function main({ job, side, events }: Slice): Promise<object> {
  if (job === "webhook") {
    const { costOfRequests, handWritten, ours } = await import("./sides/webhook.ts");
    const cpuUs = await costOfRequests(side === "ours" ? ours() : handWritten(), events);
    return { handled: events, cpuUs, wallMs: 0 };
  }
  const loops = (await import(`./sides/${side}.ts`)) as Readonly<Record<string, Side>>;
  const loop = loops[`${job}Loop`];
  if (loop === undefined) throw new Error(`${side} has no ${job}`);
  return await measured(() => loop(slice));
}

process.stdout.write(`${JSON.stringify(await main(slice))}\n`);
