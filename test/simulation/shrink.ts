import type { Plan } from "./plan.ts";
import { simulate } from "./simulate.ts";

/** How many runs may be spent on making a plan smaller. */
const MOST_RUNS = 200;

const parts = ["crashes", "actions", "troubles", "faults", "events"] as const;
type Part = (typeof parts)[number];

/** Whether a plan still breaks the promise; false when no more runs may be spent. */
type StillFails = (plan: Plan) => Promise<boolean>;

/**
 * Makes a plan smaller as long as it breaks the same promise, and gives it as lines.
 *
 * Of each part of the plan ever smaller pieces are taken away, by halves; the settings stay.
 */
export async function shrink(plan: Plan, violation: string): Promise<readonly string[]> {
  let left = MOST_RUNS;
  const stillFails: StillFails = async (candidate) => {
    if (left === 0) return false;
    left -= 1;
    const { verdict } = await simulate(candidate);
    return verdict.violations.some(({ kind }) => kind === violation);
  };
  let smallest = plan;
  for (const part of parts) {
    for (let size = smallest[part].length; size >= 1; size = size >> 1) {
      smallest = await withoutPieces(smallest, part, size, stillFails);
    }
  }
  return toLines(smallest);
}

async function withoutPieces(
  plan: Plan,
  part: Part,
  size: number,
  stillFails: StillFails,
): Promise<Plan> {
  let smallest = plan;
  let from = 0;
  while (from < smallest[part].length) {
    const candidate = without(smallest, part, from, size);
    if (await stillFails(candidate)) smallest = candidate;
    else from += size;
  }
  return smallest;
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
