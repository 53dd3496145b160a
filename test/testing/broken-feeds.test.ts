import { describe, expect, it } from "vitest";
import { abortable } from "../../src/core/abort.ts";
import { AckloopError, isAckloopError } from "../../src/core/errors.ts";
import type { FeedEvent } from "../../src/core/event.ts";
import type { AckVerdict, Delivery, Feed, Page, Receipt } from "../../src/core/feed.ts";
import { fromReceipt, toPage, toReceipt } from "../../src/core/feed.ts";
import { sleep } from "../../src/core/sleep.ts";
import {
  type FeedHarness,
  feedLaws,
  loopLaws,
  tryLaw,
} from "../../src/testing/feed-conformance.ts";
import { type Pulled, withReceipt, wrapFeed } from "../../src/testing/feed-laws/wrapping.ts";
import type {
  MemoryFeed,
  MemoryFeedOptions,
  MemoryPagesOptions,
} from "../../src/testing/memory-feed.ts";
import { memoryHarness, mostBytes, secret } from "./memory-harness.ts";
import { ownClock } from "./own-clock.ts";

ownClock();

const list: MemoryFeedOptions = { acks: "individual", pulls: "unacked" };
const page: MemoryFeedOptions = { acks: "cumulative", pulls: "unacked", receipts: "page" };
const carrying: MemoryFeedOptions = { ...page, acksOnPull: true };
const log: MemoryFeedOptions = { acks: "cumulative", pulls: "onward" };
const waitingLog: MemoryFeedOptions = { ...log, waits: true };
const queue: MemoryFeedOptions = { acks: "individual", pulls: "onward" };
const leased: MemoryFeedOptions = { ...queue, leaseMs: 60_000 };
const briefly: MemoryFeedOptions = { ...queue, leaseMs: 400 };
const pagedLog: MemoryPagesOptions = { acks: "cumulative", pulls: "onward", pages: true };

