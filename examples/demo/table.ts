import type { Result } from "./result.ts";

const columns: readonly (readonly [title: string, of: keyof Result])[] = [
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

/** The summary as a table: a row for each figure, a column for each provider. */
export function table(results: ReadonlyMap<string, Result>, total: Result): string {
  const all: readonly (readonly [string, Result])[] = [...results, ["all", total]];
  const row = (title: string, cells: readonly (string | number)[]): string =>
    title.padEnd(TITLE_WIDTH) + cells.map((cell) => String(cell).padStart(COLUMN_WIDTH)).join("");
  const head = row(
    "",
    all.map(([name]) => name),
  );
  const rule = "-".repeat(head.length);
  const body = columns.map(([title, of]) =>
    row(
      title,
      all.map(([, result]) => result[of]),
    ),
  );
  return [head, rule, ...body].join("\n");
}

let lastPlainAt = 0;

/** Shows how far it is: in place on a terminal, else as a plain line every two seconds. */
export function progressLine(
  results: ReadonlyMap<string, Result>,
  events: number,
  seconds: number,
): void {
  const parts = [...results].map(([name, { handled }]) => `${name} ${handled}/${events}`);
  const line = `${seconds.toFixed(1).padStart(5)} s  ${parts.join("  ")}`;
  if (process.stdout.isTTY) process.stdout.write(`\r${line}\u001b[K`);
  else if (seconds - lastPlainAt >= 2) {
    lastPlainAt = seconds;
    process.stdout.write(`${line}\n`);
  }
}
