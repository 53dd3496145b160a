import type { EventCatalogue, FeedEvent } from "./event.ts";
import type { CallOptions, Delivery, EventSource } from "./feed.ts";
import type { Logger } from "./logger.ts";

/** What a request to a webhook turned out to be. */
export type Received<E extends FeedEvent = FeedEvent> =
  /** Events to handle; the answer says what became of them. */
  | { readonly kind: "deliveries"; readonly deliveries: readonly Delivery<E>[] }
  /** Answered already: a liveness check, a domain challenge, or a refusal. */
  | {
      readonly kind: "answered";
      readonly response: Response;
      /**
       * `"liveness"`: a check of that kind; who takes no events any more answers 503 in its place.
       * `"full"`: `admit` said no; who said so answers it with its own `defer`.
       */
      readonly as?: "liveness" | "full" | undefined;
    };

/** What a receiver is told with a request. */
export interface ReceiveOptions extends CallOptions {
  /**
   * Asked once, after everything that the address and headers can tell, and before the body is read.
   * Where it says no, nothing of it is read, and the answer is one "send again". A receiver that never asks cannot have its bodies
   * counted before they are read.
   */
  readonly admit?: (() => boolean) | undefined;
  /** Where refusals are told. @default the receiver's own */
  readonly logger?: Logger | undefined;
}

/**
 * Reads the requests of a provider that calls us.
 *
 * It decides nothing: no handler, no retry, no store, and no state between requests.
 */
export interface Receiver<E extends FeedEvent = FeedEvent> {
  /** Stable over restarts, and unique, like a feed's. */
  readonly name: string;
  /** The schemas of the event types that it knows; absent when it knows none. */
  readonly events?: EventCatalogue | undefined;
  /** Where it tells of requests that were refused or could not be read. @default the `console` */
  readonly logger?: Logger | undefined;
  /**
   * Reads one request: checks its secret or signature, limits and parses its body.
   *
   * A refusal (401, 400, 413) is `answered`, and nothing of the request was trusted. It rejects only
   * when the signal fires, or with a `config` error when the body was read by somebody else before.
   */
  receive(request: Request, options?: ReceiveOptions): Promise<Received<E>>;
  /** The answer that tells the provider: handled, do not send again. */
  accept(): Response;
  /** The answer that tells the provider: send again, not before `retryAfterMs`. */
  defer(retryAfterMs: number): Response;
}

/** The events that a feed or a receiver brings: `EventOf<typeof feed>`. */
export type EventOf<Source> =
  Source extends EventSource<infer E> ? E : Source extends Receiver<infer E> ? E : never;
