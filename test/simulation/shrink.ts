import type { Plan } from "./plan.ts";
import { simulate } from "./simulate.ts";

/** How many runs may be spent on making a plan smaller. */
const MOST_RUNS = 200;

const parts = ["crashes", "actions", "troubles", "faults", "events"] as const;
type Part = (typeof parts)[number];

/**
 * Makes a plan smaller as long as it breaks the same promise, and gives it as lines.
 *
 * Of each part of the plan ever smaller pieces are taken away, by halves; the settings stay.
 */
export async function shrink(plan: Plan, violation: string): Promise<readonly string[]> {
  let smallest = plan;
  let runs = 0;
  const stillFails = async (candidate: Plan): Promise<boolean> => {
    runs += 1;
    const { verdict } = await simulate(candidate);
    return verdict.violations.some(({ kind }) => kind === violation);
  };
  for (const part of parts) {
    for (let size = smallest[part].length; size >= 1 && runs < MOST_RUNS; size = size >> 1) {
      let from = 0;
      while (from < smallest[part].length && runs < MOST_RUNS) {
        const candidate = without(smallest, part, from, size);
        if (await stillFails(candidate)) smallest = candidate;
        else from += size;
      }
    }
  }
  return toLines(smallest);
}

function without(plan: Plan, part: Part, from: number, count: number): Plan {
  const items: readonly unknown[] = plan[part];
  return { ...plan, [part]: [...items.slice(0, from), ...items.slice(from + count)] };
}

function toLines({ provider, seed, settings, ...rest }: Plan): string[] {
  const lines = [`${provider} ${seed} ${JSON.stringify(settings)}`];
  for (const part of parts) {
    for (const item of rest[part]) lines.push(`${part} ${JSON.stringify(item)}`);
  }
  return lines;
}
