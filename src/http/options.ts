import { AckloopError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import {
  aFunction,
  between,
  checkOptions,
  type FilledOf,
  flag,
  group,
  isObject,
  LONGEST_TIMER_MS,
  oneOf,
  optionError,
  Rule,
  signal as signalRule,
  type Table,
  type TableOf,
  text,
  whole,
  withMethods,
} from "../core/options.ts";
import type { ClientOptions, HttpSettings, Token, TransportRetry } from "./types.ts";

/** The waits and limits of repeating, with every default filled in. */
export type RetryLimits = { readonly [Name in keyof TransportRetry]-?: number };

/** The checked settings of a client. */
export type CheckedSettings = Omit<FilledOf<typeof settingsTable>, "retry"> & {
  readonly retry: RetryLimits;
};

/** A time that a timer can wait, in ms. */
const timeMs = (least: number): Rule<number> => between(least, LONGEST_TIMER_MS);

/** Headers of the connection, which a `fetch` refuses to send. */
const neverSent =
  /^(connection|content-length|expect|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade)$/i;

const headersRule: Rule<Readonly<Record<string, string>>> = new Rule({
  must: 'an object, such as { "x-tenant": "blue" }',
  test: (value) => isPlainObject(value) && (whatIsWrongWith(value) ?? true),
  convert: (value) => {
    const entries = Object.entries(value as Readonly<Record<string, string>>);
    return Object.fromEntries(entries.map(([name, each]) => [name.toLowerCase(), each]));
  },
});

/** Names a header and never its value. */
function whatIsWrongWith(headers: object): string | undefined {
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
      return "its names are made of letters, digits and hyphens";
    }
    const header = `the header ${name.toLowerCase()}`;
    if (neverSent.test(name)) return `${header} is set by the runtime itself`;
    if (!isHeaderValue(value)) {
      return `${header} must be text of printable characters in one line`;
    }
  }
  return undefined;
}

