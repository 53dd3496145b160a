import type { SqlSession } from "./session.ts";

const everyMs = 60_000;
const sweptAtOnce = 1000;

/**
 * Makes what takes rows off that are of no more use: once a minute, at most a thousand at once so that
 * it holds nobody up, and again with the next call while there is more. `and` narrows which.
 */
export function sweeperOf(session: SqlSession, table: string, id: string, ends: string, and = "") {
  const step = `
    with old as materialized (
      select ${id} from ${table} where ${ends} <= @now ${and}
      order by ${ends} limit ${sweptAtOnce} @lock
    )
    delete from ${table} where ${id} in (select ${id} from old) returning 1 as gone`;
  let nextAt = Number.NEGATIVE_INFINITY;
  return async (operation: string): Promise<void> => {
    const at = performance.now();
    if (at < nextAt) return;
    nextAt = at + everyMs;
    const swept = await session.run(operation, step, []);
    if (swept.length >= sweptAtOnce) nextAt = Number.NEGATIVE_INFINITY;
  };
}
