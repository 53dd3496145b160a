/**
 * What more workers bring: `npm run scale`. A relay reads a Tiki queue of the emulator, and 1, 2, 4 and 8
 * worker processes, one handler at a time each, wait 5 ms for each event; then how long an event is on its way
 * where nothing waits. On SQLite, and on PostgreSQL and JetStream where this machine has them.
 *
 * `--kills N` kills relays, workers and the engine so often instead, and counts what is lost, acknowledged early or
 * repeated; it exits non-zero when a promise is broken. `--engine NAME` keeps one engine, `--seconds N` sets how
 * long each measure is, `--workers 1,8` how many there are, `--handler-ms 20` how long a handler waits, `--json` prints
 * one object.
 */
import { availableParallelism, cpus, loadavg } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { oneOf } from "../examples/demo/fleet/demo.ts";
import { Fleet, type FleetOptions } from "../examples/demo/fleet/fleet.ts";
import { isKept, killed, killsOf, type Proof, runKills } from "../examples/demo/fleet/run.ts";
import { type EngineName, engineNames } from "../examples/demo/fleet/task.ts";
import { providerNames } from "../examples/demo/provider.ts";
import { round } from "./result.ts";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    engine: { type: "string" },
    kills: { type: "string" },
    seconds: { type: "string", default: "8" },
    workers: { type: "string", default: "1,2,4,8" },
    "handler-ms": { type: "string", default: "5" },
  },
});

const HANDLER_MS = Number(values["handler-ms"]);
/** What one worker could do at the most, in events a second. */
const MOST_PER_WORKER = 1000 / HANDLER_MS;
/** How many events come in a second where their time on the way is measured. */
const CALM_PER_SECOND = 50;

const common: Omit<FleetOptions, "engine" | "workers"> = {
  providers: ["tiki"],
  concurrency: 1,
  maxInFlight: 100,
  handlerMs: HANDLER_MS,
  fails: false,
  isWatched: false,
  leaseMs: 30_000,
  relayLeaseMs: 30_000,
};

/** How much a number of workers did. */
interface Throughput {
  readonly workers: number;
  readonly perSecond: number;
  /** Of so many times what one worker did in the same run. */
  readonly ofLinear: number;
  /** CPU an event, in us. */
  readonly relayUs: number;
  readonly workersUs: number;
  /** Absent where the engine is no process of its own, or its processes are not counted. */
  readonly engineUs?: number;
  /** How much of all cores was busy, with what else the machine did. */
  readonly busy: number;
}

/** How long events were on their way, in ms: from the provider to the end of the handler, and from the queue. */
interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly queueP50: number;
  readonly queueP99: number;
}

interface Measured {
  readonly engine: EngineName;
  readonly throughput: readonly Throughput[];
  readonly latency: Latency;
}

/** Time of all cores, idle and in all, in ms. */
function coreTimes(): { readonly idle: number; readonly all: number } {
  const times = cpus().map((cpu) => cpu.times);
  const idle = times.reduce((sum, each) => sum + each.idle, 0);
  const all = times.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, idle);
  return { idle, all };
}

/** The value that a part of all values does not pass. */
function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

function ledgerOf(fleet: Fleet) {
  const served = fleet.served.get("tiki");
  if (served === undefined) throw new Error("the fleet does not serve Tiki");
  return served.ledger;
}

/** Waits until so many events are handled. */
async function untilHandled(fleet: Fleet, count: number): Promise<void> {
  const endsAt = performance.now() + 120_000;
  while (ledgerOf(fleet).finishes.size < count) {
    if (performance.now() > endsAt) throw new Error("the workers are too slow to be measured");
    fleet.readLines();
    await wait(100);
  }
}

/** When each event was handled, in order, in epoch ms. */
const handledTimes = (fleet: Fleet): readonly number[] =>
  [...ledgerOf(fleet).finishes.values()]
    .flatMap(([first]) => (first ? [first.at] : []))
    .sort((left, right) => left - right);

/** Events a second, from the first tenth to the last: no start, and no last events of one worker alone. */
function rateOf(times: readonly number[]): number {
  const from = Math.floor(times.length * 0.1);
  const to = Math.floor(times.length * 0.9);
  return ((to - from) * 1000) / ((times[to] ?? 0) - (times[from] ?? 0));
}

async function throughputOf(fleet: Fleet, workers: number): Promise<Omit<Throughput, "ofLinear">> {
  const events = Math.round(workers * MOST_PER_WORKER * Number(values.seconds));
  const before = coreTimes();
  const engineBefore = fleet.engine.cpuSeconds?.() ?? 0;
  for (let from = 0; from < events; from += 1000) {
    await fleet.publish("tiki", from, Math.min(1000, events - from));
  }
  await untilHandled(fleet, events);
  const after = coreTimes();
  const engineUs = ((fleet.engine.cpuSeconds?.() ?? 0) - engineBefore) * 1e6;
  await fleet.stop();
  const usedBy = (kind: string): number =>
    [...fleet.usage].filter(([name]) => name.startsWith(kind)).reduce((sum, [, us]) => sum + us, 0);
  return {
    workers,
    perSecond: Math.round(rateOf(handledTimes(fleet))),
    relayUs: Math.round(usedBy("relay") / events),
    workersUs: Math.round(usedBy("worker") / events),
    ...(fleet.engine.cpuSeconds && { engineUs: Math.round(engineUs / events) }),
    busy: round(1 - (after.idle - before.idle) / (after.all - before.all)),
  };
}

