import { describe, it } from "vitest";
import { feedConformance } from "../../src/testing/feed-conformance.ts";
import type { MemoryFeedOptions, MemoryPagesOptions } from "../../src/testing/memory-feed.ts";
import { memoryHarness } from "./memory-harness.ts";
import { ownClock } from "./own-clock.ts";

ownClock();

const kinds: Readonly<Record<string, MemoryFeedOptions | MemoryPagesOptions>> = {
  "a list of what is unacked": { acks: "individual", pulls: "unacked" },
  "a queue that hides what it gave": { acks: "individual", pulls: "onward" },
  "a queue with leases, that waits": {
    acks: "individual",
    pulls: "onward",
    leaseMs: 60_000,
    waits: true,
  },
  "a page with one receipt": { acks: "cumulative", pulls: "unacked", receipts: "page" },
  "a page with one receipt, acked by the next pull": {
    acks: "cumulative",
    pulls: "unacked",
    receipts: "page",
    acksOnPull: true,
  },
  "a page with receipts on each": { acks: "cumulative", pulls: "unacked" },
  "a log with a cursor": { acks: "cumulative", pulls: "onward" },
  "a log with a cursor, that waits": { acks: "cumulative", pulls: "onward", waits: true },
  "a list that answers pages": { pages: true },
  "a queue with short leases, that answers pages": { pulls: "onward", leaseMs: 900, pages: true },
  "pages that are the same until acked, as pages": {
    acks: "cumulative",
    receipts: "page",
    acksOnPull: true,
    pages: true,
  },
  "a log that answers pages": { acks: "cumulative", pulls: "onward", pages: true },
};

for (const [name, options] of Object.entries(kinds)) {
  describe(`memoryFeed as ${name}`, () => {
    feedConformance({ describe, it: it.concurrent, print: () => {} }, () => memoryHarness(options));
  });
}
