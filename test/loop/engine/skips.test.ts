import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AckloopError } from "../../../src/core/errors.ts";
import type { FeedEvent } from "../../../src/core/event.ts";
import type { Feed } from "../../../src/core/feed.ts";
import { contentIdentityOf } from "../../../src/core/identity.ts";
import type { StandardSchemaV1 } from "../../../src/core/standard-schema.ts";
import type { DeadLetterStore } from "../../../src/core/stores.ts";
import { batch } from "../../../src/loop/batch.ts";
import { consume, drain } from "../../../src/loop/consume.ts";
import type { LoopOptions } from "../../../src/loop/options.ts";
import { redrive } from "../../../src/loop/redrive.ts";
import { memoryStores } from "../../../src/stores/index.ts";
import { memoryFeed, testEvent } from "../../../src/testing/memory-feed.ts";
import type { MemoryKind } from "../../../src/testing/memory-options.ts";
import { ended, filledFeed, gate, idsOf, imbalance, passing, recorder } from "../support.ts";

const place = { consumer: "billing", feed: "memory" };
const keyOf = (id: string) => ({ ...place, identity: `/memory ${id}` });

/** A schema that no data fits, and how often it was asked. */
function poisonSchema(poison: string) {
  const asked: unknown[] = [];
  const test: StandardSchemaV1 = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => {
        asked.push(value);
        return value === poison ? { issues: [{ message: "poison" }] } : { value };
      },
    },
  };
  return { asked, events: { test } };
}

async function lettersIn(store: DeadLetterStore) {
  return (await store.list(place)).letters.map(({ identity, reason, attempts }) => {
    return { identity, reason, attempts };
  });
}

async function skipsIn(store: DeadLetterStore) {
  return (await store.skips?.(place))?.items.map(({ identity }) => identity);
}

/** Waits until a run has nothing more to do at once. */
const settleDown = () => vi.advanceTimersByTimeAsync(5000);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const kinds: readonly (readonly [string, MemoryKind])[] = [
  ["a list", {}],
  ["a queue", { pulls: "onward" }],
  ["pages", { acks: "cumulative" }],
  ["pages that are acked by the next pull", { acks: "cumulative", acksOnPull: true }],
  ["pages with one receipt", { acks: "cumulative", receipts: "page" }],
  ["a log", { acks: "cumulative", pulls: "onward" }],
];

describe.each(kinds)("an event to be skipped, of %s", (_, kind) => {
  it("is set aside before its schema is asked, costs the others nothing, and its skip ends", async () => {
    const { deadLetters } = memoryStores();
    const { asked, events } = poisonSchema("none");
    const handler = vi.fn();
    await deadLetters.skip(keyOf("e1"));
    const feed: Feed = { ...filledFeed(4, kind), events };

    const summary = await ended(drain(feed, handler, { deadLetters, consumer: "billing" }));

    expect(handler.mock.calls.map(([event]) => event.id)).toEqual(["e0", "e2", "e3"]);
    expect(asked).toHaveLength(3);
    expect(summary).toMatchObject({ handled: 3, deadLettered: 1, acked: 4 });
    expect(imbalance(summary)).toBe(0);
    expect(await lettersIn(deadLetters)).toEqual([
      { identity: "/memory e1", reason: "skipped by hand", attempts: 0 },
    ]);
    expect(await skipsIn(deadLetters)).toEqual([]);
  });

  it("halts no run that it has halted before", async () => {
    const { deadLetters } = memoryStores();
    const { events } = poisonSchema("poison");
    const memory = memoryFeed(kind);
    memory.publish(testEvent("it's"), ...idsOf(2).map((id) => testEvent(id)));
    const poisoned: Feed = {
      ...memory,
      events,
      pull: async (options) => {
        const deliveries = await memory.pull(options);
        return deliveries.map((each) => {
          if (each.event?.id !== "it's") return each;
          const { receipt, raw } = each;
          return { receipt, raw, event: { ...each.event, data: "poison" } };
        });
      },
    };
    const options: LoopOptions = { deadLetters, consumer: "billing", unprocessable: "halt" };

    const failure = await ended(drain(poisoned, () => {}, options).catch((error) => error));
    expect(failure).toMatchObject({ code: "halted" });
    expect(failure.message).toContain(
      "memory: event it's (test): data of test does not fit its schema: does not fit; " +
        'mend that, or set the option unprocessable to "deadLetter" or "drop"; to go on without it: ' +
        "ackloop skip --consumer billing --feed memory --source /memory -- 'it'\\''s'",
    );
    await deadLetters.skip(keyOf("it's"));
    const summary = await ended(drain(poisoned, () => {}, options));

    expect(summary).toMatchObject({ handled: 2, deadLettered: 1, stopped: "empty" });
    expect(await skipsIn(deadLetters)).toEqual([]);
  });
});

