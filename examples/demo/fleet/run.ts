import { setTimeout as wait } from "node:timers/promises";
import type { Engine } from "./engine.ts";
import type { Fleet, FleetOptions } from "./fleet.ts";
import type { Count, Kill, Killed } from "./ledger.ts";

/** A run with kills: events are published, and processes are killed while they travel. */
export interface KillPlan {
  /** How many events of each provider are published. */
  readonly events: number;
  /** Who is killed, in this order, spread over the run. */
  readonly kills: readonly Killed[];
  /** How long all may take, in ms. */
  readonly limitMs: number;
  /** When nothing has been handled for so long, nothing will be: longer than any lease or wait, in ms. */
  readonly quietMs: number;
  readonly onProgress?: (handled: ReadonlyMap<string, number>) => void;
}

/** What became of a run with kills. */
export interface Proof {
  readonly providers: Readonly<Record<string, Count>>;
  readonly total: Count;
  /** What would still come to a worker at the end. */
  readonly left: number;
  readonly kills: Readonly<Record<Kill["kind"], number>>;
  readonly seconds: number;
}

/** A fleet whose processes are killed. */
export const killed: Omit<FleetOptions, "engine" | "providers"> = Object.freeze({
  workers: 4,
  concurrency: 5,
  maxInFlight: 25,
  handlerMs: 5,
  fails: true,
  isWatched: true,
  leaseMs: 3000,
  relayLeaseMs: 3000,
});

/** So many kills, of each kind in its turn. */
export function killsOf(count: number, engine: Engine): readonly Killed[] {
  const kinds: readonly Killed[] = ["worker", "relay", ...(engine.kill ? ["engine" as const] : [])];
  return Array.from({ length: count }, (_, at) => kinds[at % kinds.length] ?? "worker");
}

const PER_PUBLISH = 50;

/** Publishes, kills, waits until nothing is on its way any more or the time is over, and counts. */
export async function runKills(fleet: Fleet, plan: KillPlan): Promise<Proof> {
  const began = performance.now();
  const providers = [...fleet.served.keys()];
  const total = plan.events * providers.length;
  const isOver = () => performance.now() - began > plan.limitMs;
  const publishing = Promise.all(
    providers.map(async (name) => {
      for (let from = 0; from < plan.events && !isOver(); from += PER_PUBLISH) {
        await fleet.publish(name, from, Math.min(PER_PUBLISH, plan.events - from));
        await wait(60);
      }
    }),
  );
  let done = 0;
  let before = 0;
  let movedAt = performance.now();
  for (;;) {
    await fleet.look();
    const handled = new Map(providers.map((name) => [name, handledIn(fleet, name)]));
    plan.onProgress?.(handled);
    const all = [...handled.values()].reduce((sum, each) => sum + each, 0);
    if (all > before) movedAt = performance.now();
    before = all;
    const isQuiet = performance.now() - movedAt > plan.quietMs;
    const next = plan.kills[done];
    // Spread over the first nine tenths, so that the last ones killed still have work.
    if (next !== undefined && all >= (0.9 * total * (done + 0.5)) / plan.kills.length) {
      await fleet.kill(next);
      done += 1;
    } else if (
      isOver() ||
      isQuiet ||
      (done === plan.kills.length && (await isDone(fleet, plan.events)))
    ) {
      break;
    }
    await wait(20 + Math.random() * 30);
  }
  await publishing;
  return await tell(fleet, performance.now() - began);
}

function handledIn(fleet: Fleet, name: string): number {
  return fleet.served.get(name)?.ledger.finishes.size ?? 0;
}

async function isDone(fleet: Fleet, events: number): Promise<boolean> {
  const few = [...fleet.served.keys()].some((name) => handledIn(fleet, name) < events - 1);
  if (few) return false;
  const counts = [...fleet.count().values()];
  const isSettled = counts.every(
    ({ published, lost, unacked }) => published === events && lost === 0 && unacked === 0,
  );
  return isSettled && (await fleet.left()) === 0;
}

async function tell(fleet: Fleet, ms: number): Promise<Proof> {
  await fleet.stop();
  await fleet.look();
  const counts = fleet.count();
  const kinds = fleet.kills.map(({ kind }) => kind);
  const of = (kind: Kill["kind"]): number => kinds.filter((each) => each === kind).length;
  return {
    providers: Object.fromEntries(counts),
    total: sumOf([...counts.values()]),
    left: await fleet.coming(),
    kills: { relay: of("relay"), worker: of("worker"), engine: of("engine"), itself: of("itself") },
    seconds: Math.round(ms / 100) / 10,
  };
}

function sumOf(counts: readonly Count[]): Count {
  const add = (name: keyof Count): number => counts.reduce((sum, count) => sum + count[name], 0);
  return {
    published: add("published"),
    handled: add("handled"),
    deadLettered: add("deadLettered"),
    lost: add("lost"),
    ackedEarlyAtProvider: add("ackedEarlyAtProvider"),
    ackedEarlyAtQueue: add("ackedEarlyAtQueue"),
    unacked: add("unacked"),
    repeats: add("repeats"),
    byWorker: add("byWorker"),
    byEngine: add("byEngine"),
    byLease: add("byLease"),
    byProvider: add("byProvider"),
    unexplained: add("unexplained"),
  };
}

/** Whether every promise was kept. */
export function isKept({ total, left }: Proof): boolean {
  const broken = total.lost + total.ackedEarlyAtProvider + total.ackedEarlyAtQueue;
  return broken + total.unexplained + total.unacked + left === 0;
}
