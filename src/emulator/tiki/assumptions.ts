import type { Assumptions } from "../../core/assumption.ts";
import { type Choices, isAmount, isCount, isFlag, isTexts } from "../options.ts";

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
  /** Whether two pulls of the same place give the same `ack_id`, or each a new one. @default "place" */
  readonly ackIds: "place" | "pull";
  /** An `ack_id` of `""` in a pull: 400, or as null. @default "refuse" */
  readonly blankAckId: "refuse" | "null";
  /** A pull without a body: as `{}`, or 400. @default "empty" */
  readonly missingBody: "empty" | "refuse";
  /** What an empty pull gives as its `ack_id`: that of the place, or null. @default "place" */
  readonly emptyPullAckId: "place" | "null";
  /** The answer to a queue or subscription that does not exist; 404 is not in the list of errors. @default 404 */
  readonly unknownCodeStatus: 400 | 404;
  /**
   * Whose subscriptions are listed: those of the caller's seller, or all of the queue, by the app's own
   * token. @default "seller"
   */
  readonly subscriptionsListed: "seller" | "queue";
  /** A second queue of one name: made, or 400. @default "make" */
  readonly repeatedQueueName: "make" | "refuse";
  /** A subscription that is switched on again: routes after the delay of a new one, or at once. @default "delayed" */
  readonly reactivation: "delayed" | "atOnce";
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
  /** Whether the limit of a seller's requests holds for a public app's own token too. @default true */
  readonly ownTokenLimited: boolean;
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
  ackIds: "place",
  blankAckId: "refuse",
  missingBody: "empty",
  emptyPullAckId: "place",
  unknownCodeStatus: 404,
  subscriptionsListed: "seller",
  repeatedQueueName: "make",
  reactivation: "delayed",
  repeatedSubscription: "same",
  subscriptionNeedsScope: true,
  sellerTokenPulls: false,
  sellerTokenStatus: 403,
  usedRefreshToken: "ends",
  tokenLifetimeSeconds: 3599,
  refreshTokenLifetimeSeconds: 2_592_000,
  codeLifetimeSeconds: 600,
  ownTokenLimited: true,
  retryAfter: false,
  maxQueues: Number.POSITIVE_INFINITY,
  eventTypes: documentedEventTypes,
});

const takesOrNot = ["accept", "refuse"];

/** What each can be. */
export const choices: Choices<TikiAssumptions> = {
  staleAckId: takesOrNot,
  olderAckId: takesOrNot,
  unknownAckId: takesOrNot,
  ackIds: ["place", "pull"],
  blankAckId: ["refuse", "null"],
  missingBody: ["empty", "refuse"],
  emptyPullAckId: ["place", "null"],
  unknownCodeStatus: [400, 404],
  subscriptionsListed: ["seller", "queue"],
  repeatedQueueName: ["make", "refuse"],
  reactivation: ["delayed", "atOnce"],
  repeatedSubscription: ["same", "refuse"],
  subscriptionNeedsScope: isFlag,
  sellerTokenPulls: isFlag,
  sellerTokenStatus: [401, 403],
  usedRefreshToken: ["ends", "stays"],
  tokenLifetimeSeconds: isAmount,
  refreshTokenLifetimeSeconds: isAmount,
  codeLifetimeSeconds: isAmount,
  ownTokenLimited: isFlag,
  retryAfter: isFlag,
  maxQueues: isCount,
  eventTypes: isTexts,
};

