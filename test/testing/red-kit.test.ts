import { describe, expect, it } from "vitest";
import type { Delivery, Feed } from "../../src/core/feed.ts";
import { toReceipt } from "../../src/core/feed.ts";
import {
  type FeedHarness,
  feedConformance,
  feedLaws,
  type LawResult,
  tryLaw,
} from "../../src/testing/feed-conformance.ts";
import { wrapFeed } from "../../src/testing/feed-laws/wrapping.ts";
import type { MemoryFeed, MemoryFeedOptions } from "../../src/testing/memory-feed.ts";
import { memoryFeed, testEvent } from "../../src/testing/memory-feed.ts";
import { memoryHarness } from "./memory-harness.ts";
import { ownClock } from "./own-clock.ts";

ownClock();

const list: MemoryFeedOptions = { acks: "individual", pulls: "unacked" };
const log: MemoryFeedOptions = { acks: "cumulative", pulls: "onward" };

/** What a runner of one test after the other sees of a kit. */
interface Outcome {
  readonly results: readonly LawResult[];
  readonly printed: string;
  /** The messages of the tests that failed, in order. */
  readonly messages: readonly string[];
  /** How long the longest test took, in ms. */
  readonly longestMs: number;
  readonly elapsedMs: number;
}

/** Runs a whole kit, as a runner would that stops at nothing. */
async function runKit(makeHarness: () => FeedHarness): Promise<Outcome> {
  const tests: (() => Promise<void>)[] = [];
  const messages: string[] = [];
  let printed = "";
  const results = feedConformance(
    {
      describe: (_, define) => define(),
      it: (_, run) => tests.push(run),
      print: (text) => {
        printed = text;
      },
    },
    makeHarness,
  );
  const began = performance.now();
  let longestMs = 0;
  for (const test of tests) {
    const startedAt = performance.now();
    await test().catch((error: Error) => messages.push(error.message));
    longestMs = Math.max(longestMs, performance.now() - startedAt);
  }
  return { results, printed, messages, longestMs, elapsedMs: performance.now() - began };
}

const brokenOf = ({ results }: Outcome) =>
  results.filter(({ verdict }) => verdict === "broken").map(({ id }) => id);

/** A harness of a memory feed, each feed object of which is spoilt. */
const spoilt = (kind: MemoryFeedOptions, wrap: (feed: MemoryFeed) => Feed) => () =>
  memoryHarness(kind, wrap, 800);

const never = (): Promise<never> => new Promise(() => {});

/** The same event at once, on microtasks, whatever is acknowledged. */
const deaf = (feed: MemoryFeed): Feed => {
  const delivery: Delivery = { event: testEvent("e1"), raw: {}, receipt: toReceipt(0) };
  return wrapFeed(feed, {
    pull: async () => [delivery],
    ack: async (receipts) => receipts.map(() => ({ status: "acked" })),
  });
};

/** Faults that hang a kit which has no limits, and what its first broken law says. */
const faults: readonly (readonly [string, () => FeedHarness, string])[] = [
  [
    "an ack that does nothing",
    spoilt(list, (feed) =>
      wrapFeed(feed, { ack: async (receipts) => receipts.map(() => ({ status: "acked" })) }),
    ),
    "can be pulled and acknowledged",
  ],
  [
    "an ack that never answers",
    spoilt(list, (feed) => wrapFeed(feed, { ack: never })),
    "broken: no answer to ack within 800 ms",
  ],
  [
    "a pull that never answers",
    spoilt(log, (feed) => wrapFeed(feed, { pull: never })),
    "broken: no answer to pull within 800 ms",
  ],
  [
    "receipts that are off by one",
    spoilt(log, (feed) =>
      wrapFeed(feed, {
        ack: ([receipt], options) => feed.ack([toReceipt(Number(receipt) - 1)], options),
      }),
    ),
    "broken: ",
  ],
  ["the same event for ever", spoilt(log, deaf), "broken: "],
];

describe("a feed that sends no credential", () => {
  it("breaks no law with that, and is told of the one that cannot be tested", async () => {
    const law = Object.values(feedLaws)
      .flat()
      .find(({ id }) => id === "A7");
    if (!law) throw new Error("there is no such law");

    const result = await tryLaw(law, () => ({ ...memoryHarness(list), secrets: () => [] }));

    expect(result).toMatchObject({ verdict: "notTestable", why: "nothing secret was sent" });
  });
});

describe("a red kit", () => {
  for (const [fault, makeHarness, message] of faults) {
    it.concurrent(`ends within seconds, by name, for ${fault}`, async () => {
      const outcome = await runKit(makeHarness);

      expect(outcome.elapsedMs).toBeLessThan(10_000);
      expect(outcome.longestMs).toBeLessThan(4_500);
      expect(outcome.messages.some((each) => each.includes(message))).toBe(true);
      const broken = brokenOf(outcome);
      expect(outcome.messages.at(-1)).toBe(
        `not tried, since laws are broken already: ${broken.join(", ")}`,
      );
      expect(outcome.printed).toContain(`${broken.length} broken: ${broken.join(", ")}`);
    });
  }

  it("is found by the smallest harness where every event has the first one's data", async () => {
    let made = 0;
    const makeHarness = (): FeedHarness => {
      const memory = memoryFeed();
      const spoil = (deliveries: readonly Delivery[]): readonly Delivery[] =>
        deliveries.map((each) =>
          each.event ? { ...each, event: { ...each.event, data: { order: 0 } } } : each,
        );
      return {
        feed: () => {
          const feed = memory.reopen();
          return wrapFeed(feed, { pull: async (options) => spoil(await feed.pull(options)) });
        },
        publish: (count) =>
          Array.from({ length: count }, () => {
            made += 1;
            memory.publish(testEvent(`e${made}`, { data: { order: made } }));
            return `e${made}`;
          }),
        acked: () => memory.acked,
      };
    };

    const laws = Object.values(feedLaws).flat();
    const results = await Promise.all(laws.map((law) => tryLaw(law, makeHarness)));

    const found = results.filter(({ verdict }) => verdict === "broken");
    expect(found.map(({ id }) => id)).toEqual(["A8", "A9"]);
  });
});

describe("a kit", () => {
  it("hands its time-out to `it` only where a limit is asked for", () => {
    const timeouts = (limitMs?: number) => {
      const given = new Set<unknown>();
      const describeNow = (_: string, define: () => void) => define();
      const it = (...test: readonly unknown[]) => given.add(test[2]);
      feedConformance({ describe: describeNow, it, print: () => {}, limitMs }, () =>
        memoryHarness(list),
      );
      return [...given];
    };

    expect([timeouts(), timeouts(9_000)]).toEqual([[undefined], [10_000, undefined]]);
  });
});
