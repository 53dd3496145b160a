import { type LateController, reasonOf } from "../core/abort.ts";
import { AckloopError, isAckloopError } from "../core/errors.ts";
import { kindOf, tell } from "../core/foreign.ts";
import { notify } from "../core/guard.ts";
import { isCutJson, parseJson } from "../core/json.ts";
import type { Logger } from "../core/logger.ts";
import { checkCall } from "./check-call.ts";
import {
  asUnknown,
  asUnsent,
  type FailureContext,
  fromContent,
  fromCut,
  fromPage,
  fromStatus,
  fromThrown,
  fromTimeout,
  fromTooLong,
  isPage,
  toEpochMs,
} from "./fail.ts";
import type { Flight } from "./flight.ts";
import { isTimeUp, withinLimit } from "./limit.ts";
import {
  type CheckedSettings,
  checkBaseUrl,
  checkHeaders,
  checkSettings,
  checkSignal,
  checkTimeout,
  wrong,
} from "./options.ts";
import { harmlessOf, redactorOf, secretsOf, secretsOfHeaders } from "./redact.ts";
import { toUrl } from "./request.ts";
import { withRetry } from "./retry.ts";
import { type Credential, createCredential } from "./token.ts";
import {
  createTransport,
  type HeaderReader,
  type PreparedRequest,
  type Transport,
  type TransportReply,
} from "./transport.ts";
import type {
  ClientCallOptions,
  HttpCall,
  HttpClient,
  HttpSettings,
  ReplyFacts,
  ResponseFacts,
  Token,
} from "./types.ts";

/**
 * Makes the http client of one provider client.
 *
 * Everything that is the same for all calls is checked and prepared here, once. The clients of two
 * settings share nothing.
 *
 * @throws {AckloopError} `config`, which names the option and says what is right.
 */
export function createHttpClient(settings: HttpSettings): HttpClient {
  const checked = checkSettings(settings);
  const credentials = new WeakMap<object, Credential>();
  // A grant asks for the client's own token: its calls cannot carry it.
  const callBare: HttpClient["call"] = async (call) => {
    return run(shared, checkCall(checked.provider, call), undefined);
  };
  const credentialFor = (token: Token): Credential => {
    const known = typeof token === "function" ? credentials.get(token) : undefined;
    if (known !== undefined) return known;
    const made = createCredential(checked.provider, token, callBare, checked.logger);
    if (typeof token === "function") credentials.set(token, made);
    return made;
  };
  const shared: Shared = {
    settings: checked,
    headers: new Map(),
    transport: createTransport(checked.fetch, {
      transport: checked.transport,
      onRoad: checked.logger && ((road) => tellRoad(checked, road)),
    }),
    credentialFor,
  };
  const own = checked.credential && credentialFor(checked.credential.token);
  return { call: (call) => run(shared, call, own) };
}

/** How a token is sent where the settings do not say it. */
const bearer = { header: "authorization", prefix: "Bearer " } as const;

/** What was sent and what came back. */
interface Answer {
  readonly status: number;
  readonly text: string;
  readonly body: unknown;
  readonly headers: HeaderReader;
}

/** What all calls of one client share. */
interface Shared {
  readonly settings: CheckedSettings;
  /** The headers of calls that have none of their own, by the type of their body. */
  readonly headers: Map<string | undefined, Readonly<Record<string, string>>>;
  readonly transport: Transport;
  readonly credentialFor: (token: Token) => Credential;
}

/** One call on its way, over all of its attempts. */
interface Journey {
  readonly call: HttpCall<unknown>;
  readonly request: Omit<PreparedRequest, "signal">;
  readonly credential: Credential | undefined;
  /** How long one attempt may take, in ms. */
  readonly timeoutMs: number;
  /** When everything must be over, by `performance.now()`. Time spent on pacing moves it. */
  deadline: number;
  /** Every token that the call has carried, for redaction. */
  readonly tokens: string[];
  /** True once the token was renewed for this call. */
  renewed: boolean;
}

