import { type DiscueReceiverOptions, discueReceiver } from "../../../src/providers/discue/index.ts";
import { post as postTo } from "../../feeds/receiver/support.ts";

export { deliveryOf, statusOf } from "../../feeds/receiver/support.ts";

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
  return postTo(body, url, init);
}
