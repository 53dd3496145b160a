import { AckloopError, type AckloopErrorCode, retryableCodes } from "../core/errors.ts";
import { answerAtOnce } from "../core/foreign.ts";
import { isCutJson, parseJson } from "../core/json.ts";
import { toNetworkFailure } from "../core/network.ts";
import { tooLongText } from "../core/page-limit.ts";
import { inWords } from "../core/words.ts";
import { redactorOf, withoutSecrets } from "./redact.ts";
import { isNoResponse, type TransportReply } from "./transport.ts";
import type { HttpSettings } from "./types.ts";

/** What is known of a call when it fails. */
export interface FailureContext {
  /** The provider's name. */
  readonly provider: string;
  /** The operation. */
  readonly operation: string;
  /** True when an earlier attempt of the same call may have had its effect. */
  readonly uncertain: boolean;
  /** The host that was asked. */
  readonly host?: string | undefined;
}

/** How the text of an answer that is an error is read. */
export interface ErrorReading {
  /** Reads the provider's error body. */
  readonly describe: HttpSettings["describeError"];
  /** What must not be seen. */
  readonly secrets: readonly string[];
}

interface StatusMeaning {
  readonly code: AckloopErrorCode;
  readonly retryable: boolean;
  readonly what: string;
  /** What to do about it. */
  readonly advice?: string;
}

const meanings: Readonly<Record<number, StatusMeaning>> = {
  401: {
    code: "auth",
    retryable: false,
    what: "the credentials were refused",
    advice: "check that they are whole, not expired, and of this account and region",
  },
  403: {
    code: "auth",
    retryable: false,
    what: "access was refused",
    advice: "check what this account, or its role, may do",
  },
  404: {
    code: "notFound",
    retryable: false,
    what: "there is no such thing",
    advice: "check its name or id, and the account it is in",
  },
  408: { code: "transport", retryable: true, what: "the server gave up waiting for the request" },
  409: { code: "conflict", retryable: false, what: "it conflicts with what is there" },
  429: { code: "rateLimit", retryable: true, what: "too many requests" },
};
const refused: StatusMeaning = {
  code: "request",
  retryable: false,
  what: "the request was refused",
};
const failed: StatusMeaning = { code: "transport", retryable: true, what: "the server failed" };
const redirected: StatusMeaning = {
  code: "request",
  retryable: false,
  what: "the server answered with a redirect, which is not followed",
  advice: "check baseUrl",
};

/** A refusal in the network's own words says nothing of what was asked for. */
const foreign: StatusMeaning = {
  code: "transport",
  retryable: true,
  what: "a page came that is no answer of the API's own",
  advice: "where that stays so, check baseUrl, and what stands in between",
};

/**
 * Whether a refusal is a gateway's: a page, where it would end a run or move a place. Gateways without a
 * road, or with a rule against it, say 403 and 404 in plain text too, which is no API's own answer.
 */
function isGateways({ status, text }: TransportReply): boolean {
  if (![400, 403, 404, 409, 410, 422].includes(status)) return false;
  return isPage(text) || (status < 409 && status > 400 && isNoJson(text));
}

function isNoJson(text: string): boolean {
  try {
    parseJson(text);
    return false;
  } catch {
    return text.trim() !== "" && !isCutJson(text);
  }
}

/** Makes the error for an answer whose status is not 2xx. */
export function fromStatus(
  reply: TransportReply,
  context: FailureContext,
  reading: ErrorReading,
): AckloopError {
  const { status } = reply;
  const said = readError(reply, reading);
  const { code, retryable, what, advice } = isGateways(reply)
    ? foreign
    : meaningOf(status, said.code);
  const retryAfterMs = toRetryAfterMs(reply.headers.get("retry-after"), reply.headers.get("date"));
  const shown = status === 0 ? what : `${what} (${status})`;
  // The provider's sentence goes on as one of ours.
  const whole = said.text ? `${shown}: ${said.text.replace(/\.\s*$/, "")}` : shown;
  return new AckloopError(code, advice ? `${whole}; ${advice}` : whole, {
    ...toFacts(context, mayHaveHadEffect(status, retryAfterMs)),
    retryable,
    retryAfterMs,
    status: status === 0 ? undefined : status,
    requestId: said.requestId,
  });
}

