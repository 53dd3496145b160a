import type { Assumptions } from "../../core/assumption.ts";
import {
  type Choices,
  checkChoices,
  isCount,
  isFlag,
  isHeaders,
  isMethod,
  isText,
} from "../options.ts";

/**
 * **What the emulator assumes of discue's calls to a listener, of which nothing is documented.** Each is an
 * option. One true call seen from discue's servers shows which are wrong.
 */
export interface WebhookAssumptions {
  /** The method of a delivery. @default "POST" */
  readonly method: string;
  /**
   * The body: `"message"` is `{"message":{id, name, data}}`, `"data"` is `{"data"}`, `"raw"` is the
   * `data` string. The pages say that "the value of `data`" is sent. @default "message"
   */
  readonly bodyForm: "message" | "data" | "raw";
  /** The headers of a delivery. @default `content-type: application/json` */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether an answer acknowledges. @default any 2xx */
  readonly isAck: (status: number) => boolean;
  /** How long an answer is waited for, in ms. @default 10_000, as in the vendor's own client */
  readonly timeoutMs: number;
  /**
   * The waits before the second and each further try, in ms; the last one is used again and again. The
   * pages say that failed deliveries are repeated. @default 1 s, 5 s, 30 s, 60 s
   */
  readonly retryDelaysMs: readonly number[];
  /** How often a message is tried in all. "No messages are lost." @default Infinity */
  readonly maxAttempts: number;
  /** Whether `Retry-After` of an answer lengthens the wait. @default false */
  readonly honoursRetryAfter: boolean;
  /** How many deliveries to one listener are under way at most. @default 10 */
  readonly concurrency: number;
  /** The method of a liveness check. @default "GET" */
  readonly livenessMethod: string;
  /** How often a listener is checked, in ms; 0 switches the checks off. @default 30_000 */
  readonly livenessIntervalMs: number;
  /** How many failed checks in a row make a listener inactive. @default 3 */
  readonly livenessFailures: number;
  /** Which answer to a check means that the listener lives. @default any 2xx */
  readonly isAlive: (status: number) => boolean;
  /** How long after it was made a listener is first checked, in ms. @default 0 */
  readonly firstCheckMs: number;
  /** Whether a listener that is inactive is still called; if not, its tries pass by. @default true */
  readonly callsInactive: boolean;
  /** Whether a redirect is followed; if not, it is an answer like any other. @default false */
  readonly followsRedirects: boolean;
  /**
   * Signs deliveries by Standard Webhooks with this secret (`whsec_` and base64), as a relay between
   * discue and the receiver would. @default no signature
   */
  readonly signatureSecret: string | undefined;
  /** How many bad keys within `badKeyWindowMs` lock every key out. "Several." @default 5 */
  readonly badKeyLimit: number;
  /** "A short time", in ms. @default 60_000 */
  readonly badKeyWindowMs: number;
  /** For how long, in ms, every key is then refused with 403. "For a while." @default 60_000 */
  readonly lockoutMs: number;
  /** The status for a message that does not fit its queue's schema. @default 422 */
  readonly schemaStatus: 400 | 422;
}

/** What holds unless an option says otherwise. */
const assumed: WebhookAssumptions = Object.freeze({
  method: "POST",
  bodyForm: "message",
  headers: { "content-type": "application/json" },
  isAck: (status: number) => status >= 200 && status < 300,
  timeoutMs: 10_000,
  retryDelaysMs: [1_000, 5_000, 30_000, 60_000],
  maxAttempts: Number.POSITIVE_INFINITY,
  honoursRetryAfter: false,
  concurrency: 10,
  livenessMethod: "GET",
  livenessIntervalMs: 30_000,
  livenessFailures: 3,
  isAlive: (status: number) => status >= 200 && status < 300,
  firstCheckMs: 0,
  callsInactive: true,
  followsRedirects: false,
  signatureSecret: undefined,
  badKeyLimit: 5,
  badKeyWindowMs: 60_000,
  lockoutMs: 60_000,
  schemaStatus: 422,
});

const isFunction = (value: unknown): boolean => typeof value === "function";
const isTime = (value: unknown): boolean =>
  typeof value === "number" && value >= 0 && value < 2 ** 31;
const isTimes = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every(isTime);

