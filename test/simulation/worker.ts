import { parentPort } from "node:worker_threads";
import { simulationOf } from "./subject.ts";
import type { Violation } from "./watch.ts";

/** What a worker is asked for. */
export type Question =
  /** Many runs. */
  | {
      readonly kind: "runs";
      readonly provider: string;
      readonly seeds: readonly number[];
      /** Whether the first failure ends them. */
      readonly untilFailure: boolean;
    }
  /** One run, with all that happened in it. */
  | { readonly kind: "replay"; readonly provider: string; readonly seed: number }
  /** The smallest plan that breaks the same promise. */
  | {
      readonly kind: "shrink";
      readonly provider: string;
      readonly seed: number;
      readonly violation: string;
    };

/** A run that broke a promise. */
export interface Failure {
  readonly provider: string;
  readonly seed: number;
  readonly violations: readonly Violation[];
}

/** What came of some runs. */
export interface Tally {
  readonly runs: number;
  readonly events: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly lost: number;
  readonly ackedBeforeHandled: number;
  readonly worstDuplicates: number;
  readonly failures: readonly Failure[];
}

/** What a worker answers. */
export type Reply =
  | { readonly kind: "tally"; readonly tally: Tally }
  | { readonly kind: "lines"; readonly lines: readonly string[] }
  | { readonly kind: "failed"; readonly error: string };

async function answer(question: Question): Promise<Reply> {
  if (question.kind === "runs") return { kind: "tally", tally: await runMany(question) };
  const { provider, seed } = question;
  const simulation = simulationOf(provider, seed);
  if (question.kind === "shrink") {
    return { kind: "lines", lines: await simulation.shrink(question.violation) };
  }
  const { verdict, lines, hash } = await simulation.run();
  const end = JSON.stringify({ ...verdict, hash: hash() });
  return { kind: "lines", lines: [simulation.plan, ...lines(), end] };
}

async function runMany({
  provider,
  seeds,
  untilFailure,
}: Extract<Question, { kind: "runs" }>): Promise<Tally> {
  let runs = 0;
  const failures: Failure[] = [];
  const faults: Record<string, number> = {};
  const sums = { events: 0, lost: 0, ackedBeforeHandled: 0, worstDuplicates: 0 };
  for (const own of seeds) {
    const { verdict } = await simulationOf(provider, own).run();
    const { violations, worstDuplicates } = verdict;
    sums.events += verdict.events;
    sums.lost += verdict.lost;
    sums.ackedBeforeHandled += verdict.ackedBeforeHandled;
    sums.worstDuplicates = Math.max(sums.worstDuplicates, worstDuplicates);
    for (const [kind, times] of Object.entries(verdict.faults)) {
      faults[kind] = (faults[kind] ?? 0) + times;
    }
    runs += 1;
    if (violations.length > 0) failures.push({ provider, seed: own, violations });
    if (untilFailure && failures.length > 0) break;
  }
  return { runs, ...sums, faults, failures };
}

parentPort?.on("message", async (question: Question) => {
  const reply = await answer(question).catch(
    (error: unknown): Reply => ({ kind: "failed", error: String(error) }),
  );
  parentPort?.postMessage(reply);
});
