/**
 * Workato's event streams: topics, messages, and a feed of a topic. Read 2026-11.
 *
 * ## Delivery
 * A topic holds its messages in the order of their publishing, for its retention: 7 days by default,
 * 90 at most. Every reader sees all of them. A consume brings up to 50 messages behind a message id,
 * or from a time on, and may be held for up to 60 s until there is one. The feed reads on behind the
 * last message that it was given, so a page can be fetched while the one before is handled.
 *
 * ## Acknowledgement
 * There is none: Workato keeps no place for a reader. The feed's ack saves the message's id and time
 * in a cursor store, by compare-and-set, under the consumer's name; what was not saved is read again.
 * A run takes the place over when it starts, and an older run's later save is refused (`conflict`).
 * A saved message that Workato no longer knows is `cursorExpired`, or goes by `onCursorExpired`.
 * Assumed: the answer to an unknown message is one of `expiredStatuses`, or a lasting emptiness. Any
 * other answer would show it wrong.
 *
 * ## Authentication
 * `Authorization: Bearer <token of an API client>` on both hosts. The rights are those of the client's
 * role, one for each call, so nothing is looked up before it is consumed. A token works in its own
 * data centre only; elsewhere it is refused with 401 (inferred).
 *
 * ## Limits
 * 60 requests a minute, which the client keeps by itself for each of the two APIs (the page names the
 * Developer API. Assumed: the other too; a 429 below it would show it wrong); 50 messages a consume, 100 a batch publish, 1 MB a request, 60 s a long poll.
 *
 * ## Sources
 * docs.workato.com: "Event streams public API" (/workato-api/pubsub), "Event streams"
 * (/workato-api/event-streams.html), "Limits" (/en/workato-api/limits.html), "Workato API"
 * (/workato-api: hosts, authentication, errors), "API clients" (/workato-api/api-clients).
 *
 * @module ackloop/workato
 */

export type { EventOfForm, MessageForm, Schemas, TypedForm } from "../../core/event.ts";
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
export type { WorkatoInstant, WorkatoTopicId } from "./arguments.ts";
export { type WorkatoClient, type WorkatoOptions, workato } from "./client.ts";
export type { WorkatoConsumeCalls, WorkatoConsumeOptions, WorkatoMessage } from "./consume.ts";
export type { WorkatoData, WorkatoTypeOf } from "./event.ts";
export type { WorkatoFeed } from "./feed.ts";
export type {
  WorkatoEventWith,
  WorkatoFeedBasics,
  WorkatoFeedOptions,
  WorkatoOnCursorExpired,
} from "./feed-options.ts";
export type {
  WorkatoIsPublished,
  WorkatoPublishCalls,
  WorkatoPublishItem,
  WorkatoPublishResult,
} from "./publish.ts";
export type { WorkatoRegion } from "./regions.ts";
export {
  topicSchema,
  type WorkatoNewTopicField,
  type WorkatoTopicData,
  type WorkatoTopicField,
} from "./topic-schema.ts";
export type {
  WorkatoNewTopic,
  WorkatoTopic,
  WorkatoTopicCalls,
  WorkatoTopicChange,
  WorkatoTopicQuery,
} from "./topics.ts";
export type {
  WorkatoWireError,
  WorkatoWireMessage,
  WorkatoWireReplies,
  WorkatoWireTopic,
} from "./wire-types.ts";
