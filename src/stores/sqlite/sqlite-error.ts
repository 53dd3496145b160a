import { AckloopError, type AckloopErrorCode, isAckloopError } from "../../core/errors.ts";

/** The result codes of SQLite that mean something to a store, by name and number. */
const meanings: readonly (readonly [string, number, AckloopErrorCode, string])[] = [
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
  const facts = { provider: "stores", operation };
  if (meaning) {
    const [name, , code, text] = meaning;
    const retryable = code === "transport";
    return new AckloopError(code, `${text} (SQLITE_${name})`, { ...facts, retryable });
  }
  const text = messageOf(error);
  if (/not open|is closed|been finalized/.test(text)) {
    return new AckloopError("config", "the database is closed", facts);
  }
  if (/no such (table|column)/.test(text)) {
    return new AckloopError("config", "the tables are missing or do not fit", facts);
  }
  if (error instanceof TypeError) return error;
  return new AckloopError("request", "the database refused the statement", facts);
}

/** Tells whether a lock is what a call failed for: it may be asked again at once. */
export function isBusy(error: unknown): boolean {
  return ["BUSY", "LOCKED"].includes(meaningOf(error)?.[0] ?? "");
}

/** Tells whether the connection is of no more use. */
export function isBroken(error: unknown): boolean {
  return ["IOERR", "CORRUPT", "CANTOPEN", "NOTADB"].includes(meaningOf(error)?.[0] ?? "");
}

function meaningOf(error: unknown): (typeof meanings)[number] | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown };
  // Node tells the number, with further bits for the kind; the others a name such as SQLITE_IOERR_READ.
  if (typeof errcode === "number") return meanings.find(([, number]) => number === errcode % 256);
  // better-sqlite3 has no code for a folder that is gone, libsql for a file that it cannot open.
  if (/directory does not exist/.test(messageOf(error))) return meaningNamed("CANTOPEN");
  const opening = /Unable to open connection.*: (\d+)/.exec(messageOf(error));
  if (opening) return meanings.find(([, number]) => number === Number(opening[1]) % 256);
  const name = /^SQLITE_([A-Z]+)/.exec(typeof code === "string" ? code : "")?.[1];
  return meaningNamed(name);
}

function meaningNamed(name: string | undefined): (typeof meanings)[number] | undefined {
  return meanings.find(([known]) => known === name);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "";
}
