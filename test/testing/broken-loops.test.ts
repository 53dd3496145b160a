import { describe, expect, it, vi } from "vitest";
import type { EventCatalogue, FeedEvent } from "../../src/core/event.ts";
import type { Delivery, Feed, Receipt } from "../../src/core/feed.ts";
import { toPage } from "../../src/core/feed.ts";
import { sleep } from "../../src/core/sleep.ts";
import type { HandlerContext, HandlerResult } from "../../src/loop/handler.ts";
import type { LoopOptions } from "../../src/loop/options.ts";
import { done } from "../../src/loop/outcome.ts";
import { loopLaws, tryLaw } from "../../src/testing/feed-conformance.ts";
import { placeOf } from "../../src/testing/feed-laws/bench.ts";
import { type FeedCalls, mapPage, wrapFeed } from "../../src/testing/feed-laws/wrapping.ts";
import type { MemoryFeedOptions, MemoryPagesOptions } from "../../src/testing/memory-feed.ts";
import { memoryHarness } from "./memory-harness.ts";
import { ownClock } from "./own-clock.ts";

ownClock();

/** A handler of any event. */
type AnyHandler = (event: FeedEvent, context: HandlerContext) => HandlerResult;

/** What a verb of the loop is given. */
interface Given {
  readonly feed: Feed;
  readonly handler: AnyHandler;
  readonly options: LoopOptions & { readonly limit?: number | undefined };
}

/** The fault of the loop under test: it changes what the real loop is given. */
const current = vi.hoisted(() => ({ fault: (given: unknown): unknown => given }));

vi.mock("../../src/loop/consume.ts", async (importOriginal) => {
  const real = await importOriginal<typeof import("../../src/loop/consume.ts")>();
  const spoil =
    <Result>(verb: (feed: Feed, handler: AnyHandler, options?: LoopOptions) => Result) =>
    (feed: Feed, handler: AnyHandler, options: LoopOptions = {}): Result => {
      const given = current.fault({ feed, handler, options }) as Given;
      return verb(given.feed, given.handler, given.options);
    };
  return { ...real, consume: spoil(real.consume), drain: spoil(real.drain) };
});

const list: MemoryFeedOptions = { acks: "individual", pulls: "unacked" };
const page: MemoryFeedOptions = { acks: "cumulative", pulls: "unacked", receipts: "page" };
const carrying: MemoryFeedOptions = { ...page, acksOnPull: true };
const waitingQueue: MemoryFeedOptions = { acks: "individual", pulls: "onward", waits: true };
const log: MemoryFeedOptions = { acks: "cumulative", pulls: "onward" };
const pagedLog: MemoryPagesOptions = { acks: "cumulative", pulls: "onward", pages: true };

/** One fault of a loop, and the laws that must notice it. */
interface Broken {
  readonly fault: string;
  readonly kind: MemoryFeedOptions | MemoryPagesOptions;
  /** Laws that fail; others may, as one fault of a loop has many consequences. */
  readonly breaks: readonly string[];
  readonly spoil: (given: Given) => Given;
}

/** A loop whose options are changed. */
const withOptions =
  (options: LoopOptions & { readonly limit?: number | undefined }) =>
  (given: Given): Given => ({ ...given, options: { ...given.options, ...options } });

/** A loop that makes other calls of the feed. */
const withFeed =
  (change: (feed: Feed) => FeedCalls) =>
  (given: Given): Given => ({ ...given, feed: wrapFeed(given.feed, change(given.feed)) });

/** A loop that starts handlers in another way. */
const withHandler =
  (change: (handler: AnyHandler) => AnyHandler) =>
  (given: Given): Given => ({ ...given, handler: change(given.handler) });

