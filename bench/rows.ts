import { sizesOf } from "../scripts/size.ts";
import { targets } from "../scripts/size-limits.ts";
import { inspectedShares, loopCosts } from "./loop.ts";
import {
  isNode24,
  median,
  type Plan,
  type Result,
  round,
  type Target,
  told,
  toResult,
} from "./result.ts";
import {
  type BenchServer,
  type Job,
  type Measure,
  measure,
  type Slice,
  startOf,
} from "./slices.ts";
import { installSqsConsumer } from "./sqs-consumer.ts";

type Other = Exclude<Slice["side"], "ours" | "ours-tiki">;

/** A row that is compared with another side of the same job. */
interface Against {
  readonly side: Other;
  readonly node20: number;
  /** On Node 24: a number, or so many times what the floor costs beside the same side in the same run. */
  readonly node24: number | { readonly timesFloor: number };
}

/** The rows of a job, whose sides alternate in fresh processes. */
interface JobRows {
  readonly name: string;
  readonly job: Job;
  readonly rows: readonly Against[];
}

const job = (name: Job["job"], events: number, pageSize: number): Job => ({
  job: name,
  events,
  pageSize,
  delayMs: 0,
  handlerMs: 0,
});

const tiki100 = job("tiki", 60_000, 100);
const floor: Against = { side: "floor", node20: 1.5, node24: 1.5 };

/** As long as `--quick` allows: in a shorter slice most of what is measured is the engine that warms up. */
const jobRows: readonly JobRows[] = [
  {
    name: "tiki-100",
    job: tiki100,
    rows: [{ side: "hand-written", node20: 0.6, node24: 0.85 }, floor],
  },
  {
    name: "tiki-10",
    job: job("tiki", 40_000, 10),
    rows: [
      { side: "hand-written", node20: 0.4, node24: 0.6 },
      floor,
      { side: "sqs-consumer", node20: 0.25, node24: 0.35 },
    ],
  },
  {
    name: "workato-50",
    job: job("workato", 40_000, 50),
    rows: [{ side: "hand-written", node20: 0.65, node24: { timesFloor: 1.5 } }],
  },
  {
    name: "kekker-ack",
    job: job("kekker", 12_000, 100),
    rows: [{ side: "hand-written", node20: 0.4, node24: 0.55 }, floor],
  },
  {
    name: "webhook",
    job: job("webhook", 20_000, 100),
    rows: [{ side: "hand-written", node20: 1.7, node24: 2.2 }],
  },
];

const nameOf = (of: string, { side }: Against): string =>
  `${of} cpu / ${side === "sqs-consumer" ? "sqs-consumer on the same fetch" : side}`;

const needsFloor = ({ node24 }: Against): boolean => isNode24 && typeof node24 === "object";

/** So few of a job's events as the plan wants, in whole pages. */
function partOf(whole: Job, { part }: Plan): Job {
  const pages = Math.max(2, Math.round((whole.events * part) / whole.pageSize));
  return { ...whole, events: pages * whole.pageSize };
}

/** Writes why a row is not there. */
const skip = (name: string, reason: string): void => {
  process.stderr.write(`${name}: skipped, ${reason}\n`);
};

/** The rows of CPU: ours against others on the same work. */
export async function* ratios(server: BenchServer, plan: Plan): AsyncGenerator<Result> {
  for (const { name, job: whole, rows } of jobRows) {
    const wanted = rows.filter((row) => plan.wants(nameOf(name, row)) && isHere(name, row, plan));
    if (wanted.length === 0) continue;
    const costs = await costsOf(server, partOf(whole, plan), wanted, plan.rounds);
    for (const row of wanted) {
      const theirs = costs.get(row.side) ?? [];
      const each = shares(costs.get("ours") ?? [], theirs);
      const floorShare = median(shares(costs.get("floor") ?? [], theirs));
      const target = {
        node20: row.node20,
        node24: typeof row.node24 === "number" ? row.node24 : row.node24.timesFloor * floorShare,
      };
      yield toResult(nameOf(name, row), "ratio", each, told(theirs, "us an event"), {
        ...target,
        node24: round(target.node24),
      });
    }
  }
}

/** Of one round with the other of the same round, as noise comes in waves. */
const shares = (ones: readonly number[], others: readonly number[]): readonly number[] =>
  ones.map((one, at) => one / (others[at] ?? Number.NaN));

/** Whether the other side of a row can be had; where it cannot, a line says so. */
function isHere(name: string, row: Against, { part }: Plan): boolean {
  if (row.side !== "sqs-consumer") return true;
  const reason = installSqsConsumer(part < 1);
  if (reason !== undefined) skip(nameOf(name, row), reason);
  return reason === undefined;
}

