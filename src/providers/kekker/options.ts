import type { CursorStore } from "../../core/stores.ts";
import { isHeaderValue, wrong } from "../../http/options.ts";
import type { ClientOptions, HttpSettings, Token } from "../../http/types.ts";
import type { KekkerSchemas } from "./event.ts";
import type { KekkerZone } from "./time.ts";
import { errorText, type KekkerCategory } from "./wire.ts";

/** What a client needs beside its credential. */
export interface KekkerClientOptions extends ClientOptions {
  /** The root of the node, such as `https://qrm1.kekker.com`: there is no central host. */
  readonly baseUrl: string;
  /** The id of your channel, sent as the header `Channel` with every request. */
  readonly channel: string;
  /**
   * How `events.reset` writes the zone of its time, which is always UTC.
   *
   * Assumed: `"none"`, as in the one documented example; the page's own pattern has an offset. A node
   * that answers 400, or reads such a time as its local one, would show it wrong.
   *
   * @default "none"
   */
  readonly resetZone?: KekkerZone | undefined;
}

/** HTTP Basic with a login and a password, or with a token made of them elsewhere. */
export type KekkerCredentials =
  | {
      /** Without a colon, which HTTP Basic cannot carry. */
      readonly login: string;
      /** Any text; sent as UTF-8. */
      readonly password: string;
      readonly token?: undefined;
    }
  | {
      /** What stands after `Basic `: base64 of `login:password`, or a function that gives it. */
      readonly token: Token;
      readonly login?: undefined;
      readonly password?: undefined;
    };

/** The options of `kekker`. */
export type KekkerOptions = KekkerClientOptions & KekkerCredentials;

/** What a feed may be told, beside the watermark. */
export interface KekkerFeedBaseOptions<Schemas extends KekkerSchemas = Record<never, never>> {
  /** Only the events of this category. @default all categories */
  readonly category?: KekkerCategory | undefined;
  /** Schemas by event type, added to the documented ones or in place of them. */
  readonly events?: Schemas | undefined;
  /** How many acks of one `ack` call are under way at once, 1-1000. @default 50 */
  readonly ackConcurrency?: number | undefined;
}

/** Where a feed keeps the low watermark, or nothing. */
export type KekkerWatermarkOptions =
  | {
      /**
       * Where the time of the earliest unprocessed event, or of the newest processed one where nothing is
       * left, is saved after each `ack` call, as a UTC text
       * that `events.reset` takes. Advisory: a store that fails is told to the client's
       * logger, and the acks go on.
       */
      readonly cursor: CursorStore;
      /** Your name for this reader, part of the key in the store. */
      readonly consumer: string;
    }
  | { readonly cursor?: undefined; readonly consumer?: string | undefined };

/** The options of `client.feed`. */
export type KekkerFeedOptions<Schemas extends KekkerSchemas = Record<never, never>> =
  KekkerFeedBaseOptions<Schemas> & KekkerWatermarkOptions;

const clientNames: Readonly<Record<keyof KekkerOptions, true>> = {
  baseUrl: true,
  channel: true,
  resetZone: true,
  login: true,
  password: true,
  token: true,
  fetch: true,
  timeoutMs: true,
  retry: true,
  maxBodyBytes: true,
  headers: true,
  logger: true,
  allowInsecure: true,
};

const feedNames: Readonly<Record<keyof KekkerFeedOptions, true>> = {
  category: true,
  events: true,
  ackConcurrency: true,
  cursor: true,
  consumer: true,
};

const zones: readonly unknown[] = ["none", "Z", "offset", undefined];

/**
 * Turns the options of a client into the settings of its http client.
 *
 * @throws {AckloopError} `config`, which names the option and says what is right.
 */
export function toHttpSettings(options: KekkerOptions): HttpSettings {
  checkNames(options, clientNames);
  const { channel, resetZone, login, password, token, headers = {}, ...transport } = options;
  if (!isText(channel) || !isHeaderValue(channel) || channel.trim() !== channel) {
    throw wrong(
      "kekker",
      "channel must be the id of your channel, in characters that a header can hold",
    );
  }
  if (!zones.includes(resetZone))
    throw wrong("kekker", 'resetZone must be "none", "Z" or "offset"');
  const own = { accept: "application/json", channel, "x-api-version": "2.0" };
  return {
    ...transport,
    provider: "kekker",
    headers: { ...withoutOwn(headers), ...own },
    credential: {
      token: token ?? toBasic(login, password),
      header: "authorization",
      prefix: "Basic ",
    },
    describeError: toErrorFacts,
  };
}

/**
 * Checks the options of a feed.
 *
 * @throws {AckloopError} `config`, which names the option and says what is right.
 */
export function checkFeedOptions<Schemas extends KekkerSchemas>(
  options: KekkerFeedOptions<Schemas>,
): void {
  checkNames(options, feedNames);
  const { category, events, ackConcurrency = 50, cursor, consumer } = options;
  if (category !== undefined && !isText(category)) {
    throw wrong("kekker", "category must be the name of a category, such as Deals");
  }
  if (!(Number.isInteger(ackConcurrency) && ackConcurrency >= 1 && ackConcurrency <= 1_000)) {
    throw wrong("kekker", "ackConcurrency must be a whole number from 1 to 1000");
  }
  if (cursor !== undefined && !isText(consumer)) {
    throw wrong("kekker", "consumer must name this reader when there is a cursor store");
  }
  for (const [type, schema] of Object.entries(events ?? {})) {
    if (typeof schema?.["~standard"]?.validate !== "function") {
      throw wrong("kekker", `events.${type} must be a Standard Schema`);
    }
  }
}

/** The texts that mean "there is no such thing", although the status is 400. */
const notFoundText = /^(event|deals action) not found\.?$/i;

/** Reads the body of an error. */
function toErrorFacts(body: unknown, status: number): ReturnType<DescribeError> {
  const text = errorText(body);
  // Only these texts of this status: a 401 may say anything, and must not count as "already gone".
  const missing = status === 400 && text !== undefined && notFoundText.test(text.trim());
  return { text, code: missing ? "notFound" : undefined };
}

type DescribeError = NonNullable<HttpSettings["describeError"]>;

/** A user's headers are sent beside the API's own and never in their place. */
function withoutOwn(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const own = new Set(["accept", "authorization", "channel", "x-api-version"]);
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !own.has(name.toLowerCase())),
  );
}

function toBasic(login: unknown, password: unknown): string {
  if (!isText(login) || typeof password !== "string") {
    throw wrong("kekker", "login and password must be given, or token in their place");
  }
  if (login.includes(":")) throw wrong("kekker", "login must hold no colon");
  const bytes = new TextEncoder().encode(`${login}:${password}`);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

function checkNames(options: object, names: Readonly<Record<string, true>>): void {
  if (typeof options !== "object" || options === null) {
    throw wrong("kekker", `options must be an object with ${Object.keys(names).join(", ")}`);
  }
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(names, name));
  if (unknown !== undefined) {
    throw wrong("kekker", `no option ${unknown}; there are ${Object.keys(names).join(", ")}`);
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
