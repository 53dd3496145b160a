/**
 * Kekker: the events of one node, for one channel.
 *
 * ## Delivery
 * The node keeps the list of unprocessed events; a pull reads its page one and takes
 * nothing off. No order, no push and no long poll is documented. An event comes again until it is
 * acknowledged, and after a reset, acknowledged ones included: at least once, repeats by `id`.
 *
 * ## Acknowledgement
 * Individual, one request for each event, many at once. The reply tells the time
 * of the earliest event that is still unprocessed; with a `cursor` store the feed keeps it as a low
 * watermark, and `client.events.reset(watermark)` is the documented recovery after a crash.
 *
 * ## Authentication
 * HTTP Basic, with the header `Channel`. A 401 may have a body of any shape.
 *
 * ## Limits
 * None is documented: neither page size, nor rate, nor retention. A page that the node cuts
 * shorter than asked is followed by further pages in the same pull.
 *
 * ## Sources
 * kekker.com/docs/api: "Interaction with events", "API Events Requests", "API Queue
 * Requests", "Authorization", "Handling Errors", "Versioning"; unchanged since 2021-11-30, read 2026-11.
 * Version 2.0 of the API alone: under 1.0 the same address means all events.
 *
 * @module ackloop/kekker
 */
export type {
  ClientCallOptions,
  ClientOptions,
  HttpCall,
  Repeat,
  ReplyFacts,
  ReplyReader,
  ResponseFacts,
  Token,
  TokenRequest,
  TransportRetry,
} from "../../http/types.ts";
export {
  type KekkerAckReply,
  type KekkerClient,
  type KekkerEventPage,
  type KekkerEvents,
  type KekkerListAllOptions,
  type KekkerListOptions,
  type KekkerQueue,
  type KekkerQueueState,
  kekker,
} from "./client.ts";
export {
  type KekkerClientsData,
  type KekkerDealData,
  type KekkerEvent,
  type KekkerEventData,
  type KekkerEventType,
  type KekkerEventWith,
  type KekkerQueueErrorData,
  type KekkerQueueSuccessData,
  type KekkerSchemas,
  type KekkerWireEvent,
  kekkerEvents,
  toKekkerWireEvent,
} from "./event.ts";
export type { KekkerFeed } from "./feed.ts";
export type {
  KekkerClientOptions,
  KekkerCredentials,
  KekkerFeedBaseOptions,
  KekkerFeedOptions,
  KekkerOptions,
  KekkerWatermarkOptions,
} from "./options.ts";
export type { KekkerZone } from "./time.ts";
export type { KekkerCategory } from "./wire.ts";
