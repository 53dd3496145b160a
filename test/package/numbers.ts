/** What a sentence with numbers is held to. */
export type Held =
  /** The values of the code, `file#name`, in the order of the numbers that the sentence's groups hold. */
  | readonly `src/${string}#${string}`[]
  /** Why the code has no such number: whose word it is, or which test reads the sentence. */
  | string;

const example = "an example's own number";
const vendor = "the provider's documents say so";
const platform = "that platform's documents say so";
const nats = "a default of the NATS server or its client";
const measured = "measured, with its date and machine";
const loop = "src/loop/options.ts";
const kit = "src/testing/feed-conformance.ts";

/** Every sentence of a page for users that has a number of events, attempts, bytes or time in it. */
export const numbers: Readonly<Record<string, readonly (readonly [says: RegExp, held: Held])[]>> = {
  "README.md": [
    [/has (ten events) for you/, "test/packed/newcomer/newcomer.test.ts"],
    [
      /tried again: 5 times in all, the first wait up to 1 s, each wait twice the last, up to 60 s/,
      "test/package/claims.test.ts",
    ],
    [/all within 25 s/, "test/package/claims.test.ts"],
    [/held open up to (60 s)/, ["src/providers/workato/consume.ts#maxWaitMs"]],
    [/Five minutes, without an account/, "test/packed/newcomer/newcomer.test.ts"],
    [/at most 300 characters/, "test/package/claims.test.ts"],
  ],
  "SECURITY.md": [
    [/good for (five minutes) \(`toleranceMs`\)/, ["src/feeds/receiver/signature.ts#toleranceMs"]],
  ],
  "docs/conformance.md": [
    [/may take: (2,500 ms)/, ["src/testing/feed-laws/limits.ts#usualPatienceMs"]],
    [/Each law has a limit\*\*: (four seconds)/, [`${kit}#usualLimitMs`]],
    [/let timers run every (20 ms)/, ["src/testing/feed-laws/limits.ts#turnMs"]],
    [/or (six seconds) spent on broken ones/, [`${kit}#mostSpentMs`]],
    [/D9 \| ten events at the head/, "the kit's own law"],
    [/never two events of one key/, "the kit's own law"],
    [/a good one \| 5 s; a queue that waits 7 s/, measured],
    [/does nothing \| 8 s, 3 laws broken/, measured],
    [/never answers \| 8 s, 3 laws broken/, measured],
    [/\| 5 s, 5 laws broken/, measured],
  ],
  "docs/delivery.md": [
    [/six events came/, example],
    [/`0.1` is one in ten seconds/, example],
    [/the same in bytes \| 64 MiB/, "test/loop/options.test.ts"],
    [
      /can take more than 50 events at once, `maxInFlight` is four times/,
      "test/loop/options.test.ts",
    ],
  ],
  "docs/failures.md": [
    [/tried again: (five attempts)/, [`${loop}#attempts`]],
    [/after waits of about 1, 2, 4 and 8 seconds/, "test/package/claims.test.ts"],
    [
      /the next one waits: 1 s, then twice as long each time, up to 60 s/,
      "test/loop/options.test.ts",
    ],
  ],
  "docs/emulator.md": [[/the last (1,000 events)/, ["src/cli/emulator-page/records.ts#events"]]],
  "docs/health.md": [
    [/`stalledAfterMs`: (5 min)/, ["src/loop/consume.ts#STALLED_AFTER_MS"]],
    [/none was answered for (2 min) \+/, ["src/loop/engine/answers.ts#SILENT_AFTER_MS"]],
    [/on the way was answered for (2 min)/, ["src/loop/engine/answers.ts#SILENT_AFTER_MS"]],
    [/comes two to three seconds after the first/, "test/loop/engine/answers.test.ts"],
  ],
  "docs/migrating.md": [[/30,000 requests for nothing/, example]],
  "docs/network.md": [[/at most (300 characters)/, ["src/http/redact.ts#maxTextLength"]]],
  "docs/own-feeds.md": [
    [/the most items of one page, (100) by default/, ["src/feeds/cursor/feed.ts#pageSize"]],
  ],
  "docs/relay.md": [
    [/After (five minutes) `health\(\)`/, ["src/loop/consume.ts#STALLED_AFTER_MS"]],
    [
      /`inboxMaxEntries` of the stores, (10 000) by default/,
      ["src/stores/options.ts#inboxMaxEntries"],
    ],
    [/they wait up to (20 ms) for others/, ["src/core/work-queue.ts#ACK_GROUP_MS"]],
    [/Two workers work at two events/, example],
    [/within `duplicate_window`, 2 minutes unless you say otherwise/, nats],
    [/A lease\*\* is `ack_wait`, (30 s)/, ["src/jetstream/options.ts#ack_wait"]],
    [/after ten attempts, some 20 s/, nats],
  ],
  "docs/security.md": [
    [/at most (300 characters)/, ["src/http/redact.ts#maxTextLength"]],
    [/of (16 characters) or more/, "test/feeds/receiver/secret.test.ts"],
  ],
  "docs/shutdown.md": [
    [/of (25 s) they get 20/, [`${loop}#shutdownTimeoutMs`]],
    [/at most (5 s), is kept/, [`${loop}#reserveMs`]],
    [/be five seconds less/, "advice"],
    [/`leaseMs` \((30 s)\)/, [`${loop}#leaseMs`]],
    [/about 5 s after a clean stop/, "test/loop/engine/lease.test.ts"],
    [/Kubernetes \| 30 s/, platform],
    [/`docker stop` \| 10 s \| `docker stop --time 30` \| 5 000, or with 30 s/, platform],
    [/ECS \| 30 s/, platform],
    [/Cloud Run \| 10 s/, platform],
    [/Heroku \| 30 s/, platform],
  ],
  "docs/state.md": [[/handlers of the last two hours/, example]],
  "docs/stores.md": [
    [/Two events with one id/, example],
    [/9 kB gzip in a browser/, "scripts/size-limits.ts"],
    [/a hundred events cost two waits/, "test/stores/gathering.test.ts"],
    [/for all, up to 500 events/, "test/stores/gathering.test.ts"],
    [/up to 50,000 characters/, "the kit's own law"],
    [/Names have up to 500 characters/, "test/loop/options.test.ts"],
    [/names of more than 1,000 bytes/, "test/stores/postgres.test.ts"],
    [/a key of more than 1,000 bytes/, "test/stores/postgres.test.ts"],
    [/`inboxMaxEntries` \| (10 000) /, ["src/stores/options.ts#inboxMaxEntries"]],
    [/`inboxRetentionMs` \| (one day)/, ["src/stores/options.ts#inboxRetentionMs"]],
    [/`startsRetentionMs` \| (seven days)/, ["src/stores/options.ts#startsRetentionMs"]],
    [/`timeoutMs` \(SQLite, PostgreSQL\) \| (30 000) /, ["src/stores/options.ts#timeoutMs"]],
    [/`maxRequests` \| (100) /, ["src/stores/inbox.ts#maxRequests"]],
    [/`replyTimeoutMs` \| (10 000) /, ["src/stores/inbox.ts#replyTimeoutMs"]],
    [/`leaseMs` \| (60 000) /, ["src/stores/inbox-feed.ts#leaseMs"]],
    [/`pollMs` \| (1 000) /, ["src/stores/inbox-feed.ts#pollMs"]],
    [/for up to 0.9 s/, measured],
    [/take less than 20 ms/, "the kit's own law"],
  ],
  "docs/webhooks.md": [
    [
      /`maxBodyBytes` of the receiver, (1 MiB) by default/,
      ["src/feeds/receiver/options.ts#maxBodyBytes"],
    ],
    [/its default is (9 s)/, ["src/loop/webhook.ts#replyTimeoutMs"]],
    [/may be (five minutes) off/, ["src/feeds/receiver/signature.ts#toleranceMs"]],
  ],
  "docs/providers/discue.md": [
    [/secret of 16 characters or more/, "test/feeds/receiver/secret.test.ts"],
    [/may take (5 s) at most/, ["src/providers/discue/challenges.ts#limitMs"]],
    [/`maxBodyBytes` \| (1 MiB)/, ["src/feeds/receiver/options.ts#maxBodyBytes"]],
    [/`feed` \| (9 s) each/, ["src/feeds/receiver/feed.ts#replyTimeoutMs"]],
    [/below 10 s, the time-out of the vendor's own client/, vendor],
    [
      /`Retry-After`: (30 s) from a `webhook`, (1 s) from a `feed` \(`retryAfterMs` of both\), (5 s) from an inbox/,
      [
        "src/loop/webhook.ts#retryAfterMs",
        "src/feeds/receiver/feed.ts#retryAfterMs",
        "src/stores/inbox.ts#deferMs",
      ],
    ],
    [/(five minutes) of tolerance/, ["src/feeds/receiver/signature.ts#toleranceMs"]],
    [/its `waitMs` and (60 s)/, ["src/feeds/receiver/feed.ts#livesMs"]],
  ],
  "docs/providers/kekker.md": [
    [/`maxBodyBytes` \((32 MiB)\)/, ["src/http/options.ts#maxBodyBytes"]],
  ],
  "docs/providers/tiki.md": [
    [/five seconds to some minutes later/, vendor],
    [/has (five seconds) to end/, ["src/providers/tiki/grant.ts#graceMs"]],
    [/its whole page, up to 100 events/, vendor],
    [/than its own, of up to 100 events/, vendor],
    [/`maxBodyBytes` \((32 MiB)\)/, ["src/http/options.ts#maxBodyBytes"]],
    [/keeps them for 7 days/, vendor],
    [/allows 200 requests a second/, vendor],
  ],
  "docs/providers/workato.md": [
    [/7 days by default and 90 at most/, vendor],
    [/`maxBodyBytes` \((32 MiB)\)/, ["src/http/options.ts#maxBodyBytes"]],
    [
      /`waitMs`, (25 s) by default and (60 s) at most/,
      [`${loop}#waitMs`, "src/providers/workato/consume.ts#maxWaitMs"],
    ],
    [/(60 requests) a minute/, ["src/providers/workato/client.ts#requestsPerMinute"]],
    [
      /A payload has at most 1 MB as JSON\*\* \((1,000,000 bytes)\)/,
      ["src/providers/workato/arguments.ts#maxBytes"],
    ],
    [/sets 7 days, Workato's page says/, vendor],
  ],
};
