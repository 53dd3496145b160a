import {
  checkOptions,
  name,
  oneOf,
  optionError,
  Rule,
  schemas,
  text,
  whole,
  withMethods,
} from "../../core/options.ts";
import type { CursorStore } from "../../core/stores.ts";
import { checkClientOptions, isHeaderValue, tokenRule } from "../../http/options.ts";
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

const aText: Rule<string> = text(1, 10_000, "a text");

const clientTable = {
  channel: new Rule<string>({
    must: "the id of your channel, in characters that a header can hold",
    test: (value) => isHeaderValue(value) && value !== "" && value.trim() === value,
  }).required(),
  resetZone: oneOf<KekkerZone>("none", "Z", "offset"),
  login: new Rule<string>({
    must: "a text without a colon",
    test: (value) => typeof value === "string" && /^[^:]+$/s.test(value),
  }),
  password: text(0, 10_000),
  token: tokenRule,
};

const feedTable = {
  category: aText,
  events: schemas<KekkerSchemas>(),
  ackConcurrency: whole(1, 1_000).or(50),
  cursor: withMethods<CursorStore>("load", "save"),
  consumer: name,
};

/**
 * Turns the options of a client into the settings of its http client.
 *
 * @throws {AckloopError} `config`, which names the option and says what is right.
 */
export function toHttpSettings(options: KekkerOptions): HttpSettings {
  checkClientOptions("kekker", options, clientTable);
  const { channel, resetZone: _, login, password, token, headers = {}, ...transport } = options;
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
  const { cursor, consumer } = checkOptions("kekker feed", options, feedTable);
  if (cursor !== undefined && consumer === undefined) {
    throw optionError(
      "kekker feed",
      "consumer",
      "is required with a cursor store: the reader's own name",
    );
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

function toBasic(login: string | undefined, password: string | undefined): string {
  if (login === undefined || password === undefined) {
    throw optionError("kekker", "token", "is required, or `login` and `password` in its place");
  }
  const bytes = new TextEncoder().encode(`${login}:${password}`);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