const choices: Choices<WebhookAssumptions> = {
  method: (value) => isMethod(value, ""),
  bodyForm: ["message", "data", "raw"],
  headers: isHeaders,
  isAck: isFunction,
  timeoutMs: (value) => isTime(value) && value !== 0,
  retryDelaysMs: isTimes,
  maxAttempts: isCount,
  honoursRetryAfter: isFlag,
  concurrency: isCount,
  livenessMethod: (value) => isMethod(value),
  livenessIntervalMs: isTime,
  livenessFailures: isCount,
  isAlive: isFunction,
  firstCheckMs: isTime,
  callsInactive: isFlag,
  followsRedirects: isFlag,
  signatureSecret: (value) => isText(value) && /^whsec_[\w+/=-]+$/.test(String(value)),
  badKeyLimit: isCount,
  badKeyWindowMs: isTime,
  lockoutMs: isTime,
  schemaStatus: [400, 422],
};

/** Puts the given assumptions in the place of the usual ones. */
export function withAssumptions(given: Partial<WebhookAssumptions> = {}): WebhookAssumptions {
  checkChoices<WebhookAssumptions>("discueEmulator: webhook", given, choices);
  const present = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...assumed, ...Object.fromEntries(present) };
}

/** What discue's own pages leave open, or say in two ways, of the calls to its API. */
export interface DiscueApiAssumptions {
  /**
   * Whether a queue can be made without a name. The getting-started page wants one, the reference does
   * not. @default "optional"
   */
  readonly queueName: "optional" | "required";
  /**
   * What a message is named that was sent without a name. The page shows one, and not where it comes
   * from. @default "made"
   */
  readonly messageName: "made" | "none";
  /**
   * Whether lists come in pages, by `page` and `per_page` (10, at most 100), which the overview announces
   * and marks as not yet available. @default "none"
   */
  readonly paging: "none" | "announced";
  /** The answer to a body that is wrong; 400 and 422 stand on every page, without a reason. @default 400 */
  readonly invalidStatus: 400 | 422;
  /** The answer to a call that the key's scopes do not allow. @default 403 */
  readonly outOfScopeStatus: 401 | 403;
  /** Whether a message is held against its queue's schema, its `data` parsed as JSON. @default true */
  readonly checksSchema: boolean;
  /** The `status` of a listener, in the newer model. @default "enabled" */
  readonly listenerStatus: string;
  /** How many characters of a key its reads show. @default 4 */
  readonly keyPrefixLength: number;
  /** The folder of every domain's challenge. @default ".well-known/discue-challenge" */
  readonly challengeFolder: string;
  /** How long a challenge is good, in ms; it is told, and nothing comes of it. @default 604_800_000 (7 days) */
  readonly challengeLifeMs: number;
}

const assumedOfApi: DiscueApiAssumptions = Object.freeze({
  queueName: "optional",
  messageName: "made",
  paging: "none",
  invalidStatus: 400,
  outOfScopeStatus: 403,
  checksSchema: true,
  listenerStatus: "enabled",
  keyPrefixLength: 4,
  challengeFolder: ".well-known/discue-challenge",
  challengeLifeMs: 7 * 86_400_000,
});

const choicesOfApi: Choices<DiscueApiAssumptions> = {
  queueName: ["optional", "required"],
  messageName: ["made", "none"],
  paging: ["none", "announced"],
  invalidStatus: [400, 422],
  outOfScopeStatus: [401, 403],
  checksSchema: isFlag,
  listenerStatus: isText,
  keyPrefixLength: (value) => value === 0 || isCount(value),
  challengeFolder: isText,
  challengeLifeMs: (value) => typeof value === "number" && value >= 0,
};

/** Puts the given assumptions in the place of the usual ones. */
export function withApiAssumptions(
  given: Partial<DiscueApiAssumptions> = {},
): DiscueApiAssumptions {
  checkChoices<DiscueApiAssumptions>("discueEmulator: assumptions", given, choicesOfApi);
  const present = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...assumedOfApi, ...Object.fromEntries(present) };
}

/**
 * What the emulator takes for granted of discue: every option of {@link WebhookAssumptions} and
 * {@link DiscueApiAssumptions}, and what has none.
 */
