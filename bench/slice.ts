/**
 * One slice of a benchmark, in a fresh process: what is measured begins once everything is loaded. It prints
 * one line of JSON.
 */

import type { Side } from "./sides/work.ts";
import type { Slice } from "./slices.ts";

/** What a slice is told. */
const slice = JSON.parse(process.argv[2] ?? "{}") as Slice;

/** Each side by itself, so that none loads what another needs. */
const sides: Readonly<Record<Slice["side"], () => Promise<Readonly<Record<string, unknown>>>>> = {
  ours: () => import("./sides/ours.ts"),
  "ours-tiki": () => import("./sides/ours-tiki.ts"),
  "hand-written": () => import("./sides/hand-written.ts"),
  floor: () => import("./sides/floor.ts"),
  "sqs-consumer": () => import("./sides/sqs-consumer.ts"),
};

/** CPU, user and system, and the time on the wall of some work. */
async function measured(work: () => Promise<{ readonly handled: number }>): Promise<object> {
  const startedAt = performance.now();
  const before = process.cpuUsage();
  const told = await work();
  const { user, system } = process.cpuUsage(before);
  return {
    ...told,
    cpuUs: (user + system) / told.handled,
    wallMs: performance.now() - startedAt,
  };
}

async function main({ job, side, events }: Slice): Promise<object> {
  if (job === "webhook") {
    const { costOfRequests, handWritten, ours } = await import("./sides/webhook.ts");
    const cpuUs = await costOfRequests(side === "ours" ? ours() : handWritten(), events);
    return { handled: events, cpuUs, wallMs: 0 };
  }
  if (job === "heap" || job === "feeds" || job === "relays" || job === "rates") {
    const many = await import("./sides/many.ts");
    return await measured(() => many[`${job}Loop`](slice));
  }
  const loop = (await sides[side]())[`${job}Loop`] as Side | undefined;
  if (loop === undefined) throw new Error(`${side} has no ${job}`);
  return await measured(async () => ({ handled: await loop(slice) }));
}

const told = await main(slice);
const sinceStartMs = performance.now();
const peakMb = process.resourceUsage().maxRSS / 1024;
process.stdout.write(`${JSON.stringify({ ...told, sinceStartMs, peakMb })}\n`);
