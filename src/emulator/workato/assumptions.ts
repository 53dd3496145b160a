import type { Assumptions } from "../../core/assumption.ts";
import { type Choices, isCount, isFlag, isText, isTexts } from "../options.ts";

/**
 * What Workato's documents leave open, and what the emulator does there.
 *
 * Assumed: all of it. A true reply of the kind that a member describes would show its default wrong.
 */
export interface WorkatoAssumptions {
  /**
   * A consume behind a message that does not exist (never did, purged, or older than the retention):
   * refused, answered as if nothing were newer, or answered from the oldest message on.
   * @default "refuse"
   */
  readonly unknownCursor: "refuse" | "empty" | "oldest";
  /** The status of that refusal. @default 400 */
  readonly unknownCursorStatus: number;
  /** Whether `since_time` gives messages of that very time too. @default true */
  readonly sinceInclusive: boolean;
  /** A consume with both cursors: refused with 400, or the message's id counts. @default "refuse" */
  readonly bothCursors: "refuse" | "id";
  /** `batch_size` or `timeout_secs` out of range: refused with 400, or brought into range. @default "refuse" */
  readonly outOfRange: "refuse" | "clamp";
  /** The answer to a payload that does not fit the topic's schema. @default 422 */
  readonly schemaViolationStatus: number;
  /** The answer to a topic that cannot be made or changed so. @default 422 */
  readonly invalidTopicStatus: number;
  /**
   * What an update makes of a retention that it leaves out: the documented default, or what it was.
   * @default "default"
   */
  readonly retentionLeftOut: "default" | "kept";
  /** What the reply to an update says of when it was: now, or as before, like the sample. @default "now" */
  readonly updatedAt: "now" | "before";
  /** How many topics one answer lists; the next are read by `page` and `per_page`. @default Infinity */
  readonly topicsPerPage: number;
  /** What an update makes of the fields: the whole list anew, as in the sample, or each by its name. @default "replaces" */
  readonly updatedSchema: "replaces" | "merges";
  /** What the order by activity goes by: the last publish, or the last change of the topic too. @default "published" */
  readonly activity: "published" | "changed";
  /** Whether two topics may have one name. @default "repeat" */
  readonly topicNames: "repeat" | "unique";
  /** What the description is of a topic that was given none. @default "" */
  readonly noDescription: "" | null;
  /** A `sort`, `include_schema`, `page` or `per_page` of no known value: 400, or as if left out. @default "refuse" */
  readonly wrongQuery: "refuse" | "ignore";
  /** The types that a field of a topic may have. @default those that Workato's schemas know */
  readonly fieldTypes: readonly string[];
  /** The answer to a call that the token's role does not allow. @default 403 */
  readonly forbiddenStatus: number;
  /** The answer to a body of more than the limit. @default 413 */
  readonly tooLargeStatus: number;
  /** Whether a 429 says `Retry-After`. @default false */
  readonly retryAfter: boolean;
  /** The answer to a body that does not say that it is JSON. @default 400 */
  readonly contentTypeStatus: 400 | 415;
  /**
   * How many requests a minute a token has on the host that consumes and publishes. The vendor's page
   * says 60 for the Developer API; for this host third parties alone do. @default `requestsPerMinute`
   */
  readonly streamsRequestsPerMinute: number | undefined;
  /** A field of a payload that the topic's schema does not name. @default "allow" */
  readonly unknownFields: "allow" | "refuse";
  /** A batch of no messages: 400, or an answer without any. @default "refuse" */
  readonly emptyBatch: "refuse" | "accept";
  /** What `is_partial_error` is when none failed; true, false and null are documented. @default false */
  readonly noPartialError: false | null;
  /** The `result` of a message of a batch that was refused. @default why it was refused */
  readonly batchFailure: string | undefined;
  /** The `result` of a message of a batch that was published. @default "success" */
  readonly batchSuccess: string;
  /** The permission that a batch publish needs. @default "publish" */
  readonly batchPermission: string;
}

