import { makeDrawnPlan, toPlainer } from "./drawn/make-plan.ts";
import type { DrawnPlan } from "./drawn/plan.ts";
import { simulateDrawn } from "./drawn/simulate.ts";
import { makePlan } from "./make-plan.ts";
import type { Plan } from "./plan.ts";
import { shrink, toLines } from "./shrink.ts";
import { type Outcome, simulate } from "./simulate.ts";

/** One run of a subject, before it is run. */
export interface Simulation {
  /** The plan, as a line. */
  readonly plan: string;
  run(): Promise<Outcome>;
  /** The smallest plan that breaks the same promise, as lines. */
  shrink(violation: string): Promise<readonly string[]>;
}

/** The run that follows from a seed. */
export function simulationOf(subject: string, seed: number): Simulation {
  return subject === "drawn" ? ofDrawn(makeDrawnPlan(seed)) : ofProvider(makePlan(subject, seed));
}

function ofProvider(plan: Plan): Simulation {
  const parts = ["crashes", "actions", "troubles", "faults", "events"] as const;
  const { provider, seed, settings } = plan;
  return {
    plan: JSON.stringify(plan),
    run: () => simulate(plan),
    async shrink(violation) {
      const fails = async (each: Plan): Promise<boolean> => has(await simulate(each), violation);
      const smallest = await shrink(plan, { parts, fails });
      return toLines(`${provider} ${seed} ${JSON.stringify(settings)}`, smallest, parts);
    },
  };
}

function ofDrawn(plan: DrawnPlan): Simulation {
  const parts = ["actions", "troubles", "events"] as const;
  return {
    plan: JSON.stringify(plan),
    run: () => simulateDrawn(plan),
    async shrink(violation) {
      const fails = async (each: DrawnPlan): Promise<boolean> =>
        has(await simulateDrawn(each), violation);
      const smallest = await shrink(plan, { parts, plainer: toPlainer, fails });
      return toLines(`drawn ${plan.seed} ${JSON.stringify(smallest.settings)}`, smallest, parts);
    },
  };
}

function has({ verdict }: Outcome, violation: string): boolean {
  return verdict.violations.some(({ kind }) => kind === violation);
}
