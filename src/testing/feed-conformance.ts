import { ackingLaws, cumulativeLaws } from "./feed-laws/acking.ts";
import { createBench } from "./feed-laws/bench.ts";
import { envelopeLaws } from "./feed-laws/envelope.ts";
import { failingLaws } from "./feed-laws/failing.ts";
import type { FeedHarness } from "./feed-laws/harness.ts";
import { type FeedLaw, Skip } from "./feed-laws/law.ts";
import { leasingLaws } from "./feed-laws/leasing.ts";
import { LawLimits } from "./feed-laws/limits.ts";
import { loopAckingLaws } from "./feed-laws/loop-acking.ts";
import { loopPacingLaws } from "./feed-laws/loop-pacing.ts";
import { loopRestartingLaws } from "./feed-laws/loop-restarting.ts";
import { loopStoppingLaws } from "./feed-laws/loop-stopping.ts";
import { placingLaws } from "./feed-laws/placing.ts";
import { pullingLaws, waitingLaws } from "./feed-laws/pulling.ts";

export type { FeedFault, FeedHarness, RequestCount } from "./feed-laws/harness.ts";
export type { FeedLaw } from "./feed-laws/law.ts";

/** What the kit needs of a test runner; those of vitest, jest, mocha and `node:test` fit. */
export interface FeedRunner {
  /** Opens a group of tests. */
  readonly describe: (name: string, define: () => void) => unknown;
  /** Defines a test; `timeoutMs` is given only where `limitMs` is. */
  readonly it: (name: string, run: () => Promise<void>, timeoutMs?: number) => unknown;
  /** Where the laws that were not tested are told, such as `console.info`. */
  readonly print: (text: string) => unknown;
  /**
   * How long a law may take, in ms. More than 4,500 needs an `it` that takes a time-out as its third
   * argument, as those of vitest and jest do. @default 4_000
   */
  readonly limitMs?: number | undefined;
}

/**
 * What became of a law. `notDeclared`: the feed does not claim it. `notTestable`: the harness lacks
 * what the law needs. `notTried`: too many others were broken.
 */
export type LawVerdict = "kept" | "broken" | "notDeclared" | "notTestable" | "notTried";

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
  /** How long it took, in ms. */
  readonly elapsedMs: number;
}

/** Makes a harness that is fresh. */
export type MakeFeedHarness = () => FeedHarness | Promise<FeedHarness>;

/** The laws of the contract alone, by part of `docs/conformance.md`. */
export const feedLaws: Readonly<Record<string, readonly FeedLaw[]>> = Object.freeze({
  envelope: envelopeLaws,
  pulling: pullingLaws,
  waiting: waitingLaws,
  acknowledging: ackingLaws,
  leasing: leasingLaws,
  "acknowledging up to": cumulativeLaws,
  "whose place it is": placingLaws,
  failing: failingLaws,
});

/** The laws of the loop, over any feed that keeps the others. */
export const loopLaws: Readonly<Record<string, readonly FeedLaw[]>> = Object.freeze({
  "what the loop acknowledges": loopAckingLaws,
  "how the loop paces": loopPacingLaws,
  "how the loop stops": loopStoppingLaws,
  "restarts and outages": loopRestartingLaws,
});

/** After so many broken laws no other is tried. */
const mostBroken = 5;

/** After so long spent on broken laws no other is tried, in ms. */
const mostSpentMs = 6_000;

/** How much longer a runner waits than a law may take, in ms, so that the law says what is wrong. */
const graceMs = 1_000;

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
  const began = performance.now();
  const harness = await makeHarness();
  const limits = new LawLimits(limitMs, harness.patienceMs);
  const told = (verdict: LawVerdict, facts: Partial<LawResult> = {}): LawResult => {
    return { id: law.id, verdict, ...facts, elapsedMs: performance.now() - began };
  };
  try {
    await Promise.race([limits.failed, runLaw(law, harness, limits)]);
    return told("kept");
  } catch (error) {
    if (error instanceof Skip) return told(error.verdict, { why: error.message });
    return told("broken", { why: String(error), error });
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
 * After five broken laws, or six seconds spent on broken ones, no other is tried: each fails at once and
 * says so.
 *
 * @example
 * import { describe, it } from "vitest";
 *
 * feedConformance({ describe, it, print: console.info }, () => {
 *   const server = acmeEmulator();
 *   return { feed: () => acmeFeed({ fetch: server.fetch }), publish: server.publish, acked: server.acked };
 * });
 */
export function feedConformance(
  { describe, it, print, limitMs }: FeedRunner,
  makeHarness: MakeFeedHarness,
): readonly LawResult[] {
  const results: LawResult[] = [];
  for (const [part, laws] of Object.entries({ ...feedLaws, ...loopLaws })) {
    describe(part, () => {
      for (const law of laws) {
        const run = async (): Promise<void> => {
          const result = giveUp(law, results) ?? (await tryLaw(law, makeHarness, limitMs));
          results.push(result);
          if (result.error !== undefined) throw result.error;
        };
        const name = `${law.id}: ${law.title}`;
        if (limitMs === undefined) it(name, run);
        else it(name, run, limitMs + graceMs);
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

/** What becomes of a law when enough others are broken, so that a feed that is wrong is told so soon. */
function giveUp({ id }: FeedLaw, results: readonly LawResult[]): LawResult | undefined {
  const broken = results.filter(({ verdict }) => verdict === "broken");
  const spentMs = broken.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0);
  if (broken.length < mostBroken && spentMs < mostSpentMs) return undefined;
  const why = `not tried, since laws are broken already: ${broken.map((each) => each.id).join(", ")}`;
  // A place in the code says nothing here, and dozens of it would bury what is broken.
  const error = Object.assign(new Error(why), { stack: why });
  return { id, verdict: "notTried", why, error, elapsedMs: 0 };
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
    `${of("kept").length} laws kept, ${of("broken").length} broken: ${named("broken")}`,
    ...(of("notTried").length > 0 ? [`${of("notTried").length} not tried`] : []),
    `${of("notDeclared").length} not declared: ${named("notDeclared")}`,
    `${untestable.length} not testable here: ${untestable.join("") || "none"}`,
  ].join("\n");
}
