import type { Asked, Row } from "../sql/session.ts";
import type { PostgresFailure } from "./postgres-error.ts";

/** What is asked for and not made yet. */
export interface Job {
  readonly asked: Asked;
  readonly resolve: (rows: readonly Row[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Makes one step for many; for each the rows it gave, or `undefined` where it was passed by. */
export type Make = (
  jobs: readonly Job[],
) => Promise<PostgresFailure | { readonly each: readonly (readonly Row[] | undefined)[] }>;

const jobsAtOnce = 500;

/**
 * Gathers what is asked for in one turn of the event loop, so that one statement makes a step for all.
 *
 * Each caller gets the answer that it would get alone. Two of one key are in two statements, and what was passed
 * by, or may have failed for the sake of another, is made again by itself.
 */
export class Gathering {
  readonly #make: Make;
  // Taken now, so that a test which replaces the timers later does not stop the stores.
  readonly #soon: (work: () => void) => unknown = globalThis.setImmediate ?? setTimeout;
  #jobs: Job[] = [];

  constructor(make: Make) {
    this.#make = make;
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
    for (const group of groups) void this.#settle(group);
  }

  async #settle(jobs: readonly Job[]): Promise<void> {
    try {
      const made = await this.#make(jobs);
      if ("each" in made) for (const [at, job] of jobs.entries()) this.#tell(job, made.each[at]);
      else if (made.isOfOne && jobs.length > 1) for (const job of jobs) this.#tell(job, undefined);
      else throw made.error;
    } catch (error) {
      for (const job of jobs) job.reject(error);
    }
  }

  #tell(job: Job, rows: readonly Row[] | undefined): void {
    if (rows) job.resolve(rows);
    else void this.#settle([job]);
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
