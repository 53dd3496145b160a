import { availableParallelism } from "node:os";
import { loopCosts } from "./loop.ts";
import { type BenchServer, type Job, type Measure, measure, type Slice } from "./slices.ts";

/** What a row says. */
export interface Result {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The least and the most of the rounds. */
  readonly spread: readonly [number, number];
  /** What it is compared with, in its own unit. */
  readonly baseline: string;
  readonly target: number;
  readonly met: boolean;
}

/** A target on Node 20 and on Node 24; `atLeast` where more is better. */
interface Target {
  readonly node20: number;
  readonly node24: number;
  readonly atLeast?: true;
}

/** A row whose sides alternate in fresh processes. */
interface RatioRow {
  readonly name: string;
  readonly job: Job;
  readonly against: Slice["side"];
  readonly target: Target;
}

const job = (name: Job["job"], events: number, pageSize: number): Job => ({
  job: name,
  events,
  pageSize,
  delayMs: 0,
  handlerMs: 0,
});

const tiki100 = job("tiki", 60_000, 100);
const tiki10 = job("tiki", 10_000, 10);
const workato50 = job("workato", 40_000, 50);
const kekkerAck = job("kekker", 6_000, 100);

const ratioRows: readonly RatioRow[] = [
  row("tiki-100", tiki100, "hand-written", 0.6, 0.85),
  row("tiki-10", tiki10, "hand-written", 0.4, 0.6),
  row("workato-50", workato50, "hand-written", 0.65, 0.85),
  row("kekker-ack", kekkerAck, "hand-written", 0.4, 0.55),
  row("tiki-100", tiki100, "floor", 1.5, 1.5),
  row("tiki-10", tiki10, "floor", 1.5, 1.5),
  row("kekker-ack", kekkerAck, "floor", 1.5, 1.5),
  row("webhook", job("webhook", 20_000, 100), "hand-written", 1.7, 2.2),
];

function row(
  name: string,
  of: Job,
  against: Slice["side"],
  node20: number,
  node24: number,
): RatioRow {
  return { name: `${name} cpu / ${against}`, job: of, against, target: { node20, node24 } };
}

/** Rows of what a user waits for: the share of the protocol's own bound, at 50 ms a round trip. */
const boundRows = [
  bound("tiki", 4_000, 100, 0, 1, 0.95),
  bound("workato", 2_000, 50, 0, 1, 0.95),
  bound("workato, handlers of 5 ms", 2_000, 50, 5, 1, 0.95),
  // Fifty acks at once: two rounds of them for a page of a hundred, its listing beside them.
  bound("kekker", 4_000, 100, 0, 2, 0.88),
];

function bound(
  name: string,
  events: number,
  pageSize: number,
  handlerMs: number,
  roundsAPage: number,
  least: number,
) {
  const [vendor] = name.split(",") as [Job["job"]];
  return {
    name: `${name} bound at 50 ms`,
    job: { job: vendor, events, pageSize, delayMs: 50, handlerMs },
    boundMs: (events / pageSize) * roundsAPage * 50,
    target: { node20: least, node24: least, atLeast: true as const },
  };
}

const median = (values: readonly number[]): number =>
  [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;

function toResult(
  name: string,
  unit: string,
  values: readonly number[],
  baseline: string,
  { node20, node24, atLeast }: Target,
): Result {
  const target = Number(process.versions.node.split(".")[0]) >= 24 ? node24 : node20;
  const value = median(values);
  return {
    name,
    value: round(value),
    unit,
    spread: [round(Math.min(...values)), round(Math.max(...values))],
    baseline,
    target,
    met: atLeast ? value >= target : value <= target,
  };
}

const round = (value: number): number => Math.round(value * 1000) / 1000;

/** How often each side of a row is measured, one after the other. */
export type Rounds = number;

/** The rows of CPU: ours against others on the same work. */
export async function* ratios(
  server: BenchServer,
  rounds: Rounds,
  wants: (name: string) => boolean,
): AsyncGenerator<Result> {
  const known = new Map<string, readonly Measure[]>();
  for (const { name, job: work, against, target } of ratioRows) {
    if (!wants(name)) continue;
    const ours: Measure[] = [];
    const others: Measure[] = [];
    for (let at = 0; at < rounds; at += 1) {
      ours.push(await measure(server, work, "ours"));
      others.push(await measure(server, work, against));
    }
    known.set(name, ours);
    // Of one round with the other of the same round, as noise comes in waves.
    const each = ours.map(({ cpuUs }, at) => cpuUs / (others[at]?.cpuUs ?? Number.NaN));
    const base = `${round(median(others.map(({ cpuUs }) => cpuUs)))} us an event`;
    yield toResult(name, "ratio", each, base, target);
  }
}

/** The rows of the loop alone, over pages made in memory. */
export async function* loopRows(
  rounds: Rounds,
  wants: (name: string) => boolean,
): AsyncGenerator<Result> {
  const rows = [
    ["loop us per event over a bare pool", "cumulative unacked", { node20: 1.2, node24: 0.7 }],
    ["loop us per event with orderBy", "ordered", { node20: 2, node24: 1.1 }],
  ] as const;
  const wanted = rows.filter(([name]) => wants(name));
  if (wanted.length === 0) return;
  const { bare, own } = await loopCosts(rounds);
  for (const [name, kind, target] of wanted) {
    const baseline = `${round(median(bare))} us an event`;
    yield toResult(name, "us", own.get(kind) ?? [], baseline, target);
  }
}

/** The rows of throughput. */
export async function* bounds(
  server: BenchServer,
  rounds: Rounds,
  wants: (name: string) => boolean,
): AsyncGenerator<Result> {
  for (const { name, job: work, boundMs, target } of boundRows) {
    if (!wants(name)) continue;
    const shares: number[] = [];
    for (let at = 0; at < rounds; at += 1) {
      shares.push(boundMs / (await measure(server, work, "ours")).wallMs);
    }
    yield toResult(name, "share", shares, `${boundMs} ms`, target);
  }
}

/** The full run's rows: cost at the length of a day against cost at the length of a minute. */
export async function* lengths(
  server: BenchServer,
  rounds: Rounds,
  wants: (name: string) => boolean,
): AsyncGenerator<Result> {
  const name = "cpu per event at 1,000,000 / at 50,000";
  if (!wants(name)) return;
  const ratiosOf: number[] = [];
  for (let at = 0; at < Math.min(3, rounds); at += 1) {
    const short = await measure(server, { ...tiki100, events: 50_000 }, "ours");
    const long = await measure(server, { ...tiki100, events: 1_000_000 }, "ours");
    ratiosOf.push(long.cpuUs / short.cpuUs);
  }
  yield toResult(name, "ratio", ratiosOf, "50,000 events", { node20: 1.05, node24: 1.05 });
}

/** What of the machine matters for what is read. */
export const machine = (): string =>
  `${availableParallelism()} cores, node ${process.version}, ${process.platform}`;
