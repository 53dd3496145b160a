import type { FeedEvent } from "../../../src/core/event.ts";
import type { ReadableDelivery } from "../../../src/core/feed.ts";
import type { Received } from "../../../src/core/receiver.ts";
import { type DiscueReceiverOptions, discueReceiver } from "../../../src/providers/discue/index.ts";

/** A secret that a receiver takes. */
export const secret = "s3cret-of-the-listener";

/** The address of the webhook, with the secret. */
export const notifyUrl = `https://example.com/discue?secret=${secret}`;

/** A receiver that the tests' requests are let in by. */
export function receiver(
  options: DiscueReceiverOptions<undefined, Record<never, never>, string> = {},
) {
  return discueReceiver({ name: "orders", secret, ...options });
}

/** A call with a message, in the form that names its id. */
export function call(id: string, data: unknown = { order: 7 }, init: RequestInit = {}): Request {
  const body = JSON.stringify({ message: { id, data: JSON.stringify(data) } });
  return post(body, notifyUrl, init);
}

/** A call with any body. */
export function post(
  body: BodyInit | null,
  url: string = notifyUrl,
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
