import {
  AckloopError,
  type AckloopErrorCode,
  type AckloopErrorFacts,
  isAckloopError,
} from "../../core/errors.ts";

interface Meaning {
  /** The SQLSTATE, or the first characters of it. */
  readonly state: string;
  readonly code: AckloopErrorCode;
  readonly text: string;
}

/** What the states mean to a store; the first entry that fits counts. */
const meanings: readonly Meaning[] = [
  { state: "57014", code: "timeout", text: "the database cancelled the statement" },
  { state: "57", code: "transport", text: "the database is stopping or starting" },
  { state: "08", code: "transport", text: "the connection to the database failed" },
  { state: "53", code: "transport", text: "the database is short of resources" },
  { state: "58", code: "transport", text: "the database failed" },
  { state: "55P03", code: "transport", text: "the database could not get a lock" },
  { state: "40", code: "transport", text: "the database undid the statement" },
  { state: "25006", code: "transport", text: "the database is read-only, as a standby is" },
  { state: "25P02", code: "request", text: "the given transaction has failed before" },
  { state: "28", code: "auth", text: "the database refused the credentials" },
  { state: "3D", code: "config", text: "there is no such database" },
  { state: "3F", code: "config", text: "there is no such schema" },
  { state: "42501", code: "config", text: "the database's user may not use the tables" },
  { state: "42P01", code: "config", text: "the tables are missing; call `migrate()` first" },
  { state: "42703", code: "config", text: "the tables do not fit; call `migrate()` first" },
  { state: "", code: "request", text: "the database refused the statement" },
];

const repeatable = new WeakSet<AckloopError>();

/**
 * Turns what a driver threw into a typed error.
 *
 * A driver's error may hold the statement, its values and the connection string: only its code is
 * copied. A bug (`TypeError`) goes through as it is.
 */
export function postgresError(operation: string, error: unknown): unknown {
  if (isAckloopError(error)) return error;
  const code = codeOf(error);
  // Some drivers read the connection string only now, and Node's error holds the whole of it.
  if (code === "ERR_INVALID_URL") {
    return toError("config", "the connection string of the database is no URL", { operation });
  }
  if (error instanceof TypeError) return error;
  if (code === undefined || !isSqlState(code)) {
    const text =
      code === undefined
        ? "the connection to the database failed"
        : `the connection to the database failed (${code})`;
    // A refused connection never carried the statement.
    const outcomeUnknown = code !== "ECONNREFUSED";
    return toError("transport", text, { operation, outcomeUnknown });
  }
  const meaning = meanings.find(({ state }) => code.startsWith(state));
  const typed = toError(meaning?.code ?? "request", `${meaning?.text} (SQLSTATE ${code})`, {
    operation,
    outcomeUnknown: code.startsWith("08") || code.startsWith("57P"),
  });
  if (code.startsWith("40") && code !== "40003") repeatable.add(typed);
  return typed;
}

/** Tells whether the database undid the statement whole, so that it may be sent again at once. */
export function isRepeatable(error: unknown): boolean {
  return isAckloopError(error) && repeatable.has(error);
}

/** Tells whether an error is about a table that does not exist. */
export function isMissingTable(error: unknown): boolean {
  return isAckloopError(error) && error.code === "config" && error.message.includes("42P01");
}

function toError(code: AckloopErrorCode, text: string, facts: AckloopErrorFacts): AckloopError {
  const retryable = code === "transport" || code === "timeout";
  return new AckloopError(code, text, {
    provider: "stores",
    operation: facts.operation,
    retryable,
    ...(facts.outcomeUnknown && { outcomeUnknown: true }),
  });
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  // Codes are words such as 42P01 and ECONNRESET; anything else might hold anything.
  return typeof error.code === "string" && /^[A-Z0-9_]{1,40}$/.test(error.code)
    ? error.code
    : undefined;
}

function isSqlState(code: string): boolean {
  return code.length === 5 && /^(?:\d|F0|HV|P0|XX)/.test(code);
}
