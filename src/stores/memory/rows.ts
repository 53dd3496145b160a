const sweptAtOnce = 64;

/** How much is left of a time, in whole ms, so that no rounding makes it longer than it was. */
export function leftOf(until: number, now: number): number {
  return Math.floor(until - now);
}

/** Sets a row anew, so that the rows stand in the order of their last change. */
export function setLast<Row>(rows: Map<string, Row>, key: string, row: Row): void {
  rows.delete(key);
  rows.set(key, row);
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
