import { AckloopError } from "../core/errors.ts";
import type { HttpSettings, TransportRetry } from "./types.ts";

/** The waits and limits of repeating, with every default filled in. */
export type RetryLimits = { readonly [Name in keyof TransportRetry]-?: number };

/** The checked settings of a client. */
export interface CheckedSettings extends Omit<HttpSettings, "retry"> {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly timeoutMs: number;
  readonly maxBodyBytes: number;
  readonly allowInsecure: boolean;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly retry: RetryLimits;
}

/** The longest time that `setTimeout` can wait, in ms. */
const longestTimerMs = 2 ** 31 - 1;

const defaultRetry: RetryLimits = Object.freeze({
  attempts: 3,
  minDelayMs: 250,
  maxDelayMs: 5_000,
  maxRetryAfterMs: 30_000,
  totalMs: 60_000,
});

/**
 * Checks the settings of a client once, and fills in the defaults.
 *
 * @throws {AckloopError} `config`, which names the option and says what is right.
 */
export function checkSettings(settings: HttpSettings): CheckedSettings {
  const { provider } = settings;
  const allowInsecure = settings.allowInsecure ?? false;
  if (typeof allowInsecure !== "boolean") {
    throw wrong(provider, "allowInsecure must be true or false");
  }
  if (settings.fetch !== undefined && typeof settings.fetch !== "function") {
    throw wrong(provider, "fetch must be a function like the global fetch");
  }
  checkLogger(settings);
  checkCredential(settings);
  const timeoutMs = checkTimeout(provider, settings.timeoutMs ?? 30_000);
  return {
    ...settings,
    allowInsecure,
    baseUrl: checkBaseUrl(provider, settings.baseUrl, allowInsecure).replace(/\/+$/, ""),
    timeoutMs,
    maxBodyBytes: inRange(
      provider,
      "maxBodyBytes",
      settings.maxBodyBytes ?? 33_554_432,
      1,
      2 ** 30,
    ),
    headers: checkHeaders(provider, settings.headers === undefined ? {} : settings.headers),
    retry: checkRetry(
      provider,
      settings.retry === undefined ? {} : settings.retry,
      settings.timeoutMs ?? 0,
    ),
  };
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
  let url: URL;
  try {
    url = new URL(typeof baseUrl === "string" ? baseUrl : "");
  } catch {
    throw wrong(provider, `${name} must be an absolute URL, such as https://api.example.com/v1`);
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw wrong(provider, `${name} must begin with https:`);
  }
  if (url.username !== "" || url.password !== "") {
    throw wrong(provider, `${name} must hold no user name and no password`);
  }
  // A bare one has no text, and would still make a query of every path.
  if (/[?#]/.test(url.href)) {
    throw wrong(provider, `${name} must have no query and no fragment`);
  }
  if (url.protocol === "http:" && !allowInsecure && !isLoopback(url.hostname)) {
    throw wrong(
      provider,
      `${name} must begin with https:, since http: would send the credential in the clear; ` +
        "allowInsecure lets it be used inside a closed network",
    );
  }
  return url.href;
}

/**
 * Checks the headers of a client or a call, and brings their names to lower case.
 *
 * @throws {AckloopError} `config`, which names the header and never its value.
 */
export function checkHeaders(
  provider: string,
  headers: Readonly<Record<string, string>>,
): Record<string, string> {
  if (!isPlainObject(headers)) {
    throw wrong(provider, 'headers must be an object, such as { "x-tenant": "blue" }');
  }
  const checked: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
      throw wrong(provider, "headers must have names of letters, digits and hyphens");
    }
    if (neverSent.test(name)) {
      throw wrong(provider, `the header ${name.toLowerCase()} is set by the runtime itself`);
    }
    if (!isHeaderValue(value)) {
      throw wrong(
        provider,
        `the header ${name.toLowerCase()} must be text of printable characters in one line`,
      );
    }
    checked[name.toLowerCase()] = value;
  }
  return checked;
}

