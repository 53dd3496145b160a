import type { EventOfForm, MessageForm, Schemas, TypedForm } from "../../core/event.ts";
import { aFunction, checkOptions, optionError, schema, schemas } from "../../core/options.ts";
import type { StandardSchemaV1 } from "../../core/standard-schema.ts";
import {
  type CursorFeedOptions,
  cursorTable,
  type OnCursorExpired,
} from "../../feeds/cursor/options.ts";
import type { WorkatoData, WorkatoTypeOf } from "./event.ts";

/** What happens when Workato no longer knows the message to read on behind. */
export type WorkatoOnCursorExpired = OnCursorExpired;

/** What every feed takes. Positions are the ids of messages. */
export interface WorkatoFeedBasics extends CursorFeedOptions {
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

/** The checked options of a feed. */
export interface FeedSettings {
  /** What says where its place is kept, and where it starts. */
  readonly place: CursorFeedOptions;
  readonly typeOf: WorkatoTypeOf | undefined;
  readonly events: Schemas | undefined;
}

const verb = "workato feed";

const table = {
  ...cursorTable,
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
  const { schema: one, events, typeOf, ...place } = checkOptions(verb, options, table);
  if (one && typeOf) {
    const what = "is for the one type `message`; with `typeOf` give `events`, a schema by type";
    throw optionError(verb, "schema", what);
  }
  if (events && !typeOf)
    throw optionError(verb, "events", "needs `typeOf` beside it, to name the types");
  return { place, typeOf, events: one ? { message: one } : events };
}
