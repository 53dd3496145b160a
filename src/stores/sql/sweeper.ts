import type { SqlSession } from "./session.ts";

const everyMs = 60_000;
const sweptAtOnce = 1000;

/**
 * Takes rows off that are of no more use: once a minute, at most a thousand at once so that it holds
 * nobody up, and again with the next call while there is more.
 */
export class Sweeper {
  readonly #session: SqlSession;
  readonly #step: string;
  #nextAt = Number.NEGATIVE_INFINITY;

  constructor(session: SqlSession, table: string, id: string, endsAt: string) {
    this.#session = session;
    this.#step = `
      with old as materialized (
        select ${id} from ${table} where ${endsAt} <= @now
        order by ${endsAt} limit ${sweptAtOnce} @lock
      )
      delete from ${table} where ${id} in (select ${id} from old) returning 1 as gone`;
  }

  /** Sweeps, if it is time to. */
  async sweep(operation: string): Promise<void> {
    const at = performance.now();
    if (at < this.#nextAt) return;
    this.#nextAt = at + everyMs;
    const swept = await this.#session.run(operation, this.#step, []);
    if (swept.length >= sweptAtOnce) this.#nextAt = Number.NEGATIVE_INFINITY;
  }
}
