/**
 * A feed of an API of one's own: an endpoint that is polled with an iterator, as Svix has it.
 *
 * An answer ends with an iterator, and no message has a place of its own: a page is acknowledged as a whole.
 * The first answer is an iterator alone.
 *
 * Source: docs.svix.com, "Polling Endpoints", and the models `PollingEndpointOut` and
 * `PollingEndpointMessageOut` of its published clients, read 2026-12.
 * Assumed: an iterator that is not known any more is answered with 400, 404, 410 or 422; another status would
 * show it wrong, and end the run with `request`.
 */
import { type CursorFeedOptions, cursorFeed, parseJson } from "ackloop/feeds";
import {
  type ClientOptions,
  httpClient,
  parseAs,
  type ReplyReader,
  replyOf,
  type Token,
} from "ackloop/http";
import * as z from "zod/mini";

/** What a poller is made of. */
export interface PollerOptions extends ClientOptions {
  /** The key of the endpoint, such as `sk_poll_....eu`. */
  readonly token: Token;
  readonly appId: string;
  readonly sinkId: string;
}

const wirePage = z.object({
  data: z.array(z.unknown()),
  iterator: z.string().check(z.minLength(1)),
  done: z.boolean(),
});

const wireMessage = z.object({
  id: z.string().check(z.minLength(1)),
  eventType: z.string().check(z.minLength(1)),
  payload: z.looseObject({}),
  timestamp: z.nullish(z.string()),
});

const readWire = replyOf(wirePage);

const readPage: ReplyReader<ReturnType<typeof toPage>> = (body, facts) =>
  toPage(readWire(body, facts), facts.text);

function toPage({ data, iterator, done }: z.output<typeof wirePage>, text: string) {
  return {
    items: data,
    position: iterator,
    more: !done,
    again: () => (parseJson(text) as typeof wirePage._zod.output).data,
    bytes: text.length,
  };
}

/** Makes the feed of a polling endpoint. Makes no request. */
export function pollerFeed(
  { token, appId, sinkId, baseUrl = "https://api.us.svix.com/api/v1", ...client }: PollerOptions,
  options: CursorFeedOptions,
) {
  const credential = { token, header: "authorization", prefix: "Bearer " };
  const http = httpClient({ ...client, provider: "svix", baseUrl, credential });
  const path = ["app", appId, "poller", sinkId];
  return cursorFeed(
    {
      provider: "svix",
      path: path.map(encodeURIComponent).join("/"),
      pageSize: 50,
      read: (iterator, { limit, signal }) =>
        http.call({
          operation: "pull",
          method: "GET",
          path,
          query: { iterator, limit },
          reply: readPage,
          signal,
        }),
      toEvent(item, index) {
        const from = { provider: "svix", operation: "pull", at: `data[${index}]` };
        const { id, eventType, payload, timestamp } = parseAs(wireMessage, item, from);
        return { id, type: eventType, time: timestamp, data: payload };
      },
    },
    options,
  );
}
