import type { FeedEvent } from "../../core/event.ts";
import type { Logger } from "../../core/logger.ts";
import type { SchemaOutput, StandardSchemaV1 } from "../../core/standard-schema.ts";
import type { BodyForm, TypeOf } from "./event.ts";
import {
  callable,
  checkOptions,
  flag,
  listOf,
  type OptionRule,
  type OptionRules,
  object,
  oneOf,
  text,
  whole,
  wrongOption,
} from "./options.ts";
import type { SignatureOptions } from "./signature.ts";

/** What a receiver answers on one path, so that discue can see that the domain is yours. */
export interface DomainChallenge {
  /** The folder of the path, with or without slashes around it. */
  readonly contextPath: string;
  /** The last segment of the path. */
  readonly fileName: string;
  /** The exact body of the answer. */
  readonly fileContent: string;
}

/**
 * What a receiver may be told.
 *
 * discue documents neither the method, body, headers and signature of its calls nor which answer
 * counts as an acknowledgement, so that each of these is an option. Every default is marked `Assumed:`
 * and takes as much as can be told apart safely.
 */
export interface ReceiverOptions {
  /**
   * What the events come from: the queue's id or alias, stable and unique among your receivers. Part of
   * every event's `source`, of the receiver's name, and so of every key in a store. @default "default"
   */
  readonly name?: string | undefined;
  /**
   * The secret that stands in the listener's `notify_url`; a list while it is changed. 16 characters
   * or more of `A-Z a-z 0-9 . _ ~ -`. A request without it is answered 401.
   *
   * Assumed: discue calls the `notify_url` with its path and query unchanged. Were every delivery
   * answered 401, this would be wrong.
   */
  readonly secret?: string | readonly string[] | undefined;
  /** Where the secret stands: in the query, or as the last segment of the path. @default "query" */
  readonly secretIn?: "query" | "path" | undefined;
  /** The name of the query parameter. @default "secret" */
  readonly secretParameter?: string | undefined;
  /**
   * Wants a Standard Webhooks signature, for a relay between discue and you that signs. discue itself
   * documents no signature. A request without a right one is answered 401.
   */
  readonly signature?: SignatureOptions | undefined;
  /** Lets everybody in: only behind something else that checks who calls. @default false */
  readonly open?: boolean | undefined;
  /** The longest body, in bytes, 1 to 2^30; a longer one is answered 413. @default 1_048_576 */
  readonly maxBodyBytes?: number | undefined;
  /**
   * The methods that are a liveness check on every path, answered 200 without a handler, a secret or a
   * signature. Assumed: discue checks with GET or HEAD and delivers with another method. A listener
   * that gets no message although its queue has some would show this wrong. @default ["GET", "HEAD"]
   */
  readonly livenessMethods?: readonly string[] | undefined;
  /** The path of the listener's `liveness_url`, such as `/alive`: with any method a liveness check. */
  readonly livenessPath?: string | undefined;
  /**
   * The challenges that are served, as `domains.get` returns them in `challenge`; a function where
   * they change while the receiver lives. A function that fails, or takes more than 30 s, has its
   * request answered 503, and the logger told. @default []
   */
  readonly domainChallenges?:
    | readonly DomainChallenge[]
    | (() => readonly DomainChallenge[] | Promise<readonly DomainChallenge[]>)
    | undefined;
  /**
   * The forms of body that are read, in this order: `"message"`, `"data"`, `"raw"`. Name the one that you
   * have seen: a published text that looks like another form is then never taken for it.
   * Assumed: one of the three. @default all three
   */
  readonly bodyForms?: readonly BodyForm[] | undefined;
  /**
   * The header that holds the message's id, used when neither the body nor a signature has one. It is
   * not covered by a signature. Assumed: there is none.
   */
  readonly messageIdHeader?: string | undefined;
  /**
   * Whether `data` that is JSON is parsed; else it stays the text, as does JSON that nests deeper than
   * 512. A number past 2^53 becomes its text. @default true
   */
  readonly parseData?: boolean | undefined;
  /**
   * Names the event's type from its data, at once. Nothing, or an empty text, is `"message"`; a throw or
   * a promise makes the delivery unreadable.
   */
  readonly typeOf?: TypeOf | undefined;
  /** Where a `domainChallenges` that fails is told. */
  readonly logger?: Logger | undefined;
  /** The answer to handled, 200-299. Assumed: any 2xx acknowledges. @default 200 */
  readonly acceptStatus?: number | undefined;
  /** The answer to "send again", 400-599. Assumed: any other status makes discue repeat. @default 503 */
  readonly deferStatus?: number | undefined;
}

/** The schemas of a receiver's events, by event type. */
export type MessageSchemas = Readonly<Record<string, StandardSchemaV1>>;

