import type { Assumptions } from "../../core/assumption.ts";

/** What the client takes for granted of Workato. */
export const assumptions = {
  "unknown-cursor": {
    open: "what a consume behind a message is answered that does not exist",
    assumed: "400, 404, 410 or 422, twice in a row while the topic answers, or lasting emptiness",
    options: ["expiredStatuses", "checkEmptyAfterMs", "onCursorExpired"],
    wrong: "another status: the run ends with `request`, and nothing is lost",
  },
  "since-inclusive": {
    open: "whether `since_time` gives messages of that very time",
    assumed: "either; it asks from a second before",
    options: ["restartMarginMs"],
    wrong: "a message that was skipped after a restart by time",
  },
  "one-odd-message": {
    open: "whether every message has an id, an object as its payload and a time",
    assumed: "one that has not is set aside alone; a time that is none is left out",
    wrong: "pages of such messages; a full page without any id ends the run",
    alone: "its method `publishRaw` puts such messages in",
  },
  "retention-left-out": {
    open: "an update that leaves the retention out: its table repeats the default of 604,800 s",
    assumed: "the default is set",
    options: ["retentionSeconds"],
    wrong: "a topic that keeps its retention",
  },
  "updated-schema": {
    open: "whether the fields of an update replace the list or are added; the sample sends all again",
    assumed: "they replace it",
    wrong: "a field that is still there after an update without it",
  },
  "topic-pages": {
    open: "whether a long list of topics comes in pages; a public program sends `page` and `per_page`",
    assumed: "it does where `count` is more than what came, by these two",
    wrong: "a `schema` error, never a list that is cut",
  },
  "field-left-out": {
    open: "which members a field of an update needs: the table calls all five optional",
    assumed: "none of them",
    wrong: "a refused update",
    alone: "it takes them as the table says",
  },
  "done-answer": {
    open: "what says that a purge or deletion was done: two pages differ",
    assumed: 'either, `{"data":{"status":"success"}}` or `{"Success":true}`, and nothing else',
    wrong: "a `schema` error with `outcomeUnknown` after one that was done",
    alone: "it answers as the page of the event streams does",
  },
  "batch-result": {
    open: "the values of `result` and of `is_partial_error` in a batch's answer",
    assumed: "a message with an id was published, unless the flag contradicts",
    options: ["isPublished"],
    wrong: "an id of a message that is not in the topic",
  },
  "batch-order": {
    open: "the order of `message_ids` in a batch's answer",
    assumed: "that of the payloads",
    wrong: "ids that belong to other payloads of the batch; nothing is lost",
  },
  "field-values": {
    open: "how `date_time` and `date` travel, and what a field without `optional` means",
    assumed: "ISO 8601 text; it may be absent",
    options: ["schema"],
    wrong: "a topic whose own messages do not pass its `topicSchema`",
  },
  "streams-rate": {
    open: "the rate limit of the host that consumes and publishes: the page names the Developer API's",
    assumed: "60 a minute too",
    options: ["requestsPerMinute"],
    wrong: "a 429 below it, or none far above it",
  },
  "server-clock": {
    open: "by whose clock a `since_time` to come is meant as now",
    assumed: "that of the header `Date`, a minute off at the most",
    options: ["from"],
    wrong: "a message of the first minute that a reader from now on did not get",
    alone: "it has one clock",
  },
  "token-place": {
    open: "what a token of another data centre is answered",
    assumed: "401",
    options: ["region"],
    wrong: "another status",
    alone: "it has one data centre",
  },
} as const satisfies Assumptions;