/** The message does not repeat the URL, which may hold a secret. */
export const urlRule: Rule<string> = new Rule({
  must: "an absolute URL, such as https://api.example.com/v1",
  test: (value) => {
    if (isObject(value) && typeof value["href"] === "string")
      return "give the text of a URL object";
    if (typeof value !== "string" || !URL.canParse(value)) return false;
    const { protocol, username, password, href } = new URL(value);
    if (protocol !== "https:" && protocol !== "http:") return "it must begin with https:";
    if (username !== "" || password !== "") return "it must hold no user name and no password";
    // A bare one has no text, and would still make a query of every path.
    return /[?#]/.test(href) ? "it must have no query and no fragment" : true;
  },
  convert: (value) => new URL(String(value)).href,
});

/** A credential. The message never repeats it. */
export const tokenRule: Rule<Token> = new Rule({
  must: "text of printable characters in one line, or a function",
  test: (value) => {
    if (value === "") return "it is empty: is the environment variable set?";
    return typeof value === "function" || isToken(value);
  },
});

/** What a token is, for whoever gave none. */
export const tokenNeed = "a text, or a function that gives it; is the environment variable set?";

/** The options that every client takes: what is right, and the defaults. */
const clientTable = {
  baseUrl: urlRule,
  fetch: new Rule<typeof globalThis.fetch>({
    must: "a function like the global fetch",
    test: (value) => typeof value === "function",
  }),
  transport: oneOf("auto", "fetch").or("auto"),
  timeoutMs: timeMs(1).or(30_000),
  retry: group({
    attempts: whole(1, 10).or(3),
    minDelayMs: timeMs(0).or(250),
    maxDelayMs: timeMs(0),
    maxRetryAfterMs: timeMs(0).or(30_000),
    totalMs: timeMs(1),
  } satisfies TableOf<TransportRetry>),
  maxBodyBytes: whole(1, 2 ** 30).or(33_554_432),
  headers: headersRule.or({}),
  logger: withMethods<Logger>("debug", "info", "warn", "error"),
  allowInsecure: flag.or(false),
} satisfies TableOf<ClientOptions>;

const settingsTable = {
  ...clientTable,
  baseUrl: urlRule.required(),
  provider: text(1, 500).required(),
  credential: group(
    {
      token: tokenRule.required(tokenNeed),
      header: text(1, 500).required(),
      prefix: new Rule<string>({ must: "a text", test: isHeaderValue }).required(),
    },
    "an object with token, header and prefix",
  ),
  beforeAttempt: aFunction<NonNullable<HttpSettings["beforeAttempt"]>>(),
  describeError: aFunction<NonNullable<HttpSettings["describeError"]>>(),
} satisfies TableOf<HttpSettings>;

/**
 * Checks the settings of a client once, and fills in the defaults.
 *
 * @throws {AckloopError} `config`, which names the option and says what is right.
 */
export function checkSettings(settings: HttpSettings): CheckedSettings {
  const { provider } = settings;
  const checked = checkOptions(provider, settings, settingsTable);
  const { baseUrl, allowInsecure, credential } = checked;
  if (credential) headersRule.read({ [credential.header]: "" }, provider, "credential.header");
  return {
    ...checked,
    baseUrl: checkBaseUrl(provider, baseUrl, allowInsecure).replace(/\/+$/, ""),
    retry: toLimits(provider, checked, settings.timeoutMs ?? 0),
  };
}

/**
 * Checks the options that a provider's client is given, those of every client included.
 *
 * @throws {AckloopError} `config`, which names the option and says what is right.
 */
export function checkClientOptions(provider: string, options: unknown, own: Table): void {
  checkOptions(provider, options, { ...clientTable, ...own });
}

/**
 * Checks the root of an API, or the whole address of one call, and gives it as the runtime writes it.
 *
 * @throws {AckloopError} `config`. The message does not repeat the URL, which may hold a secret.
 */
export function checkBaseUrl(
  provider: string,
  baseUrl: unknown,
  allowInsecure: boolean,
  name = "baseUrl",
): string {
  const href = String(urlRule.required().read(baseUrl, provider, name));
  const { protocol, hostname } = new URL(href);
  if (protocol === "http:" && !allowInsecure && !isLoopback(hostname)) {
    throw optionError(
      provider,
      name,
      "must begin with https:, since http: would send the credential in the clear; " +
        "allowInsecure lets it be used inside a closed network",
    );
  }
  return href;
}

/**
 * Checks the headers of a call, and brings their names to lower case.
 *
 * @throws {AckloopError} `config`, which names the header and never its value.
 */
export function checkHeaders(
  provider: string,
  headers: Readonly<Record<string, string>>,
): Record<string, string> {
  return headersRule.read(headers, provider, "headers") as Record<string, string>;
}

function isPlainObject(value: unknown): value is object {
  return isObject(value) && hasOwnMembers(value);
}

/** What others give in its place, such as `Headers`, a `Map` or a promise, has no members of its own. */
export function hasOwnMembers(value: object): boolean {
  return ["entries", "then"].every((name) => typeof Reflect.get(value, name) !== "function");
}

/** Tells whether a value can be sent as a header: Latin-1 in one line, without control characters. */
export function isHeaderValue(value: unknown): value is string {
  return typeof value === "string" && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}

/** Tells whether a text can be sent as a token. */
export function isToken(token: unknown): token is string {
  return typeof token === "string" && /^[\x21-\x7e\x80-\xff][\x20-\x7e\x80-\xff]*$/.test(token);
}

/**
 * Checks the time limit of one attempt.
 *
 * @throws {AckloopError} `config`.
 */
export function checkTimeout(provider: string, timeoutMs: number): number {
  return Number(clientTable.timeoutMs.read(timeoutMs, provider, "timeoutMs"));
}

/**
 * Checks the signal of a call.
 *
 * @throws {AckloopError} `config`.
 */
export function checkSignal(provider: string, operation: string, signal: unknown): void {
  if (signalRule.test(signal) === true) return;
  throw wrong(provider, `signal must be ${signalRule.must}`, operation);
}

/** Makes the error for a wrong argument. */
export function wrong(provider: string, message: string, operation?: string): AckloopError {
  return new AckloopError("config", message, { provider, operation });
}

function toLimits(
  provider: string,
  { retry }: Pick<FilledOf<typeof settingsTable>, "retry">,
  timeoutMs: number,
): RetryLimits {
  const { minDelayMs, maxDelayMs = Math.max(5_000, minDelayMs) } = retry;
  if (maxDelayMs < minDelayMs) {
    throw optionError(provider, "retry.minDelayMs", "must not exceed `retry.maxDelayMs`");
  }
  // One attempt that was given more time than all of them by default has it.
  const { totalMs = Math.max(60_000, timeoutMs) } = retry;
  if (totalMs < timeoutMs) {
    throw optionError(
      provider,
      "retry.totalMs",
      "must not be less than `timeoutMs`, which is one attempt's",
    );
  }
  return { ...retry, maxDelayMs, totalMs };
}

function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "[::1]" ||
    /^127(\.\d+){3}$/.test(hostname)
  );
}
