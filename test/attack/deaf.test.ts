import { describe, expect, it } from "vitest";
import type { Feed } from "../../src/core/feed.ts";
import { toReceipt } from "../../src/core/feed.ts";
import { consume } from "../../src/loop/consume.ts";
import { testEvent } from "../../src/testing/memory-feed.ts";

/** A provider that says "acked" and brings the same page for ever. */
function deafFeed(ids: readonly string[]) {
  const state = { polls: 0 };
  const feed: Feed = {
    name: "deaf",
    acks: "individual",
    pulls: "unacked",
    pull: async () => {
      state.polls += 1;
      return ids.map((id) => ({ event: testEvent(id), raw: id, receipt: toReceipt(id) }));
    },
    ack: async (receipts) => receipts.map(() => ({ status: "acked" as const })),
  };
  return { feed, state };
}

// Promise ("a provider that brings back what was acked is polled by a growing, jittered wait"): not where ids end alike,
// or the page is longer than what is remembered.
describe("a deaf provider", () => {
  it.each([
    ["40 ids that end in random letters", 40, (at: number) => `e${at * 7919}`],
    ["40 ids of one domain", 40, (at: number) => `e${at}@shop.example`],
    [
      "40 ids that are one host's UUIDs of version 1",
      40,
      (at: number) => `${at.toString(16).padStart(8, "0")}-73a1-11ef-9c2d-0242ac120002`,
    ],
    ["a page of 12000", 12_000, (at: number) => `e${at}`],
  ])("is not hurried: %s", async (_, count, toId) => {
    const { feed, state } = deafFeed(Array.from({ length: count }, (__, at) => toId(at)));
    let starts = 0;
    const run = consume(
      feed,
      () => {
        starts += 1;
      },
      { idle: { minMs: 1000, maxMs: 60_000 }, maxInFlight: 100_000 },
    );
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await run.stop({ withinMs: 0 });

    expect(state.polls, `${starts} starts`).toBeLessThan(5);
  });
});
