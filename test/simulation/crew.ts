import { Worker } from "node:worker_threads";
import { seedOf } from "./dice.ts";
import type { Failure, Question, Reply, Tally } from "./worker.ts";

/** How many runs a worker is given at a time. */
const AT_ONCE = 25;

/** What is to be run. */
export interface Task {
  readonly bundle: URL;
  readonly providers: readonly string[];
  /** How many runs of each provider. */
  readonly runs: number;
  readonly seed: number;
  readonly workers: number;
  /** Ends with the first failure. */
  readonly untilFailure?: boolean | undefined;
  readonly onProgress?: ((tally: Tally) => void) | undefined;
}

const nothing: Tally = Object.freeze({
  runs: 0,
  events: 0,
  faults: {},
  lost: 0,
  ackedBeforeHandled: 0,
  worstDuplicates: 0,
  failures: [],
});

/** Spreads runs over threads, and adds up what came of them. */
export async function runAll(task: Task): Promise<Tally> {
  const questions = toQuestions(task);
  let total = nothing;
  const take = (tally: Tally): void => {
    total = add(total, tally);
    task.onProgress?.(total);
    if (task.untilFailure && total.failures.length > 0) questions.length = 0;
  };
  const work = async (): Promise<void> => {
    const hand = new Hand(task.bundle);
    try {
      for (let next = questions.shift(); next; next = questions.shift()) {
        take(await hand.run(next));
      }
    } finally {
      await hand.close();
    }
  };
  await Promise.all(Array.from({ length: task.workers }, work));
  return total;
}

/** Asks one question of a thread of its own. */
export async function askOnce(bundle: URL, question: Question): Promise<readonly string[]> {
  const hand = new Hand(bundle);
  try {
    return await hand.tell(question);
  } finally {
    await hand.close();
  }
}

/** A thread that answers one question at a time. */
export class Hand {
  readonly #worker: Worker;

  constructor(bundle: URL) {
    this.#worker = new Worker(bundle);
  }

  /** Makes runs. */
  async run(question: Question): Promise<Tally> {
    const reply = await this.#ask(question);
    if (reply.kind === "tally") return reply.tally;
    throw new Error(describe(question, reply));
  }

  /** Tells of one run. */
  async tell(question: Question): Promise<readonly string[]> {
    const reply = await this.#ask(question);
    if (reply.kind === "lines") return reply.lines;
    throw new Error(describe(question, reply));
  }

  #ask(question: Question): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const onError = (error: unknown): void => reject(error);
      this.#worker.once("error", onError);
      this.#worker.once("message", (reply: Reply) => {
        this.#worker.off("error", onError);
        resolve(reply);
      });
      this.#worker.postMessage(question);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}

function toQuestions({ providers, runs, seed, untilFailure = false }: Task): Question[] {
  const questions: Question[] = [];
  for (let from = 0; from < runs; from += AT_ONCE) {
    const places = Array.from({ length: Math.min(AT_ONCE, runs - from) }, (_, at) => from + at);
    for (const provider of providers) {
      const seeds = places.map((place) => seedOf(seed, provider, place));
      questions.push({ kind: "runs", provider, seeds, untilFailure });
    }
  }
  return questions;
}

function add(left: Tally, right: Tally): Tally {
  const faults: Record<string, number> = { ...left.faults };
  for (const [kind, times] of Object.entries(right.faults)) {
    faults[kind] = (faults[kind] ?? 0) + times;
  }
  const failures: readonly Failure[] = [...left.failures, ...right.failures];
  return {
    runs: left.runs + right.runs,
    events: left.events + right.events,
    faults,
    lost: left.lost + right.lost,
    ackedBeforeHandled: left.ackedBeforeHandled + right.ackedBeforeHandled,
    worstDuplicates: Math.max(left.worstDuplicates, right.worstDuplicates),
    failures,
  };
}

function describe(question: Question, reply: Reply): string {
  const what = reply.kind === "failed" ? reply.error : "an answer of another kind";
  return `simulation: ${JSON.stringify(question)}: ${what}`;
}