/** What the emulator takes for granted of Tiki: every option of {@link TikiAssumptions}, and what has none. */
export const assumptions = {
  "ack-again": { assumed: "accepted without effect", options: ["assumptions.staleAckId"] },
  "ack-of-a-place": {
    open: "whether two pulls of the same place give the same `ack_id`",
    assumed: "they do",
    options: ["assumptions.ackIds"],
    wrong: "two `ack_id`s for the same events",
    alone: "it takes any; an empty page with a new one is carried on once",
  },
  "ack-blank": {
    open: "an `ack_id` that is an empty text",
    assumed: "400 in a pull; an ack needs one anyway",
    options: ["assumptions.blankAckId"],
    wrong: "a page in answer to it",
    alone: "it sends null",
  },
  "missing-body": {
    open: "a pull without a body, where the document has an `ack_id` that may be left out",
    assumed: "as one without `ack_id`",
    options: ["assumptions.missingBody"],
    wrong: "a refusal",
    alone: "it sends a body",
  },
  "ack-older": {
    open: 'whether the `ack_id` "of the previous pull" is that of the last one alone',
    assumed: "an earlier pull's is taken too, as long as its place is not reached",
    options: ["assumptions.olderAckId"],
    wrong: "a 400 to the `ack_id` of the pull before the last",
    alone: "it sends that of the last page it was done with",
  },
  "ack-unknown": {
    open: "what becomes of an `ack_id` that the queue never gave",
    assumed: "400",
    options: ["assumptions.unknownAckId"],
    wrong: "a 200 to a made-up `ack_id`",
    alone: "it sends only what it was given",
  },
  "empty-page": {
    assumed: "that of the queue's place",
    options: ["assumptions.emptyPullAckId"],
  },
  "unknown-code": {
    open: "the status for an unknown queue or subscription; 404 is not in the list of errors",
    assumed: "404; another app's queue is unknown too",
    options: ["assumptions.unknownCodeStatus"],
    wrong: "another status for a code that does not exist",
    alone: "it tells 404 as `notFound`, any other by its status",
  },
  "subscriptions-listed": {
    open: "whether a public app's list of a queue has the subscriptions of all sellers",
    assumed: "those of the token's seller",
    options: ["assumptions.subscriptionsListed"],
    wrong: "another seller's subscription in the list",
    alone: "it lists what it is given, by the token of the call",
  },
  "subscription-again": {
    open: "a second subscription to one type",
    assumed: "gives the first one",
    options: ["assumptions.repeatedSubscription"],
    wrong: "a 400, or a second code",
    alone: "it reports either",
  },
  "queue-names": {
    assumed: "it can",
    options: ["assumptions.repeatedQueueName"],
  },
  reactivation: {
    open: "whether a subscription that is switched on again waits like a new one",
    assumed: "it does; both documents speak of new ones",
    options: ["assumptions.reactivation", "activationDelayMs"],
    wrong: "an event right after it was switched on",
    alone: "it gets what comes",
  },
  "subscription-scope": {
    open: "which scope a subscription needs",
    assumed: "`order` or `all` for orders; `product`, `inventory` or `all` for products; else 403",
    options: ["assumptions.subscriptionNeedsScope"],
    wrong: "a subscription without such a scope",
    alone: "it asks for the scopes that it is told",
  },
  "reader-token": {
    assumed: "the app's own; a seller's is refused",
    options: ["assumptions.sellerTokenPulls"],
  },
  "seller-token-status": {
    open: "the status for a seller's token where the app's own is needed",
    assumed: "403",
    options: ["assumptions.sellerTokenStatus"],
    wrong: "another status",
    alone: "401 and 403 are one to it",
  },
  "basic-form": { assumed: "encoded or as it is, and with `client_id` or without" },
  "used-refresh-token": {
    assumed: "dead after the first use",
    options: ["assumptions.usedRefreshToken"],
  },
  "token-life": {
    open: "how long tokens and codes live",
    assumed: "an access token 3599 s, a refresh token 30 days, a code 10 minutes",
    options: [
      "assumptions.tokenLifetimeSeconds",
      "assumptions.refreshTokenLifetimeSeconds",
      "assumptions.codeLifetimeSeconds",
    ],
    wrong: "another `expires_in`, or a token that ends earlier",
    alone: "it goes by `expires_in` and by 401",
  },
  "own-token-limit": {
    open: 'whether "200 requests a second per seller" holds for a public app\'s own token',
    assumed: "it does, of the app's own",
    options: ["assumptions.ownTokenLimited"],
    wrong: "more requests a second by such a token",
    alone: "it waits when it is told to",
  },
  "retry-after": {
    open: "whether a 429 says `Retry-After`",
    assumed: "it does not",
    options: ["assumptions.retryAfter"],
    wrong: "a 429 with that header",
    alone: "it reads it where it comes",
  },
  "max-queues": {
    open: "how many queues an app may have; a number exists and is not told",
    assumed: "no limit; beyond one that is set, 400",
    options: ["assumptions.maxQueues"],
    wrong: "a refused queue",
    alone: "it reports the refusal",
  },
  "event-types": {
    open: "whether the list of event types is whole",
    assumed: "it is; others cannot be subscribed to (400)",
    options: ["assumptions.eventTypes"],
    wrong: "an event of another type",
    alone: "it takes any type",
  },
  "oauth-errors": {
    open: "how the token endpoint and the page for sellers refuse",
    assumed: "as RFC 6749 says: `error` and `error_description`, 400 or 401",
    wrong: "a refusal of another shape",
    alone: "it takes any text of an error",
  },
  "seller-active": {
    open: "the type of `active` in what the call for the token's own seller answers",
    assumed: "1 or 0",
    wrong: "a true reply",
    alone: "it does not make that call",
  },
} as const satisfies Assumptions;
