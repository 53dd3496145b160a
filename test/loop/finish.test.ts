import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { consume, type Handler } from "../../src/index.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { memoryFeed, testEvent } from "../../src/testing/memory-feed.ts";

const consumer = "billing";

/** Stores whose finish takes a transaction, which is committed at once. */
function transactionalStores() {
  const { dedupe: good } = memoryStores();
  return {
    ...good,
    finish: (...[key, mark, { retentionMs }]: Parameters<typeof good.finish>) =>
      good.finish(key, mark, { retentionMs }),
  };
}

describe("context.finish", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("lets no effect repeat whose commit succeeded although its answer was lost", async () => {
    const feed = memoryFeed();
    feed.publish(testEvent("a"));
    let effects = 0;
    const handler: Handler = async (_, { finish }) => {
      if (await finish({})) effects += 1;
      throw new Error("the connection was lost at the commit");
    };

    const run = consume(feed, handler, {
      consumer,
      dedupe: { store: transactionalStores() },
      retry: { attempts: 3, minDelayMs: 10 },
    });
    await vi.advanceTimersByTimeAsync(1000);

    expect(effects).toBe(1);
    expect(feed.acked).toEqual(["a"]);
    expect(await run.stop()).toMatchObject({ handled: 0, duplicates: 1, deadLettered: 0 });
  });

  it("acks nothing that was rolled back because another has begun the event", async () => {
    const feed = memoryFeed();
    feed.publish(testEvent("a"));
    const store = transactionalStores();
    const key = { consumer, feed: feed.name, identity: "/memory a" };
    let other = "";
    const handler = vi.fn<Handler>(async (_, { finish }) => {
      if (handler.mock.calls.length === 1) {
        // This process hung for longer than its mark, and another has begun the event.
        await store.forget(key, mark);
        const begun = await store.begin(key, 5000);
        other = begun.status === "begun" ? begun.mark : "";
      }
      await finish({});
    });
    let mark = "";
    const begin: typeof store.begin = async (...call) => {
      const begun = await store.begin(...call);
      if (begun.status === "begun") mark = begun.mark;
      return begun;
    };

    const run = consume(feed, handler, { consumer, dedupe: { store: { ...store, begin } } });
    await vi.advanceTimersByTimeAsync(4000);
    const ackedMeanwhile = [...feed.acked];
    // The other one is killed: its mark ends, and the event is handled here after all.
    await vi.advanceTimersByTimeAsync(10_000);

    expect(other).not.toBe("");
    expect(ackedMeanwhile).toEqual([]);
    expect(handler).toHaveBeenCalledTimes(2);
    expect(feed.acked).toEqual(["a"]);
    expect(await run.stop()).toMatchObject({ handled: 1, retried: 0 });
  });

  it("counts an attempt as failed that was told of another run, where none has the event", async () => {
    const feed = memoryFeed();
    feed.publish(testEvent("a"));
    const { deadLetters } = memoryStores();
    // Such as a transaction that does not see the row of the mark.
    const store = { ...transactionalStores(), finish: async () => false };
    const handler = vi.fn<Handler>(async (_, { finish }) => {
      if (!(await finish({}))) throw new Error("rolled back");
    });

    const run = consume(feed, handler, {
      consumer,
      dedupe: { store },
      deadLetters,
      retry: { attempts: 3, minDelayMs: 10 },
    });
    await vi.advanceTimersByTimeAsync(60_000);

    expect(handler).toHaveBeenCalledTimes(3);
    expect(await run.stop()).toMatchObject({ handled: 0, retried: 2, deadLettered: 1 });
  });
});
