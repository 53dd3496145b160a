import type { Verdict } from "./checks.ts";
import { threadClock } from "./clock.ts";
import type { Plan } from "./plan.ts";
import { World } from "./world.ts";

/** A run with what happened in it. */
export interface Outcome {
  readonly verdict: Verdict;
  /** The history, a line for each thing that happened. */
  readonly lines: () => readonly string[];
  /** Follows from all that happened: equal for two runs of one seed. */
  readonly hash: () => string;
}

/** Runs a plan. One at a time in a thread, whose clock it takes for good. */
export async function simulate(plan: Plan): Promise<Outcome> {
  const world = new World(plan, threadClock());
  const verdict = await world.run();
  return {
    verdict,
    hash: () => world.history.hash(),
    lines: () => world.history.notes.map((note) => JSON.stringify(note)),
  };
}