it.each(kinds.filter(([, kind]) => !kind.acksOnPull))(
  "a skip stays until its event is acknowledged, of %s",
  async (_, kind) => {
    const { deadLetters } = memoryStores();
    await deadLetters.skip(keyOf("e0"));
    const feed = filledFeed(1, kind);
    feed.fail({ operation: "ack", error: passing(), count: 1000 });
    const handler = vi.fn();
    const options = { deadLetters, consumer: "billing", deadline: Date.now() + 10_000 };
    await ended(drain(feed, handler, options).catch(() => {}));
    expect(await lettersIn(deadLetters)).toHaveLength(1);
    expect(await skipsIn(deadLetters)).toEqual(["/memory e0"]);

    feed.heal();
    await ended(drain(feed.reopen(), handler, { deadLetters, consumer: "billing" }));

    expect(handler).not.toHaveBeenCalled();
    expect(await lettersIn(deadLetters)).toHaveLength(1);
    expect(await skipsIn(deadLetters)).toEqual([]);
  },
);

describe("skips", () => {
  it("are asked for once at the start, and cost nothing after that where there are none", async () => {
    const { deadLetters } = memoryStores();
    const skips = vi.spyOn(deadLetters, "skips");
    const get = vi.spyOn(deadLetters, "get");

    await ended(drain(filledFeed(50), () => {}, { deadLetters, consumer: "billing" }));

    expect(skips).toHaveBeenCalledTimes(1);
    expect(skips.mock.calls[0]?.[0]).toEqual(place);
    expect(get).not.toHaveBeenCalled();
  });

  it("are waited for before the first handler, at the pace of their store", async () => {
    const { deadLetters } = memoryStores();
    await deadLetters.skip(keyOf("e0"));
    const skips = vi.spyOn(deadLetters, "skips");
    for (let failures = 0; failures < 3; failures += 1) skips.mockRejectedValueOnce(passing());
    const handler = vi.fn();
    const { onReport, of } = recorder();
    const options = { deadLetters, consumer: "billing", onReport };
    const run = consume(filledFeed(2), handler, options);

    await vi.advanceTimersByTimeAsync(10);
    expect(handler).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(handler.mock.calls.map(([event]) => event.id)).toEqual(["e1"]);
    expect(of("storeFailed")).toHaveLength(3);
    expect(of("storeFailed")[0]).toMatchObject({ store: "deadLetters" });
    await ended(run.stop());
  });

  it("hold no drain beyond its deadline", async () => {
    const { deadLetters } = memoryStores();
    vi.spyOn(deadLetters, "skips").mockImplementation(() => new Promise(() => {}));
    const handler = vi.fn();
    const deadline = Date.now() + 10_000;
    const options = { deadLetters, consumer: "billing", deadline };

    const summary = await ended(drain(filledFeed(2), handler, options));

    expect(summary).toMatchObject({ stopped: "deadline", handled: 0, unsettled: 2 });
    expect(handler).not.toHaveBeenCalled();
  });

  it("halt a run whose store a person must mend", async () => {
    const { deadLetters } = memoryStores();
    const error = new AckloopError("config", "the tables are missing");
    vi.spyOn(deadLetters, "skips").mockRejectedValue(error);
    const handler = vi.fn();
    const options = { deadLetters, consumer: "billing" };

    const failed = await ended(drain(filledFeed(1), handler, options).catch((thrown) => thrown));

    expect(failed).toMatchObject({ code: "config" });
    expect(handler).not.toHaveBeenCalled();
  });

  it("are read page by page, and a store that gives one page for ever has an end", async () => {
    const { deadLetters } = memoryStores();
    for (const id of idsOf(2500)) await deadLetters.skip(keyOf(id));
    const summary = await ended(
      drain(filledFeed(2501), () => {}, { deadLetters, consumer: "billing" }),
    );
    expect(summary).toMatchObject({ deadLettered: 2500, handled: 1 });

    const skip = { ...keyOf("e0"), at: "" };
    const odd = { ...deadLetters, skips: async () => ({ items: [skip], next: "1" }) };
    const again = await ended(
      drain(filledFeed(2), () => {}, { deadLetters: odd, consumer: "billing" }),
    );
    expect(again).toMatchObject({ deadLettered: 1, handled: 1 });
  });

  it("are asked for again where a store of the user's gives no list", async () => {
    const { deadLetters } = memoryStores();
    const skips = vi.spyOn(deadLetters, "skips").mockResolvedValueOnce({ items: [{}] } as never);

    const options = { deadLetters, consumer: "billing" };
    const summary = await ended(drain(filledFeed(1), () => {}, options));

    expect(summary.handled).toBe(1);
    expect(skips).toHaveBeenCalledTimes(2);
  });

  it("are no business of a store that keeps none", async () => {
    const { put, list, get, remove } = memoryStores().deadLetters;
    const deadLetters = { put, list, get, remove };
    const options: LoopOptions = { deadLetters, consumer: "billing", unprocessable: "halt" };
    const run = consume(filledFeed(1), () => {}, options);
    await settleDown();

    await expect(ended(run.reload())).resolves.toBeUndefined();
    expect(await ended(run.stop())).toMatchObject({ handled: 1 });
  });

  it("name an event by source and id, so that another's with the same id is handled", async () => {
    const { deadLetters } = memoryStores();
    const handler = vi.fn();
    const feed = memoryFeed();
    const other = { ...testEvent("e0"), source: "/other" };
    feed.publish(testEvent("e0"), other);
    await deadLetters.skip({ ...place, identity: "/other e0" });
    await deadLetters.skip({ ...place, feed: "another", identity: "/memory e0" });
    await deadLetters.skip({ ...place, consumer: "another", identity: "/memory e0" });

    await ended(drain(feed, handler, { deadLetters, consumer: "billing" }));

    expect(handler.mock.calls.map(([event]) => event.source)).toEqual(["/memory"]);
  });

  it("reach an event whose id was made from its content, and an item without any", async () => {
    const { deadLetters } = memoryStores();
    const raw = { odd: ["é", 1] };
    const unreadable = new AckloopError("schema", "has no id", { path: "id" });
    const event = testEvent("derived");
    const left = [
      { raw, unreadable, receipt: "1" },
      { raw: 2, event, idDerived: true, receipt: "2" },
    ];
    const acked: unknown[] = [];
    const feed = {
      name: "memory",
      acks: "individual",
      pulls: "unacked",
      pull: async () => left.filter(({ receipt }) => !acked.includes(receipt)),
      ack: async (receipts: readonly unknown[]) => {
        acked.push(...receipts);
        return receipts.map(() => ({ status: "acked" }));
      },
    } as unknown as Feed;
    const options: LoopOptions = { deadLetters, consumer: "billing", unprocessable: "halt" };

    const failure = await ended(drain(feed, () => {}, options).catch((error) => error));
    const [, digest = ""] = /--feed memory sha256:([0-9a-f]{64})$/.exec(failure.message) ?? [];
    expect(digest).not.toBe("");
    await deadLetters.skip({ ...place, identity: contentIdentityOf(digest) });
    await deadLetters.skip(keyOf("derived"));
    const summary = await ended(drain(feed, () => {}, options));

    expect(summary).toMatchObject({ deadLettered: 2, handled: 0 });
    expect(await skipsIn(deadLetters)).toEqual([]);
    expect((await lettersIn(deadLetters)).map(({ reason }) => reason)).toEqual([
      "skipped by hand",
      "skipped by hand",
    ]);
  });

  it("stay where their item can never be acknowledged, and comes again", async () => {
    const { deadLetters } = memoryStores();
    const feed = memoryFeed();
    feed.publishUnreadable("<x>", { receipt: false });
    const options: LoopOptions = { deadLetters, consumer: "billing", unprocessable: "halt" };
    const failure = await ended(drain(feed, () => {}, options).catch((error) => error));
    const [, digest = ""] = /sha256:([0-9a-f]{64})$/.exec(failure.message) ?? [];
    const identity = contentIdentityOf(digest);
    await deadLetters.skip({ ...place, identity });

    for (let runs = 0; runs < 2; runs += 1) await ended(drain(feed, () => {}, options));

    expect(await skipsIn(deadLetters)).toEqual([identity]);
    expect(await lettersIn(deadLetters)).toHaveLength(1);
  });

  it("take an event out of a batch", async () => {
    const { deadLetters } = memoryStores();
    await deadLetters.skip(keyOf("e1"));
    const seen: string[] = [];
    const handler = batch({ size: 10, maxWaitMs: 10 }, (events: readonly FeedEvent[]) => {
      seen.push(...events.map(({ id }) => id));
    });

    await ended(drain(filledFeed(3), handler, { deadLetters, consumer: "billing" }));

    expect(seen).toEqual(["e0", "e2"]);
    expect(await lettersIn(deadLetters)).toHaveLength(1);
  });

  it("set nothing of a redrive aside", async () => {
    const { deadLetters } = memoryStores();
    await deadLetters.skip(keyOf("e0"));
    await ended(drain(filledFeed(1), () => {}, { deadLetters, consumer: "billing" }));
    await deadLetters.skip(keyOf("e0"));
    const handler = vi.fn();

    await ended(redrive(deadLetters, "memory", handler, { consumer: "billing" }));

    expect(handler).toHaveBeenCalledTimes(1);
    expect(await lettersIn(deadLetters)).toEqual([]);
  });

  it("leave no mark of an event, and end the one that it has", async () => {
    const { deadLetters, dedupe } = memoryStores();
    const begin = vi.spyOn(dedupe, "begin");
    await deadLetters.skip(keyOf("e0"));
    const options = { deadLetters, dedupe: { store: dedupe }, consumer: "billing" };

    const summary = await ended(drain(filledFeed(2), () => {}, options));

    expect(begin).toHaveBeenCalledTimes(1);
    expect(summary).toMatchObject({ handled: 1, deadLettered: 1 });
  });

  it("are read by a standby when the lease is its own, and not before", async () => {
    const { deadLetters, leases } = memoryStores();
    await leases.acquire(place, "another", 20_000);
    const handler = vi.fn();
    const options = { deadLetters, lease: { store: leases }, consumer: "billing" };
    const run = consume(filledFeed(2), handler, options);
    await settleDown();
    await ended(run.reload());

    await deadLetters.skip(keyOf("e0"));
    await vi.advanceTimersByTimeAsync(30_000);

    expect(handler.mock.calls.map(([event]) => event.id)).toEqual(["e1"]);
    await ended(run.stop());
  });
});

