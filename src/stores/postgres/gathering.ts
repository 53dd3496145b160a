import type { Asked, Row } from "../sql/session.ts";

/** How steps are made. */
export interface Making {
  /** Makes a step for one item, and gives its rows. */
  one(asked: Asked): Promise<readonly Row[]>;
  /** Makes a step for many, and gives the rows of each by its place; of none that was not made. */
  many(all: readonly Asked[]): Promise<ReadonlyMap<number, readonly Row[]>>;
}

/** What is asked for and not made yet. */
interface Job {
  readonly asked: Asked;
  readonly resolve: (rows: readonly Row[] | Promise<readonly Row[]>) => void;
  readonly reject: (error: unknown) => void;
}

const jobsAtOnce = 500;

/**
 * Gathers what is asked for in one turn of the event loop, so that one statement makes a step for all.
 *
 * Each caller gets the answer that it would get alone: two of one key are in two statements, and what was not made
 * with the others is made by itself.
 */
export class Gathering {
  readonly #making: Making;
  // Taken now, so that a test which replaces the timers later does not stop the stores.
  readonly #soon: (work: () => void) => unknown = globalThis.setImmediate ?? setTimeout;
  #jobs: Job[] = [];

  constructor(making: Making) {
    this.#making = making;
  }

  run(...asked: Asked): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({ asked, resolve, reject });
      const soon = this.#soon;
      if (this.#jobs.length === 1) soon(() => this.#send());
    });
  }

  #send(): void {
    const groups = groupsOf(this.#jobs);
    this.#jobs = [];
    for (const group of groups) void this.#make(group);
  }

  async #make(jobs: readonly Job[]): Promise<void> {
    const { one, many } = this.#making;
    try {
      const made = jobs.length > 1 ? await many(jobs.map(({ asked }) => asked)) : undefined;
      for (const [at, { asked, resolve }] of jobs.entries()) resolve(made?.get(at) ?? one(asked));
    } catch (error) {
      for (const job of jobs) job.reject(error);
    }
  }
}

/** The jobs that one statement can make: of one step, and of each key one, in the order in which they came. */
function groupsOf(jobs: readonly Job[]): readonly (readonly Job[])[] {
  const groups: Job[][] = [];
  const newest = new Map<Asked[1], { readonly group: Job[]; readonly keys: Set<unknown> }>();
  for (const job of jobs) {
    const [, step, [key]] = job.asked;
    let known = newest.get(step);
    if (!known || known.keys.has(key) || known.group.length >= jobsAtOnce) {
      known = { group: [], keys: new Set() };
      newest.set(step, known);
      groups.push(known.group);
    }
    known.group.push(job);
    known.keys.add(key);
  }
  return groups;
}
