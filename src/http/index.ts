/**
 * The HTTP client that the providers of ackloop are made of, for a client of another API.
 *
 * It repeats a failed call as the call allows, with backoff and jitter, and waits as `Retry-After` says. It asks for
 * a new token once after a 401. Ends each attempt and the whole call in time. Reads no answer above its limit
 * in bytes, follows no redirect, keeps integers that are too long for a number (as text), and turns whatever
 * goes wrong into one `AckloopError` that holds no URL, header, body or credential.
 *
 * ## A feed on it
 * What it throws is what the loop understands: a failed poll for the network, a halt for a refused
 * credential. Build the feed with `ackloop/feeds`.
 *
 * @example
 * ```ts
 * import { httpClient, replyOf } from "ackloop/http";
 * import * as z from "zod";
 *
 * const orders = httpClient({
 *   provider: "shop",
 *   baseUrl: "https://api.shop.example/v1",
 *   credential: { token: process.env.SHOP_TOKEN ?? "", header: "authorization", prefix: "Bearer " },
 * });
 * const { id } = await orders.call({
 *   operation: "orders.get",
 *   method: "GET",
 *   path: ["orders", 17],
 *   reply: replyOf(z.object({ id: z.number() })),
 * });
 * ```
 *
 * @module ackloop/http
 */

export { httpClient } from "./http-client.ts";
export { type CheckedValue, noReply, parseAs, replyOf, textReply } from "./reply.ts";
export { cachedToken, type IssuedToken, type TokenCacheOptions } from "./token.ts";
export type {
  ClientCallOptions,
  ClientOptions,
  HttpCall,
  HttpClient,
  HttpSettings,
  Repeat,
  ReplyFacts,
  ReplyReader,
  ResponseFacts,
  Token,
  TokenRequest,
  TransportRetry,
} from "./types.ts";
