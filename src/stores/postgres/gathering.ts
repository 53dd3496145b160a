import type { Asked, Row } from "../sql/session.ts";
import type { Answer } from "./database.ts";
import { rowsIn } from "./database.ts";
import type { PostgresFailure } from "./postgres-error.ts";

/** How steps are made. */
export interface Making {
  /** Makes one. */
  one(asked: Asked): Promise<Answer>;
  /** Makes one for many items: the rows of each by its place, and none where it was passed by. */
  many(all: readonly Asked[]): Promise<PostgresFailure | ReadonlyMap<number, readonly Row[]>>;
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
 * Each caller gets the answer that it would get alone. Two of one key are in two statements, and what was passed
 * by, or may have failed for the sake of another, is made again by itself.
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
    try {
      const made = jobs.length > 1 ? await this.#making.many(jobs.map(({ asked }) => asked)) : none;
      if ("error" in made && !made.isOfOne) throw made.error;
      for (const [at, { asked, resolve }] of jobs.entries()) {
        const rows = "error" in made ? undefined : made.get(at);
        resolve(rows ?? this.#making.one(asked).then(rowsIn));
      }
    } catch (error) {
      for (const job of jobs) job.reject(error);
    }
  }
}

const none: ReadonlyMap<number, readonly Row[]> = new Map();

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
