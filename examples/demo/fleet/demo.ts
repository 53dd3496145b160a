import { providerNames } from "../provider.ts";
import { progressLine, type Rows, tableOf } from "../table.ts";
import { natsServer } from "./engine.ts";
import { Fleet } from "./fleet.ts";
import type { Count } from "./ledger.ts";
import { isKept, killed, killsOf, type Proof, runKills } from "./run.ts";
import { type EngineName, engineNames, faultNames } from "./task.ts";

const LIMIT_MS = 55_000;

const rows: Rows<Count> = [
  ["published", "published"],
  ["handled at least once", "handled"],
  ["dead-lettered", "deadLettered"],
  ["repeats", "repeats"],
  ["  a worker was killed", "byWorker"],
  ["  the engine was killed", "byEngine"],
  ["  a lease had ended", "byLease"],
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
export async function scaleDemo({ json, small, ...names }: ScaleOptions): Promise<void> {
  const wanted = oneOf("--engine", names.engine, engineNames);
  const fault = oneOf("--fault", names.fault, faultNames);
  const began = performance.now();
  const say = (text: string): void => void (json || process.stdout.write(text));
  const name = wanted ?? (natsServer() === undefined ? "sqlite" : "jetstream");
  const fleet = await Fleet.start({ ...killed, engine: name, providers: providerNames, fault });
  if (fleet === undefined) throw new Error(`there is no ${name} on this machine`);
  say(`${providerNames.length} relays, ${fleet.engine.title}, 4 workers.\n`);
  const events = small ? 150 : 750;
  try {
    const proof = await runKills(fleet, {
      events,
      kills: killsOf((small ? 1 : 4) * (fleet.engine.kill ? 3 : 2), fleet.engine),
      quietMs: 10_000,
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

/** What the command line says of the second form. */
export interface ScaleOptions {
  readonly json: boolean;
  /** A fifth of the events, and one kill of each kind. */
  readonly small: boolean;
  /** @default `jetstream` where there is a NATS server, else `sqlite` */
  readonly engine?: string | undefined;
  /** A promise that is broken on purpose. */
  readonly fault?: string | undefined;
}

/** Reads one of some names. */
export function oneOf<Name extends string>(
  option: string,
  given: string | undefined,
  names: readonly Name[],
): Name | undefined {
  if (given === undefined) return undefined;
  const found = names.find((name) => name === given);
  if (found === undefined) throw new Error(`${option} is one of ${names.join(", ")}`);
  return found;
}

function toFigures(engine: EngineName, { total, ...proof }: Proof) {
  return { engine, ...total, ...proof };
}

function summaryOf({ providers, total, left, kills, seconds }: Proof): string {
  const table = tableOf(rows, [...Object.entries(providers), ["all", total]]);
  const ended = Object.entries(kills).filter(([, count]) => count > 0);
  const told = ended.map(([kind, count]) => `${count} x ${kind}`).join(", ");
  return `${table}\n\nstill in the queue: ${left}\nkill -9: ${told}; ${seconds} s`;
}
