import type { EventOfForm, MessageForm, Schemas, TypedForm } from "../../core/event.ts";
import type { AnyRule, FilledOf, TableOf } from "../../core/options.ts";
import {
  aFunction,
  checkOptions,
  flag,
  group,
  ignored,
  list,
  oneOf,
  optionError,
  Rule,
  schema,
  schemas,
  text,
} from "../../core/options.ts";
import type { StandardSchemaV1 } from "../../core/standard-schema.ts";
import {
  checkWhoCalls,
  path,
  type ReceiverBasics,
  receiverTable,
} from "../../feeds/receiver/options.ts";
import { headerName, type SignatureOptions } from "../../feeds/receiver/signature.ts";
import type { DiscueBodyForm, DiscueTypeOf } from "./event.ts";

/** What a receiver answers on one path, so that discue can see that the domain is yours. */
export interface DiscueDomainChallenge {
  /** The folder of the path, with or without slashes around it. */
  readonly contextPath: string;
  /** The last segment of the path. */
  readonly fileName: string;
  /** The exact body of the answer. */
  readonly fileContent: string;
}

/**
 * What every receiver may be told.
 *
 * discue documents neither the method, body, headers and signature of its calls nor which answer
 * counts as an acknowledgement, so that each of these is an option. Every default is marked `Assumed:`
 * and takes as much as can be told apart safely.
 */
export interface DiscueReceiverBasics extends ReceiverBasics {
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
  /**
   * Wants a Standard Webhooks signature, for a relay between discue and you that signs. discue itself
   * documents no signature. A request without a right one is answered 401.
   */
  readonly signature?: SignatureOptions | undefined;
  /**
   * The methods by which a delivery may come, one with a body among them; by another it is answered 405,
   * and the logger told. Assumed: discue delivers by POST or PUT. Such lines in the log would show this
   * wrong. @default ["POST", "PUT"]
   */
  readonly methods?: readonly string[] | undefined;
  /**
   * The methods that are a liveness check on every path, answered 200 without a handler, a secret or a
   * signature. Assumed: discue checks with GET or HEAD and delivers with another method. A listener
   * that gets no message although its queue has some would show this wrong. @default ["GET", "HEAD"]
   */
  readonly livenessMethods?: readonly string[] | undefined;
  /**
   * The path of the listener's `liveness_url`, such as `/alive`: with any method a liveness check, but for
   * what carries the secret or a signature (with `open`: a body), which is a delivery on every path.
   */
  readonly livenessPath?: string | undefined;
  /**
   * The challenges that are served, as `domains.get` returns them in `challenge`; a function where
   * they change while the receiver lives.
   *
   * A function is asked for a GET on their path (`challengePath`) alone, not on `livenessPath` and not with
   * the secret: once at a time, at most once a second, and 10 s after it failed or took more than 5 s. Such
   * a GET is then answered 503, and the logger told. @default []
   */
  readonly domainChallenges?:
    | readonly DiscueDomainChallenge[]
    | (() => readonly DiscueDomainChallenge[] | Promise<readonly DiscueDomainChallenge[]>)
    | undefined;
  /**
   * The folder of the challenges that a function gives, such as `/.well-known`. Assumed: their path holds a
   * full stop, as in the vendor's own mock; a domain that is never verified would show it wrong.
   * @default any path with a full stop
   */
  readonly challengePath?: string | undefined;
  /**
   * The forms of body that are read, in this order: `"message"`, `"data"`, `"raw"`. Name the one that you
   * have seen: a published text that looks like another form is then never taken for it. While `"raw"` is one of
   * several, an id in a body may be a user's own: equal ids of unequal bodies are two events, and one beside
   * `data` suppresses nothing. Assumed: one of the three. @default all three
   */
  readonly bodyForms?: readonly DiscueBodyForm[] | undefined;
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
  /** The answer to handled, 200-299. Assumed: any 2xx acknowledges. @default 200 */
  readonly acceptStatus?: number | undefined;
  /** The answer to "send again", 400-599. Assumed: any other status makes discue repeat. @default 503 */
  readonly deferStatus?: number | undefined;
}

/**
 * What a receiver may be told. Without `typeOf` every event is a `message`, whose data `schema` describes;
 * with it, `events` describes the data by type.
 */
export type DiscueReceiverOptions<
  Schema extends StandardSchemaV1 | undefined = undefined,
  Events extends Schemas = Record<never, never>,
  Type extends string = never,
> = DiscueReceiverBasics & (MessageForm<Schema> | TypedForm<Events, DiscueTypeOf<Type>>);

/** Any receiver's options, before they are checked. */
export type AnyReceiverOptions = DiscueReceiverOptions<
  StandardSchemaV1 | undefined,
  Schemas,
  string
>;

/** The events of a receiver with these options; of any type where only `typeOf` is given. */
export type DiscueEventWith<
  Schema extends StandardSchemaV1 | undefined = undefined,
  Events extends Schemas = Record<never, never>,
  Type extends string = never,
> = EventOfForm<Schema, Events, Type, unknown>;

const verb = "discue receiver";

const content: Rule<string> = new Rule({
  must: "a text",
  test: (value) => typeof value === "string",
});

const challenge = group({
  contextPath: content.required(),
  fileName: text(1, 1_000).required(),
  fileContent: content.required(),
  createdAt: ignored,
  expiresAt: ignored,
});
const challenges = list(challenge);

const bodyForms = list(oneOf<DiscueBodyForm>("message", "data", "raw"));

const table = {
  ...receiverTable,
  domainChallenges: new Rule<NonNullable<DiscueReceiverBasics["domainChallenges"]>>({
    must: "a list of challenges, or a function that gives one",
    test: (value) => typeof value === "function" || Array.isArray(value),
    convert: (value, ...at) => (Array.isArray(value) ? challenges.read(value, ...at) : value),
  }),
  challengePath: path,
  bodyForms: new Rule<readonly DiscueBodyForm[]>({
    ...bodyForms,
    must: 'a list that is not empty, of "message", "data" and "raw"',
    test: (value) => Array.isArray(value) && value.length > 0,
  }).or(["message", "data", "raw"]),
  messageIdHeader: headerName,
  parseData: flag.or(true),
  typeOf: aFunction<DiscueTypeOf>(),
  schema,
  events: schemas<Schemas>(),
} satisfies TableOf<DiscueReceiverBasics> & Record<"schema" | "typeOf" | "events", AnyRule>;

/** Options with every default in place; `secret` is a list, empty where there is none. */
export type DiscueReceiverSettings = FilledOf<typeof table>;

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {AckloopError} `config` for a wrong option, and for a receiver that would let everybody in
 * without having been told to.
 */
export function receiverSettings(options: AnyReceiverOptions): DiscueReceiverSettings {
  const settings = checkOptions(verb, options, table);
  checkWhoCalls(settings, {
    verb,
    option: "secret",
    need: "in the listener's notify_url, or a `signature`: discue signs nothing, so that anybody could send events",
  });
  if (settings.schema && settings.events) {
    throw optionError(verb, "events", "cannot stand beside `schema`: one of the two");
  }
  if (settings.events && !settings.typeOf) {
    throw optionError(verb, "events", "needs `typeOf` beside it: discue names no event types");
  }
  return settings;
}
