import type { Assumptions } from "../../core/assumption.ts";

/** What the client and the receiver take for granted of discue. */
export const assumptions = {
  "create-method": {
    open: "how queues, listeners and messages are created: PUT in Getting started, POST in the reference",
    assumed: "POST",
    options: ["createBy"],
    wrong: "a 405, or a call that changes in place of making",
  },
  prefix: {
    open: "whether paths begin with `/v1`: the pages have it, the vendor's own client has not",
    assumed: '`/v1` with `naming: "name"`, nothing with `"alias"`',
    options: ["prefix"],
    wrong: "a 404 to every call",
  },
  "queue-name": {
    open: "whether a queue needs a name: Getting started says so, the reference does not",
    assumed: "it need not",
    wrong: "a 400 or 422 to a queue without one",
  },
  "message-values": {
    open: "Getting started speaks of three mandatory values of a message, and names one",
    assumed: "`data` alone, which is text; what is no text is sent as its JSON",
    wrong: "a 400 to a message of `data` alone",
  },
  links: {
    open: "what links are good for: their host, prefix and ids differ from those of the reply",
    assumed: "nothing: they are never read, and ids are used",
    wrong: "a resource that only its link reaches",
  },
  paging: {
    open: "whether lists come in pages: announced, ten each, and marked as not yet there",
    assumed: "they do not",
    options: ["pageSize"],
    wrong: "lists of ten: give `pageSize: 100`",
  },
  "rate-limit": {
    open: "how a rate limit tells when it ends: `X-RateLimit-Reset` is announced, and not yet there",
    assumed: "by `Retry-After`, or not at all; a 429 is `rateLimit` and is waited for",
    wrong: "a 429 with `X-RateLimit-Reset` alone: the waits are the transport's own",
    alone: "it has no limit; the fault `status` makes a 429",
  },
  scopes: {
    open: 'how all targets are written: `"*"` in two schemas, `["*"]` in a sample and the vendor\'s client',
    assumed: '`["*"]`; every form is read, and gives `"*"`',
    wrong: 'a 400 to `["*"]`',
  },
  lockout: {
    open: "how many wrong keys lock every key out, and for how long",
    assumed: "a 403 may pass: it is `auth` and retryable; a refused key is never sent twice",
    wrong: "a 403 that never passes",
  },
  times: {
    open: "the unit of times: the pages say milliseconds, the vendor's test server writes seconds",
    assumed: "either, told apart by size",
    wrong: "a time of 1970 or of the far future",
  },
  "usage-order": {
    open: "the order of usage events, and which are behind `startAfter` and `startAfterId`",
    assumed: "the next page begins behind the last event of the one before",
    wrong: "a stream that gives an event twice, or ends with `schema` before all were given",
  },
  delivery: {
    open: "the method and headers of a delivery",
    assumed: "POST or PUT, and another is answered 405; no header counts",
    options: ["methods", "messageIdHeader"],
    wrong: "a listener that gets no message although its queue has some",
  },
  "body-form": {
    open: 'the body of a delivery: "the value of data" is sent, an introduction says',
    assumed: '`{"message":{id, name, data}}`, `{"data"}`, or the data itself',
    options: ["bodyForms", "parseData"],
    wrong: "deliveries without an id, whose data is an envelope",
  },
  "ack-status": {
    open: "which answer acknowledges, and which asks for a repeat",
    assumed: "any 2xx acknowledges, anything else is repeated",
    options: ["acceptStatus", "deferStatus"],
    wrong: "a message that was accepted and comes again, or was deferred and does not",
  },
  "reply-timeout": {
    open: "how long an answer is waited for",
    assumed: "ten seconds at least, as by the vendor's own client; we answer within nine",
    options: ["replyTimeoutMs"],
    wrong: "deliveries that come again although they were handled in time",
  },
  redelivery: {
    open: "when, how often and in which order a delivery is repeated",
    assumed: "at some time, in any order, at least once",
    wrong: "a deferred message that never comes again",
  },
  liveness: {
    open: "how, when and how often a listener is checked, and what makes it inactive",
    assumed: "by GET or HEAD on any path, or by any method on `livenessPath`; answered 200",
    options: ["livenessMethods", "livenessPath"],
    wrong: "a listener that is inactive although it answers",
  },
  signature: {
    open: "whether calls are signed",
    assumed: "they are not; a secret in the address lets in, or a relay's signature",
    options: ["secret", "signature", "open"],
    wrong: "a header that looks like a signature",
  },
  address: {
    open: "whether a listener is called by exactly its `notify_url`",
    assumed: "with its path and query unchanged",
    options: ["secretIn", "secretParameter"],
    wrong: "every delivery answered 401",
  },
  challenge: {
    open: "the folder of a domain's challenge, when it is asked, and for how long it is good",
    assumed: "any path with a full stop; served for as long as it is given",
    options: ["domainChallenges", "challengePath"],
    wrong: "a domain that is never verified",
  },
} as const satisfies Assumptions;