/** One fault, and the laws that must notice it. */
interface Broken {
  readonly fault: string;
  readonly kind: MemoryFeedOptions | MemoryPagesOptions;
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

/** A delivery that is read again in another way. */
function withAgain(delivery: Delivery, again: () => Delivery): Delivery {
  return Object.assign({ ...delivery }, { again });
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

/** What a place that is kept by us does wrong. */
type PlaceFault = "none" | "backwards" | "noTakeover" | "overwrites" | "restarts";

/** What the receipts of one run share. */
interface PlaceRun {
  revision: number;
  /** What it has saved last. */
  index: number;
}

/** A receipt of such a feed. */
interface Mark {
  readonly run: PlaceRun;
  readonly index: number;
}

/** A log whose place is kept in a store of ours, on which a save is made by compare-and-set. */
class KeptPlace {
  readonly ids: string[] = [];
  index = -1;
  isExpired = false;
  readonly #fault: PlaceFault;
  #revision = 0;

  constructor(fault: PlaceFault) {
    this.#fault = fault;
  }

  wrap(feed: MemoryFeed): Feed {
    return wrapFeed(feed, {
      pull: async (options = {}) => {
        options.signal?.throwIfAborted();
        const { run, index } = this.#startOf(options.after);
        const after = index < 0 ? undefined : toReceipt(index);
        const deliveries = await feed.pull({ ...options, after });
        return deliveries.map((delivery, offset) => {
          const mark: Mark = { run, index: index + 1 + offset };
          return withReceipt(delivery, toReceipt(mark));
        });
      },
      ack: async ([receipt, ...others], options) => {
        options?.signal?.throwIfAborted();
        if (receipt === undefined || others.length > 0) throw new Error("one receipt at a time");
        const { run, index } = fromReceipt<Mark>(receipt);
        return [this.#save(run, index)];
      },
    });
  }

  #startOf(after: Receipt | undefined): Mark {
    if (after !== undefined) return fromReceipt<Mark>(after);
    if (this.isExpired && this.#fault !== "restarts") {
      throw new AckloopError("cursorExpired", "the place is gone");
    }
    if (this.#fault !== "noTakeover") this.#revision += 1;
    const index = this.isExpired ? -1 : this.index;
    return { run: { revision: this.#revision, index }, index };
  }

  #save(run: PlaceRun, index: number): AckVerdict {
    const isBackwards = this.#fault === "backwards";
    if (index <= run.index && !isBackwards) return { status: "gone" };
    const isForeign = run.revision !== this.#revision && !isBackwards;
    if (isForeign && this.#fault !== "overwrites") {
      return { status: "failed", error: new AckloopError("conflict", "another run has it") };
    }
    this.#revision += 1;
    run.revision = this.#revision;
    run.index = index;
    this.index = index;
    return { status: "acked" };
  }
}

/** A harness of a log whose place is kept by us. */
function keptPlace(fault: PlaceFault): () => FeedHarness {
  return () => {
    const place = new KeptPlace(fault);
    const harness = memoryHarness(log, (feed) => place.wrap(feed), 2_000);
    const { failAck: _, unknownReceipt: __, publishUnreadable: ___, ...able } = harness;
    return {
      ...able,
      keepsPlace: fault === "backwards" ? undefined : true,
      async publish(count) {
        const ids = await harness.publish(count);
        place.ids.push(...ids);
        return ids;
      },
      publishId(id) {
        harness.publishId?.(id);
        place.ids.push(id);
      },
      expirePlace() {
        place.isExpired = true;
      },
      publishElsewhere: undefined as never,
      acked: () => place.ids.slice(0, place.index + 1),
    };
  };
}

/** A harness with another fact or two. */
const harnessWith =
  (kind: MemoryFeedOptions | MemoryPagesOptions, facts: Partial<FeedHarness>) =>
  (): FeedHarness => ({ ...memoryHarness(kind, undefined, 2_000), ...facts });

/** A feed whose receipts mean the ones beside them. */
function offByOne(by: number): () => (feed: MemoryFeed) => Feed {
  return () => (feed) =>
    wrapFeed(feed, {
      ack: (receipts, options) =>
        feed.ack(
          receipts.map((receipt) =>
            unknownTo(receipt) ? receipt : toReceipt(fromReceipt<number>(receipt) + by),
          ),
          options,
        ),
    });
}

const sizeOf = (raws: readonly unknown[]): number => JSON.stringify(raws).length;

/** A feed that minds how long a page is. */
function withBytes(
  change: (deliveries: readonly Delivery[]) => readonly Delivery[],
): () => (feed: MemoryFeed) => Feed {
  return changing((deliveries) =>
    sizeOf(deliveries.map(({ raw }) => raw)) > mostBytes ? change(deliveries) : deliveries,
  );
}

/** A feed whose pages are changed. */
function changingPages(change: (page: Page) => Pulled): () => (feed: MemoryFeed) => Feed {
  return () => (feed) =>
    wrapFeed(feed, { pull: async (options) => change(toPage(await feed.pull(options))) });
}

const unknownTo = (receipt: Receipt | undefined): boolean =>
  receipt !== undefined && fromReceipt<number>(receipt) >= 1_000_000;

const broken: readonly Broken[] = [
  {
    fault: "acknowledges what it pulls",
    kind: list,
    breaks: ["A1", "A8", "B6", "B7", "D1", "D2", "D3", "D5", "D6", "Z1", "H1b"],
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
    breaks: ["A1", "A8", "B7", "D1", "D2", "D6"],
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
    breaks: ["A9", "A7"],
    wrap: changing((deliveries) =>
      deliveries.map((each) => ({ ...each, raw: { wire: each.raw, [secret]: 1 } })),
    ),
  },
  {
    fault: "keeps no field in raw that it does not know",
    kind: list,
    breaks: ["A2", "A8", "A9"],
    wrap: changing((deliveries) => deliveries.map((each) => ({ ...each, raw: { id: 1 } }))),
  },
  {
    fault: "moves back with an older ack",
    kind: log,
    breaks: ["E5", "E13"],
    harness: keptPlace("backwards"),
  },
  {
    fault: "does not take the place over when a run begins",
    kind: log,
    breaks: ["E14"],
    harness: keptPlace("noTakeover"),
  },
  {
    fault: "overwrites what another run saved",
    kind: log,
    breaks: ["E13", "E14", "E15"],
    harness: keptPlace("overwrites"),
  },
  {
    fault: "starts again silently where its place is gone",
    kind: log,
    breaks: ["E17"],
    harness: keptPlace("restarts"),
  },
  {
    fault: "takes a page without an event of its own for the end",
    kind: pagedLog,
    breaks: ["B10"],
    wrap: changingPages(({ deliveries }) => deliveries),
  },
  {
    fault: "gives no place with a page that holds nothing of its own",
    kind: pagedLog,
    breaks: ["B10"],
    wrap: changingPages(({ receipt, ...page }) =>
      page.deliveries.length === 0 ? page : { ...page, receipt },
    ),
  },
  {
    fault: "asks again and again for a page that is too large",
    kind: log,
    breaks: ["B11", "B12"],
    wrap: withBytes(() => {
      throw new AckloopError("schema", "the answer is too long");
    }),
  },
  {
    fault: "gives up where a smaller page would do",
    kind: log,
    breaks: ["B11"],
    wrap: withBytes(() => {
      throw new AckloopError("config", "the answer is too long; raise the limit");
    }),
  },
  {
    fault: "passes over what is too large",
    kind: list,
    breaks: ["B11", "B12"],
    wrap: withBytes((page) => page.filter(({ raw }) => sizeOf([raw]) < mostBytes / 2)),
  },
  {
    fault: "acknowledges one event too many, of a log",
    kind: log,
    breaks: [
      "A3",
      "A5",
      "A8",
      "A8b",
      "A9",
      "A6b",
      "B1",
      "B4",
      "B10",
      "B11",
      "B12",
      "D1",
      "D2",
      "D3",
      "D5c",
      "D10",
      "E1",
      "E10",
    ],
    wrap: offByOne(1),
  },
  {
    fault: "acknowledges one event too few, of a log",
    kind: log,
    breaks: ["A9", "A6b", "B1", "D1", "D2", "D3", "D5c", "D10", "E1", "E5", "E10", "E13"],
    wrap: offByOne(-1),
  },
  {
    fault: "acknowledges the event behind, of a list",
    kind: list,
    breaks: [
      "A3",
      "A5",
      "A8",
      "A8b",
      "A9",
      "B1",
      "B4",
      "B11",
      "B12",
      "B8",
      "D1",
      "D2",
      "D3",
      "D4",
      "D5",
      "D5c",
      "D6",
      "D10",
    ],
    wrap: offByOne(1),
  },
  {
    fault: "gives every event the first one's data",
    kind: list,
    breaks: ["A3", "A8", "A8b", "A9"],
    wrap: () => {
      let first: unknown;
      return changingEvents((event) => {
        first ??= event.data;
        return { ...event, data: first };
      })();
    },
  },
  {
    fault: "gives each event the data of the one before",
    kind: list,
    breaks: ["A8b", "A9"],
    wrap: changing((deliveries) =>
      deliveries.map((each, index) =>
        each.event
          ? { ...each, event: { ...each.event, data: deliveries.at(index - 1)?.event?.data } }
          : each,
      ),
    ),
  },
  {
    fault: "has no raw",
    kind: list,
    breaks: ["A2", "A8", "A9", "A6"],
    wrap: changing((deliveries) => deliveries.map((each) => ({ ...each, raw: undefined }))),
  },
  {
    fault: "reads another event again",
    kind: list,
    breaks: ["A9"],
    wrap: changing((deliveries) =>
      deliveries.map((each) => withAgain(each, () => deliveries[0]?.again?.() ?? each)),
    ),
  },
  {
    fault: "shares what it reads again with what it delivered",
    kind: list,
    breaks: ["A9"],
    wrap: changing((deliveries) => deliveries.map((each) => withAgain(each, () => each))),
  },
  {
    fault: "shares what it reads again with what it reads another time",
    kind: list,
    breaks: ["A9"],
    wrap: changing((deliveries) =>
      deliveries.map((each) => {
        const anew = each.again?.() ?? each;
        return withAgain(each, () => anew);
      }),
    ),
  },
  {
    fault: "brings a leased event to another pull",
    kind: leased,
    breaks: ["B6b", "B9", "N1", "Q1", "N2"],
    wrap: () => (feed) =>
      wrapFeed(feed, {
        pull: (options) => {
          feed.endLeases();
          return feed.pull(options);
        },
      }),
  },
  {
    fault: "never brings a leased event again",
    kind: leased,
    breaks: ["Q1"],
    harness: harnessWith(leased, { endLeases: () => {} }),
  },
  {
    fault: "does not count deliveries",
    kind: leased,
    breaks: ["Q1"],
    wrap: changing((deliveries) => deliveries.map((each) => ({ ...each, attempt: 1 }))),
  },
  {
    fault: "brings nothing again to a run that reads on",
    kind: leased,
    breaks: ["Q1"],
    wrap: () => (feed) =>
      wrapFeed(feed, {
        pull: async ({ after, ...options } = {}) => {
          const place = after === undefined ? -1 : fromReceipt<number>(after);
          const deliveries = await feed.pull(options);
          return deliveries.filter(({ receipt }) => Number(receipt) > place);
        },
      }),
  },
  {
    fault: "does not lengthen a lease",
    kind: briefly,
    breaks: ["Q2"],
    wrap: () => (feed) => wrapFeed(feed, { extend: async () => {} }),
  },
  {
    fault: "gives back at once what was to come later",
    kind: leased,
    breaks: ["N2"],
    wrap: () => (feed) => wrapFeed(feed, { nack: async (receipts) => await feed.nack?.(receipts) }),
  },
  {
    fault: "says that all is released while it still gives back",
    kind: leased,
    breaks: ["N3"],
    wrap: () => (feed) => {
      const pull: Feed["pull"] = (options = {}) =>
        abortable(options, async () => {
          const pulled = await feed.pull(options);
          await sleep(10);
          if (options.signal?.aborted) void sleep(200).then(() => feed.nack?.(receiptsOf(pulled)));
          return pulled;
        });
      return Object.assign(wrapFeed(feed, { pull }), { release: async () => {} });
    },
  },
  {
    fault: "says that there is no more although there is",
    kind: pagedLog,
    breaks: ["B4"],
    wrap: changingPages((each) => ({ ...each, more: false })),
  },
  {
    fault: "says for ever that there is more",
    kind: pagedLog,
    breaks: ["B4"],
    wrap: changingPages((each) => ({ ...each, more: true })),
  },
  {
    fault: "is of no kind, a list that waits",
    kind: list,
    breaks: ["K1", "C1", "C2"],
    wrap: () => (feed) => ({ ...feed, waits: true }) as unknown as Feed,
  },
  {
    fault: "is of no kind, a log that takes acks on pulls",
    kind: log,
    breaks: ["K1", "E10b", "E11"],
    wrap: () => (feed) => ({ ...feed, acksOnPull: true }) as unknown as Feed,
  },
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
    breaks: ["B2b", "E5", "Z2", "E13"],
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
      "A8b",
      "A9",
      "A6",
      "B1",
      "B11",
      "B12",
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
    breaks: [
      "A1",
      "A5",
      "A6",
      "B1",
      "B11",
      "B6",
      "B7",
      "D1",
      "D2",
      "D3",
      "D5",
      "D5c",
      "H2b",
      "E11b",
    ],
    wrap: changing((deliveries) => deliveries.toReversed()),
  },
  {
    fault: "tells times without a zone",
    kind: list,
    breaks: ["A4", "A9"],
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
    breaks: ["A1", "A8", "A6b", "B10", "B6", "B7", "D1", "D2", "E1", "E2"],
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

describe("a list that shows no more than its head, whatever is wished", () => {
  it("breaks D11 through the loop", async () => {
    const [law] = Object.values(loopLaws)
      .flat()
      .filter(({ id }) => id === "D11");
    const head = (feed: MemoryFeed): Feed => ({
      ...feed,
      pull: (options) => feed.pull({ ...options, limit: Math.min(options?.limit ?? 11, 11) }),
    });

    const tried = law && (await tryLaw(law, () => memoryHarness(list, head, 2_000)));

    expect(tried?.verdict).toBe("broken");
  });
});

describe("a place that is kept by us", () => {
  it("keeps every law where nothing is wrong with it", async () => {
    const laws = Object.values(feedLaws).flat();

    const results = await Promise.all(laws.map((law) => tryLaw(law, keptPlace("none"))));

    expect(results.filter(({ verdict }) => verdict === "broken")).toEqual([]);
    expect(results.find(({ id }) => id === "E14")?.verdict).toBe("kept");
  });
});
