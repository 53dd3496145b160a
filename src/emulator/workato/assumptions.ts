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
  /** The types that a field of a topic may have. @default those that Workato's schemas know */
  readonly fieldTypes: readonly string[];
  /** The answer to a call that the token's role does not allow. @default 403 */
  readonly forbiddenStatus: number;
  /** The answer to a body of more than the limit. @default 413 */
  readonly tooLargeStatus: number;
  /** Whether a 429 says `Retry-After`. @default false */
  readonly retryAfter: boolean;
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
  batchSuccess: "success",
  batchPermission: "publish",
});
