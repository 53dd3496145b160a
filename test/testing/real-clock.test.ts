import { describe, it } from "vitest";
import { feedConformance } from "../../src/testing/feed-conformance.ts";
import type { MemoryFeedOptions } from "../../src/testing/memory-feed.ts";
import { memoryHarness } from "./memory-harness.ts";

const kinds: Readonly<Record<string, MemoryFeedOptions>> = {
  "a list of what is unacked": { acks: "individual", pulls: "unacked" },
  "a queue with short leases, that waits": { pulls: "onward", leaseMs: 900, waits: true },
  "a log with a cursor": { acks: "cumulative", pulls: "onward" },
};

// As users run the kit: one law after the other, and every wait is real.
for (const [name, options] of Object.entries(kinds)) {
  describe(`memoryFeed as ${name}, by the real clock`, () => {
    feedConformance({ describe, it, print: () => {} }, () => memoryHarness(options));
  });
}
