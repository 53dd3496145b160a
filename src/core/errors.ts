import type { Summary } from "./summary.ts";

/**
 * What went wrong, as a closed set of words that programs act on.
 *
 * | code | meaning | usually retryable |
 * | --- | --- | --- |
 * | `config` | an option or argument is wrong; the message names it and says what is right | no |
 * | `auth` | credentials were refused (401, 403) | no |
 * | `request` | the provider refused the request as wrong (other 4xx) | no |
 * | `notFound` | the thing asked for does not exist | no |
 * | `conflict` | it exists already, or a newer state won | no |
 * | `rateLimit` | too many requests; see `retryAfterMs` | yes |
 * | `transport` | the network failed, or the server did (5xx) | yes |
 * | `timeout` | no whole answer within the time limit | yes |
 * | `schema` | an answer, or a payload, does not have the documented shape | no |
 * | `signature` | a webhook's secret or signature does not fit | no |
 * | `cursorExpired` | the place to read on from is no longer known to the provider | no |
 * | `leaseLost` | another process holds the feed now | no |
 * | `halted` | the loop stopped itself, so as not to lose an event | no |
 */
export type AckloopErrorCode =
  | "config"
  | "auth"
  | "request"
  | "notFound"
  | "conflict"
  | "rateLimit"
  | "transport"
  | "timeout"
  | "schema"
  | "signature"
  | "cursorExpired"
  | "leaseLost"
  | "halted";

/** The codes of what may pass by itself, where nothing more is known. */
export const retryableCodes: readonly AckloopErrorCode[] = ["rateLimit", "transport", "timeout"];

/** The facts of an {@link AckloopError}, as its constructor takes them. */
export interface AckloopErrorFacts {
  /** Whether the same call may succeed later without a change. @default false */
  readonly retryable?: boolean | undefined;
  /** The provider or store, such as `"tiki"`; absent for errors of the library itself. */
  readonly provider?: string | undefined;
  /** The operation, such as `"pull"`. */
  readonly operation?: string | undefined;
  /** The HTTP status, where there was an answer. */
  readonly status?: number | undefined;
  /** How long the provider asks to wait, in ms. */
  readonly retryAfterMs?: number | undefined;
  /** The provider's id of the request, where it sends one. */
  readonly requestId?: string | undefined;
  /** Where in an answer or payload it is wrong, such as `events[3].payload.order_code`. */
  readonly path?: string | undefined;
  /** Whether the request may have had its effect: the answer never came. @default false */
  readonly outcomeUnknown?: boolean | undefined;
  /** What the run had done when this error ended it. */
  readonly summary?: Summary | undefined;
  /** What all runs of the group had done that this error ended, in its order. */
  readonly summaries?: readonly Summary[] | undefined;
  /** What caused it, only when that holds no secret. */
  readonly cause?: unknown;
}

const brand: unique symbol = Symbol.for("ackloop.error");

/**
 * The one error class of this library.
 *
 * Programs act on `code`, through {@link isAckloopError}, which also knows errors of a second copy
 * of the package. The message reads `<provider> <operation>: <what happened>` and holds no URL,
 * header, body or credential.
 */
export class AckloopError extends Error {
  declare readonly name: "AckloopError";
  /** What went wrong. */
  readonly code: AckloopErrorCode;
  /** Whether the same call may succeed later without a change. */
  readonly retryable: boolean;
  /** The provider or store, where it is known. */
  declare readonly provider?: string;
  /** The operation, where it is known. */
  declare readonly operation?: string;
  /** The HTTP status, where there was an answer. */
  declare readonly status?: number;
  /** How long the provider asks to wait, in ms. */
  declare readonly retryAfterMs?: number;
  /** The provider's id of the request. */
  declare readonly requestId?: string;
  /** Where in an answer or payload it is wrong. */
  declare readonly path?: string;
  /** True when the request may have had its effect although no answer came. */
  declare readonly outcomeUnknown?: boolean;
  /** What the run had done when this error ended it. */
  declare readonly summary?: Summary;
  /** What all runs of the group had done that this error ended, in its order. */
  declare readonly summaries?: readonly Summary[];
  /** The brand that {@link isAckloopError} looks for. */
  readonly [brand] = true;

  constructor(code: AckloopErrorCode, message: string, facts: AckloopErrorFacts = {}) {
    const { cause, retryable = false, ...known } = facts;
    const subject = [facts.provider, facts.operation].filter(Boolean).join(" ");
    super(
      subject ? `${subject}: ${message}` : message,
      cause === undefined ? undefined : { cause },
    );
    // Here, and not as a field: the CommonJS build would take a field that has a value for an export.
    this.name = "AckloopError";
    this.code = code;
    this.retryable = retryable;
    for (const [name, value] of Object.entries(known)) {
      if (value !== undefined) Object.defineProperty(this, name, { value, enumerable: true });
    }
  }
}

/**
 * Tells whether a value is an {@link AckloopError}, of this copy of the package or another.
 *
 * @example
 * ```ts
 * import { drain, isAckloopError } from "ackloop";
 *
 * try {
 *   await drain(feed, handlers);
 * } catch (error) {
 *   if (isAckloopError(error) && error.code === "auth") console.error("renew the token");
 *   else throw error;
 * }
 * ```
 */
export function isAckloopError(value: unknown): value is AckloopError {
  try {
    if (typeof value !== "object" || value === null) return false;
    // Read, not looked for: a proxy may say that it has everything.
    return (value as Partial<AckloopError>)[brand] === true;
  } catch {
    // A proxy that is revoked, or throws, cannot even be asked.
    return false;
  }
}
