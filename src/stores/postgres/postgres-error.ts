import { type AckloopErrorCode, isAckloopError } from "../../core/errors.ts";
import { toNetworkFailure } from "../../core/network.ts";
import { storeError } from "../error.ts";

interface Meaning {
  readonly code: AckloopErrorCode;
  readonly text: string;
  /** How often the statement is tried, where it certainly changed nothing. @default once */
  readonly tries?: number | undefined;
}

/** A meaning, and what was found. */
interface Found extends Meaning {
  /** The code of the database or the driver, for the message. */
  readonly shown?: string | undefined;
  /** True when the statement may have had its effect. */
  readonly outcomeUnknown?: boolean | undefined;
}

const cut = "the connection to the database failed";
const ended = "the given pool or client was ended, or its connection cut; make a new one";
const refused: Meaning = { code: "request", text: "the database refused the statement" };
const undone = "the database undid the statement";
const pooled = "set the driver to use no named prepared statements, which a pooler does not keep";

/**
 * What SQLSTATEs mean to a store, by how they begin; the first entry that fits counts. What may pass is `transport` or
 * `timeout`, and asked again; what a person must mend is neither.
 */
const states: readonly (Meaning & { readonly state: string })[] = [
  { state: "57014", code: "timeout", text: "the database cancelled the statement" },
  { state: "57", code: "transport", text: "the database is stopping or starting" },
  { state: "08", code: "transport", text: cut },
  { state: "53", code: "transport", text: "the database is short of resources" },
  { state: "58", code: "transport", text: "the database failed" },
  { state: "XX001", code: "config", text: "the database is damaged; restore it from a backup" },
  { state: "XX002", code: "config", text: "an index of the database is damaged; rebuild it" },
  { state: "XX", code: "transport", text: "the database, or what stands before it, failed" },
  { state: "55P03", code: "transport", text: "another holds a lock for too long" },
  { state: "40003", code: "transport", text: cut },
  { state: "40", code: "transport", text: undone, tries: 8 },
  { state: "25006", code: "transport", text: "the database has become read-only" },
  {
    state: "25P01",
    code: "config",
    text: "no transaction is open on the client; `begin` one first",
  },
  { state: "25P02", code: "request", text: "the given transaction has failed before" },
  { state: "25P", code: "transport", text: "the database ended the connection" },
  { state: "0A000", code: "transport", text: "the tables were changed meanwhile", tries: 2 },
  { state: "26000", code: "config", text: pooled },
  { state: "42P05", code: "config", text: pooled },
  { state: "28", code: "auth", text: "the database refused the credentials" },
  { state: "3D", code: "config", text: "there is no such database" },
  { state: "3F", code: "config", text: "there is no such schema" },
  { state: "22021", code: "config", text: "the database's encoding must be UTF8" },
  { state: "22P05", code: "config", text: "the database's encoding must be UTF8" },
  { state: "42501", code: "config", text: "the database's user may not use the tables" },
  { state: "42P01", code: "config", text: "the tables are missing; call `migrate()` first" },
  { state: "42703", code: "config", text: "the tables do not fit; call `migrate()` first" },
];

/** What drivers say in their own words. */
const sayings: readonly (Meaning & { readonly words: RegExp })[] = [
  // Some read the connection string only now, and Node's error holds the whole of it.
  {
    words: /^ERR_INVALID_URL/,
    code: "config",
    text: "the connection string of the database is no URL",
  },
  { words: /after calling end|was closed|is closed|CONNECTION_ENDED/, code: "config", text: ended },
  // A pool may give such a client once, and then a new one.
  { words: /is not queryable/, code: "config", text: ended, tries: 2 },
];

/** What a statement failed for, and whether it may be tried again. */
export interface Failure {
  readonly error: unknown;
  /** How often it may be tried in all. */
  readonly tries: number;
}

/**
 * Turns what a driver threw into a typed error.
 *
 * A driver's error may hold the statement, its values and the connection string: only its code is
 * copied. A bug (`TypeError`) goes through as it is.
 */
export function toPostgresFailure(operation: string, thrown: unknown): Failure {
  const found = isAckloopError(thrown) ? undefined : foundIn(thrown);
  if (!found) return { error: thrown, tries: 1 };
  const { code, text, shown, outcomeUnknown, tries = 1 } = found;
  const message = shown ? `${text} (${shown})` : text;
  return { error: storeError(code, operation, message, { outcomeUnknown }), tries };
}

function foundIn(thrown: unknown): Found | undefined {
  const { code, message } = textsOf(thrown);
  if (/^(\d\w|F0|HV|P0|XX)[0-9A-Z]{3}$/.test(code)) {
    const known = states.find(({ state }) => code.startsWith(state)) ?? refused;
    const outcomeUnknown = /^(08|57P|40003)/.test(code) || undefined;
    return { ...known, shown: `SQLSTATE ${code}`, outcomeUnknown };
  }
  const said = sayings.find(({ words }) => words.test(`${code} ${message}`));
  if (said) return said;
  const failure = toNetworkFailure(thrown);
  if (!failure) return undefined;
  const shown = /^[A-Z][A-Z0-9_]+$/.exec(failure.networkCode ?? "")?.[0];
  return { code: "transport", text: cut, shown, outcomeUnknown: !failure.unsent || undefined };
}

/** What can be read of whatever was thrown. */
function textsOf(thrown: unknown): { readonly code: string; readonly message: string } {
  const { code, message }: { code?: unknown; message?: unknown } = Object(thrown);
  return {
    code: typeof code === "string" ? code : "",
    message: typeof message === "string" ? message : "",
  };
}
