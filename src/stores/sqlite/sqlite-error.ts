import { type AckloopErrorCode, isAckloopError } from "../../core/errors.ts";
import { isErrorNamed } from "../../core/realm.ts";
import { storeError } from "../error.ts";

type Meaning = readonly [says: RegExp, code: AckloopErrorCode, text: string];

const mayNot = "this user may not read and write the file of the database and its folder";
const noFolder = "the folder of the database cannot be made; make it, or give another path";
const throughFile =
  "the path of the database leads through a file, or a dead link; give another path";

/** What a driver or a function of Node says, and what it means to a store; the first that fits counts. */
const meanings: readonly Meaning[] = [
  [
    /^SQLITE_(BUSY|LOCKED)/,
    "transport",
    "another process has the database locked; end what holds it, or wait",
  ],
  [/^SQLITE_PROTOCOL/, "transport", "the database is locked"],
  [/^SQLITE_IOERR|^EIO\b/, "transport", "the disk failed"],
  [
    /^SQLITE_FULL|^ENOSPC|^EDQUOT/,
    "transport",
    "the disk is full; free space, and it goes on by itself",
  ],
  [
    /^SQLITE_CANTOPEN/,
    "transport",
    "the database cannot be opened; is its folder there, and may this user write in it?",
  ],
  [
    /^EMFILE|^ENFILE/,
    "transport",
    "too many files are open; raise the limit of the process (ulimit -n)",
  ],
  [/^SQLITE_CORRUPT/, "config", "the database is damaged; restore it from a backup"],
  [/^SQLITE_NOTADB/, "config", "the file is no SQLite database; give another path"],
  [
    /^SQLITE_READONLY/,
    "config",
    "the database is read-only; may this user write the file and its folder?",
  ],
  [/^SQLITE_(PERM|AUTH)/, "config", "the database may not be used"],
  [/^EACCES|^EPERM/, "config", mayNot],
  // What Node tells of a folder to be made on a disk that is read-only.
  [/^ENOENT/, "config", noFolder],
  [/^EROFS/, "config", "the file of the database is on a disk that is mounted read-only"],
  [/^EEXIST|^ENOTDIR/, "config", throughFile],
  [/^E[A-Z]+\b/, "config", "the file of the database cannot be used"],
  [
    /not open|is closed|been finalized/,
    "config",
    "the database is closed; make new stores, or close it after the runs have ended",
  ],
  [
    /no such (table|column)/,
    "config",
    "the tables are missing or do not fit, as somebody has dropped or changed them; what is missing is made anew at the next start",
  ],
];

const refused: Meaning = [/./, "request", "the database refused the statement"];

/** The names of SQLite's result codes by their numbers, which is all that Node's own driver tells. */
const names = `OK ERROR INTERNAL PERM ABORT BUSY LOCKED NOMEM READONLY INTERRUPT IOERR CORRUPT NOTFOUND FULL
  CANTOPEN PROTOCOL EMPTY SCHEMA TOOBIG CONSTRAINT MISMATCH MISUSE NOLFS AUTH FORMAT RANGE NOTADB`;

/**
 * Turns what a driver threw into a typed error.
 *
 * Only the code of a driver's error is copied: its text may hold a path, a statement or a value.
 */
export function sqliteError(operation: string, error: unknown): unknown {
  if (isAckloopError(error)) return error;
  const saying = sayingOf(error);
  const meaning = meanings.find(([says]) => says.test(saying));
  if (!meaning && isErrorNamed(error, "TypeError")) return error;
  const [, code, text] = meaning ?? refused;
  const shown = /^(SQLITE_[A-Z]+|E[A-Z]+\b)/.exec(saying);
  return storeError(code, operation, shown ? `${text} (${shown[0]})` : text);
}

/** Tells whether a lock is what a call failed for: it may be asked again at once. */
export function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(sayingOf(error));
}

/** Tells whether the connection is of no more use. */
export function isBroken(error: unknown): boolean {
  return /^SQLITE_(IOERR|CORRUPT|CANTOPEN|NOTADB)/.test(sayingOf(error));
}

/** The name of the result, where it is known, and the words of the driver. */
function sayingOf(error: unknown): string {
  const { code, errcode, message } = Object(error) as Readonly<Record<string, unknown>>;
  // better-sqlite3 has no code for a folder that is gone, libsql for a file that it cannot open.
  const [, opening] = /Unable to open connection.*: (\d+)/.exec(String(message)) ?? [];
  const isGone = String(message).includes("directory does not exist");
  // The number has further bits for the kind.
  const name = isGone ? "CANTOPEN" : names.split(/\s+/)[Number(errcode ?? opening) % 256];
  return `${name ? `SQLITE_${name}` : code} ${message}`;
}
