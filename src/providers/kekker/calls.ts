import { AckloopError } from "../../core/errors.ts";
import type { Logger } from "../../core/logger.ts";
import { createHttpClient } from "../../http/client.ts";
import { noReply, pageReply, replyOf, textReply, withText } from "../../http/reply.ts";
import type { ClientCallOptions, HttpClient, ReplyFacts } from "../../http/types.ts";
import { type KekkerOptions, toHttpSettings } from "./options.ts";
import {
  namedPage,
  namedQueueState,
  readEarliest,
  saysNothing,
  type WirePage,
  type WireQueueState,
  wirePage,
  wireQueueState,
} from "./wire.ts";

/** Which page of the list is wanted. */
export interface ListQuery extends ClientCallOptions {
  readonly category?: string | undefined;
  readonly pageNumber?: number | undefined;
  readonly pageSize?: number | undefined;
}

/** A page of the list with its text, from which a feed can read its events anew. */
export type ListedPage = WirePage & { readonly text: string };

/** The documented calls, in the API's own terms: one request each, repeated by the transport alone. */
export interface KekkerCalls {
  /** The events' `source`. */
  readonly source: string;
  /** The node and the channel, as feeds are named. */
  readonly name: string;
  /** Where failures of a cursor store are told. */
  readonly logger: Logger | undefined;
  /** `GET /api/events` or `GET /api/events/{category}`. */
  list(operation: string, query: ListQuery): Promise<ListedPage>;
  /** `POST /api/events/{eventUid}/ack`; the reply as text. */
  ack(eventUid: string, options: ClientCallOptions | undefined): Promise<string>;
  /** `POST /api/events/reset/{dateTimeUTC}`. */
  reset(time: string, options: ClientCallOptions | undefined): Promise<void>;
  /** `GET /api/queue/{queueId}`. */
  queueState(queueId: string, options: ClientCallOptions | undefined): Promise<WireQueueState>;
  /** `DELETE /api/queue/{queueId}`. */
  cancel(queueId: string, options: ClientCallOptions | undefined): Promise<void>;
}

const readNamedPage = replyOf(wirePage);
const readAnyPage = pageReply<WirePage>((body, facts) => readNamedPage(namedPage(body), facts), []);
const readPage = withText(readAnyPage);
const readQueueState = replyOf(wireQueueState);

/**
 * Makes the calls of one client.
 *
 * Every call may be repeated: reads change nothing, a second ack finds the event gone, a second reset
 * repeats events, and a second cancel finds the operation gone.
 */
export function createCalls(options: KekkerOptions): KekkerCalls {
  const http = createHttpClient(toHttpSettings(options));
  const place = toPlace(options.baseUrl, options.channel);
  return {
    source: `/kekker/${place}`,
    name: `kekker/${place}`,
    logger: options.logger,
    list: (operation, { category, pageNumber, pageSize, signal, onResponse }) =>
      http.call({
        operation,
        method: "GET",
        path: ["api", "events", ...(category === undefined ? [] : [category])],
        query: { pageNumber, pageSize },
        repeat: "safe",
        hot: true,
        signal,
        onResponse,
        reply: readPage,
      }),
    ack: (eventUid, { signal, onResponse } = {}) =>
      http.call({
        operation: "ack",
        method: "POST",
        path: ["api", "events", eventUid, "ack"],
        repeat: "safe",
        hot: true,
        signal,
        onResponse,
        reply: ackReply,
      }),
    reset: (time, { signal, onResponse } = {}) =>
      http.call({
        operation: "reset",
        method: "POST",
        path: ["api", "events", "reset", time],
        repeat: "safe",
        signal,
        onResponse,
        reply: noReply,
      }),
    ...queueCalls(http),
  };
}

function queueCalls(http: HttpClient): Pick<KekkerCalls, "queueState" | "cancel"> {
  return {
    queueState: (queueId, { signal, onResponse } = {}) =>
      http.call({
        operation: "queue.get",
        method: "GET",
        path: ["api", "queue", queueId],
        repeat: "safe",
        signal,
        onResponse,
        reply: (body, facts) => readQueueState(namedQueueState(body), facts),
      }),
    cancel: (queueId, { signal, onResponse } = {}) =>
      http.call({
        operation: "queue.cancel",
        method: "DELETE",
        path: ["api", "queue", queueId],
        repeat: "safe",
        signal,
        onResponse,
        reply: noReply,
      }),
  };
}

/**
 * Reads the answer to an ack: a time, or nothing. Anything else, taken for an answer, would leave the
 * event on the list and count it as acknowledged.
 */
const ackReply: typeof textReply = Object.assign(
  (body: unknown, facts: ReplyFacts): string => {
    const text = textReply(body, facts);
    if (saysNothing(text) || readEarliest(text) !== undefined) return text;
    const { provider, operation, status } = facts;
    throw new AckloopError("schema", "the answer is neither empty nor a time", {
      provider,
      operation,
      status,
      retryable: true,
      outcomeUnknown: true,
    });
  },
  { reads: "text" as const },
);

/** The node and the channel as a path of encoded segments: two nodes, or two channels, never meet. */
function toPlace(baseUrl: string, channel: string): string {
  const { host, pathname } = new URL(baseUrl);
  const prefix = pathname.split("/").filter((segment) => segment !== "");
  return [encodeURIComponent(host), ...prefix, encodeURIComponent(channel)].join("/");
}
