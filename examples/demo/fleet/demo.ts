import { parseArgs } from "node:util";
import { providerNames } from "../provider.ts";
import { progressLine, type Rows, tableOf } from "../table.ts";
import { natsServer } from "./engine.ts";
import { Fleet } from "./fleet.ts";
import type { Count, Killed } from "./ledger.ts";
import { isKept, type Proof, runKills } from "./run.ts";
import { type EngineName, engineNames, type FaultName, faultNames } from "./task.ts";

const LIMIT_MS = 55_000;

const rows: Rows<Count> = [
  ["published", "published"],
  ["handled at least once", "handled"],
  ["dead-lettered", "deadLettered"],
  ["repeats", "repeats"],
  ["  a worker was killed", "byWorker"],
  ["  the engine was killed", "byEngine"],
  ["  sent twice, no own id", "byProvider"],
  ["  unexplained", "unexplained"],
  ["acked early: provider", "ackedEarlyAtProvider"],
  ["acked early: queue", "ackedEarlyAtQueue"],
  ["unacked: provider", "unacked"],
  ["lost", "lost"],
];

/**
 * The demo's second form: a relay for each provider, a queue, four workers with the same handlers, all in
 * processes of their own, and `kill -9` of each kind while the events travel.
 */
export async function scaleDemo(): Promise<void> {
  const { json, small, engine: wanted, fault } = readOptions();
  const began = performance.now();
  const say = (text: string): void => void (json || process.stdout.write(text));
  const name = wanted ?? (natsServer() === undefined ? "sqlite" : "jetstream");
  const fleet = await Fleet.start({
    engine: name,
    providers: providerNames,
    workers: 4,
    concurrency: 5,
    maxInFlight: 25,
    handlerMs: 5,
    fails: true,
    leaseMs: 1500,
    relayLeaseMs: 3000,
    fault,
  });
  if (fleet === undefined) throw new Error(`there is no ${name} on this machine`);
  say(`${providerNames.length} relays, ${fleet.engine.title}, 4 workers.\n`);
  const events = small ? 150 : 750;
  try {
    const proof = await runKills(fleet, {
      events,
      kills: killsOf(small ? 1 : 4, fleet.engine.kill !== undefined),
      limitMs: LIMIT_MS - (performance.now() - began),
      onProgress: (handled) => {
        if (!json) progressLine(handled, events, (performance.now() - began) / 1000);
      },
    });
    const seconds = Math.round((performance.now() - began) / 100) / 10;
    if (json) console.log(JSON.stringify(toFigures(name, { ...proof, seconds })));
    else say(`\n\n${summaryOf({ ...proof, seconds })}\n`);
    if (!isKept(proof)) process.exitCode = 1;
  } finally {
    await fleet.close();
  }
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      json: { type: "boolean", default: false },
      scale: { type: "boolean", default: false },
      small: { type: "boolean", default: false },
      engine: { type: "string" },
      fault: { type: "string" },
    },
  });
  return {
    json: values.json,
    small: values.small,
    engine: oneOf<EngineName>("--engine", values.engine, engineNames),
    fault: oneOf<FaultName>("--fault", values.fault, faultNames),
  };
}

function oneOf<Name extends string>(
  option: string,
  given: string | undefined,
  names: readonly Name[],
): Name | undefined {
  if (given === undefined) return undefined;
  const found = names.find((name) => name === given);
  if (found === undefined) throw new Error(`${option} is one of ${names.join(", ")}`);
  return found;
}

/** So many kills of each kind, in turns. */
function killsOf(each: number, hasEngine: boolean): readonly Killed[] {
  const round: readonly Killed[] = hasEngine ? ["worker", "relay", "engine"] : ["worker", "relay"];
  return Array.from({ length: each }, () => round).flat();
}

function toFigures(engine: EngineName, { total, ...proof }: Proof) {
  return { engine, ...total, ...proof };
}

function summaryOf({ providers, total, left, kills, seconds }: Proof): string {
  const table = tableOf(rows, [...Object.entries(providers), ["all", total]]);
  const killed = Object.entries(kills).filter(([, count]) => count > 0);
  const told = killed.map(([kind, count]) => `${count} x ${kind}`).join(", ");
  return `${table}\n\nstill in the queue: ${left}\nkill -9: ${told}; ${seconds} s`;
}
