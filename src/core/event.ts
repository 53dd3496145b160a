import type { SchemaOutput, StandardSchemaV1 } from "./standard-schema.ts";

/**
 * One business event, as a CloudEvents 1.0 event in its JSON form: plain, serializable, and of the
 * same shape for every feed.
 *
 * Equal `source` and `id` mean the same event again. `Type` is the provider's own word, never
 * translated, and `data` is the provider's payload under that type.
 */
export interface FeedEvent<Type extends string = string, Data = unknown> {
  /** The version of CloudEvents, always `"1.0"`. */
  readonly specversion: "1.0";
  /** The provider's id of the event, stable over redelivery. An empty one says nothing: each is another event. */
  readonly id: string;
  /** URI reference of the feed, such as `/tiki/queues/5a84289f`. */
  readonly source: string;
  /** The provider's word for what happened. An open set: new types arrive without notice. */
  readonly type: Type;
  /** When it happened, RFC 3339 in UTC; absent where the provider does not tell. */
  readonly time?: string;
  /** The object the event is about, such as an order code or a deal id. */
  readonly subject?: string;
  /** The payload as the provider sent it. */
  readonly data: Data;
}

/**
 * The schemas of a feed's events, by event type: what the loop validates `data` with.
 *
 * A type that is not listed is outside the catalogue, and goes to `other` or to the loop's policy
 * `unprocessable`. Values are any Standard Schema.
 */
export type EventCatalogue<E extends FeedEvent = FeedEvent> = {
  readonly [Type in E["type"]]: StandardSchemaV1<unknown, EventOfType<E, Type>["data"]>;
};

/** The member of an event union that has the given type. */
export type EventOfType<E extends FeedEvent, Type extends string> = E extends FeedEvent
  ? Type extends E["type"]
    ? E
    : never
  : never;

/** Schemas by event type. */
export type Schemas = Readonly<Record<string, StandardSchemaV1>>;

/** What events are like whose provider names no types: every event is a `message`. */
export interface MessageForm<Schema extends StandardSchemaV1 | undefined> {
  /** What the data of each message is like: any Standard Schema. */
  readonly schema?: Schema | undefined;
  readonly typeOf?: undefined;
  readonly events?: undefined;
}

/** What events are like whose provider names no types: their data does. */
export interface TypedForm<Events extends Schemas, TypeOf> {
  /**
   * Names the type of an event from its data, at once. What throws, or gives a promise, makes the delivery
   * unreadable.
   */
  readonly typeOf: TypeOf;
  /** What the data is like, by type: any Standard Schemas. */
  readonly events?: Events | undefined;
  readonly schema?: undefined;
}

/** The events of such a form: `Type` is `never` where every event is a `message`. */
export type EventOfForm<
  Schema extends StandardSchemaV1 | undefined,
  Events extends Schemas,
  Type extends string,
  Data,
> = [Type] extends [never]
  ? FeedEvent<"message", Schema extends StandardSchemaV1 ? SchemaOutput<Schema> : Data>
  : [keyof Events] extends [never]
    ? FeedEvent<string, Data>
    : {
        [Name in keyof Events & string]: FeedEvent<Name, SchemaOutput<Events[Name]>>;
      }[keyof Events & string];
