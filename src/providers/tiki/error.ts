import type { AckloopErrorCode } from "../../core/errors.ts";

/** What an error body tells. */
export interface TikiErrorText {
  /** For people. */
  readonly text?: string | undefined;
  /** Where the body knows it better than the status. */
  readonly code?: AckloopErrorCode | undefined;
}

/** The words of RFC 6749 for a client or a grant that was refused. */
const refusals = new Set([
  "invalid_client",
  "invalid_grant",
  "unauthorized_client",
  "invalid_scope",
]);

/**
 * Reads the body of an answer that is no 2xx.
 *
 * The API sends `{"errors": ["text", ...]}`. The token endpoint's errors are not documented; live code
 * meets `{"error": ...}` and `{"status_code": 400, ...}`, so RFC 6749 is read, with nothing required.
 *
 * Source: Tiki, "Common exceptions", read 2026-11; RFC 6749, section 5.2.
 */
export function describeError(body: unknown): TikiErrorText {
  if (typeof body !== "object" || body === null) return {};
  const { errors, error, error_description, message } = body as Readonly<Record<string, unknown>>;
  if (Array.isArray(errors)) return { text: errors.filter(isText).join("; ") };
  const text = [error, error_description ?? message].filter(isText).join(": ");
  return isRefusal(error) ? { text, code: "auth" } : { text };
}

/** Tells whether a token endpoint's `error` means that the client or its grant was refused. */
export function isRefusal(error: unknown): error is string {
  return isText(error) && refusals.has(error);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
