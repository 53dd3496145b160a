import type { EventOfForm, MessageForm, Schemas, TypedForm } from "../../core/event.ts";
import {
  aFunction,
  checkOptions,
  list,
  milliseconds,
  name,
  oneOf,
  optionError,
  Rule,
  schema,
  schemas,
  whole,
  withMethods,
} from "../../core/options.ts";
import type { StandardSchemaV1 } from "../../core/standard-schema.ts";
import type { CursorStore } from "../../core/stores.ts";
import { isInstant, toRfc3339, type WorkatoInstant } from "./arguments.ts";
import type { Place } from "./cursor.ts";
import type { WorkatoData, WorkatoTypeOf } from "./event.ts";

/**
 * What happens when Workato no longer knows the message to read on behind.
 *
 * `"halt"`: the pull rejects with `cursorExpired`. `"oldest"`: it goes on with the oldest message that
 * is retained. `"fromTime"`: it goes on from the saved message's time, less `restartMarginMs`. The last
 * two may repeat messages, and skip none that is still there; what was removed is gone in any case.
 */
export type WorkatoOnCursorExpired = "halt" | "oldest" | "fromTime";

/** What every feed takes. */
export interface WorkatoFeedBasics {
  /** Where the place is kept; Workato keeps none. */
  readonly cursor: CursorStore;
  /** The reader's name, part of the key of its place: two services never share one. */
  readonly consumer: string;
  /**
   * Where a reader without a saved place starts. `"oldest"` cannot miss anything; `"now"` is a minute
   * ago, by Workato's own clock where it tells it; a time to come is now. @default "oldest"
   */
  readonly from?: "oldest" | "now" | WorkatoInstant | undefined;
  /** What happens when the saved message is no longer known. @default "halt" */
  readonly onCursorExpired?: WorkatoOnCursorExpired | undefined;
  /** How far before the saved time `"fromTime"` starts, in ms, from 0 to a year. @default 1_000 */
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

/**
 * The options of a feed. Without `typeOf` every event is a `message`, whose data `schema` describes;
 * with it, `events` describes the data by type.
 */
export type WorkatoFeedOptions<
  Schema extends StandardSchemaV1 | undefined = undefined,
  Events extends Schemas = Record<never, never>,
  Type extends string = never,
> = WorkatoFeedBasics & (MessageForm<Schema> | TypedForm<Events, WorkatoTypeOf<Type>>);

/** The events of a feed with these options; of any type where only `typeOf` is given. */
export type WorkatoEventWith<
  Schema extends StandardSchemaV1 | undefined = undefined,
  Events extends Schemas = Record<never, never>,
  Type extends string = never,
> = EventOfForm<Schema, Events, Type, WorkatoData>;

/** Any feed's options, before they are checked. */
export type AnyFeedOptions = WorkatoFeedOptions<StandardSchemaV1 | undefined, Schemas, string>;

/** Asks what time it is by Workato's own clock, in epoch ms. */
export type AskClock = () => Promise<number>;

/** The checked options of a feed. */
export interface FeedSettings {
  readonly cursor: CursorStore;
  readonly consumer: string;
  /** Gives the place of a reader that has none saved; asks Workato's clock where it needs to. */
  readonly startAt: (askClock: AskClock) => Promise<Place>;
  readonly onCursorExpired: WorkatoOnCursorExpired;
  readonly restartMarginMs: number;
  readonly checkEmptyAfterMs: number;
  readonly expiredStatuses: readonly number[];
  readonly typeOf: WorkatoTypeOf | undefined;
  readonly events: Schemas | undefined;
}

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

const verb = "workato feed";

const instant: Rule<NonNullable<WorkatoFeedBasics["from"]>> = new Rule({
  must: '"oldest", "now", a Date, epoch ms, or RFC 3339 text with Z or an offset',
  test: (value) => value === "oldest" || value === "now" || isInstant(value),
});

const table = {
  cursor: withMethods<CursorStore>("load", "save").required(
    "a cursor store, such as memoryStores().cursors",
  ),
  consumer: name.required(),
  from: instant.or(defaults.from),
  onCursorExpired: oneOf<WorkatoOnCursorExpired>("halt", "oldest", "fromTime").or(
    defaults.onCursorExpired,
  ),
  restartMarginMs: milliseconds(0).or(defaults.restartMarginMs),
  checkEmptyAfterMs: milliseconds(0, Number.POSITIVE_INFINITY).or(defaults.checkEmptyAfterMs),
  expiredStatuses: list(whole(100, 599)).or(defaults.expiredStatuses),
  schema,
  typeOf: aFunction<WorkatoTypeOf>(),
  events: schemas<Schemas>(),
};

/**
 * Checks the options of a feed once.
 *
 * @throws {AckloopError} `config`, which names the option and says what is right.
 */
export function checkFeedOptions(options: AnyFeedOptions): FeedSettings {
  const { schema: one, events, from, ...settings } = checkOptions(verb, options, table);
  if (one && settings.typeOf) {
    const what = "is for the one type `message`; with `typeOf` give `events`, a schema by type";
    throw optionError(verb, "schema", what);
  }
  if (events && !settings.typeOf) {
    throw optionError(verb, "events", "needs `typeOf` beside it, to name the types");
  }
  return { ...settings, startAt: toStart(from), events: one ? { message: one } : events };
}

/**
 * Workato reads a time to come as now, each time that it is asked: what is published between two such
 * questions would be in neither answer. So no start is later than now by its own clock.
 */
function toStart(from: NonNullable<WorkatoFeedBasics["from"]>): FeedSettings["startAt"] {
  if (from === "oldest") return async () => ({});
  if (from === "now") return async (askClock) => toSince((await askClock()) - nowMarginMs);
  const since = toRfc3339("feed", "from", from);
  const at = Date.parse(since);
  return async (askClock) => {
    if (at < Date.now() - longAgoMs) return { since };
    return toSince(Math.min(at, await askClock()));
  };
}

function toSince(epochMs: number): Place {
  return { since: new Date(epochMs).toISOString() };
}