async function run<Reply>(
  shared: Shared,
  call: HttpCall<Reply>,
  own: Credential | undefined,
): Promise<Reply> {
  const { signal, operation, repeat = call.method === "GET" ? "safe" : "unsent" } = call;
  const { provider, logger, retry } = shared.settings;
  if (signal !== undefined) checkSignal(provider, operation, signal);
  if (signal?.aborted) throw reasonOf(signal);
  const startedAt = performance.now();
  const journey = begin(shared, call, own, startedAt);
  const { status, text, body, headers } = await withRetry(
    (uncertain) => attempt(shared, journey, { provider, operation, uncertain }),
    {
      repeat,
      limits: retry,
      remainingMs: () => journey.deadline - performance.now(),
      signal,
      onRetry: logger && ((...what) => tellRetry(logger, ...what)),
    },
  );
  if (logger !== undefined) tellSlow(logger, shared, journey, performance.now() - startedAt);
  try {
    const plain = redactorOf(() => secretsIn(shared.settings, journey));
    const facts = new AnswerFacts({ provider, operation, status, text }, headers, plain);
    if (call.onResponse !== undefined) tellResponse(call.onResponse, facts, logger);
    return call.reply(body, facts);
  } catch (error) {
    // It was answered, so that it may be done, whatever the answer meant.
    throw call.method !== "GET" && isAckloopError(error) ? asUnknown(error) : error;
  }
}

/**
 * What a reader is told of an answer. A class, since an object with a getter of its own is a kind of its own to
 * the engine, which holds on to such kinds, and with them to the whole answer, for long.
 */
class AnswerFacts implements ReplyFacts {
  readonly provider: string;
  readonly operation: string;
  readonly status: number;
  readonly text: string;
  readonly header: ReplyFacts["header"];
  readonly plain: ReplyFacts["plain"];

  constructor(
    {
      provider,
      operation,
      status,
      text,
    }: Pick<AnswerFacts, "provider" | "operation" | "status" | "text">,
    headers: HeaderReader,
    plain: ReplyFacts["plain"],
  ) {
    this.provider = provider;
    this.operation = operation;
    this.status = status;
    this.text = text;
    this.header = (name) => headers.get(name.toLowerCase());
    this.plain = plain;
  }

  /** Few ask for it. */
  get sentAt(): number | undefined {
    return toEpochMs(this.header("date")?.trim() ?? "");
  }
}

/** Prepares everything of a call that is the same for each attempt. */
function begin(
  shared: Shared,
  call: HttpCall<unknown>,
  own: Credential | undefined,
  startedAt: number,
): Journey {
  const { settings, credentialFor } = shared;
  const { provider, allowInsecure, retry } = settings;
  const base =
    call.baseUrl === undefined
      ? settings.baseUrl
      : checkBaseUrl(provider, call.baseUrl, allowInsecure);
  const limited = call.timeoutMs === undefined ? 0 : checkTimeout(provider, call.timeoutMs);
  const { body, contentType } = toBody(provider, call);
  return {
    call,
    request: {
      method: call.method,
      url: toUrl(provider, base, call),
      headers: headersOf(shared, call, contentType),
      body,
      maxBodyBytes: settings.maxBodyBytes,
      hot: call.hot,
      isRepeatable: call.hot && call.repeat === "safe" && retry.attempts > 1,
    },
    credential: call.token === undefined ? own : credentialFor(call.token),
    timeoutMs: limited || settings.timeoutMs,
    // A call that asks for a longer time of its own, such as a long poll, is given it.
    deadline: startedAt + Math.max(retry.totalMs, limited),
    tokens: [],
    renewed: false,
  };
}

/** All headers of a call but its token's. */
function headersOf(
  { settings, headers: known }: Shared,
  { baseUrl, headers }: HttpCall<unknown>,
  contentType: string | undefined,
): Readonly<Record<string, string>> {
  const isPlain = baseUrl === undefined && headers === undefined;
  const ready = isPlain ? known.get(contentType) : undefined;
  if (ready) return ready;
  const made = {
    accept: "application/json",
    ...(contentType && { "content-type": contentType }),
    ...(baseUrl === undefined ? settings.headers : harmlessOf(settings.headers)),
    ...(headers && checkHeaders(settings.provider, headers)),
  };
  if (isPlain) known.set(contentType, made);
  return made;
}

