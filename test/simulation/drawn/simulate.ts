import type { Verdict } from "../checks.ts";
import { threadClock } from "../clock.ts";
import type { Outcome } from "../simulate.ts";
import type { DrawnPlan } from "./plan.ts";
import { DrawnWorld } from "./world.ts";

let isWatched = false;
let world: DrawnWorld | undefined;

/** Whatever nobody caught breaks a promise of the run that is under way. */
function watchProcess(): void {
  process.on("unhandledRejection", (thrown) => {
    world?.tell("unhandled", `nobody caught a rejection with ${typeof thrown}`);
  });
  process.on("uncaughtException", () => world?.tell("uncaught", "nobody caught an exception"));
}

/** Runs a plan. One at a time in a thread, whose clock it takes for good. */
export async function simulateDrawn(plan: DrawnPlan): Promise<Outcome> {
  if (!isWatched) watchProcess();
  isWatched = true;
  const own = new DrawnWorld(plan, threadClock());
  world = own;
  await own.run();
  const { violations, history, faults } = own;
  const verdict: Verdict = {
    violations,
    events: plan.events.length,
    lost: violations.filter(({ kind }) => kind === "lost").length,
    ackedBeforeHandled: violations.filter(({ kind }) => kind === "ackedEarly").length,
    worstDuplicates: 0,
    faults,
  };
  return {
    verdict,
    hash: () => history.hash(),
    lines: () => history.notes.map((note) => JSON.stringify(note)),
  };
}