describe("run.reload", () => {
  it("has an event set aside that fails again and again", async () => {
    const { deadLetters } = memoryStores();
    const handler = vi.fn((event: FeedEvent) => {
      if (event.id === "e0") throw new Error("no stock");
    });
    const retry = { attempts: 1000, minDelayMs: 1000, maxDelayMs: 1000 };
    const options = { deadLetters, consumer: "billing", retry, circuitBreaker: false } as const;
    const run = consume(filledFeed(2), handler, options);
    await settleDown();
    expect(await lettersIn(deadLetters)).toEqual([]);

    await deadLetters.skip(keyOf("e0"));
    await settleDown();
    expect(await lettersIn(deadLetters)).toEqual([]);
    await ended(run.reload());
    await settleDown();

    const tried = handler.mock.calls.filter(([event]) => event.id === "e0").length;
    expect(await lettersIn(deadLetters)).toEqual([
      { identity: "/memory e0", reason: "skipped by hand", attempts: tried },
    ]);
    expect(await skipsIn(deadLetters)).toEqual([]);
    expect(await ended(run.stop())).toMatchObject({ acked: 2 });
  });

  it("forgets what was taken back", async () => {
    const { deadLetters } = memoryStores();
    await deadLetters.skip(keyOf("e0"));
    const handler = vi.fn();
    const feed = memoryFeed();
    const run = consume(feed, handler, { deadLetters, consumer: "billing" });
    await settleDown();

    await deadLetters.unskip(keyOf("e0"));
    await ended(run.reload());
    feed.publish(testEvent("e0"));
    await vi.advanceTimersByTimeAsync(60_000);

    expect(handler).toHaveBeenCalledTimes(1);
    await ended(run.stop());
  });

  it("tells of a store that must be mended, and the run goes on with what it knew", async () => {
    const { deadLetters } = memoryStores();
    await deadLetters.skip(keyOf("e1"));
    const handler = vi.fn();
    const feed = filledFeed(1);
    const run = consume(feed, handler, { deadLetters, consumer: "billing" });
    await settleDown();
    const error = new AckloopError("config", "the tables are missing");
    vi.spyOn(deadLetters, "skips").mockRejectedValueOnce(error);

    await expect(ended(run.reload())).rejects.toMatchObject({ code: "config" });
    feed.publish(testEvent("e1"), testEvent("e2"));
    await vi.advanceTimersByTimeAsync(60_000);

    expect(handler.mock.calls.map(([event]) => event.id)).toEqual(["e0", "e2"]);
    await ended(run.stop());
  });

  it("waits for a store that fails, and for nothing once the run stops", async () => {
    const { deadLetters } = memoryStores();
    const run = consume(filledFeed(0), () => {}, { deadLetters, consumer: "billing" });
    await settleDown();
    const skips = vi.spyOn(deadLetters, "skips").mockRejectedValue(passing());
    const back = gate();
    const reloaded = run.reload().then(back.open);

    await vi.advanceTimersByTimeAsync(10_000);
    expect(skips.mock.calls.length).toBeGreaterThan(2);
    await ended(run.stop());
    await ended(reloaded);
    await expect(ended(run.reload())).resolves.toBeUndefined();
  });
});