/** What the emulator does where it is not told otherwise. */
export const defaultAssumptions: WorkatoAssumptions = Object.freeze({
  unknownCursor: "refuse",
  unknownCursorStatus: 400,
  sinceInclusive: true,
  bothCursors: "refuse",
  outOfRange: "refuse",
  schemaViolationStatus: 422,
  invalidTopicStatus: 422,
  retentionLeftOut: "default",
  updatedAt: "now",
  topicsPerPage: Number.POSITIVE_INFINITY,
  updatedSchema: "replaces",
  activity: "published",
  topicNames: "repeat",
  noDescription: "",
  wrongQuery: "refuse",
  fieldTypes: Object.freeze([
    "string",
    "integer",
    "number",
    "boolean",
    "date",
    "date_time",
    "timestamp",
    "object",
    "array",
  ]),
  forbiddenStatus: 403,
  tooLargeStatus: 413,
  retryAfter: false,
  contentTypeStatus: 400,
  streamsRequestsPerMinute: undefined,
  unknownFields: "allow",
  emptyBatch: "refuse",
  noPartialError: false,
  batchFailure: undefined,
  batchSuccess: "success",
  batchPermission: "publish",
});

const isStatus = (value: unknown): boolean =>
  Number.isInteger(value) && Number(value) >= 400 && Number(value) <= 499;

/** What each may be. */
export const choices: Choices<WorkatoAssumptions> = {
  unknownCursor: ["refuse", "empty", "oldest"],
  unknownCursorStatus: isStatus,
  sinceInclusive: isFlag,
  bothCursors: ["refuse", "id"],
  outOfRange: ["refuse", "clamp"],
  schemaViolationStatus: isStatus,
  invalidTopicStatus: isStatus,
  retentionLeftOut: ["default", "kept"],
  updatedAt: ["now", "before"],
  topicsPerPage: isCount,
  updatedSchema: ["replaces", "merges"],
  activity: ["published", "changed"],
  topicNames: ["repeat", "unique"],
  noDescription: ["", null],
  wrongQuery: ["refuse", "ignore"],
  fieldTypes: isTexts,
  forbiddenStatus: isStatus,
  tooLargeStatus: isStatus,
  retryAfter: isFlag,
  contentTypeStatus: [400, 415],
  streamsRequestsPerMinute: isCount,
  unknownFields: ["allow", "refuse"],
  emptyBatch: ["refuse", "accept"],
  noPartialError: [false, null],
  batchFailure: isText,
  batchSuccess: isText,
  batchPermission: isText,
};

