import type { Decisions, OptionNames } from "../decisions.ts";
import type { TikiOperation } from "./operation.ts";
import type { TikiEmulatorOptions } from "./options.ts";

/** What the emulator decides, and where that comes from. */
export const decisions = {
  routes: {
    listQueues: "doc: Event queue API, API get list queues",
    createQueue: "doc: Event queue API, API create queue",
    createSubscription: "doc: Event queue API, API create subscription",
    listSubscriptions: "doc: Event queue API, API get list subscriptions",
    updateActive: "doc: Event queue API, API update subscription active status",
    pull: "doc: Event queue API, API pull events",
    ack: "doc: Event queue API, API ack events",
    me: "doc: Seller API, Get seller information",
    token: "doc: Auth flows, token endpoint",
    authorize: "doc: Auth flows, Authorization code flow",
  },
  refusals: {
    "400 The request body must be an object.": "doc: Common exceptions, 400",
    "400 ${name} is required and must be a string.":
      "doc: Event queue API, the bodies; Common exceptions, 400",
    "assumptions.unknownCodeStatus The queue does not exist.": "assumed: unknown-code",
    "assumptions.unknownCodeStatus The subscription does not exist.": "assumed: unknown-code",
    "400 The request body is missing.": "assumed: missing-body",
    "400 The app has a queue of this name.": "assumed: queue-names",
    "401 The token is not linked to a seller.": "doc: Common exceptions, 401",
    "401 The access token is missing, wrong or expired.": "doc: Common exceptions, 401",
    "403 The token has no scope for this event type.": "assumed: subscription-scope",
    "403 The seller is inactive.": "doc: Common exceptions, 403",
    "400 The account has its maximum of queues.": "assumed: max-queues",
    "400 event_type is not a known event type.": "assumed: event-types",
    "400 The subscription exists already.": "assumed: subscription-again",
    "400 active is required and must be a boolean.":
      "doc: Event queue API, API update subscription active status; Common exceptions, 400",
    "400 ack_id is not that of the previous pull.": "assumed: ack-older",
    "400 ack_id is not one of this queue.": "assumed: ack-unknown",
    "400 ack_id was acknowledged before.": "assumed: ack-again",
    "assumptions.sellerTokenStatus The queue belongs to the app, not the seller.":
      "assumed: seller-token-status",
    "406 Only application/json can be accepted.": "doc: Common exceptions, 406",
    "406 The request body must be application/json.": "doc: Common exceptions, 406",
    "429 Too many requests.": "doc: Common exceptions, 429",
    "invalid_scope The app may not ask for one of the scopes.": "assumed: oauth-errors",
    "401 invalid_client": "assumed: oauth-errors",
    "invalid_grant The code is wrong, used or expired, or the redirect differs.":
      "assumed: oauth-errors",
    "unsupported_grant_type The grant type is missing or unknown.": "assumed: oauth-errors",
    "invalid_grant The refresh token is wrong, used or expired.": "assumed: oauth-errors",
    "invalid_request The body must be a form.": "doc: Auth flows, token endpoint",
    "invalid_client No app has this client_id.": "assumed: oauth-errors",
    "invalid_request redirect_uri must equal the registered one.":
      "doc: Auth flows, Authorization code flow",
    "unsupported_response_type response_type must be code.":
      "doc: Auth flows, Authorization code flow",
    "invalid_state state must have 8 characters or more.":
      "doc: Auth flows, Authorization code flow",
  },
  options: {
    seed: "own: ids that come again",
    journal: "own: what is kept",
    clock: "own: a test's clock",
    sellers: "own: who there is",
    apps: "own: who there is; the kinds and settings are those of Register an application",
    activationDelayMs:
      "doc: Event queue for in-house app; Event queue API, API create subscription",
    retentionMs: "doc: Event queues, the guarantees",
    pageSize: "doc: Event queue API, API pull events",
    requestsPerSecond: "doc: Common exceptions, 429",
    "assumptions.staleAckId": "assumed: ack-again",
    "assumptions.olderAckId": "assumed: ack-older",
    "assumptions.unknownAckId": "assumed: ack-unknown",
    "assumptions.ackIds": "assumed: ack-of-a-place",
    "assumptions.blankAckId": "assumed: ack-blank",
    "assumptions.missingBody": "assumed: missing-body",
    "assumptions.emptyPullAckId": "assumed: empty-page",
    "assumptions.unknownCodeStatus": "assumed: unknown-code",
    "assumptions.subscriptionsListed": "assumed: subscriptions-listed",
    "assumptions.repeatedQueueName": "assumed: queue-names",
    "assumptions.reactivation": "assumed: reactivation",
    "assumptions.repeatedSubscription": "assumed: subscription-again",
    "assumptions.subscriptionNeedsScope": "assumed: subscription-scope",
    "assumptions.sellerTokenPulls": "assumed: reader-token",
    "assumptions.sellerTokenStatus": "assumed: seller-token-status",
    "assumptions.usedRefreshToken": "assumed: used-refresh-token",
    "assumptions.tokenLifetimeSeconds": "assumed: token-life",
    "assumptions.refreshTokenLifetimeSeconds": "assumed: token-life",
    "assumptions.codeLifetimeSeconds": "assumed: token-life",
    "assumptions.ownTokenLimited": "assumed: own-token-limit",
    "assumptions.retryAfter": "assumed: retry-after",
    "assumptions.maxQueues": "assumed: max-queues",
    "assumptions.eventTypes": "assumed: event-types",
  },
} as const satisfies Decisions<TikiOperation, OptionNames<TikiEmulatorOptions, "assumptions">>;
