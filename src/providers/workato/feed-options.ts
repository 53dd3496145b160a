import type { FeedEvent } from "../../core/event.ts";
import type { SchemaOutput, StandardSchemaV1 } from "../../core/standard-schema.ts";
import type { CursorStore } from "../../core/stores.ts";
import { wrong } from "../../http/options.ts";
import { type Instant, toRfc3339 } from "./arguments.ts";
import type { Place } from "./cursor.ts";
import type { TypeOf, WorkatoData } from "./event.ts";

/**
 * What happens when Workato no longer knows the message to read on behind.
 *
 * `"halt"`: the pull rejects with `cursorExpired`. `"oldest"`: it goes on with the oldest message that
 * is retained. `"fromTime"`: it goes on from the saved message's time, less `restartMarginMs`. The last
 * two may repeat messages, and skip none that is still there; what was removed is gone in any case.
 */
export type OnCursorExpired = "halt" | "oldest" | "fromTime";

/** What every feed takes. */
export interface FeedBasics {
  /** Where the place is kept; Workato keeps none. */
  readonly cursor: CursorStore;
  /** The reader's name, part of the key of its place: two services never share one. */
  readonly consumer: string;
  /**
   * Where a reader without a saved place starts. `"oldest"` cannot miss anything; `"now"` is a minute
   * ago, by Workato's own clock where it tells it; a time to come is now. @default "oldest"
   */
  readonly from?: "oldest" | "now" | Instant | undefined;
  /** What happens when the saved message is no longer known. @default "halt" */
  readonly onCursorExpired?: OnCursorExpired | undefined;
  /** How far before the saved time `"fromTime"` starts, in ms, from 0. @default 1_000 */
  readonly restartMarginMs?: number | undefined;
  /**
   * After how much emptiness, in ms from 0, a saved message is suspected to be unknown, and the topic is
   * asked once by time. @default 3_600_000
   */
  readonly checkEmptyAfterMs?: number | undefined;
  /**
   * The statuses that may mean that the message to read on behind is unknown; the feed asks again
   * without it before it believes so. Assumed: nothing is documented; an unknown id that is answered
   * with another status would show it wrong. @default [400, 404, 410, 422]
   */
  readonly expiredStatuses?: readonly number[] | undefined;
}

/** The options of a feed whose events are all of the type `message`. */
export interface MessageFeedOptions<Schema extends StandardSchemaV1 | undefined = undefined>
  extends FeedBasics {
  /** What the data of each message is like: any Standard Schema, such as `topicSchema` makes. */
  readonly schema?: Schema;
  readonly typeOf?: undefined;
  readonly events?: undefined;
}

/** The options of a feed whose data tells the type. */
export interface TypedFeedOptions<Events extends EventSchemas = Record<never, never>>
  extends FeedBasics {
  /** Names the type of an event from its data. A throw or no text makes the delivery unreadable. */
  readonly typeOf: TypeOf;
  /** What the data is like, by type: any Standard Schemas. */
  readonly events?: Events | undefined;
  readonly schema?: undefined;
}

/** Schemas by event type. */
export type EventSchemas = Readonly<Record<string, StandardSchemaV1>>;

/** The event of a feed without types of its own. */
export type MessageEvent<Schema extends StandardSchemaV1 | undefined = undefined> = FeedEvent<
  "message",
  Schema extends StandardSchemaV1 ? SchemaOutput<Schema> : WorkatoData
>;

/** The union of the events of a catalogue; events of any type where there is none. */
export type TypedEvent<Events extends EventSchemas> = [keyof Events] extends [never]
  ? FeedEvent<string, WorkatoData>
  : {
      [Type in keyof Events & string]: FeedEvent<Type, SchemaOutput<Events[Type]>>;
    }[keyof Events & string];

/** Any feed's options, before they are checked. */
export type AnyFeedOptions =
  | MessageFeedOptions<StandardSchemaV1 | undefined>
  | TypedFeedOptions<EventSchemas>;

/** Asks what time it is by Workato's own clock, in epoch ms. */
export type AskClock = () => Promise<number>;