/** What the emulator takes for granted of Workato: every option of {@link WorkatoAssumptions}, and what has none. */
export const assumptions = {
  "unknown-cursor": {
    assumed: "400, each time",
    options: ["assumptions.unknownCursor", "assumptions.unknownCursorStatus"],
  },
  "since-inclusive": {
    assumed: "it does",
    options: ["assumptions.sinceInclusive"],
  },
  "both-cursors": {
    open: "a consume with both cursors",
    assumed: "400",
    options: ["assumptions.bothCursors"],
    wrong: "messages for such a request",
    alone: "it never sends both",
  },
  "out-of-range": {
    open: "a `batch_size` or `timeout_secs` out of its range",
    assumed: "400",
    options: ["assumptions.outOfRange"],
    wrong: "messages for such a request",
    alone: "it brings them into range before they are sent",
  },
  "schema-violation": {
    open: "the status for a payload that does not fit the topic's schema",
    assumed: "422",
    options: ["assumptions.schemaViolationStatus"],
    wrong: "another status",
    alone: "any 4xx to a publish is `request`",
  },
  "invalid-topic": {
    open: "the status for a topic that cannot be made or changed so",
    assumed: "422, with the platform's `errors`",
    options: ["assumptions.invalidTopicStatus"],
    wrong: "another status or body",
    alone: "any 4xx is `request`",
  },
  "retention-left-out": {
    assumed: "the default is set",
    options: ["assumptions.retentionLeftOut"],
  },
  "updated-at": {
    open: "whether the reply to an update has the time of the update; in the sample it is the old one",
    assumed: "it has",
    options: ["assumptions.updatedAt"],
    wrong: "the old time in a true reply",
    alone: "it passes the time on as it came",
  },
  "topic-pages": {
    assumed: "one page, however many there are",
    options: ["assumptions.topicsPerPage"],
  },
  "updated-schema": {
    assumed: "the whole list is replaced",
    options: ["assumptions.updatedSchema"],
  },
  activity: {
    open: "what counts as activity for the order of the list",
    assumed: "the last publish; a topic begins as active",
    options: ["assumptions.activity"],
    wrong: "a changed topic at the head",
    alone: "it keeps the order of the answer",
  },
  "topic-names": {
    open: "whether two topics may have one name",
    assumed: "they may",
    options: ["assumptions.topicNames"],
    wrong: "a refused second one",
    alone: "it reports the refusal",
  },
  "no-description": {
    open: "the description of a topic that was given none",
    assumed: "the empty text",
    options: ["assumptions.noDescription"],
    wrong: "null, or no such member, in a true reply",
    alone: "it takes all three",
  },
  "wrong-query": {
    open: "a `sort`, `include_schema`, `page` or `per_page` of no known value",
    assumed: "400",
    options: ["assumptions.wrongQuery"],
    wrong: "a list for such a query",
    alone: "its types have the known ones alone",
  },
  "field-types": {
    open: "which types the fields of a topic may have; a topic's own sample has `string` and `date_time`",
    assumed: "those that Workato's schemas know; each name once; no text is empty",
    options: ["assumptions.fieldTypes"],
    wrong: "a topic with a field of another type",
    alone: "it takes any type",
  },
  permission: {
    open: "the status for a call that the token's role does not allow",
    assumed: "403",
    options: ["assumptions.forbiddenStatus"],
    wrong: "another status",
    alone: "401 and 403 are one to it",
  },
  "too-large": {
    open: "the status for a body of more than 1 MB",
    assumed: "413; 1 MB is 1,000,000 bytes",
    options: ["assumptions.tooLargeStatus"],
    wrong: "another status, or a longer body that is taken",
    alone: "it refuses such a body before it is sent, by the same number",
  },
  "content-type": {
    open: "the status for a body that does not say that it is JSON",
    assumed: "400",
    options: ["assumptions.contentTypeStatus"],
    wrong: "another status",
    alone: "it always says so",
  },
  "rate-limit-answer": {
    open: "the status past the rate limit, and whether it says `Retry-After`",
    assumed: "429, without it; the minute slides, and a refused request does not count",
    options: ["assumptions.retryAfter"],
    wrong: "another status, or that header",
    alone: "it reads the header where it comes, and 429 is `rateLimit`",
  },
  "streams-rate": {
    assumed: "as for the Developer API",
    options: ["assumptions.streamsRequestsPerMinute"],
  },
  "unknown-fields": {
    open: "a field of a payload that the topic's schema does not name",
    assumed: "let through",
    options: ["assumptions.unknownFields"],
    wrong: "a refused payload",
    alone: "`topicSchema` lets it through too, and nothing is checked before a publish",
  },
  "batch-size": {
    open: "a batch of no payloads, or of more than 100",
    assumed: "400",
    options: ["assumptions.emptyBatch"],
    wrong: "a 200",
    alone: "it sends 1 to 100 at once",
  },
  "batch-result": {
    assumed: "`success`, or why it was refused; `is_partial_error` is then false or true",
    options: ["assumptions.batchSuccess", "assumptions.batchFailure", "assumptions.noPartialError"],
  },
  "batch-permission": {
    open: "which permission a batch publish needs",
    assumed: "that of a publish",
    options: ["assumptions.batchPermission"],
    wrong: "a refusal for a token that may publish",
    alone: "it asks for none",
  },
  "batch-order": {
    assumed: "that of the payloads",
  },
  "field-values": {
    assumed: "ISO 8601 text; a field without `optional` may be absent",
  },
} as const satisfies Assumptions;
