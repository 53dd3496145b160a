import type { Change } from "../rules/change.ts";

/** Makes a step on one row. */
export function changeRow<Row, Result>(
  rows: Map<string, Row>,
  key: string,
  step: (row: Row | undefined) => Change<Row, Result>,
): Result {
  const { result, next } = step(rows.get(key));
  if (next !== undefined) {
    // Set anew, so that the rows stand in the order of their last change.
    rows.delete(key);
    rows.set(key, next);
  }
  return result;
}

/** Drops some of the rows, the oldest first, that are of no more use. */
export function sweep<Row>(rows: Map<string, Row>, isOver: (row: Row) => boolean): void {
  let looks = 0;
  for (const [key, row] of rows) {
    if (isOver(row)) rows.delete(key);
    looks += 1;
    if (looks === sweptAtOnce) return;
  }
}

const sweptAtOnce = 64;
