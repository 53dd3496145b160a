import { type AckloopErrorCode, isAckloopError } from "../../core/errors.ts";
import { storeError } from "../error.ts";

type Meaning = readonly [name: string, number: number, code: AckloopErrorCode, text: string];

/** The result codes of SQLite that mean something to a store. */
const meanings: readonly Meaning[] = [
  ["BUSY", 5, "transport", "another process has the database locked"],
  ["LOCKED", 6, "transport", "another process has the database locked"],
  ["READONLY", 8, "config", "the database is read-only"],
  ["IOERR", 10, "transport", "the disk failed"],
  ["CORRUPT", 11, "config", "the database is damaged; restore it from a backup"],
  ["FULL", 13, "transport", "the disk is full"],
  ["CANTOPEN", 14, "transport", "the database cannot be opened"],
  ["PROTOCOL", 15, "transport", "the database is locked"],
  ["PERM", 3, "config", "the database may not be used"],
  ["AUTH", 23, "config", "the database may not be used"],
  ["NOTADB", 26, "config", "the file is no SQLite database; give another path"],
];

/**
 * Turns what a driver threw into a typed error.
 *
 * Only the code of a driver's error is copied: its text may hold a path, a statement or a value.
 */
export function sqliteError(operation: string, error: unknown): unknown {
  if (isAckloopError(error)) return error;
  const meaning = meaningOf(error);
  if (meaning) {
    const [name, , code, text] = meaning;
    return storeError(code, operation, `${text} (SQLITE_${name})`);
  }
  const text = messageOf(error);
  if (/not open|is closed|been finalized/.test(text)) {
    return storeError("config", operation, "the database is closed");
  }
  if (/no such (table|column)/.test(text)) {
    return storeError("config", operation, "the tables are missing or do not fit");
  }
  if (error instanceof TypeError) return error;
  return storeError("request", operation, "the database refused the statement");
}

/** Tells whether a lock is what a call failed for: it may be asked again at once. */
export function isBusy(error: unknown): boolean {
  return ["BUSY", "LOCKED"].includes(meaningOf(error)?.[0] ?? "");
}

/** Tells whether the connection is of no more use. */
export function isBroken(error: unknown): boolean {
  return ["IOERR", "CORRUPT", "CANTOPEN", "NOTADB"].includes(meaningOf(error)?.[0] ?? "");
}

function meaningOf(error: unknown): Meaning | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown };
  const text = messageOf(error);
  // better-sqlite3 has no code for a folder that is gone, libsql for a file that it cannot open.
  const [, opening] = /Unable to open connection.*: (\d+)/.exec(text) ?? [];
  const isGone = text.includes("directory does not exist");
  // Node tells the number, with further bits for the kind; the others a name such as SQLITE_IOERR_READ.
  const number = Number(errcode ?? opening) % 256;
  const [, name = isGone ? "CANTOPEN" : ""] = /^SQLITE_([A-Z]+)/.exec(String(code)) ?? [];
  return meanings.find(([known, at]) => known === name || at === number);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "";
}
