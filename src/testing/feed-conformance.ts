import { ackingLaws, cumulativeLaws } from "./feed-laws/acking.ts";
import { createBench } from "./feed-laws/bench.ts";
import { envelopeLaws } from "./feed-laws/envelope.ts";
import { failingLaws } from "./feed-laws/failing.ts";
import type { FeedHarness } from "./feed-laws/harness.ts";
import { type FeedLaw, Skip } from "./feed-laws/law.ts";
import { LawLimits } from "./feed-laws/limits.ts";
import { loopAckingLaws } from "./feed-laws/loop-acking.ts";
import { loopPacingLaws } from "./feed-laws/loop-pacing.ts";
import { loopRestartingLaws } from "./feed-laws/loop-restarting.ts";
import { loopStoppingLaws } from "./feed-laws/loop-stopping.ts";
import { pullingLaws, waitingLaws } from "./feed-laws/pulling.ts";

export type { FeedFault, FeedHarness, RequestCount } from "./feed-laws/harness.ts";
export type { FeedLaw } from "./feed-laws/law.ts";

/** What the kit needs of a test runner; those of vitest, jest, mocha and `node:test` fit. */
export interface FeedRunner {
  /** Opens a group of tests. */
  readonly describe: (name: string, define: () => void) => unknown;
  /** Defines a test. */
  readonly it: (name: string, run: () => Promise<void>) => unknown;
  /** Where the laws that were not tested are told, such as `console.info`. */
  readonly print: (text: string) => unknown;
}

/**
 * What became of a law. `notDeclared`: the feed does not claim it. `notTestable`: the harness lacks
 * what the law needs.
 */
export type LawVerdict = "kept" | "broken" | "notDeclared" | "notTestable";

/** What became of one law, and why, where it was not kept. */
export interface LawResult {
  /** The law's id. */
  readonly id: string;
  /** What became of it. */
  readonly verdict: LawVerdict;
  /** Why, for all verdicts but `kept`. */
  readonly why?: string | undefined;
  /** What a broken law rejected with. */
  readonly error?: unknown;
}

/** Makes a harness that is fresh. */
export type MakeFeedHarness = () => FeedHarness | Promise<FeedHarness>;

/** The laws of the contract alone, by part of `docs/conformance.md`. */
export const feedLaws: Readonly<Record<string, readonly FeedLaw[]>> = Object.freeze({
  envelope: envelopeLaws,
  pulling: pullingLaws,
  waiting: waitingLaws,
  acknowledging: ackingLaws,
  "acknowledging up to": cumulativeLaws,
  failing: failingLaws,
});

/** The laws of the loop, over any feed that keeps the others. */
export const loopLaws: Readonly<Record<string, readonly FeedLaw[]>> = Object.freeze({
  "what the loop acknowledges": loopAckingLaws,
  "how the loop paces": loopPacingLaws,
  "how the loop stops": loopStoppingLaws,
  "restarts and outages": loopRestartingLaws,
});

/** How long a law may take, in ms: less than the time-out that runners have by default. */
const usualLimitMs = 4_000;

/**
 * Tries one law on a harness of its own.
 *
 * It always ends: a law that takes longer than its limit is broken, whatever the feed does.
 *
 * @param limitMs How long the law may take, in ms. @default 4_000
 */
export async function tryLaw(
  law: FeedLaw,
  makeHarness: MakeFeedHarness,
  limitMs: number = usualLimitMs,
): Promise<LawResult> {
  const { id } = law;
  const harness = await makeHarness();
  const limits = new LawLimits(limitMs, harness.patienceMs);
  try {
    await Promise.race([limits.failed, runLaw(law, harness, limits)]);
    return { id, verdict: "kept" };
  } catch (error) {
    if (error instanceof Skip) return { id, verdict: error.verdict, why: error.message };
    return { id, verdict: "broken", why: String(error), error };
  } finally {
    limits.end();
    await harness.close?.();
  }
}

async function runLaw(law: FeedLaw, harness: FeedHarness, limits: LawLimits): Promise<void> {
  const bench = await createBench(harness, limits);
  if (law.declared && !law.declared(bench.feed, harness)) {
    throw new Skip("notDeclared", "the feed does not declare it");
  }
  const missing = (law.needs ?? []).filter((name) => harness[name] === undefined);
  if (missing.length > 0) {
    throw new Skip("notTestable", `the harness has no ${missing.join(", ")}`);
  }
  await law.run(bench);
}

/**
 * Defines a test for each law that every feed must keep, against the contract and through the loop.
 *
 * `makeHarness` is called for each law anew. A law that the feed does not declare, or that the harness
 * cannot test, passes; the last test prints which these were, so that an opt-out shows. The list that is
 * given back fills as the tests run.
 *
 * @example
 * feedConformance({ describe, it, print: console.info }, () => {
 *   const memory = memoryFeed();
 *   ...
 *   return { feed: () => memory.reopen(), publish, acked: () => memory.acked };
 * });
 */
export function feedConformance(
  { describe, it, print }: FeedRunner,
  makeHarness: MakeFeedHarness,
): readonly LawResult[] {
  const results: LawResult[] = [];
  for (const [part, laws] of Object.entries({ ...feedLaws, ...loopLaws })) {
    describe(part, () => {
      for (const law of laws) {
        it(`${law.id}: ${law.title}`, async () => {
          const result = await tryLaw(law, makeHarness);
          results.push(result);
          if (result.verdict === "broken") throw result.error;
        });
      }
    });
  }
  describe("what was not tested", () => {
    it("is printed", async () => {
      print(describeResults(results));
    });
  });
  return results;
}

/** Writes how many laws were kept, and names those that were not tested. */
export function describeResults(results: readonly LawResult[]): string {
  const of = (verdict: LawVerdict) => results.filter((result) => result.verdict === verdict);
  const named = (verdict: LawVerdict) =>
    of(verdict)
      .map(({ id }) => id)
      .join(", ") || "none";
  const untestable = of("notTestable").map(({ id, why }) => `\n  ${id}: ${why}`);
  return [
    `${of("kept").length} laws kept, ${of("broken").length} broken`,
    `${of("notDeclared").length} not declared: ${named("notDeclared")}`,
    `${untestable.length} not testable here: ${untestable.join("") || "none"}`,
  ].join("\n");
}
