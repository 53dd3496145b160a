import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { FeedEvent } from "../../src/core/event.ts";
import type { Delivery, Feed } from "../../src/core/feed.ts";
import { toReceipt } from "../../src/core/feed.ts";
import { consume, drain } from "../../src/loop/consume.ts";
import { deliveries } from "../../src/loop/deliveries.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { memoryFeed, testEvent } from "../../src/testing/memory-feed.ts";
import { ended, filledFeed, idsOf, imbalance } from "./support.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("handles all of a page of hostile ids once each", async () => {
  const ids = [
    "__proto__",
    "constructor",
    " ",
    "%",
    "%nameless 1 x",
    "a\0b",
    "\ud800",
    "x".repeat(1_000_000),
    "toString",
    "1",
    "01",
  ];
  const feed = memoryFeed();
  feed.publish(...ids.map((id) => testEvent(id)));
  const { dedupe, deadLetters } = memoryStores();
  const seen: string[] = [];
  const run = drain(feed, ({ id }) => void seen.push(id), {
    dedupe: { store: dedupe },
    deadLetters,
    consumer: "c",
  });
  await ended(run);
  expect(seen.length).toBe(ids.length);
});

it("has no more than one listener on a signal of many runs, and none behind them", async () => {
  const controller = new AbortController();
  const add = vi.spyOn(controller.signal, "addEventListener");
  const remove = vi.spyOn(controller.signal, "removeEventListener");
  const runs = Array.from({ length: 100 }, () =>
    consume(memoryFeed(), () => {}, { signal: controller.signal }),
  );
  await vi.advanceTimersByTimeAsync(100);
  await Promise.all(
    runs.map(async (run) => {
      await ended(run.stop());
    }),
  );
  expect([add.mock.calls.length, remove.mock.calls.length, vi.getTimerCount()]).toEqual([1, 1, 0]);
});

it("gives own loops their events when two ask at once, and ends both", async () => {
  const feed = filledFeed(6);
  const own = deliveries(feed, { idle: { minDelayMs: 100 } });
  const seen: string[] = [];
  const work = async () => {
    for (;;) {
      const next = await own.next();
      if (next.done) return;
      seen.push(next.value.event.id);
      next.value.ack();
      next.value.retry();
    }
  };
  const both = Promise.all([work(), work()]);
  await vi.advanceTimersByTimeAsync(1000);
  const left = own.return();
  await ended(Promise.all([both, left]));
  expect(seen.toSorted()).toEqual(idsOf(6));
  expect(feed.acked.length).toBe(6);
  expect(vi.getTimerCount()).toBe(0);
});

it("handles a page whose items are frozen, proxied or have odd data", async () => {
  const events = [
    Object.freeze(testEvent("a", { data: Object.freeze({ x: 1 }) })),
    new Proxy(testEvent("b"), {}),
    { ...testEvent("c"), data: () => {} },
    { ...testEvent("d"), data: 10n },
  ];
  const pages = [events];
  const feed: Feed = {
    name: "odd",
    acks: "cumulative",
    pulls: "onward",
    pull: async () =>
      pages
        .shift()
        ?.map(
          (event, at): Delivery => ({ event: event as never, raw: event, receipt: toReceipt(at) }),
        ) ?? [],
    ack: async () => [{ status: "acked" }],
  };
  const { deadLetters } = memoryStores();
  const run = drain(
    feed,
    ({ id }) => {
      if (id > "b") throw new Error("bad");
    },
    { deadLetters, consumer: "c", retry: { attempts: 2, minDelayMs: 1 } },
  );
  const summary = await ended(run);
  expect([summary.handled, summary.deadLettered, imbalance(summary)]).toEqual([2, 2, 0]);
});

it("handles all events whose ids are empty, with dedupe, and sets each aside by itself", async () => {
  const { dedupe, deadLetters } = memoryStores();
  const seen: unknown[] = [];
  const options = { dedupe: { store: dedupe }, deadLetters, consumer: "c", retry: { attempts: 1 } };
  for (const part of ["a", "b"]) {
    const feed = memoryFeed({ acks: "individual", pulls: "onward" });
    const events = [1, 2, 3].map((at) => ({ ...testEvent("x", { data: part + at }), id: "" }));
    const empty: Feed = {
      ...feed,
      pull: async () =>
        events
          .splice(0)
          .map((event): Delivery => ({ event, raw: 0, receipt: toReceipt(event.data) })),
      ack: async (receipts) => receipts.map(() => ({ status: "acked" })),
    };
    const handler = ({ data }: { data: unknown }): void => {
      seen.push(data);
      if (data !== "a1") throw new Error("odd");
    };
    await ended(drain(empty, handler, { ...options, circuitBreaker: false }));
  }

  const { letters } = await deadLetters.list({ consumer: "c", feed: "memory" });
  expect(seen).toEqual(["a1", "a2", "a3", "b1", "b2", "b3"]);
  expect(new Set(letters.map(({ identity }) => identity)).size).toBe(5);
});

it("gives handlers events of a class as they came, with valid data, and sets them aside whole", async () => {
  class OrderEvent implements FeedEvent {
    readonly specversion = "1.0";
    readonly source = "/s";
    readonly #id: string;
    constructor(id: string) {
      this.#id = id;
    }
    get id() {
      return this.#id;
    }
    get type() {
      return "order";
    }
    get data() {
      return `data of ${this.#id}`;
    }
  }
  const upper = (value: unknown) => ({ value: String(value).toUpperCase() });
  const schema = { "~standard": { version: 1, vendor: "test", validate: upper } } as const;
  const events = ["a", "b"].map((id) => new OrderEvent(id));
  const feed: Feed = {
    name: "classes",
    acks: "individual",
    pulls: "onward",
    events: { order: schema },
    pull: async () =>
      events.splice(0).map((event): Delivery => ({ event, raw: 0, receipt: toReceipt(event.id) })),
    ack: async (receipts) => receipts.map(() => ({ status: "acked" })),
  };
  const { deadLetters } = memoryStores();
  const seen: unknown[] = [];
  const handler = ({ id, type, data }: FeedEvent): void => {
    seen.push([id, type, data]);
    if (id === "b") throw new Error("odd");
  };
  const options = { deadLetters, consumer: "c", retry: { attempts: 1 } };

  await ended(drain(feed, handler, options));

  const { letters } = await deadLetters.list({ consumer: "c", feed: "classes" });
  expect(seen).toEqual([
    ["a", "order", "DATA OF A"],
    ["b", "order", "DATA OF B"],
  ]);
  expect(letters).toMatchObject([{ event: { id: "b", type: "order", data: "data of b" } }]);
});