function toBody(
  provider: string,
  { json, form, operation }: HttpCall<unknown>,
): {
  readonly body: string | undefined;
  readonly contentType?: string;
} {
  if (form !== undefined) {
    const body = new URLSearchParams(form).toString();
    return { body, contentType: "application/x-www-form-urlencoded" };
  }
  if (json === undefined) return { body: undefined };
  try {
    return { body: JSON.stringify(json), contentType: "application/json" };
  } catch {
    const rule =
      "the body cannot be written as JSON: it holds a bigint, a circle or too deep a nest";
    throw wrong(provider, rule, operation);
  }
}

/** One attempt; with a second request in it when the token was refused and can be renewed. */
async function attempt(
  shared: Shared,
  journey: Journey,
  context: FailureContext,
): Promise<Answer | AckloopError> {
  const { credential, call } = journey;
  await pace(shared.settings, journey);
  if (credential === undefined) return exchange(shared, journey, context, undefined);
  const token = await takeToken(journey, context, () => credential.current());
  const answer = await exchange(shared, journey, context, token);
  const isRefused = isUnauthorized(answer);
  if (!isRefused || !credential.renewable || journey.renewed || call.repeat === "never") {
    return answer;
  }
  journey.renewed = true;
  await pace(shared.settings, journey);
  const renewed = await takeToken(journey, context, () => credential.renew(token));
  const second = await exchange(shared, journey, context, renewed);
  if (isUnauthorized(second)) credential.forget(renewed);
  return second;
}

function isUnauthorized(answer: Answer | AckloopError): boolean {
  return answer instanceof AckloopError && answer.status === 401;
}

/**
 * Waits for a token as long as one attempt may take. A failure is thrown, which ends the call: the
 * calls of a grant are repeated by their own rules. It says nothing of the call, which was not sent.
 */
async function takeToken(
  journey: Journey,
  context: FailureContext,
  give: () => string | Flight<string>,
): Promise<string> {
  const limitMs = remainingMs(journey);
  const { signal } = journey.call;
  try {
    const given = give();
    if (typeof given === "string") return given;
    return await withinLimit((own) => given.join(own.signal), limitMs, signal);
  } catch (error) {
    if (signal?.aborted) throw reasonOf(signal);
    if (isTimeUp(error)) throw fromTimeout(limitMs, context, false);
    throw isAckloopError(error) ? asUnsent(error) : error;
  }
}

/** One request and its answer, or the error that it means. */
async function exchange(
  { settings, transport }: Shared,
  journey: Journey,
  context: FailureContext,
  token: string | undefined,
): Promise<Answer | AckloopError> {
  const { call, request } = journey;
  const { header, prefix } = settings.credential ?? bearer;
  if (token !== undefined) journey.tokens.push(token);
  // Not by spreads, here and below: a member behind one costs Node 20 a microsecond or two.
  const headers =
    token === undefined
      ? request.headers
      : Object.assign({}, request.headers, { [header]: prefix + token });
  const limitMs = remainingMs(journey);
  const secrets = (): readonly string[] => secretsIn(settings, journey);
  let reply: TransportReply | undefined;
  const onRefusal = (head: TransportReply): void => {
    reply = head;
  };
  try {
    reply = await withinLimit(
      (own) => transport(new Outgoing(request, headers, own, onRefusal)),
      limitMs,
      call.signal,
    );
  } catch (error) {
    if (call.signal?.aborted) throw reasonOf(call.signal);
    // A refusal counts once its status is there, whatever becomes of its text.
    if (!isTimeUp(error)) {
      const { host } = new URL(request.url);
      return fromThrown(error, { ...context, host }, settings.fetch === undefined, secrets);
    }
    if (reply === undefined) return fromTimeout(limitMs, context, true);
  }
  if (isAnswer(reply, request)) return toAnswer(reply, journey, context);
  return fromStatus(reply, context, { describe: settings.describeError, secrets: secrets() });
}

/** One request on its way. Its signal is made only when somebody reads it, which the shortest road does not. */
class Outgoing implements PreparedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly maxBodyBytes: number;
  readonly hot: true | undefined;
  readonly isRepeatable: boolean | undefined;
  readonly cut: LateController;
  readonly onRefusal: PreparedRequest["onRefusal"];

  constructor(
    { method, url, body, maxBodyBytes, hot, isRepeatable }: Journey["request"],
    headers: PreparedRequest["headers"],
    own: LateController,
    onRefusal: PreparedRequest["onRefusal"],
  ) {
    this.method = method;
    this.url = url;
    this.headers = headers;
    this.body = body;
    this.maxBodyBytes = maxBodyBytes;
    this.hot = hot;
    this.isRepeatable = isRepeatable;
    this.cut = own;
    this.onRefusal = onRefusal;
  }

  get signal(): AbortSignal {
    return this.cut.signal;
  }
}

