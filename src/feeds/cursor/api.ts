import type { AckloopError } from "../../core/errors.ts";
import type { FeedEvent, Schemas } from "../../core/event.ts";
import type { CallOptions } from "../../core/feed.ts";

/** How much of a log one request is to bring. */
export interface CursorWish extends CallOptions {
  /** How many items at most, from 1. An API that takes no such number may bring more. */
  readonly limit: number;
  /** How long the server may hold the request while there is nothing, in ms, from 0. */
  readonly waitMs: number;
}

/** What one request brought. */
export interface CursorPage<Item = unknown> {
  /** The items, in the log's order; an empty list when nothing is behind the position. */
  readonly items: readonly Item[];
  /**
   * Where the page ends, for an API that says so of a page and not of each item. Everything on the page is
   * acknowledged with its last item, and comes again as a whole until then.
   */
  readonly position?: string | undefined;
  /** True: there is more behind it, also where it is empty. False: that was the last for now. */
  readonly more?: boolean | undefined;
  /**
   * Reads the items anew from the answer's text, such as `() => parseJson(text).items`, so that a second
   * attempt sees the event as it came. Left out, plain events are copied for it.
   */
  readonly again?: (() => readonly Item[]) | undefined;
  /** How long the answer was, in bytes, for the limit `maxInFlightBytes`. */
  readonly bytes?: number | undefined;
  /** When it was sent by the server's own clock (the header `Date`), epoch ms. */
  readonly sentAt?: number | undefined;
}

/** What every item says, readable or not. */
export interface CursorItemFacts {
  /**
   * Where to read on behind this item, a text that is not empty. Left out, the next item that has one
   * stands for it too, or the page.
   */
  readonly position?: string | undefined;
  /**
   * When it happened, RFC 3339 with any offset: the event's `time`, and what a restart by time counts from.
   * What is none is left out.
   */
  readonly time?: string | null | undefined;
}

/** An item that could be read. The room adds `specversion` and `source`. */
export interface CursorEvent extends CursorItemFacts {
  /** The provider's id of the event, stable over redelivery; not empty. */
  readonly id: string;
  /** The provider's word for what happened; not empty. */
  readonly type: string;
  /** The payload as the provider sent it. */
  readonly data: unknown;
  /** The object the event is about. */
  readonly subject?: string | undefined;
  readonly unreadable?: undefined;
}

/** An item that could not be read. */
export interface CursorUnreadable extends CursorItemFacts {
  /** Why: a `schema` error that names the path, and never what stands there. */
  readonly unreadable: AckloopError;
}

/** What an item was read as. */
export type CursorItem = CursorEvent | CursorUnreadable;

/** The events that items become. */
export type EventOfItem<Read extends CursorItem> = Read extends CursorEvent
  ? FeedEvent<Read["type"], Read["data"]>
  : never;

/**
 * What an API says of itself that is read after a cursor and keeps no place for its readers: a log, a
 * change feed, a polling endpoint.
 *
 * Each function makes one request at the most, repeats none and keeps nothing. What it throws is a failed
 * poll: an `AckloopError` as it is, the network's failure as `transport`. `ackloop/http` has a client that
 * makes these errors.
 */
export interface CursorApi<Item = unknown, Read extends CursorItem = CursorItem> {
  /** The provider's name, such as `"svix"`: of errors, and the first part of the feed's name. */
  readonly provider: string;
  /**
   * What follows it in the feed's name and in the events' `source`: account or region, and which log, as
   * parts of a URI such as `"eu/topics/7"`. The place is kept under this name, so it must never change.
   */
  readonly path: string;
  /** Whether `read` can wait for an item. @default it answers at once */
  readonly waits?: true | undefined;
  /** The most items of one request. @default 100 */
  readonly pageSize?: number | undefined;
  /** Schemas of the events' data, by type. */
  readonly events?: Schemas | undefined;
  /**
   * Brings what stands behind a position; without one, from the oldest item that there is.
   *
   * An answer that is longer than may be read (`schema`, as the client of `ackloop/http` has it) is asked for
   * with a smaller `limit`.
   */
  read(position: string | undefined, wish: CursorWish): Promise<CursorPage<Item>>;
  /**
   * Brings what stands from a time on, RFC 3339 in UTC, which is never to come by the server's clock. Left
   * out, `from` can only be `"oldest"`, and an expired cursor cannot go on `"fromTime"`.
   */
  seek?(time: string, wish: CursorWish): Promise<CursorPage<Item>>;
  /**
   * Reads an item; `index` is its place on the page. Pure: it may be asked more than once. An item for which
   * it throws is one unreadable delivery among the good ones.
   */
  toEvent(item: Item, index: number): Read;
}
