import type { FeedEvent } from "../../../src/core/event.ts";
import type { ReadableDelivery } from "../../../src/core/feed.ts";
import type { Received } from "../../../src/core/receiver.ts";
import { type ReceiverBasics, receiver as receiverOf } from "../../../src/feeds/index.ts";

/** A secret that a receiver takes. */
export const secret = "s3cret-of-the-listener";

/** The address of the webhook, with the secret. */
export const hookUrl = `https://example.com/acme?secret=${secret}`;

/** A receiver that the tests' requests are let in by; the whole body is the data where it has none. */
export function receiver(options: ReceiverBasics = {}) {
  const isOpen = options.open || options.signature !== undefined;
  return receiverOf({
    provider: "acme",
    name: "orders",
    ...(!isOpen && { secret }),
    ...options,
    toEvent: (body) => {
      const { id, data = body } = Object(body) as { readonly id?: string; readonly data?: unknown };
      return { type: "message", id, data };
    },
  });
}

/** A call with an event, in the form that names its id. */
export function call(id: string, data: unknown = { order: 7 }, init: RequestInit = {}): Request {
  return post(JSON.stringify({ id, data }), hookUrl, init);
}

/** A call with any body. */
export function post(
  body: BodyInit | null,
  url: string = hookUrl,
  init: RequestInit = {},
): Request {
  const duplex = body instanceof ReadableStream ? { duplex: "half" } : {};
  return new Request(url, { method: "POST", body, ...duplex, ...init });
}

/** The one delivery, which must be readable. */
export function deliveryOf<E extends FeedEvent>(received: Received<E>): ReadableDelivery<E> {
  if (received.kind !== "deliveries") throw new Error(`answered ${received.response.status}`);
  const [delivery] = received.deliveries;
  if (!delivery || received.deliveries.length !== 1) throw new Error("not one delivery");
  if (delivery.unreadable) throw delivery.unreadable;
  return delivery;
}

/** The status of an answer, which must be one. */
export function statusOf(received: Received): number {
  if (received.kind !== "answered") throw new Error("a delivery came");
  return received.response.status;
}
