/**
 * What Tiki's documents leave open, and what the emulator does there.
 *
 * Assumed: all of it. A true reply of the kind that a member describes would show its default wrong.
 */
export interface TikiAssumptions {
  /** An `ack_id` whose place is behind the queue's: accepted without effect, or 400. @default "accept" */
  readonly staleAckId: "accept" | "refuse";
  /**
   * An `ack_id` of an earlier pull than the last, of a place that is not reached yet: "that of the
   * previous pull" may mean the last one alone. @default "accept"
   */
  readonly olderAckId: "accept" | "refuse";
  /** An `ack_id` that this queue never gave: 400, or accepted without effect. @default "refuse" */
  readonly unknownAckId: "accept" | "refuse";
  /** What an empty pull gives as its `ack_id`: that of the place, or null. @default "place" */
  readonly emptyPullAckId: "place" | "null";
  /** The answer to a queue or subscription that does not exist; 404 is not in the list of errors. @default 404 */
  readonly unknownCodeStatus: 400 | 404;
  /**
   * Whose subscriptions are listed: those of the caller's seller, or all of the queue, by the app's own
   * token. @default "seller"
   */
  readonly subscriptionsListed: "seller" | "queue";
  /** A second subscription to one type: gives the first one, or 400. @default "same" */
  readonly repeatedSubscription: "same" | "refuse";
  /**
   * Whether a subscription needs a scope that covers its type, and gets 403 without: `order` or `all`
   * for orders, `product`, `inventory` or `all` for products. @default true
   */
  readonly subscriptionNeedsScope: boolean;
  /** Whether a public app's seller token may pull and ack. @default false */
  readonly sellerTokenPulls: boolean;
  /** The answer to a seller's token where the app's own is needed. @default 403 */
  readonly sellerTokenStatus: 401 | 403;
  /** What becomes of a refresh token that was used: it ends, or stays good. @default "ends" */
  readonly usedRefreshToken: "ends" | "stays";
  /** How long an access token lives, in seconds; no number is documented. @default 3599 */
  readonly tokenLifetimeSeconds: number;
  /** How long a refresh token lives, in seconds. @default 2_592_000 (30 days) */
  readonly refreshTokenLifetimeSeconds: number;
  /** How long a code lives, in seconds. @default 600 */
  readonly codeLifetimeSeconds: number;
  /** Whether a 429 says `Retry-After`. @default false */
  readonly retryAfter: boolean;
  /** How many queues an app may have; a number exists and is not told. @default Infinity */
  readonly maxQueues: number;
  /** The types that can be subscribed to; the list may be longer. @default the five documented ones */
  readonly eventTypes: readonly string[];
}

/** The event types of the page "Event type", read 2026-11. */
const documentedEventTypes: readonly string[] = Object.freeze([
  "ORDER_CREATED_SUCCESSFULLY",
  "ORDER_STATUS_UPDATED",
  "PRODUCT_PRICE_UPDATED",
  "PRODUCT_MARKET_PRICE_UPDATED",
  "PRODUCT_INVENTORY_UPDATED",
]);

/** What the emulator does where it is not told otherwise. */
export const defaultAssumptions: TikiAssumptions = Object.freeze({
  staleAckId: "accept",
  olderAckId: "accept",
  unknownAckId: "refuse",
  emptyPullAckId: "place",
  unknownCodeStatus: 404,
  subscriptionsListed: "seller",
  repeatedSubscription: "same",
  subscriptionNeedsScope: true,
  sellerTokenPulls: false,
  sellerTokenStatus: 403,
  usedRefreshToken: "ends",
  tokenLifetimeSeconds: 3599,
  refreshTokenLifetimeSeconds: 2_592_000,
  codeLifetimeSeconds: 600,
  retryAfter: false,
  maxQueues: Number.POSITIVE_INFINITY,
  eventTypes: documentedEventTypes,
});