/** Headers of the connection, which a `fetch` refuses to send. */
const neverSent =
  /^(connection|content-length|expect|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade)$/i;

/** What others give in its place, such as `Headers` or a `Map`, has no members of its own. */
function isPlainObject(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return typeof Reflect.get(value, "entries") !== "function";
}

/** Tells whether a value can be sent as a header: Latin-1 in one line, without control characters. */
export function isHeaderValue(value: unknown): value is string {
  return typeof value === "string" && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}

/**
 * Checks the time limit of one attempt.
 *
 * @throws {AckloopError} `config`.
 */
export function checkTimeout(provider: string, timeoutMs: number): number {
  return inRange(provider, "timeoutMs", timeoutMs, 1, longestTimerMs);
}

/**
 * Checks the signal of a call.
 *
 * @throws {AckloopError} `config`.
 */
export function checkSignal(provider: string, operation: string, signal: unknown): void {
  const { aborted, addEventListener } = (signal ?? {}) as Partial<AbortSignal>;
  if (typeof aborted === "boolean" && typeof addEventListener === "function") return;
  throw wrong(provider, "signal must be an AbortSignal", operation);
}

/** Makes the error for a wrong option or argument. */
export function wrong(provider: string, message: string, operation?: string): AckloopError {
  return new AckloopError("config", message, { provider, operation });
}

function checkRetry(provider: string, retry: TransportRetry, timeoutMs: number): RetryLimits {
  if (!isPlainObject(retry)) throw wrong(provider, "retry must be an object");
  // One attempt that was given more time than all of them by default has it.
  const totalMs = Math.max(defaultRetry.totalMs, timeoutMs);
  const limits: Record<string, number> = { ...defaultRetry, totalMs };
  for (const [name, value] of Object.entries(retry)) {
    if (!Object.hasOwn(defaultRetry, name)) {
      throw wrong(
        provider,
        `retry has no option ${name}; it has ${Object.keys(defaultRetry).join(", ")}`,
      );
    }
    if (value !== undefined) limits[name] = value;
  }
  const { minDelayMs, maxDelayMs, ...others } = { ...defaultRetry, ...limits };
  inRange(provider, "retry.attempts", others.attempts, 1, 10);
  if (!Number.isInteger(others.attempts)) {
    throw wrong(provider, "retry.attempts must be a whole number from 1 to 10");
  }
  inRange(provider, "retry.minDelayMs", minDelayMs, 0, longestTimerMs);
  const explicit = retry.maxDelayMs !== undefined;
  inRange(provider, "retry.maxDelayMs", maxDelayMs, explicit ? minDelayMs : 0, longestTimerMs);
  inRange(provider, "retry.maxRetryAfterMs", others.maxRetryAfterMs, 0, longestTimerMs);
  inRange(provider, "retry.totalMs", others.totalMs, 1, longestTimerMs);
  if (others.totalMs < timeoutMs) {
    throw wrong(provider, "retry.totalMs must not be less than timeoutMs, which is one attempt's");
  }
  return { ...others, minDelayMs, maxDelayMs: Math.max(minDelayMs, maxDelayMs) };
}

function checkLogger({ provider, logger }: HttpSettings): void {
  if (logger === undefined) return;
  for (const level of ["debug", "info", "warn", "error"] as const) {
    if (typeof logger?.[level] !== "function") {
      throw wrong(provider, "logger must have the methods debug, info, warn and error");
    }
  }
}

function checkCredential({ provider, credential }: HttpSettings): void {
  if (credential === undefined) return;
  checkHeaders(provider, { [credential.header]: credential.prefix });
}

function inRange(
  provider: string,
  name: string,
  value: unknown,
  lowest: number,
  highest: number,
): number {
  if (typeof value === "number" && value >= lowest && value <= highest) return value;
  throw wrong(provider, `${name} must be a number from ${lowest} to ${highest}`);
}

function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "[::1]" ||
    /^127(\.\d+){3}$/.test(hostname)
  );
}
