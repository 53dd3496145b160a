import { AckloopError, type AckloopErrorCode, isAckloopError } from "../../core/errors.ts";
import { toNetworkFailure } from "../../core/network.ts";

interface Meaning {
  /** The SQLSTATE, or the first characters of it; for a driver's own error its code. */
  readonly state: string;
  readonly code: AckloopErrorCode;
  readonly text: string;
  /** How often the statement is tried, where it certainly changed nothing. @default once */
  readonly tries?: number;
}

const undone = "the database undid the statement";
const pooled = "set the driver to use no named prepared statements, which a pooler does not keep";

/**
 * What the states mean to a store; the first entry that fits counts. What may pass is `transport` or
 * `timeout`, and asked again; what a person must mend is neither.
 */
const meanings: readonly Meaning[] = [
  { state: "57014", code: "timeout", text: "the database cancelled the statement" },
  { state: "57", code: "transport", text: "the database is stopping or starting" },
  { state: "08", code: "transport", text: "the connection to the database failed" },
  { state: "53", code: "transport", text: "the database is short of resources" },
  { state: "58", code: "transport", text: "the database failed" },
  { state: "XX001", code: "config", text: "the database is damaged; restore it from a backup" },
  { state: "XX002", code: "config", text: "an index of the database is damaged; rebuild it" },
  { state: "XX", code: "transport", text: "the database, or what stands before it, failed" },
  { state: "55P03", code: "transport", text: "another holds a lock for too long" },
  { state: "40003", code: "transport", text: "the connection to the database failed" },
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
  { state: "", code: "request", text: "the database refused the statement" },
];

/** What drivers say of a connection that is of no more use, in their own words. */
const ended: readonly (readonly [words: RegExp, tries: number])[] = [
  [/after calling end|was closed|is closed|CONNECTION_ENDED/, 1],
  // A pool may give such a client once, and then a new one.
  [/is not queryable/, 2],
];

const tries = new WeakMap<AckloopError, number>();

/**
 * Turns what a driver threw into a typed error.
 *
 * A driver's error may hold the statement, its values and the connection string: only its code is
 * copied. A bug (`TypeError`) goes through as it is.
 */
export function postgresError(operation: string, error: unknown): unknown {
  if (isAckloopError(error)) return error;
  const { code = "", message = "" } = factsOf(error);
  if (/^(?:\d|F0|HV|P0|XX)[0-9A-Z]{3,4}$/.test(code) && code.length === 5) {
    const meaning = meanings.find(({ state }) => code.startsWith(state)) ?? meanings[0];
    return toError(
      operation,
      { ...(meaning as Meaning), state: code },
      /^(08|57P|40003)/.test(code),
    );
  }
  // Some drivers read the connection string only now, and Node's error holds the whole of it.
  if (code === "ERR_INVALID_URL") {
    const text = "the connection string of the database is no URL";
    return toError(operation, { state: "", code: "config", text }, false);
  }
  const over = ended.find(([words]) => words.test(`${code} ${message}`));
  if (over) {
    const text = "the given pool or client was ended, or its connection cut; make a new one";
    return toError(operation, { state: "", code: "config", text, tries: over[1] }, false);
  }
  const failure = toNetworkFailure(error);
  if (!failure) return error;
  const state = /^[A-Z][A-Z0-9_]+$/.test(failure.networkCode ?? "") ? failure.networkCode : "";
  const text = "the connection to the database failed";
  return toError(operation, { state: state ?? "", code: "transport", text }, !failure.unsent);
}

/** How often a statement may be tried that failed so. */
export function triesOf(error: unknown): number {
  return (isAckloopError(error) && tries.get(error)) || 1;
}

function toError(operation: string, meaning: Meaning, outcomeUnknown: boolean): AckloopError {
  const { code, state } = meaning;
  const isState = /^[0-9A-Z]{5}$/.test(state);
  const shown = state && (isState ? ` (SQLSTATE ${state})` : ` (${state})`);
  const error = new AckloopError(code, `${meaning.text}${shown}`, {
    provider: "stores",
    operation,
    retryable: code === "transport" || code === "timeout",
    ...(outcomeUnknown && { outcomeUnknown: true }),
  });
  if (meaning.tries !== undefined) tries.set(error, meaning.tries);
  return error;
}

/** What can be read of whatever was thrown. */
function factsOf(error: unknown): { readonly code?: string; readonly message?: string } {
  if (typeof error !== "object" || error === null) return {};
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  return {
    ...(typeof code === "string" && { code }),
    ...(typeof message === "string" && { message }),
  };
}