/** CPU an event of each side that the rows need, round by round. */
async function costsOf(
  server: BenchServer,
  work: Job,
  rows: readonly Against[],
  rounds: number,
): Promise<ReadonlyMap<Slice["side"], readonly number[]>> {
  const others = rows.flatMap((row) => [row.side, ...(needsFloor(row) ? ["floor" as const] : [])]);
  const costs = new Map<Slice["side"], number[]>();
  for (const side of ["ours" as const, ...others]) costs.set(side, []);
  for (let at = 0; at < rounds; at += 1) {
    for (const [side, known] of costs) known.push((await measure(server, work, side)).cpuUs);
  }
  return costs;
}

/** The rows of the loop alone, over pages made in memory. */
export async function* loopRows({ rounds, part, wants }: Plan): AsyncGenerator<Result> {
  const rows = [
    ["loop us per event over a bare pool", "cumulative unacked", { node20: 1.2, node24: 0.7 }],
    ["loop us per event with orderBy", "ordered", { node20: 2, node24: 1.1 }],
  ] as const;
  const pages = Math.max(2, 2_000 * part);
  const inspected = "loop with an inspector that nobody looks at / without";
  if (wants(inspected)) {
    const each = await inspectedShares(rounds, pages);
    yield toResult(inspected, "ratio", each, "one without", { node20: 1.05, node24: 1.05 });
  }
  const wanted = rows.filter(([name]) => wants(name));
  if (wanted.length === 0) return;
  const { bare, own } = await loopCosts(rounds, pages);
  for (const [name, kind, target] of wanted) {
    yield toResult(name, "us", own.get(kind) ?? [], told(bare, "us an event"), target);
  }
}

/** The rows of the start: what loading costs beside nothing, and a first event beside one by hand. */
export async function* starts(server: BenchServer, plan: Plan): AsyncGenerator<Result> {
  const single = { ...tiki100, events: 1, pageSize: 1 };
  const since = async (side: Slice["side"]) => (await measure(server, single, side)).sinceStartMs;
  const rows = [
    {
      name: "cold start: import root / empty process",
      ours: () => startOf('await import("ackloop");'),
      other: () => startOf(""),
      most: 1.5,
    },
    {
      name: "first Tiki event / hand-written",
      ours: () => since("ours-tiki"),
      other: () => since("hand-written"),
      most: 1.3,
    },
  ];
  for (const { name, ours, other, most } of rows) {
    if (!plan.wants(name)) continue;
    const own: number[] = [];
    const others: number[] = [];
    for (let at = 0; at < plan.rounds * 2; at += 1) {
      own.push(await ours());
      others.push(await other());
    }
    const target = { node20: most, node24: most };
    yield toResult(name, "ratio", shares(own, others), told(others, "ms"), target);
  }
}

/** The rows of size that have a target of their own; `npm run size` has all. */
export async function* sizeRows({ wants }: Plan): AsyncGenerator<Result> {
  for (const name of Object.keys(targets)) {
    if (!wants(`size of ${name}`)) continue;
    for (const { name: part, kilobytes, limit, target } of await sizesOf(name)) {
      if (target === limit) continue;
      const wanted: Target = { node20: target, node24: target };
      yield toResult(`size of ${part}`, "kB", [kilobytes], `limit ${limit} kB`, wanted);
    }
  }
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

/** The rows of throughput. */
export async function* bounds(
  server: BenchServer,
  { rounds, wants }: Plan,
): AsyncGenerator<Result> {
  for (const { name, job: work, boundMs, target } of boundRows) {
    if (!wants(name)) continue;
    const shareOf = ({ wallMs }: Measure): number => boundMs / wallMs;
    const each: number[] = [];
    for (let at = 0; at < rounds; at += 1) each.push(shareOf(await measure(server, work, "ours")));
    yield toResult(name, "share", each, `${boundMs} ms`, target);
  }
}

/** The full run's rows of length: the cost of a day's events against a minute's, and what is left of them. */
export async function* lengths(
  server: BenchServer,
  { rounds, wants }: Plan,
): AsyncGenerator<Result> {
  const cpu = "cpu per event at 1,000,000 / at 50,000";
  if (wants(cpu)) {
    const each: number[] = [];
    for (let at = 0; at < rounds; at += 1) {
      const short = await measure(server, { ...tiki100, events: 50_000 }, "ours");
      const long = await measure(server, { ...tiki100, events: 1_000_000 }, "ours");
      each.push(long.cpuUs / short.cpuUs);
    }
    yield toResult(cpu, "ratio", each, "50,000 events", { node20: 1.05, node24: 1.05 });
  }
  const heap = "heap after forced GC, 2,000,000 against 100,000";
  if (!wants(heap)) return;
  const work: Job = { ...tiki100, job: "heap", events: 2_000_000 };
  const { heapGrownMb = Number.NaN } = await measure(server, work, "ours");
  yield toResult(heap, "MB", [heapGrownMb], "100,000 events", { node20: 1, node24: 1 });
}