/**
 * Makes the error for what a `fetch`, or the reading of its body, was rejected with. The original is
 * let go: it may hold the request, with its credential.
 *
 * A bug is not wrapped: it is thrown as it is, but for a text that holds a secret of the call.
 *
 * @param isOwnFetch Whether it was the runtime's, so that what was certainly not sent is known.
 * @param secrets Gives what the call has sent and nobody else may see.
 */
export function fromThrown(
  error: unknown,
  context: FailureContext,
  isOwnFetch = true,
  secrets: () => readonly string[] = () => [],
): AckloopError {
  // It has answered: what was asked for may be done.
  if (isNoResponse(error)) return new AckloopError("config", error.message, toFacts(context, true));
  const failure = toNetworkFailure(error);
  if (failure === undefined) throw withoutSecrets(error, secrets);
  const { unsent, networkCode, distrusted } = failure;
  const { host = "the server" } = context;
  const meaning = networkMeanings[networkCode ?? ""];
  const shown = networkCode ? ` (${networkCode}${meaning ? `: ${meaning}` : ""})` : "";
  if (distrusted) {
    const advice = "behind a company's proxy, set NODE_EXTRA_CA_CERTS to its authority";
    const rule = `the certificate of ${host} is not trusted${shown}; ${advice}`;
    return new AckloopError("config", rule, toFacts(context, !isOwnFetch));
  }
  const what = unsent ? `no connection to ${host}` : `the connection to ${host} failed`;
  return new AckloopError("transport", what + shown, {
    // A `fetch` of the user's may have sent the request, and failed at something else behind it.
    ...toFacts(context, !(unsent && isOwnFetch)),
    retryable: true,
  });
}

/** What the codes mean that people meet most. */
const networkMeanings: Readonly<Record<string, string>> = {
  ENOTFOUND: "no such host",
  EAI_AGAIN: "the name server does not answer",
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "it was cut",
};

/** Makes the error for a call that took too long. `sent` tells whether a request had gone out. */
export function fromTimeout(limitMs: number, context: FailureContext, sent: boolean): AckloopError {
  const what = sent ? "no whole answer" : "no credential";
  return new AckloopError("timeout", `${what} within ${inWords(Math.ceil(limitMs))}`, {
    ...toFacts(context, sent),
    retryable: true,
  });
}

/** Makes the error for an answer that was cut before its end. */
export function fromCut(status: number, context: FailureContext): AckloopError {
  return new AckloopError("transport", "the answer was cut before its end", {
    ...toFacts(context, true),
    retryable: true,
    status,
  });
}

/** The same error, where the call may have had its effect all the same. */
export function asUnknown(error: AckloopError): AckloopError {
  if (error.outcomeUnknown === true || !Object.isExtensible(error)) return error;
  return Object.defineProperty(error, "outcomeUnknown", { value: true, enumerable: true });
}

/** The same error of a question before the call, whose own outcome is another matter. */
export function asUnsent(error: AckloopError): AckloopError {
  if (error.outcomeUnknown !== true) return error;
  const { code, cause, retryable, status, retryAfterMs, requestId, path, provider } = error;
  const facts = { cause, retryable, status, retryAfterMs, requestId, path };
  const { operation } = error;
  const same = new AckloopError(code, error.message, facts);
  return Object.assign(same, provider && { provider }, operation && { operation });
}

/** Whether a body is a page of HTML or XML, which a proxy or a portal gives in the API's place. */
export function isPage(text: string): boolean {
  return text.trimStart().startsWith("<");
}

/** Makes the error for a page in place of an answer: it may be gone the next time. */
export function fromPage(status: number, context: FailureContext): AckloopError {
  const facts = { ...toFacts(context, true), status, retryable: true };
  const what = "the answer is a page of HTML or XML, none of the API's own";
  return new AckloopError("schema", `${what}; where that stays so, check baseUrl`, facts);
}

/** Makes the error for an answer that was not read to its end, since it is too long. */
export function fromTooLong(
  maxBodyBytes: number,
  status: number,
  context: FailureContext,
): AckloopError {
  return fromContent(`${tooLongText} (${maxBodyBytes} bytes)`, status, context);
}

