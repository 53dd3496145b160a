import { Failure } from "./failure.ts";
import type { Surroundings } from "./surroundings.ts";

/** A column of a table. */
export interface Column {
  readonly title: string;
  /**
   * Whether it is cut, with `…`, where the table is wider than 80 columns. One column of a table, and none
   * whose names another command asks for.
   */
  readonly cut?: true;
}

/** Where the results of a command go: text for a person, or JSON with `--json`. */
export interface Output {
  /** Whether JSON was asked for. */
  readonly isJson: boolean;
  /** A line of the result for a person; nothing with `--json`. */
  line(text: string): void;
  /** A piece of the result for machines, as one line of JSON; nothing without `--json`. */
  json(value: unknown): void;
  /** A table for a person, of at most 80 columns where one can be cut; nothing with `--json`. */
  table(columns: readonly Column[], rows: readonly (readonly string[])[]): void;
  /** Something to know beside the result, on the standard error, with `--json` too. */
  note(text: string): void;
  /**
   * Resolves when the results have arrived, before what was shown is acknowledged.
   *
   * @throws {Failure} where they could not be written, such as to a pipe that is closed.
   */
  flush(): Promise<void>;
  /** Shows how far long work is: on a terminal in one line that changes, else a line now and then. */
  progress(label: string, total?: number): Progress;
}

/** How far something is. */
export interface Progress {
  /** So many are done now, of all. */
  at(done: number): void;
  /** It is over; the line that changes goes away. */
  end(): void;
}

/** How wide anything printed may be. */
export const width = 80;
/** How often a line of progress is written where there is no terminal, in ms. */
const plainEveryMs = 10_000;
/** How often the line on a terminal changes, in ms. */
const terminalEveryMs = 100;

/** Makes the output of a run. */
export function createOutput(
  {
    out,
    err,
    isTerminal,
    flush = async () => {},
  }: Pick<Surroundings, "out" | "err" | "isTerminal" | "flush">,
  isJson: boolean,
): Output {
  return {
    isJson,
    line: (text) => {
      if (!isJson) out(`${text}\n`);
    },
    json: (value) => {
      if (isJson) out(`${JSON.stringify(value)}\n`);
    },
    table: (columns, rows) => {
      if (!isJson) out(toTable(columns, rows));
    },
    note: (text) => err(`${text}\n`),
    flush: () =>
      flush().catch((error: NodeJS.ErrnoException) => {
        throw new Failure(`the output cannot be written (${error.code})`);
      }),
    progress: (label, total) => createProgress(err, isTerminal, label, total),
  };
}

/** The text of a table: columns two blanks apart, no blanks at the ends of lines. */
export function toTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const lines = [columns.map(({ title }) => title), ...rows.map((row) => row.map(oneLine))];
  const widths = columns.map((_, index) =>
    Math.max(...lines.map((line) => [...(line[index] ?? "")].length)),
  );
  const over = widths.reduce((sum, each) => sum + each + 2, -2) - width;
  const cut = columns.findIndex((column) => column.cut);
  if (over > 0 && cut !== -1) widths[cut] = Math.max(8, (widths[cut] ?? 0) - over);
  const toLine = (line: readonly string[]) =>
    line
      .map((cell, index) => sized(cell, widths[index] ?? 0))
      .join("  ")
      .trimEnd();
  return `${lines.map(toLine).join("\n")}\n`;
}

/** The text without line breaks and other signs that move a terminal's cursor. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must go.
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
}

/** The text in so many columns: filled up, or cut. */
function sized(text: string, columns: number): string {
  const signs = [...text];
  if (signs.length <= columns) return text + " ".repeat(columns - signs.length);
  return `${signs.slice(0, columns - 1).join("")}…`;
}

function createProgress(
  err: (text: string) => void,
  isTerminal: boolean,
  label: string,
  total: number | undefined,
): Progress {
  // The first line comes only after a while: short work needs none.
  let last = performance.now() - (isTerminal ? terminalEveryMs : 0);
  return {
    at(done) {
      const now = performance.now();
      if (now - last < (isTerminal ? terminalEveryMs : plainEveryMs)) return;
      last = now;
      const text = total === undefined ? `${label}: ${done}` : `${label}: ${done} of ${total}`;
      err(isTerminal ? `\r\u001b[K${text}` : `${text}\n`);
    },
    end() {
      if (isTerminal) err("\r\u001b[K");
    },
  };
}