/** The events that a catalogue of schemas describes. */
export type EventsOf<Schemas extends MessageSchemas> = {
  [Type in keyof Schemas & string]: FeedEvent<Type, SchemaOutput<Schemas[Type]>>;
}[keyof Schemas & string];

/** What may be given besides {@link ReceiverOptions}, in every combination. */
export interface ReceiverSchemas {
  /** Describes the data of every message; without `typeOf` only. */
  readonly schema?: StandardSchemaV1 | undefined;
  /** Describes the data by event type; with `typeOf` only. */
  readonly events?: MessageSchemas | undefined;
}

/** Options with every default in place. */
export interface ReceiverSettings extends ReceiverOptions {
  readonly name: string;
  readonly secrets: readonly string[];
  readonly secretIn: "query" | "path";
  readonly secretParameter: string;
  readonly maxBodyBytes: number;
  readonly livenessMethods: readonly string[];
  readonly bodyForms: readonly BodyForm[];
  readonly parseData: boolean;
  readonly acceptStatus: number;
  readonly deferStatus: number;
}

const defaults = Object.freeze({
  name: "default",
  secretIn: "query",
  secretParameter: "secret",
  maxBodyBytes: 1_048_576,
  livenessMethods: ["GET", "HEAD"],
  bodyForms: ["message", "data", "raw"],
  parseData: true,
  acceptStatus: 200,
  deferStatus: 503,
} as const);

const secret: OptionRule = {
  fits: (value) => typeof value === "string" && /^[\w.~-]{16,}$/.test(value),
  be: "16 characters or more of A-Z a-z 0-9 . _ ~ - (or a list of such texts)",
};
const secrets: OptionRule = {
  fits: (value) => secret.fits(value) || listOf(secret).fits(value),
  be: secret.be,
};
const challenges: OptionRule = {
  fits: (value) => callable.fits(value) || (Array.isArray(value) && value.every(object.fits)),
  be: "a list of challenges, or a function that gives one",
};
const path: OptionRule = {
  fits: (value) => typeof value === "string" && value.startsWith("/"),
  be: "a path that begins with /",
};
const headerName: OptionRule = {
  fits: (value) => typeof value === "string" && /^[\w!#$%&'*+.^`|~-]+$/.test(value),
  be: "the name of a header",
};
const methods: OptionRule = {
  fits: (value) => Array.isArray(value) && value.every(text.fits),
  be: "a list of methods",
};

const schema: OptionRule = {
  fits: (value) =>
    typeof (value as StandardSchemaV1 | null)?.["~standard"]?.validate === "function",
  be: "a Standard Schema",
};
const logger: OptionRule = {
  fits: (value) =>
    (["debug", "info", "warn", "error"] as const).every((level) =>
      callable.fits((value as Logger | null)?.[level]),
    ),
  be: "a logger with the methods debug, info, warn and error",
};

const rules: OptionRules<ReceiverOptions & ReceiverSchemas> = {
  name: text,
  secret: secrets,
  secretIn: oneOf(["query", "path"]),
  secretParameter: text,
  signature: object,
  open: flag,
  maxBodyBytes: whole(1, 2 ** 30),
  livenessMethods: methods,
  livenessPath: path,
  domainChallenges: challenges,
  bodyForms: listOf(oneOf(defaults.bodyForms)),
  messageIdHeader: headerName,
  parseData: flag,
  typeOf: callable,
  logger,
  acceptStatus: whole(200, 299),
  deferStatus: whole(400, 599),
  schema,
  events: {
    fits: (value) => object.fits(value) && Object.values(Object(value)).every(schema.fits),
    be: "an object of Standard Schemas",
  },
};

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {AckloopError} `config` for a wrong option, and for a receiver that would let everybody in
 * without having been told to.
 */
export function receiverSettings(options: ReceiverOptions & ReceiverSchemas): ReceiverSettings {
  checkOptions("receiver", options, rules);
  const { secret: given, signature, open } = options;
  if (given === undefined && !signature && !open) {
    throw wrongOption(
      "receiver",
      "needs a `secret` in the listener's notify_url, or a `signature`: discue signs nothing, so that anybody could send events. Set `open: true` only behind something else that checks who calls",
    );
  }
  if (options.schema && options.events) {
    throw wrongOption("receiver", "takes `schema` or `events`, not both");
  }
  if (options.events && !options.typeOf) {
    throw wrongOption("receiver", "needs `typeOf` beside `events`: discue names no event types");
  }
  const present = Object.entries(options).filter(([, value]) => value !== undefined);
  return {
    ...defaults,
    ...Object.fromEntries(present),
    secrets: typeof given === "string" ? [given] : (given ?? []),
  };
}
