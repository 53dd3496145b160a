import type { Result } from "./result.ts";

/** The rows of a table: a title, and the figure. */
export type Rows<Figures> = readonly (readonly [title: string, of: keyof Figures])[];

const rows: Rows<Result> = [
  ["published", "published"],
  ["handled at least once", "handled"],
  ["duplicates", "duplicates"],
  ["dead-lettered", "deadLettered"],
  ["acked before handled", "ackedBeforeHandled"],
  ["lost", "lost"],
  ["restarts", "restarts"],
  ["polls", "polls"],
  ["seconds", "seconds"],
];

const TITLE_WIDTH = 24;
const COLUMN_WIDTH = 10;

/** The summary of the demo as a table. */
export function table(results: ReadonlyMap<string, Result>, total: Result): string {
  return tableOf(rows, [...results, ["all", total]]);
}

/** A table: a row for each figure, a column for each name. */
export function tableOf<Figures>(
  figures: Rows<Figures>,
  columns: readonly (readonly [name: string, figures: Figures])[],
): string {
  const row = (title: string, cells: readonly unknown[]): string =>
    title.padEnd(TITLE_WIDTH) + cells.map((cell) => String(cell).padStart(COLUMN_WIDTH)).join("");
  const head = row(
    "",
    columns.map(([name]) => name),
  );
  const rule = "-".repeat(head.length);
  const body = figures.map(([title, of]) =>
    row(
      title,
      columns.map(([, column]) => column[of]),
    ),
  );
  return [head, rule, ...body].join("\n");
}

let lastPlainAt = 0;

/** Shows how far it is: in place on a terminal, else as a plain line every two seconds. */
export function progressLine(
  handled: ReadonlyMap<string, number>,
  events: number,
  seconds: number,
): void {
  const parts = [...handled].map(([name, count]) => `${name} ${count}/${events}`);
  const line = `${seconds.toFixed(1).padStart(5)} s  ${parts.join("  ")}`;
  if (process.stdout.isTTY) process.stdout.write(`\r${line}\u001b[K`);
  else if (seconds - lastPlainAt >= 2) {
    lastPlainAt = seconds;
    process.stdout.write(`${line}\n`);
  }
}