/** A success, or what whoever asked for changes alone is told where there are none. */
function isAnswer({ status }: TransportReply, { headers }: Journey["request"]): boolean {
  if (status >= 200 && status < 300) return true;
  return status === 304 && ("if-none-match" in headers || "if-modified-since" in headers);
}

/** All that a call has sent and a server may repeat, but nobody else may see. */
function secretsIn(
  settings: CheckedSettings,
  { tokens, call, request }: Journey,
): readonly string[] {
  const { prefix } = settings.credential ?? bearer;
  return [
    ...tokens.flatMap((sent) => [sent, ...secretsOf({ authorization: prefix + sent })]),
    ...(call.secrets ?? []),
    ...secretsOfHeaders(request.headers),
    ...secretsOf(call.form),
  ];
}

/**
 * Waits for the provider's pacing, which takes nothing from the time that the call has. The token is
 * asked for behind it, as it may end meanwhile.
 */
async function pace({ beforeAttempt }: CheckedSettings, journey: Journey): Promise<void> {
  if (beforeAttempt === undefined) return;
  const startedAt = performance.now();
  await beforeAttempt(journey.call.signal);
  journey.deadline += performance.now() - startedAt;
}

/** Reads the body of a 2xx answer as far as the call's reader wants it read. */
function toAnswer(
  { status, headers, text, tooLong, isGarbled }: TransportReply,
  { call, request }: Journey,
  context: FailureContext,
): Answer | AckloopError {
  const { reads = "json" } = call.reply;
  // It is never an API's own answer.
  if (isPage(text)) return fromPage(status, context);
  if (tooLong) return fromTooLong(request.maxBodyBytes, status, context);
  if (isGarbled) return fromContent("the answer is not UTF-8", status, context);
  if (reads !== "json" || text.trim() === "") return { status, text, body: undefined, headers };
  try {
    return { status, text, body: parseJson(text), headers };
  } catch {
    if (isCutJson(text)) return fromCut(status, context);
    return fromContent("the answer is not JSON", status, context);
  }
}

/** How long the next step of a call may take, in ms; at least 1, so that a timer can hold it. */
function remainingMs({ timeoutMs, deadline }: Journey): number {
  return Math.max(1, Math.min(timeoutMs, deadline - performance.now()));
}

function tellRetry(logger: Logger, error: AckloopError, attempt: number, delayMs: number): void {
  const { code, status } = error;
  tell(logger, "warn", `${error.message}; trying again`, {
    code,
    status,
    attempt,
    delayMs: Math.round(delayMs),
  });
}

/** Tells the caller of an answer, whose own failure changes nothing. */
function tellResponse(
  onResponse: NonNullable<ClientCallOptions["onResponse"]>,
  { provider, operation, status, header, plain }: ReplyFacts,
  logger: Logger | undefined,
): void {
  const shown = (name: string): string | null => {
    const value = /^set-cookie2?$/i.test(name) ? null : header(name);
    return value === null ? null : plain(value);
  };
  const requestId = shown("x-request-id") ?? undefined;
  const facts: ResponseFacts = Object.freeze({ operation, status, requestId, header: shown });
  notify(
    () => onResponse(facts),
    (thrown) =>
      tell(logger, "warn", `${provider} ${operation}: onResponse threw ${kindOf(thrown)}`, {}),
  );
}

function tellRoad({ logger, provider }: CheckedSettings, road: string): void {
  if (logger) tell(logger, "debug", `${provider}: pulls and acks go by ${road}`, {});
}

/** A call is slow when it took more than half of the time that one attempt has. */
function tellSlow(logger: Logger, { settings }: Shared, journey: Journey, tookMs: number): void {
  if (tookMs <= journey.timeoutMs / 2) return;
  const { operation } = journey.call;
  tell(logger, "debug", `${settings.provider} ${operation}: slow`, { tookMs: Math.round(tookMs) });
}
