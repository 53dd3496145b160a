const sweptAtOnce = 64;

/** How much is left of a time that was set to `ms`: no rounding makes it longer than it was. */
export function leftOf({ until, ms }: { readonly until: number; readonly ms: number }): number {
  return Math.min(ms, until - performance.now());
}

/** The rows behind a key, in the order of the keys. */
export function rowsAfter<Row>(
  rows: ReadonlyMap<string, Row>,
  after: string,
  limit: number,
): readonly (readonly [key: string, row: Row])[] {
  const later = [...rows].filter(([key]) => key > after);
  return later.sort(([left], [right]) => (left < right ? -1 : 1)).slice(0, limit);
}

/** How far each map has been looked through. */
const walks = new WeakMap<object, Iterator<string, undefined>>();

/**
 * Looks at some of the rows, at the next ones each time, and drops those that are of no more use: what is
 * kept for long holds up none that is over before it.
 */
export function sweep<Row>(rows: Map<string, Row>, isOver: (row: Row) => boolean): void {
  let walk = walks.get(rows) ?? rows.keys();
  for (let looks = 0; looks < sweptAtOnce; looks += 1) {
    const { value: key = "", done } = walk.next();
    const row = rows.get(key);
    if (done) walk = rows.keys();
    else if (row !== undefined && isOver(row)) rows.delete(key);
  }
  walks.set(rows, walk);
}