async function latencyOf(fleet: Fleet): Promise<Latency> {
  const events = Math.round(CALM_PER_SECOND * Number(values.seconds));
  for (let from = 0; from < events; from += 1) {
    await fleet.publish("tiki", from, 1);
    await wait(1000 / CALM_PER_SECOND);
  }
  await untilHandled(fleet, events);
  await fleet.look();
  const { finishes, publishedAt, storedAt } = ledgerOf(fleet);
  const since = (times: ReadonlyMap<string, number>): readonly number[] =>
    [...finishes].map(([id, [first]]) => (first?.at ?? 0) - (times.get(id) ?? 0));
  const whole = since(publishedAt);
  const queued = since(storedAt);
  return {
    p50: quantile(whole, 0.5),
    p99: quantile(whole, 0.99),
    queueP50: quantile(queued, 0.5),
    queueP99: quantile(queued, 0.99),
  };
}

/** Does something with a fleet of its own; `undefined` where the engine is not here. */
async function withFleet<Value>(
  options: FleetOptions,
  work: (fleet: Fleet) => Promise<Value>,
): Promise<Value | undefined> {
  const fleet = await Fleet.start(options);
  if (fleet === undefined) return undefined;
  try {
    return await work(fleet);
  } finally {
    await fleet.close();
  }
}

const say = (line: string): void => void (values.json || process.stdout.write(`${line}\n`));

async function measureEngine(engine: EngineName): Promise<Measured | undefined> {
  const throughput: Throughput[] = [];
  for (const workers of values.workers.split(",").map(Number)) {
    const one = await withFleet({ ...common, engine, workers }, (it) => throughputOf(it, workers));
    if (one === undefined) return undefined;
    const { perSecond } = one;
    const [first] = throughput;
    const each = first ? first.perSecond / first.workers : perSecond / workers;
    throughput.push({ ...one, ofLinear: round(perSecond / workers / each) });
    const { ofLinear, relayUs, workersUs, engineUs = "", busy } = throughput.at(-1) ?? {};
    const told = [workers, perSecond, ofLinear, relayUs, workersUs, engineUs, busy];
    say(`| ${engine} | ${told.join(" | ")} |`);
  }
  const latency = await withFleet({ ...common, engine, workers: 4 }, latencyOf);
  return latency && { engine, throughput, latency };
}

async function killEngine(engine: EngineName, count: number): Promise<Proof | undefined> {
  return await withFleet({ ...killed, engine, providers: providerNames }, (fleet) =>
    runKills(fleet, {
      // Some for each kill.
      events: Math.max(150, count * 10),
      kills: killsOf(count, fleet.engine),
      quietMs: 60_000,
      limitMs: 60_000 + count * 10_000,
    }),
  );
}

function tellLatency({ engine, latency }: Measured): void {
  const { p50, p99, queueP50, queueP99 } = latency;
  say(`${engine}: ${p50} ms p50, ${p99} ms p99; from the queue ${queueP50} ms, ${queueP99} ms`);
}

function skipped(engine: EngineName): void {
  process.stderr.write(`${engine}: skipped, it is not on this machine\n`);
}

async function measureAll(engines: readonly EngineName[]): Promise<readonly Measured[]> {
  const results: Measured[] = [];
  say(
    "| engine | workers | a second | of linear | relay us | worker us | engine us | cores busy |",
  );
  say("| --- | --- | --- | --- | --- | --- | --- | --- |");
  for (const engine of engines) {
    const one = await measureEngine(engine);
    if (one === undefined) skipped(engine);
    else results.push(one);
  }
  say(`\nOn the way, ${CALM_PER_SECOND} events a second, 4 workers:`);
  results.forEach(tellLatency);
  return results;
}

async function killAll(engines: readonly EngineName[], count: number) {
  const proofs: Partial<Record<EngineName, Proof>> = {};
  for (const engine of engines) {
    const proof = await killEngine(engine, count);
    if (proof === undefined) {
      skipped(engine);
      continue;
    }
    proofs[engine] = proof;
    say(`${engine}: ${JSON.stringify({ ...proof, providers: undefined })}`);
    if (!isKept(proof)) process.exitCode = 1;
  }
  return proofs;
}

const wanted = oneOf("--engine", values.engine, engineNames);
const engines = wanted ? [wanted] : engineNames;
const machine = {
  cores: availableParallelism(),
  node: process.version,
  load: round(loadavg()[0] ?? 0),
  date: new Date().toISOString().slice(0, 10),
};
say(JSON.stringify(machine));
const results = values.kills
  ? { kills: await killAll(engines, Number(values.kills)) }
  : { engines: await measureAll(engines) };
if (values.json) console.log(JSON.stringify({ ...machine, ...results }));
