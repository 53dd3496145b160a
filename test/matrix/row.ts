import type { Tool } from "./tools.ts";

/** A row of the table: something that must work. */
export interface Row {
  readonly name: string;
  /** What is installed for it. */
  readonly tools: readonly Tool[];
  /** Runs only by `--all`: it takes long, and seldom says more than those beside it. */
  readonly isSlow?: boolean;
  /** Does it in the folder in which the packed tarball is; gives what was seen, and rejects where it fails. */
  run(consumer: string): Promise<string>;
}

/** What became of a row. */
export interface MatrixRow {
  readonly name: string;
  /** Whether it works; also true of what could not be had, which `skipped` tells. */
  readonly ok: boolean;
  /** What was seen: of a failure what was written, of a skipped row why. */
  readonly detail: string;
  /** Whether it could not be had here. */
  readonly skipped: boolean;
}