export const assumptions = {
  "create-method": { assumed: "either" },
  prefix: { assumed: "with `/v1` and without" },
  "queue-name": { assumed: "it need not", options: ["assumptions.queueName"] },
  "message-name": {
    open: "what a message is named that was sent without a name; the page shows one",
    assumed: "a made one",
    options: ["assumptions.messageName"],
    wrong: "a reply without a name",
    alone: "it gives the name where there is one",
  },
  "message-values": { assumed: "`data`, which is text" },
  links: {
    assumed: "https, without `/v1`, ending with the new id; a text in both lists of listeners",
  },
  paging: { assumed: "it does not", options: ["assumptions.paging"] },
  scopes: {
    assumed:
      '`"*"`, `["*"]`, an empty list and none mean all; a key that named no scopes shows them all',
  },
  "invalid-status": {
    open: "the status for what is wrong with a request: every page lists 400 and 422",
    assumed: "400",
    options: ["assumptions.invalidStatus"],
    wrong: "another status",
    alone: "both are `request`",
  },
  "out-of-scope": {
    open: "the status for a call that the key's scopes do not allow",
    assumed: "403",
    options: ["assumptions.outOfScopeStatus"],
    wrong: "another status",
    alone: "401 and 403 are one to it",
  },
  lockout: {
    assumed: "5 within a minute, for a minute",
    options: ["webhook.badKeyLimit", "webhook.badKeyWindowMs", "webhook.lockoutMs"],
  },
  "message-schema": {
    open: "whether the schema is held against the parsed `data`, and the status where it does not fit",
    assumed: "it is, 422",
    options: ["assumptions.checksSchema", "webhook.schemaStatus"],
    wrong: "a message that is taken, or another status",
    alone: "any 4xx to a publish is `request`",
  },
  "listener-status": {
    open: "the words of a listener's `status` in the newer model",
    assumed: "`enabled`, always",
    options: ["assumptions.listenerStatus"],
    wrong: "another word",
    alone: "it takes any text",
  },
  "key-prefix": {
    open: "how much of a key its reads show; the sample has three characters",
    assumed: "4 characters",
    options: ["assumptions.keyPrefixLength"],
    wrong: "another number",
    alone: "it passes on what comes",
  },
  "usage-order": {
    assumed: "oldest first; behind come those of a later time, and of the same time behind that id",
  },
  "usage-kept": {
    open: "how many usage events of the last 24 hours are kept",
    assumed: "10,000",
    wrong: "a longer list",
    alone: "it reads on until nothing is left",
  },
  "today-so-far": {
    open: "in which time zone a day begins for the statistics",
    assumed: "UTC",
    wrong: "a counter that begins at another hour",
    alone: "it passes the counters on",
  },
  times: { assumed: "milliseconds" },
  delivery: { assumed: "POST, JSON", options: ["webhook.method", "webhook.headers"] },
  "body-form": {
    assumed: '`{"message":{id, name, data}}`',
    options: ["webhook.bodyForm"],
  },
  "ack-status": { assumed: "any 2xx", options: ["webhook.isAck"] },
  "reply-timeout": { assumed: "10 s", options: ["webhook.timeoutMs"] },
  redelivery: {
    assumed: "for ever, after 1, 5, 30 and then each 60 s, whatever `Retry-After` says",
    options: ["webhook.retryDelaysMs", "webhook.maxAttempts", "webhook.honoursRetryAfter"],
  },
  concurrency: {
    open: "how many calls to one listener are open at once",
    assumed: "10",
    options: ["webhook.concurrency"],
    wrong: "more of them",
    alone: "it bounds its own work, and defers the rest",
  },
  liveness: {
    assumed:
      "GET, at once and then each 30 s; 2xx means alive; three failures in a row make it inactive",
    options: [
      "webhook.livenessMethod",
      "webhook.firstCheckMs",
      "webhook.livenessIntervalMs",
      "webhook.isAlive",
      "webhook.livenessFailures",
    ],
  },
  inactive: {
    open: "whether an inactive listener is still called",
    assumed: "it is",
    options: ["webhook.callsInactive"],
    wrong: "no call until a check is good",
    alone: "it sees calls alone",
  },
  redirects: {
    open: "whether a redirect of a receiver is followed",
    assumed: "it is not, and acknowledges nothing",
    options: ["webhook.followsRedirects"],
    wrong: "a call at the other address",
    alone: "it never redirects",
  },
  signature: { assumed: "there is none", options: ["webhook.signatureSecret"] },
  address: { assumed: "with its path and query unchanged" },
  challenge: {
    assumed:
      "below `.well-known/discue-challenge`, asked each second; its 7 days are told and not kept",
    options: ["assumptions.challengeFolder", "assumptions.challengeLifeMs", "challengeIntervalMs"],
  },
  "verified-domains": {
    open: "whether listeners on domains that are not verified are called",
    assumed: "they are",
    options: ["requireVerifiedDomain"],
    wrong: "no call until the domain is verified",
    alone: "it sees calls alone",
  },
} as const satisfies Assumptions;
