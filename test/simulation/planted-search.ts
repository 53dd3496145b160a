import { bundle, type Patch } from "./bundle.ts";
import { askOnce, runAll } from "./crew.ts";
import { seedOf } from "./dice.ts";
import { makeDrawnPlan } from "./drawn/make-plan.ts";
import type { DrawnPlan } from "./drawn/plan.ts";
import type { Subject } from "./plan.ts";
import type { Failure, Tally } from "./worker.ts";

/** How many runs of each seed are made, until one breaks a promise. */
const AT_ONCE = 25;

/** What is planted, and what is to be found of it. */
export interface Search {
  readonly patches: readonly Patch[];
  readonly providers: readonly Subject[];
  /** The promises of which one must be found broken. */
  readonly breaks: readonly string[];
  /**
   * Which drawn plans can show it at all: others are counted, and left out to save their time.
   * @default all
   */
  readonly when?: ((plan: DrawnPlan) => boolean) | undefined;
  readonly mostRuns: number;
}

const leftOut: Pick<Tally, "runs" | "failures"> = Object.freeze({ runs: 1, failures: [] });

/** What was found, or all that was seen instead. */
export interface Found {
  readonly isFound: boolean;
  readonly runs: number;
  readonly kinds: readonly string[];
}

/**
 * Runs a source that has a bug until one of its promises is found broken in a run in which the source
 * without the bug breaks none.
 */
export async function search(name: string, wanted: Search): Promise<Found> {
  const { patches, providers, mostRuns, when } = wanted;
  const file = await bundle(`planted-${name}`, patches);
  const clean = await bundle("planted-clean");
  const seen: string[] = [];
  const atOnce = when ? 1 : Math.max(1, Math.floor(AT_ONCE / providers.length));
  let runs = 0;
  for (let seed = 1; runs < mostRuns; seed += 1) {
    const task = { providers, runs: atOnce, seed, workers: 1, untilFailure: true };
    const tally = isLeftOut(seed, wanted) ? leftOut : await runAll({ ...task, bundle: file });
    runs += tally.runs;
    seen.push(...tally.failures.flatMap(kindsOf));
    const found = await firstOfBug(tally.failures, wanted.breaks, clean);
    if (found) return { isFound: true, runs, kinds: kindsOf(found) };
  }
  return { isFound: false, runs, kinds: [...new Set(seen)] };
}

const kindsOf = ({ violations }: Failure): string[] => violations.map(({ kind }) => kind);

async function firstOfBug(
  failures: readonly Failure[],
  breaks: readonly string[],
  clean: URL,
): Promise<Failure | undefined> {
  for (const failure of failures) if (await isOfBug(failure, breaks, clean)) return failure;
  return undefined;
}

function isLeftOut(seed: number, { when }: Search): boolean {
  return when !== undefined && !when(makeDrawnPlan(seedOf(seed, "drawn", 0)));
}

/** Whether a run breaks one of the promises, and the source as it is breaks none in the same run. */
async function isOfBug(failure: Failure, breaks: readonly string[], clean: URL): Promise<boolean> {
  const isMeant = kindsOf(failure).some((kind) => breaks.includes(kind));
  return isMeant && (await isSound(clean, failure.provider, failure.seed));
}

/** Whether a run of the source as it is breaks nothing. */
async function isSound(clean: URL, provider: Subject, seed: number): Promise<boolean> {
  const lines = await askOnce(clean, { kind: "replay", provider, seed });
  const { violations } = JSON.parse(lines.at(-1) ?? "{}") as { readonly violations?: unknown[] };
  return violations?.length === 0;
}
