import type { AckloopError } from "./errors.ts";
import { isErrorNamed } from "./realm.ts";

/** What is known of a failure below HTTP. */
export interface NetworkFailure {
  /** The runtime's code for it, such as `ECONNRESET`, where it has one. */
  readonly networkCode?: string | undefined;
  /** True when the request certainly never reached the server. */
  readonly unsent: boolean;
  /** True when the server's certificate was refused here, which repeating does not mend. */
  readonly distrusted?: true | undefined;
}

/** Codes of failures that happen before any byte of a request is sent: of Node, undici and Bun. */
const unsentCodes: readonly unknown[] = [
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
  "ConnectionRefused",
  "FailedToOpenSocket",
];

/** Codes of a TLS handshake that failed before the request: of OpenSSL, as Node tells them. */
const handshakeCodes =
  /^ERR_SSL_(WRONG_VERSION_NUMBER|UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW|UNKNOWN_PROTOCOL|TLSV1_ALERT_PROTOCOL_VERSION|SSLV3_ALERT_HANDSHAKE_FAILURE|NO_PROTOCOLS_AVAILABLE|TLSV1_UNRECOGNIZED_NAME|TLSV1_ALERT_(INSUFFICIENT_SECURITY|NO_APPLICATION_PROTOCOL)|NO_CIPHER_MATCH|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST)$/;

/** Codes of a certificate that is not trusted: of OpenSSL's verification and Node's check of the name. */
const certificateCodes =
  /^(CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(GET|VERIFY|DECRYPT|DECODE)_\w+|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|ERR_TLS_CERT_ALTNAME_INVALID)$/;

/** What runtimes and libraries say when the network fails and there is no code to go by. */
const networkWords =
  /^(fetch failed|failed to fetch|load failed|terminated$|error sending request|error reading a body|unable to connect|other side closed)|network (error|request failed|connection lost)|networkerror when|internet connection|socket (hang up|connection)|connection (was )?(closed|lost|refused|reset|terminated)/i;

/**
 * What Deno says when no connection came about, what runtimes say of a port they never use, and Node where the
 * other side has gone before the handshake's end.
 */
const unsentWords =
  /before secure TLS connection|client error \(Connect\)|dns error|bad port|port \d+ are blocked/;

/**
 * Tells what is known of an error that a `fetch`, or the reading of its body, was rejected with.
 *
 * Gives `undefined` for a bug: a `TypeError` and the like that no runtime throws for its network. What
 * cannot even be looked at, such as a revoked proxy, is none that anybody could find.
 */
export function toNetworkFailure(error: unknown): NetworkFailure | undefined {
  try {
    return readFailure(error);
  } catch {
    return { unsent: false };
  }
}

function readFailure(error: unknown): NetworkFailure | undefined {
  const chain = causesOf(error);
  const networkCode = chain.map(codeOf).find((code) => code !== undefined);
  if (isBug(error) && networkCode === undefined && !networkWords.test(messageOf(error))) {
    return undefined;
  }
  const distrusted = networkCode !== undefined && certificateCodes.test(networkCode);
  const unsent = distrusted || chain.some(isUnsent);
  return { networkCode, unsent, ...(distrusted && { distrusted }) };
}

function isUnsent(error: unknown): boolean {
  const { code, syscall, errors } = toFacts(error);
  if (typeof code === "string" && handshakeCodes.test(code)) return true;
  if (unsentCodes.includes(code) || syscall === "connect" || syscall === "getaddrinfo") return true;
  // One error for each address that was tried.
  if (Array.isArray(errors) && errors.length > 0) return errors.every(isUnsent);
  return unsentWords.test(messageOf(error));
}

/** The last is a test's own, made inside the `fetch` that the test gave. */
const bugs = ["TypeError", "RangeError", "ReferenceError", "SyntaxError", "AssertionError"];

function isBug(error: unknown): boolean {
  return isErrorNamed(error, ...bugs);
}

/** The error and what caused it, at most five deep. */
export function causesOf(error: unknown): readonly unknown[] {
  const chain: unknown[] = [];
  let current = error;
  while (current !== undefined && current !== null && chain.length < 5) {
    chain.push(current);
    current = toFacts(current).cause;
  }
  return chain;
}

/** The code of an error, if it reads like one. Node's `ERR_...` codes mean wrong use, not the network. */
function codeOf(error: unknown): string | undefined {
  const { code } = toFacts(error);
  if (typeof code !== "string" || !/^\w{3,60}$/.test(code)) return undefined;
  return /^ERR_(?!SSL|TLS|HTTP2|STREAM_PREMATURE)/.test(code) ? undefined : code;
}

function messageOf(error: unknown): string {
  const { message } = toFacts(error);
  return typeof message === "string" ? message : "";
}

interface ErrorFacts {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly errors?: unknown;
  readonly cause?: unknown;
}

function toFacts(error: unknown): ErrorFacts {
  return typeof error === "object" && error !== null ? error : {};
}

/**
 * Whether an error is a refusal in the words of something on the way, such as a gateway's page: its status says
 * nothing of what was asked for.
 */
export function isForeign({ code, status = 0 }: AckloopError): boolean {
  return code === "transport" && status >= 400 && status < 500 && status !== 408;
}
