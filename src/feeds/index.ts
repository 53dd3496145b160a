/**
 * For authors of feeds of their own: the part of a feed that is the same whichever API it reads.
 *
 * `cursorFeed` makes the feed of an API that is read after a cursor and keeps no place for its readers: a
 * log, a change feed, a polling endpoint. Its author says how one page is asked for and what an item means;
 * whose place it is, when it is saved and what happens where it is lost is here. `ackloop/http` has a client
 * for the requests, `ackloop/testing` the kit that proves the feed.
 *
 * `receiver` makes the receiver of any signed webhook, for `webhook`, `inbox` or, by its `feed`, `consume`.
 *
 * @module ackloop/feeds
 */
export { parseJson } from "../core/json.ts";
export type {
  CursorApi,
  CursorEvent,
  CursorItem,
  CursorItemFacts,
  CursorPage,
  CursorUnreadable,
  CursorWish,
  EventOfItem,
} from "./cursor/api.ts";
export { type CursorFeed, cursorFeed } from "./cursor/feed.ts";
export type { Instant } from "./cursor/instant.ts";
export type { CursorFeedOptions, OnCursorExpired } from "./cursor/options.ts";
export type { ReceiverFeed, ReceiverFeedOptions } from "./receiver/feed.ts";
export type { ReceiverBasics } from "./receiver/options.ts";
export {
  type ReceiverOptions,
  receiver,
  type WebhookEvent,
  type WebhookEventWith,
} from "./receiver/own-receiver.ts";
export type { WebhookReceiver } from "./receiver/receiver.ts";
export type { SignatureOptions } from "./receiver/signature.ts";
