/**
 * Tiki's event queues, read 2026-11.
 *
 * ## Delivery
 * At least once, and in the order of the queue. A pull brings the oldest events that are not
 * acknowledged, up to 100, and acknowledges nothing by itself; what is not acknowledged comes again.
 * Events are kept for 7 days. There is no long poll: an empty queue answers at once, and the documents
 * advise to wait about a minute. Two readers of one queue share its position, so let one read.
 *
 * ## Acknowledgement
 * A position, not a receipt for each event: the `ack_id` of a page acknowledges everything up to its
 * end, either alone or with the next pull. So only the last delivery of a page has a receipt.
 * Assumed: an `ack_id` that was sent before, or is older than the position, is accepted and changes
 * nothing. A 400 to a repeated ack would show it wrong; the feed's option `refusedAck` then helps.
 *
 * ## Authentication
 * OAuth 2.0 bearer tokens. An in-house app uses `clientCredentials` for everything. A public app uses
 * it for queues, pulls and acks, and each seller's own token (`authorizationCode`, then
 * `refreshToken`) for that seller's subscriptions. Assumed: pulls and acks of a public app want the
 * app's token, since the queue is the app's; the feed's option `token` takes another.
 *
 * ## Limits
 * 200 requests a second for each seller; 100 events a page, which no parameter changes.
 *
 * ## Sources
 * open.tiki.vn/docs: "Event queue API", "Event queues" and its guides for in-house and public apps,
 * "Event type", "Order status v2", "Common exceptions", "Auth flows", "Scope of access".
 *
 * @module ackloop/tiki
 */
import { oneOf } from "../../core/options.ts";
import { createHttpClient } from "../../http/client.ts";
import { checkClientOptions, tokenNeed, tokenRule } from "../../http/options.ts";
import type { ClientOptions, Token } from "../../http/types.ts";
import { createCalls, type TikiCalls } from "./client.ts";
import { describeError } from "./error.ts";
import {
  type TikiEventWith,
  type TikiFeed,
  type TikiFeedOptions,
  type TikiSchemas,
  tikiFeed,
} from "./feed.ts";

const production = "https://api.tiki.vn/integration/v1";

/** What {@link tiki} needs. */
export interface TikiOptions extends ClientOptions {
  /** The bearer token: the text, a function, or a helper such as `clientCredentials`. */
  readonly token: Token;
  /** The root of the API. @default "https://api.tiki.vn/integration/v1" */
  readonly baseUrl?: string | undefined;
  /**
   * What a 2xx to an ack means that has a body and does not say `ok`, the one documented answer. An error is
   * retryable, and its events come again. `"acked"`: the status alone counts. @default "error"
   */
  readonly unclearAck?: "error" | "acked" | undefined;
}

/** The whole event queue API, and feeds of it. */
export interface TikiClient extends TikiCalls {
  /**
   * Makes the feed of a queue, for `consume` and `drain`. It makes no request by itself. Its type by name is
   * `TikiFeed`, as `ReturnType<typeof shop.feed>` knows no event types.
   *
   * @param queueCode The queue's code, as `queues.list` and `queues.create` give it.
   * @throws {AckloopError} `config` for a code that no path can hold, or a wrong option.
   */
  feed<Schemas extends TikiSchemas = Record<never, never>>(
    queueCode: string,
    options?: TikiFeedOptions<Schemas>,
  ): TikiFeed<TikiEventWith<NoInfer<Schemas>>>;
}

/**
 * Makes a client of Tiki's event queues.
 *
 * Checks its options at once and makes no request. Clients share nothing, except a token helper that
 * several were given.
 *
 * @throws {AckloopError} `config`, which names the option and what is allowed.
 * @example
 * const shop = tiki({ token: clientCredentials({ clientId, clientSecret }) });
 * const orders = shop.feed("5a84289f-ed78-4285-9670-9a34508fb4a7");
 */
export function tiki(options: TikiOptions): TikiClient {
  checkClientOptions("tiki", options, {
    token: tokenRule.required(tokenNeed),
    unclearAck: oneOf("error", "acked"),
  });
  const { token, baseUrl = production, unclearAck = "error", ...clientOptions } = options;
  const http = createHttpClient({
    ...clientOptions,
    provider: "tiki",
    baseUrl,
    credential: { token, header: "authorization", prefix: "Bearer " },
    describeError,
  });
  const calls = createCalls(http, unclearAck);
  return {
    ...calls,
    feed: (queueCode, feedOptions) => tikiFeed(http, calls.events, queueCode, feedOptions),
  };
}

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
export type {
  TikiAckReply,
  TikiCallOptions,
  TikiCalls,
  TikiPage,
  TikiPullOptions,
  TikiQueue,
  TikiSubscription,
  TikiWireEvent,
} from "./client.ts";
export {
  type TikiEnvelope,
  type TikiEvent,
  type TikiEventType,
  type TikiInventoryData,
  type TikiMarketPriceData,
  type TikiOrderData,
  type TikiOrderStatus,
  type TikiPriceData,
  tikiEvents,
  toTikiEnvelope,
} from "./event.ts";
export type { TikiEventWith, TikiFeed, TikiFeedOptions, TikiSchemas } from "./feed.ts";
export type { TikiApp, TikiOnRefresh } from "./grant.ts";
export {
  type AuthorizationCodeOptions,
  type AuthorizeUrlOptions,
  authorizationCode,
  authorizeUrl,
  type ClientCredentialsOptions,
  clientCredentials,
  type RefreshTokenOptions,
  refreshToken,
} from "./token.ts";
