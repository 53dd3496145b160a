import type { Assumptions } from "../../core/assumption.ts";

/** What the client takes for granted of Tiki. */
export const assumptions = {
  "ack-again": {
    open: "what becomes of an `ack_id` that is sent twice, or is behind the queue's place",
    assumed: "accepted and without effect, so that a 400 is an error",
    options: ["refusedAck"],
    wrong: "a 400 to a repeated ack",
  },
  "ack-answer": {
    open: "an answer to an ack without a body; only `status: ok` is documented",
    assumed: "acknowledged; with another body it is not",
    options: ["unclearAck"],
    wrong: "events that come again after such an answer",
    alone: "it always says `ok`; the fault `status` says anything else",
  },
  "empty-page": {
    open: "whether an empty page has an `ack_id`, and which",
    assumed: "it may have none, and may itself be `null` or 204; a page of events always has one",
    wrong: "a page of events without one: it is not delivered, and the pull fails with `schema`",
  },
  "behind-empty": {
    open: "whether events can stand behind an empty page",
    assumed: "behind one with a new `ack_id`, which is carried on at once",
    wrong: "an empty page whose `ack_id` brings nothing: one request more",
    alone: "its method `hide` makes such pages",
  },
  "reader-token": {
    open: "whose token pulls and acks of a public app want",
    assumed: "the app's own, since the queue is the app's",
    options: ["token"],
    wrong: "a 401 or 403 to a pull by the app's own token",
  },
  "basic-form": {
    open: "how an id or a secret of other characters than `a-zA-Z0-9-_` goes into the Basic header, and whether `client_id` may stand in the form beside it",
    assumed: "both are encoded first, as RFC 6749 has it; `client_id` is in every form",
    options: ["authentication"],
    wrong: '`invalid_client` to the right secret: `authentication: "post"` has no such header',
  },
  "used-refresh-token": {
    open: "whether a refresh token is good for a second use",
    assumed: "dead after the first, so the new one is stored before it is used",
    wrong: "a token for one that was used; nothing is lost by it",
  },
  "queue-names": {
    open: "whether an app can have two queues of one name",
    assumed: "it can, so a queue is never made twice by itself",
    wrong: "a refused second queue of a name",
  },
  "stock-key": {
    open: "the payload of a `v1` stock event",
    assumed: "it has a `product_id`, as `v2` has",
    options: ["events"],
    wrong: "a stock event that goes by the policy `unprocessable`",
    alone: "it takes any payload",
  },
} as const satisfies Assumptions;
