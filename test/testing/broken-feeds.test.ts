import { describe, expect, it } from "vitest";
import { AckloopError, isAckloopError } from "../../src/core/errors.ts";
import type { FeedEvent } from "../../src/core/event.ts";
import type { Delivery, Feed, Receipt } from "../../src/core/feed.ts";
import { fromReceipt } from "../../src/core/feed.ts";
import { sleep } from "../../src/core/sleep.ts";
import { type FeedHarness, feedLaws, tryLaw } from "../../src/testing/feed-conformance.ts";
import { wrapFeed } from "../../src/testing/feed-laws/wrapping.ts";
import type { MemoryFeed, MemoryFeedOptions } from "../../src/testing/memory-feed.ts";
import { memoryHarness, secret } from "./memory-harness.ts";

const list: MemoryFeedOptions = { acks: "individual", pulls: "unacked" };
const page: MemoryFeedOptions = { acks: "cumulative", pulls: "unacked", receipts: "page" };
const carrying: MemoryFeedOptions = { ...page, acksOnPull: true };
const log: MemoryFeedOptions = { acks: "cumulative", pulls: "onward" };
const waitingLog: MemoryFeedOptions = { ...log, waits: true };
const queue: MemoryFeedOptions = { acks: "individual", pulls: "onward" };

/** One fault, and the laws that must notice it. */
interface Broken {
  readonly fault: string;
  readonly kind: MemoryFeedOptions;
  /** The laws that fail, and no others. */
  readonly breaks: readonly string[];
  /** Puts the fault into each feed object of one harness. */
  readonly wrap?: () => (feed: MemoryFeed) => Feed;
  /** Puts the fault into the harness, where it is one of the provider's side. */
  readonly harness?: () => FeedHarness;
}

const receiptsOf = (deliveries: readonly Delivery[]): readonly Receipt[] =>
  deliveries.flatMap(({ receipt }) => (receipt === undefined ? [] : [receipt]));

/** A feed whose deliveries are changed. */
function changing(
  change: (deliveries: readonly Delivery[]) => readonly Delivery[],
): () => (feed: MemoryFeed) => Feed {
  return () => (feed) => ({
    ...feed,
    pull: async (options) => change(await feed.pull(options)),
  });
}

/** A feed whose events are changed. */
function changingEvents(change: (event: FeedEvent) => FeedEvent) {
  return changing((deliveries) =>
    deliveries.map((delivery) =>
      delivery.event ? { ...delivery, event: change(delivery.event) } : delivery,
    ),
  );
}

/** A feed whose errors are changed. */
function failing(change: (error: unknown) => unknown): () => (feed: MemoryFeed) => Feed {
  return () => (feed) => ({
    ...feed,
    pull: (options) =>
      feed.pull(options).catch((error: unknown) => {
        throw change(error);
      }),
  });
}

/** A log whose place is where the last ack was, be it further back. */
function backwards(): FeedHarness {
  let place: Receipt | undefined;
  const ids: string[] = [];
  const wrap = (feed: MemoryFeed): Feed => ({
    ...feed,
    pull: (options) => feed.pull({ ...options, after: options?.after ?? place }),
    async ack([receipt, ...others], options) {
      options?.signal?.throwIfAborted();
      if (receipt === undefined || others.length > 0) throw new Error("one receipt at a time");
      if (unknownTo(receipt)) throw new Error("an unknown receipt");
      place = receipt;
      return [{ status: "acked" }];
    },
  });
  const { failAck: _, ...harness } = memoryHarness(log, wrap, 2_000);
  return {
    ...harness,
    async publish(count) {
      const published = await harness.publish(count);
      ids.push(...published);
      return published;
    },
    publishId(id) {
      harness.publishId?.(id);
      ids.push(id);
    },
    acked: () => (place === undefined ? [] : ids.slice(0, fromReceipt<number>(place) + 1)),
  };
}

const unknownTo = (receipt: Receipt | undefined): boolean =>
  receipt !== undefined && fromReceipt<number>(receipt) >= 1_000_000;

