import type { EventCatalogue, FeedEvent } from "./event.ts";
import type { CallOptions, Delivery } from "./feed.ts";

/** What a request to a webhook turned out to be. */
export type Received<E extends FeedEvent = FeedEvent> =
  /** Events to handle; the answer says what became of them. */
  | { readonly kind: "deliveries"; readonly deliveries: readonly Delivery<E>[] }
  /** Answered already: a liveness check, a domain challenge, or a refusal. */
  | { readonly kind: "answered"; readonly response: Response };

/**
 * Reads the requests of a provider that calls us.
 *
 * It decides nothing: no handler, no retry, no store, and no state between requests.
 */
export interface Receiver<E extends FeedEvent = FeedEvent> {
  /** Stable over restarts, and unique, like a feed's. */
  readonly name: string;
  /** The schemas of the event types that it knows; absent when it knows none. */
  readonly events?: EventCatalogue<E> | undefined;
  /**
   * Reads one request: checks its secret or signature, limits and parses its body.
   *
   * A refusal (401, 400, 413) is `answered`, and nothing of the request was trusted. It rejects only
   * when the signal fires, or with a `config` error when the body was read by somebody else before.
   */
  receive(request: Request, options?: CallOptions): Promise<Received<E>>;
  /** The answer that tells the provider: handled, do not send again. */
  accept(): Response;
  /** The answer that tells the provider: send again, not before `retryAfterMs`. */
  defer(retryAfterMs: number): Response;
}