const broken: readonly Broken[] = [
  {
    fault: "acknowledges a page before it is handled",
    kind: log,
    breaks: ["L1", "E3", "E6", "E7", "H5", "H6", "H7", "H10d", "H10e", "G1"],
    spoil: withFeed((feed) => ({
      async pull(options) {
        const page = await feed.pull(options);
        const place = placeOf(page);
        if (place !== undefined) await feed.ack([place]);
        return page;
      },
    })),
  },
  {
    fault: "starts a handler twice",
    kind: list,
    breaks: ["D7", "D8", "L5", "H3", "G5"],
    spoil: withHandler((handler) => async (event, context) => {
      const [first] = await Promise.all([handler(event, context), handler(event, context)]);
      return first;
    }),
  },
  {
    fault: "wishes for no more of a list than it has room for",
    kind: list,
    breaks: ["D11"],
    spoil: withFeed((feed) => ({
      pull: (options) => feed.pull({ ...options, limit: Math.min(options?.limit ?? 6, 6) }),
    })),
  },
  {
    fault: "takes a bare return for done",
    kind: list,
    breaks: ["H7", "H10d"],
    spoil: withHandler((handler) => async (event, context) => {
      return (await handler(event, context)) ?? done();
    }),
  },
  {
    fault: "takes what a schema says later for nothing",
    kind: list,
    breaks: ["D12"],
    spoil: ({ feed, ...given }) => ({ ...given, feed: wrapFeed(feed, {}, {} as EventCatalogue) }),
  },
  {
    fault: "shows an attempt what the one before left",
    kind: list,
    breaks: ["L7"],
    spoil: withFeed((feed) => ({
      pull: async (options) =>
        mapPage(await feed.pull(options), (delivery) => {
          const same: Delivery = Object.assign({ ...delivery }, { again: () => same });
          return same;
        }),
    })),
  },
  {
    fault: "takes a page without an event of the feed's for the end",
    kind: pagedLog,
    breaks: ["L6"],
    spoil: withFeed((feed) => ({
      pull: async (options) => toPage(await feed.pull(options)).deliveries,
    })),
  },
  {
    fault: "makes one attempt",
    kind: list,
    breaks: ["E6", "G5"],
    spoil: withOptions({ retry: { attempts: 1 } }),
  },
  {
    fault: "polls without a growing wait",
    kind: list,
    breaks: ["C5", "C6"],
    spoil: withOptions({ idle: { minDelayMs: 10, maxDelayMs: 10 } }),
  },
  {
    fault: "has no window",
    kind: log,
    breaks: ["E8"],
    spoil: withOptions({ maxInFlight: 10_000 }),
  },
  {
    fault: "forgets about keys",
    kind: list,
    breaks: ["L5"],
    spoil: withOptions({ orderBy: undefined }),
  },
  {
    fault: "handles one at a time",
    kind: list,
    breaks: ["L5", "H5", "H7", "G1"],
    spoil: withOptions({ concurrency: 1 }),
  },
  {
    fault: "does not wait for the dead-letter store",
    kind: log,
    breaks: ["E7"],
    spoil: (given) => {
      const { deadLetters } = given.options;
      if (!deadLetters) return given;
      const put: typeof deadLetters.put = async (letter) => {
        deadLetters.put(letter).catch(() => {});
      };
      return withOptions({ deadLetters: { ...deadLetters, put } })(given);
    },
  },
  {
    fault: "looks into receipts",
    kind: list,
    breaks: ["E9"],
    spoil: withFeed((feed) => ({
      ack: (receipts, options) => {
        for (const receipt of receipts) JSON.stringify(receipt);
        return feed.ack(receipts, options);
      },
    })),
  },
  {
    fault: "reports nothing",
    kind: list,
    breaks: ["D7", "C5", "C6", "E8"],
    spoil: withOptions({ onReport: undefined }),
  },
  {
    fault: "sends a receipt again whose outcome is unknown",
    kind: carrying,
    breaks: ["E11c"],
    spoil: withFeed((feed) => {
      let unsure: Receipt | undefined;
      return {
        async pull(options = {}) {
          const ack = options.ack ?? unsure;
          unsure = ack;
          const deliveries = await feed.pull({ ...options, ack });
          unsure = undefined;
          return deliveries;
        },
      };
    }),
  },
  {
    fault: "never lets an ack ride on a pull",
    kind: carrying,
    breaks: ["E12"],
    spoil: (given) => ({
      ...given,
      feed: { ...given.feed, acksOnPull: undefined } as unknown as Feed,
    }),
  },
  {
    fault: "gives up an ack that fails",
    kind: list,
    breaks: ["D7"],
    spoil: withFeed((feed) => ({
      ack: async (receipts, options) => {
        await feed.ack(receipts, options).catch(() => {});
        return receipts.map(() => ({ status: "acked" }));
      },
    })),
  },
  {
    fault: "cuts the acks with the pulls",
    kind: waitingQueue,
    breaks: ["H4"],
    spoil: withFeed((feed) => {
      let pulling: AbortSignal | undefined;
      return {
        pull: (options) => {
          pulling = options?.signal;
          return feed.pull(options);
        },
        ack: (receipts) => feed.ack(receipts, { signal: pulling }),
      };
    }),
  },
  {
    fault: "does not know its limit",
    kind: list,
    breaks: ["H10b"],
    spoil: withOptions({ limit: undefined }),
  },
  {
    fault: "does not know its signal",
    kind: list,
    breaks: ["H10c"],
    spoil: withOptions({ signal: undefined }),
  },
  {
    fault: "swallows what a handler throws",
    kind: list,
    breaks: ["H6", "H10e", "G5"],
    spoil: withHandler((handler) => async (event, context) => {
      try {
        return await handler(event, context);
      } catch {
        return done();
      }
    }),
  },
  {
    fault: "tries again for ever when credentials are refused",
    kind: list,
    breaks: ["I6"],
    spoil: withFeed((feed) => ({
      pull: (options) =>
        feed.pull(options).catch(async () => {
          await sleep(5, options?.signal);
          return [];
        }),
    })),
  },
];

describe("a loop with one fault", () => {
  for (const { fault, kind, breaks, spoil } of broken) {
    it(`that ${fault} breaks ${breaks.join(", ")}`, async () => {
      current.fault = (given) => spoil(given as Given);
      const laws = Object.values(loopLaws).flat();

      const results = await Promise.all(
        laws.map((law) => tryLaw(law, () => memoryHarness(kind, undefined, 700))),
      );

      const found = results.filter(({ verdict }) => verdict === "broken").map(({ id }) => id);
      expect(found).toEqual(expect.arrayContaining([...breaks]));
    });
  }
});