const broken: readonly Broken[] = [
  {
    fault: "acknowledges what it pulls",
    kind: list,
    breaks: ["A1", "B6", "B7", "D1", "D2", "D3", "D5", "D6", "Z1", "H1b"],
    wrap: () => (feed) => ({
      ...feed,
      async pull(options) {
        const deliveries = await feed.pull(options);
        await feed.ack(receiptsOf(deliveries));
        return deliveries;
      },
    }),
  },
  {
    fault: "forgets at a restart what was not acknowledged",
    kind: list,
    breaks: ["A1", "B7", "D1", "D2", "D6"],
    wrap: () => {
      const given = new Set<string>();
      return (feed) => {
        const lost = new Set(given);
        return {
          ...feed,
          async pull(options) {
            const deliveries = await feed.pull(options);
            for (const { event } of deliveries) given.add(event?.id ?? "");
            return deliveries.filter(({ event }) => !lost.has(event?.id ?? ""));
          },
        };
      };
    },
  },
  {
    fault: "brings an acknowledged event again after a restart",
    kind: list,
    breaks: ["D1", "D2", "D6"],
    wrap: () => {
      const acked: Delivery[] = [];
      const given = new Map<Receipt, Delivery>();
      return (feed) => {
        const again = acked.splice(0);
        return {
          ...feed,
          async pull(options) {
            const deliveries = await feed.pull(options);
            for (const each of deliveries) if (each.receipt) given.set(each.receipt, each);
            return [...again.splice(0), ...deliveries];
          },
          ack(receipts, options) {
            acked.push(...receipts.flatMap((each) => given.get(each) ?? []));
            return feed.ack(receipts, options);
          },
        };
      };
    },
  },
  {
    fault: "drops an item that it cannot read",
    kind: list,
    breaks: ["A6", "A6b"],
    wrap: changing((deliveries) => deliveries.filter(({ event }) => event)),
  },
  {
    fault: "drops an event of an unknown type",
    kind: list,
    breaks: ["A5"],
    wrap: changing((deliveries) => deliveries.filter(({ event }) => event?.type !== "brandNew")),
  },
  {
    fault: "rejects for the whole page when one item cannot be read",
    kind: list,
    breaks: ["A6", "A6b"],
    wrap: changing((deliveries) => {
      const bad = deliveries.find(({ unreadable }) => unreadable);
      if (bad?.unreadable) throw bad.unreadable;
      return deliveries;
    }),
  },
  {
    fault: "throws when an ack comes twice",
    kind: list,
    breaks: ["D3", "D5c"],
    wrap: () => (feed) => ({
      ...feed,
      async ack(receipts, options) {
        const report = await feed.ack(receipts, options);
        if (report.some(({ status }) => status === "gone")) throw new Error("gone");
        return report;
      },
    }),
  },
  {
    fault: "hides a secret in an error, where only printing shows it",
    kind: list,
    breaks: ["A7"],
    wrap: failing((error) => {
      const request = { headers: new Headers({ authorization: `Bearer ${secret}` }) };
      return Object.defineProperty(error as object, "request", { value: request });
    }),
  },
  {
    fault: "puts a secret into raw",
    kind: list,
    breaks: ["A7"],
    wrap: changing((deliveries) =>
      deliveries.map((each) => ({ ...each, raw: { wire: each.raw, [secret]: 1 } })),
    ),
  },
  {
    fault: "keeps no field in raw that it does not know",
    kind: list,
    breaks: ["A2"],
    wrap: changing((deliveries) => deliveries.map((each) => ({ ...each, raw: { id: 1 } }))),
  },
  { fault: "moves back with an older ack", kind: log, breaks: ["E5"], harness: backwards },
  {
    fault: "is deaf to the signal",
    kind: list,
    breaks: ["H1", "H2", "H2b"],
    wrap: () => (feed) => ({
      ...feed,
      pull: (options) => feed.pull({ ...options, signal: undefined }),
    }),
  },
  {
    fault: "rejects an aborted pull with an error of its own",
    kind: list,
    breaks: ["H1", "H2"],
    wrap: failing((error) =>
      isAckloopError(error) ? error : new AckloopError("timeout", "aborted"),
    ),
  },
  {
    fault: "rejects when aborted and lets the request go on",
    kind: list,
    breaks: ["H2b"],
    wrap: () => (feed) => ({
      ...feed,
      async pull({ signal, ...options } = {}) {
        signal?.throwIfAborted();
        const aborted = new Promise<never>((_, reject) => {
          signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
        });
        return await Promise.race([feed.pull(options), aborted]);
      },
    }),
  },
  {
    fault: "cuts a page where it has no receipt",
    kind: page,
    breaks: ["B2b", "E5", "Z2"],
    wrap: () => (feed) => ({
      ...feed,
      pull: async ({ limit, ...options } = {}) => (await feed.pull(options)).slice(0, limit),
    }),
  },
  {
    fault: "ignores the limit",
    kind: list,
    breaks: ["B2"],
    wrap: () => (feed) => ({
      ...feed,
      pull: ({ limit: _, ...options } = {}) => feed.pull(options),
    }),
  },
  {
    fault: "makes ids of its own",
    kind: list,
    breaks: [
      "A1",
      "A5",
      "A6",
      "B1",
      "B6",
      "B7",
      "B8",
      "D2",
      "D6",
      "D10",
      "H1",
      "H2b",
      "E11b",
      "I1",
    ],
    wrap: () => {
      let made = 0;
      return changingEvents((event) => {
        made += 1;
        return { ...event, id: `made-${made}` };
      })();
    },
  },
  {
    fault: "gives events in another order",
    kind: list,
    breaks: ["A1", "A5", "A6", "B1", "B6", "B7", "D1", "D2", "D3", "D5", "D5c", "H2b", "E11b"],
    wrap: changing((deliveries) => deliveries.toReversed()),
  },
  {
    fault: "tells times without a zone",
    kind: list,
    breaks: ["A4"],
    wrap: changingEvents((event) => ({ ...event, time: "2026-11-21T10:00:00" })),
  },
  {
    fault: "trims texts",
    kind: list,
    breaks: ["A3"],
    wrap: changingEvents((event) => {
      const data = JSON.stringify(event.data).replaceAll('" \\t\\r\\n "', '""');
      return { ...event, data: JSON.parse(data) };
    }),
  },
  {
    fault: "reports all receipts as failed when one is",
    kind: list,
    breaks: ["D4", "D5"],
    wrap: () => (feed) => ({
      ...feed,
      async ack(receipts, options) {
        const report = await feed.ack(receipts, options);
        return report.find(({ status }) => status === "failed") === undefined
          ? report
          : report.map(() => ({ status: "failed", error: new AckloopError("transport", "no") }));
      },
    }),
  },
  {
    fault: "acknowledges everything before an event with it",
    kind: list,
    breaks: ["D3", "D5", "D6"],
    wrap: () => (feed) => ({
      ...feed,
      async ack(receipts, options) {
        for (const receipt of receipts) {
          const before = Array.from({ length: fromReceipt<number>(receipt) }, (_, index) => index);
          if (!unknownTo(receipt)) await feed.ack(before as unknown as Receipt[]);
        }
        return await feed.ack(receipts, options);
      },
    }),
  },
  {
    fault: "waits although it declares none",
    kind: list,
    breaks: ["Z6"],
    wrap: () => (feed) => ({
      ...feed,
      async pull(options = {}) {
        const deliveries = await feed.pull(options);
        if (deliveries.length === 0 && options.waitMs) await sleep(3_000, options.signal);
        return deliveries;
      },
    }),
  },
  {
    fault: "declares a wait and has none",
    kind: log,
    breaks: ["C1", "C2"],
    wrap: () => (feed) => ({ ...feed, waits: true }) as unknown as Feed,
  },
  {
    fault: "waits to the end although an event has come",
    kind: waitingLog,
    breaks: ["C2"],
    wrap: () => (feed) => ({
      ...feed,
      async pull(options = {}) {
        const { waitMs = 0, ...rest } = options;
        const deliveries = await feed.pull(rest);
        if (deliveries.length > 0) return deliveries;
        await sleep(Math.min(waitMs, 3_000), options.signal);
        return await feed.pull(rest);
      },
    }),
  },
  {
    fault: "reads on from where its last pull was, in one feed object",
    kind: log,
    breaks: ["B6"],
    wrap: () => (feed) => {
      let place: Receipt | undefined;
      return {
        ...feed,
        async pull(options) {
          const deliveries = await feed.pull({ ...options, after: options?.after ?? place });
          place = receiptsOf(deliveries).at(-1) ?? place;
          return deliveries;
        },
      };
    },
  },
  {
    fault: "reads on from where the last pull of any feed object was",
    kind: log,
    breaks: ["A1", "A6b", "B6", "B7", "D1", "D2", "E1", "E2"],
    wrap: () => {
      let place: Receipt | undefined;
      return (feed) => ({
        ...feed,
        async pull(options) {
          const deliveries = await feed.pull({ ...options, after: options?.after ?? place });
          place = receiptsOf(deliveries).at(-1) ?? place;
          return deliveries;
        },
      });
    },
  },
  {
    fault: "does not read on behind a receipt",
    kind: log,
    breaks: ["B9"],
    wrap: () => (feed) => ({
      ...feed,
      pull: ({ after: _, ...options } = {}) => feed.pull(options),
    }),
  },
  {
    fault: "acknowledges on a pull without declaring it",
    kind: carrying,
    breaks: ["Z1"],
    wrap:
      () =>
      ({ acksOnPull: _, ...feed }) =>
        feed,
  },
  {
    fault: "declares an ack on pull and has none",
    kind: page,
    breaks: ["E10b", "E11"],
    wrap: () => (feed) => ({ ...feed, acksOnPull: true }) as unknown as Feed,
  },
  {
    fault: "takes two cumulative receipts at once",
    kind: log,
    breaks: ["Z2"],
    wrap: () => (feed) => ({
      ...feed,
      async ack(receipts, options) {
        return await feed.ack(receipts.slice(-1), options);
      },
    }),
  },
  {
    fault: "does nothing when an event is given back",
    kind: queue,
    breaks: ["N1"],
    wrap: () => (feed) => wrapFeed(feed, { nack: async () => {} }),
  },
  {
    fault: "calls every failure final",
    kind: list,
    breaks: ["I1"],
    wrap: failing((error) =>
      isAckloopError(error)
        ? new AckloopError(error.code, "failed", { status: error.status })
        : error,
    ),
  },
];

describe("a feed with one fault", () => {
  for (const { fault, kind, breaks, wrap, harness } of broken) {
    it.concurrent(`that ${fault} breaks ${breaks.join(", ")}`, async () => {
      const make = harness ?? (() => memoryHarness(kind, wrap?.(), 2_000));
      const laws = Object.values(feedLaws).flat();

      const results = await Promise.all(laws.map((law) => tryLaw(law, make)));

      const found = results.filter(({ verdict }) => verdict === "broken").map(({ id }) => id);
      expect(found).toEqual(breaks);
    });
  }
});
