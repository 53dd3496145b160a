import { AckloopError } from "../../src/core/errors.ts";
import type { EventCatalogue, FeedEvent } from "../../src/core/event.ts";
import type { Feed } from "../../src/core/feed.ts";
import { toReceipt } from "../../src/core/feed.ts";
import type { FeedFault, FeedHarness } from "../../src/testing/feed-conformance.ts";
import type {
  MemoryFeed,
  MemoryFeedOptions,
  MemoryPagesOptions,
} from "../../src/testing/memory-feed.ts";
import { memoryFeed, testEvent } from "../../src/testing/memory-feed.ts";

/** What a harness of a memory feed calls secret. */
export const secret = "a-secret-of-the-memory";

const anything = {
  "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) },
} as const;

/** The catalogue of the memory feeds under test. */
const catalogue: EventCatalogue<FeedEvent> = { test: anything };

/** How many bytes of events a page of a feed may have that minds it. */
export const mostBytes = 100_000;

const largeData = (share: number): object => ({ text: "x".repeat(mostBytes * share) });

/** The error that a fault makes, as an adapter's client would. */
function errorOf({ kind, status = 500, retryAfter }: FeedFault): AckloopError | undefined {
  const facts = { provider: "memory" };
  if (kind === "delay") return undefined;
  if (kind === "garbage") return new AckloopError("schema", "not JSON", facts);
  if (kind !== "status") {
    return new AckloopError("transport", "cut", {
      ...facts,
      retryable: true,
      outcomeUnknown: true,
    });
  }
  if (status === 429) {
    const retryAfterMs = (retryAfter ?? 0) * 1_000;
    return new AckloopError("rateLimit", "slow", {
      ...facts,
      status,
      retryable: true,
      retryAfterMs,
    });
  }
  if (status === 401 || status === 403) return new AckloopError("auth", "no", { ...facts, status });
  if (status < 500) return new AckloopError("request", "no", { ...facts, status });
  return new AckloopError("transport", "down", { ...facts, status, retryable: true });
}

/** A feed of either form of answer; what is known of both is that it is a memory feed. */
function open(options: MemoryFeedOptions | MemoryPagesOptions): MemoryFeed {
  return (options.pages ? memoryFeed(options) : memoryFeed(options)) as MemoryFeed;
}

/** A harness of a memory feed; `wrap` puts a fault into every feed object of it. */
export function memoryHarness(
  options: MemoryFeedOptions | MemoryPagesOptions = {},
  wrap: (feed: MemoryFeed) => Feed = (feed) => feed,
  patienceMs?: number,
): FeedHarness {
  const memory = open({ events: catalogue, pageSize: 5, ...options });
  const payloads = new Map<string, unknown>();
  let published = 0;
  const fail = (operation: "pull" | "ack", fault: FeedFault): void => {
    const { kind, ms, count = Number.POSITIVE_INFINITY } = fault;
    const partly = operation === "ack" && memory.acks === "individual" && kind === "status";
    memory.fail({
      operation,
      error: errorOf(fault),
      afterEffect: ["lostReply", "garbage", "truncate"].includes(kind),
      count,
      delayMs: ms,
      ...(partly && count === 1 ? { receipts: 1 } : {}),
    });
  };
  const newId = (): string => {
    published += 1;
    return `e${published}`;
  };
  const publishOne = (id = newId(), type = "test", data: unknown = { order: id }): string => {
    memory.publish(testEvent(id, { type, data }));
    payloads.set(id, data);
    return id;
  };
  return {
    feed: () => wrap(memory.reopen()),
    publish: (count) => Array.from({ length: count }, () => publishOne()),
    acked: () => memory.acked,
    pageSize: 5,
    patienceMs,
    payloadOf: (id) => payloads.get(id),
    endLeases: () => memory.endLeases(),
    ...(memory.acks === "cumulative" && {
      publishElsewhere: (count: number) => memory.publishElsewhere(count),
      expirePlace: () => {
        const error = new AckloopError("cursorExpired", "the place is gone");
        memory.fail({ operation: "pull", error, count: Number.POSITIVE_INFINITY });
      },
    }),
    ...(memory.acks === "individual" &&
      memory.pulls === "unacked" && {
        publishUnackable: (count: number) => {
          for (let n = 0; n < count; n += 1) memory.publishUnreadable({ n }, { receipt: false });
        },
      }),
    publishLarge: (count) =>
      Array.from({ length: count }, () => publishOne(undefined, "test", largeData(0.6))),
    publishTooLarge: () => publishOne(undefined, "test", largeData(1.2)),
    publishId: (id) => publishOne(id),
    publishOdd: (odd) => publishOne(undefined, "test", { odd }),
    publishUnknownType: () => publishOne(undefined, "brandNew"),
    publishUnreadable: () => memory.publishUnreadable({ broken: true }),
    unknownReceipt: () => toReceipt(1_000_000),
    failPull: (fault) => fail("pull", fault),
    failAck: (fault) => fail("ack", fault),
    heal: () => memory.heal(),
    requests: () => ({ sent: memory.calls.length, open: memory.pending }),
    secrets: () => [secret],
  };
}
