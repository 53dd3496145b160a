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