/** The checked options of a feed. */
export interface FeedSettings {
  readonly cursor: CursorStore;
  readonly consumer: string;
  /** Gives the place of a reader that has none saved; asks Workato's clock where it needs to. */
  readonly startAt: (askClock: AskClock) => Promise<Place>;
  readonly onCursorExpired: OnCursorExpired;
  readonly restartMarginMs: number;
  readonly checkEmptyAfterMs: number;
  readonly expiredStatuses: readonly number[];
  readonly typeOf: TypeOf | undefined;
  readonly events: EventSchemas | undefined;
}

const operation = "feed";

/** How far back `"now"` reaches, in case the clocks of Workato's own machines differ. */
const nowMarginMs = 60_000;

/** A start further back than this is past by any clock. */
const longAgoMs = 86_400_000;

const defaults = Object.freeze({
  from: "oldest",
  onCursorExpired: "halt",
  restartMarginMs: 1_000,
  checkEmptyAfterMs: 3_600_000,
  expiredStatuses: Object.freeze([400, 404, 410, 422]),
} as const);

/**
 * Checks the options of a feed once.
 *
 * @throws {AckloopError} `config`, which names the option and says what is right.
 */
export function checkFeedOptions(options: AnyFeedOptions): FeedSettings {
  const { cursor, consumer, schema, typeOf, events } = options;
  if (typeof cursor?.load !== "function" || typeof cursor.save !== "function") {
    throw wrong(
      "workato",
      "cursor must be a cursor store, such as memoryStores().cursors",
      operation,
    );
  }
  if (typeof consumer !== "string" || !/^[^\0]{1,500}$/s.test(consumer)) {
    throw wrong("workato", "consumer must be a name of 1 to 500 characters", operation);
  }
  checkTypes(options);
  const onCursorExpired = options.onCursorExpired ?? defaults.onCursorExpired;
  if (!["halt", "oldest", "fromTime"].includes(onCursorExpired)) {
    throw wrong("workato", "onCursorExpired must be halt, oldest or fromTime", operation);
  }
  return {
    cursor,
    consumer,
    startAt: toStart(options.from ?? defaults.from),
    onCursorExpired,
    restartMarginMs: checkMs(
      "restartMarginMs",
      options.restartMarginMs ?? defaults.restartMarginMs,
    ),
    checkEmptyAfterMs: checkMs(
      "checkEmptyAfterMs",
      options.checkEmptyAfterMs ?? defaults.checkEmptyAfterMs,
    ),
    expiredStatuses: checkStatuses(options.expiredStatuses ?? defaults.expiredStatuses),
    typeOf,
    events: schema ? { message: schema } : events,
  };
}

function checkTypes({ schema, typeOf, events }: AnyFeedOptions): void {
  if (typeOf !== undefined && typeof typeOf !== "function") {
    throw wrong("workato", "typeOf must be a function", operation);
  }
  if (schema && typeOf) {
    const what = "schema is for the one type `message`; with typeOf give events, a schema by type";
    throw wrong("workato", what, operation);
  }
  if (events && !typeOf) throw wrong("workato", "events needs typeOf to name the types", operation);
  for (const entry of [...(schema ? [schema] : []), ...Object.values(events ?? {})]) {
    if (typeof entry?.["~standard"]?.validate !== "function") {
      throw wrong("workato", "schema and events take Standard Schemas", operation);
    }
  }
}

/**
 * Workato reads a time to come as now, each time that it is asked: what is published between two such
 * questions would be in neither answer. So no start is later than now by its own clock.
 */
function toStart(from: NonNullable<FeedBasics["from"]>): FeedSettings["startAt"] {
  if (from === "oldest") return async () => ({});
  if (from === "now") return async (askClock) => toSince((await askClock()) - nowMarginMs);
  const since = toRfc3339(operation, "from", from);
  const at = Date.parse(since);
  return async (askClock) => {
    if (at < Date.now() - longAgoMs) return { since };
    return toSince(Math.min(at, await askClock()));
  };
}

function toSince(epochMs: number): Place {
  return { since: new Date(epochMs).toISOString() };
}

function checkMs(name: string, value: number): number {
  if (typeof value === "number" && value >= 0) return value;
  throw wrong("workato", `${name} must be a number of ms, from 0`, operation);
}

function checkStatuses(statuses: readonly number[]): readonly number[] {
  if (Array.isArray(statuses) && statuses.every(Number.isInteger)) return [...statuses];
  throw wrong("workato", "expiredStatuses must be a list of statuses", operation);
}
