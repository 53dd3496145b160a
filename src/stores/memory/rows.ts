const sweptAtOnce = 64;

/** How much is left of a time that was set to `ms`: no rounding makes it longer than it was. */
export function leftOf({ until, ms }: { readonly until: number; readonly ms: number }): number {
  return Math.min(ms, until - performance.now());
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