/** Makes the error for a whole answer that is not what it should be; `what` holds none of it. */
export function fromContent(what: string, status: number, context: FailureContext): AckloopError {
  return new AckloopError("schema", what, { ...toFacts(context, true), status });
}

/** The longest wait that is told, in ms: digits without end are a number still. */
const longestWaitMs = Number.MAX_SAFE_INTEGER;

/** The three forms of a date in HTTP (RFC 9110, 5.6.7); the last one names no zone and means UTC. */
const httpDate =
  /(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?(?:, \d\d[ -][A-Z][a-z]{2}[ -]\d{2,4} \d\d:\d\d:\d\d GMT| [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})/;

/**
 * Reads a `Retry-After` header (RFC 9110, 10.2.3): seconds or a date, or a list of them, of which the
 * longest counts. A date counts from the answer's own `Date`, as the server's clock may be another.
 * `undefined` when it is absent or makes no sense.
 */
export function toRetryAfterMs(header: string | null, date: string | null): number | undefined {
  const sentAt = toEpochMs(date?.trim() ?? "") ?? Date.now();
  let longest: number | undefined;
  // A date has a comma of its own.
  for (const form of header?.split(/,(?! \d\d[ -][A-Z])/) ?? []) {
    const waitMs = toWaitMs(form.trim(), sentAt);
    if (waitMs === undefined) return undefined;
    longest = Math.max(longest ?? 0, waitMs);
  }
  return longest;
}

function toWaitMs(form: string, sentAt: number): number | undefined {
  if (/^\d+$/.test(form)) return Math.min(Number(form) * 1_000, longestWaitMs);
  const at = toEpochMs(form);
  return at === undefined ? undefined : Math.max(0, at - sentAt);
}

/** Reads a date of HTTP, such as that of the header `Date`. */
export function toEpochMs(date: string): number | undefined {
  if (httpDate.exec(date)?.[0] !== date) return undefined;
  const at = Date.parse(date.endsWith("GMT") ? date : `${date} GMT`);
  // It turns February 30 into March 2.
  const day = Number(/\b\d\d?\b/.exec(date)?.[0]);
  return new Date(at).getUTCDate() === day ? at : undefined;
}

function meaningOf(status: number, code: AckloopErrorCode | undefined): StatusMeaning {
  const meaning = meaningOfStatus(status);
  if (code === undefined || code === meaning.code) return meaning;
  return { ...meaning, code, retryable: retryableCodes.includes(code) };
}

function meaningOfStatus(status: number): StatusMeaning {
  if (status >= 500) return failed;
  if (status >= 400) return meanings[status] ?? refused;
  return redirected;
}

/**
 * Only a refusal tells for certain that nothing was done; 503 is one when it says when to come. A redirect to
 * what came of a request (303, or 302 in its place) is none.
 */
function mayHaveHadEffect(status: number, retryAfterMs: number | undefined): boolean {
  if (status === 503) return retryAfterMs === undefined;
  return [302, 303, 408].includes(status) || status >= 500;
}

function toFacts({ provider, operation, uncertain }: FailureContext, outcomeUnknown: boolean) {
  return { provider, operation, outcomeUnknown: uncertain || outcomeUnknown || undefined };
}

interface ErrorSayings {
  readonly text?: string | undefined;
  readonly requestId?: string | undefined;
  readonly code?: AckloopErrorCode | undefined;
}

function readError(reply: TransportReply, { describe, secrets }: ErrorReading): ErrorSayings {
  const said = describe === undefined ? {} : describeSafely(reply, describe);
  const redacted = redactorOf(() => secrets);
  const plain = (value: unknown) =>
    typeof value === "string" && value !== "" ? redacted(value) : undefined;
  return {
    text: plain(said.text),
    requestId: plain(said.requestId ?? reply.headers.get("x-request-id")),
    code: said.code,
  };
}

function describeSafely(
  { text, status }: TransportReply,
  describe: NonNullable<HttpSettings["describeError"]>,
): ErrorSayings {
  // An error's body may have any shape; one that cannot be read must not hide the status.
  return answerAtOnce(() => describe(toErrorBody(text), status))?.value ?? {};
}

/** The JSON of an error's body; its text when it is none; nothing for a page. */
function toErrorBody(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return text === "" || isPage(text) ? undefined : text;
  }
}
