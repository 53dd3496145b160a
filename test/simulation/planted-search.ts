import { bundle, type Patch } from "./bundle.ts";
import { Hand } from "./crew.ts";
import { seedOf } from "./dice.ts";
import { makeDrawnPlan } from "./drawn/make-plan.ts";
import type { DrawnPlan } from "./drawn/plan.ts";
import type { Failure } from "./worker.ts";

/** How many runs are made, until one breaks a promise, before it is looked at what they broke. */
const AT_ONCE = 10;

/** How many drawn plans are looked at for those that can show a bug. */
const MOST_PLANS = 100_000;

/** What is planted, and what is to be found of it. */
export interface Search {
  readonly patches: readonly Patch[];
  readonly providers: readonly string[];
  /** The promises of which one must be found broken. */
  readonly breaks: readonly string[];
  /** Which drawn plans can show it at all: the others are not run. @default all */
  readonly when?: ((plan: DrawnPlan) => boolean) | undefined;
  readonly mostRuns: number;
  /** What the seeds of the runs are made of. @default 1 */
  readonly seed?: number | undefined;
}

/** What was found, or all that was seen instead. */
export interface Found {
  readonly isFound: boolean;
  readonly runs: number;
  readonly kinds: readonly string[];
}

/**
 * Runs a source that has a bug until one of its promises is found broken in a run in which the source
 * without the bug, in another bundle, breaks none.
 */
export async function search(name: string, wanted: Search, clean: URL): Promise<Found> {
  const buggy = new Hand(await bundle(`planted-${name}`, wanted.patches));
  const sound = new Hand(clean);
  try {
    return await searchWith(buggy, sound, wanted);
  } finally {
    await Promise.all([buggy.close(), sound.close()]);
  }
}

async function searchWith(buggy: Hand, sound: Hand, wanted: Search): Promise<Found> {
  const seen: string[] = [];
  let runs = 0;
  for (const { provider, seeds } of handfuls(wanted)) {
    if (runs >= wanted.mostRuns) break;
    const question = { kind: "runs", provider, seeds, untilFailure: true } as const;
    const tally = await buggy.run(question);
    runs += tally.runs;
    seen.push(...tally.failures.flatMap(kindsOf));
    for (const failure of tally.failures) {
      const isMeant = kindsOf(failure).some((kind) => wanted.breaks.includes(kind));
      if (isMeant && (await isSound(sound, failure))) {
        return { isFound: true, runs, kinds: kindsOf(failure) };
      }
    }
  }
  return { isFound: false, runs, kinds: [...new Set(seen)] };
}

const kindsOf = ({ violations }: Failure): string[] => violations.map(({ kind }) => kind);

/** The seeds to be run, some at a time, of each provider in turn. */
function* handfuls({ providers, when, seed = 1 }: Search) {
  for (let from = 0; from < MOST_PLANS; from += AT_ONCE) {
    for (const provider of providers) {
      const seeds = Array.from({ length: AT_ONCE }, (_, at) => seedOf(seed, provider, from + at));
      const fitting = when ? seeds.filter((own) => when(makeDrawnPlan(own))) : seeds;
      if (fitting.length > 0) yield { provider, seeds: fitting };
    }
  }
}

/** Whether a run of the source as it is breaks nothing. */
async function isSound(hand: Hand, { provider, seed }: Failure): Promise<boolean> {
  const lines = await hand.tell({ kind: "replay", provider, seed });
  const { violations } = JSON.parse(lines.at(-1) ?? "{}") as { readonly violations?: unknown[] };
  return violations?.length === 0;
}
