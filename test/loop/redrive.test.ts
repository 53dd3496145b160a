import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AckloopError } from "../../src/core/errors.ts";
import type { FeedEvent } from "../../src/core/event.ts";
import { sleep } from "../../src/core/sleep.ts";
import type { StandardSchemaV1 } from "../../src/core/standard-schema.ts";
import type { DeadLetter, DeadLetterStore } from "../../src/core/stores.ts";
import { deadLetter, drop } from "../../src/loop/outcome.ts";
import { isLetterOf, redrive } from "../../src/loop/redrive.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { memoryFeed, testEvent } from "../../src/testing/memory-feed.ts";
import { ended, idsOf, imbalance, passing } from "./support.ts";

const key = { consumer: "billing", feed: "orders" };
const options = { consumer: "billing", retry: { attempts: 1 } };

/** A store that holds letters e0, e1, and so on, each after two attempts. */
async function storeOf(count: number): Promise<DeadLetterStore> {
  const { deadLetters } = memoryStores();
  for (const id of idsOf(count)) await deadLetters.put(letterOf(id, testEvent(id)));
  return deadLetters;
}

const letterOf = (id: string, event: FeedEvent | undefined) => ({
  ...key,
  identity: `/memory ${id}`,
  event,
  raw: { id },
  reason: "failed 2 times",
  attempts: 2,
  failedAt: "2026-11-02T08:00:00.000Z",
});

const idsIn = async (store: DeadLetterStore) =>
  (await store.list(key, { limit: 1000 })).letters.map(({ identity }) =>
    identity.slice("/memory ".length),
  );

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe("redrive", () => {
  it("sends each letter through the handlers once, and takes off what is done", async () => {
    const store = await storeOf(250);
    const handler = vi.fn();

    const summary = await ended(redrive(store, "orders", handler, options));

    expect(handler.mock.calls.map(([event]) => event.id)).toEqual(idsOf(250));
    expect(handler.mock.calls[0]?.[1].delivery.raw).toEqual({ id: "e0" });
    expect(await idsIn(store)).toEqual([]);
    expect(summary).toMatchObject({ feed: "orders", handled: 250, stopped: "empty" });
  });

  it("keeps what fails again, with its new reason and all its attempts", async () => {
    const store = await storeOf(4);
    const handler = vi.fn((event: FeedEvent) => {
      if (event.id === "e1") throw new AckloopError("timeout", "no answer");
      if (event.id === "e2") return deadLetter("no use");
      return event.id === "e3" ? drop("not ours") : undefined;
    });

    const summary = await ended(redrive(store, "orders", handler, options));

    expect((await store.list(key)).letters).toMatchObject([
      {
        identity: "/memory e1",
        attempts: 3,
        code: "timeout",
        reason: expect.stringContaining("no answer"),
      },
      { identity: "/memory e2", attempts: 3, reason: "no use" },
    ]);
    expect(handler).toHaveBeenCalledTimes(4);
    expect(summary).toMatchObject({ handled: 1, dropped: 1, deadLettered: 2 });
    expect(imbalance(summary)).toBe(0);
  });

  it("takes only what the filter lets through", async () => {
    const store = await storeOf(300);
    const handler = vi.fn();
    const filter = ({ event }: DeadLetter) => event?.id === "e7" || event?.id === "e299";

    await ended(redrive(store, "orders", handler, { ...options, filter }));

    expect(handler.mock.calls.map(([event]) => event.id)).toEqual(["e7", "e299"]);
    expect(await idsIn(store)).toHaveLength(298);
  });

  it.each([
    ["a promise", async () => false],
    ["a promise that rejects", () => Promise.reject(new Error("later"))],
    ["nothing", () => undefined],
  ])("refuses a filter that gives %s, and sends nothing", async (_, odd) => {
    const store = await storeOf(2);
    const handler = vi.fn();
    const filter = odd as unknown as () => boolean;

    const failed = redrive(store, "orders", handler, { ...options, filter });

    await expect(failed).rejects.toMatchObject({ code: "config" });
    expect([handler.mock.calls, await idsIn(store)]).toEqual([[], ["e0", "e1"]]);
  });

  it("leaves what could not be read", async () => {
    const store = await storeOf(1);
    await store.put(letterOf("content-1", undefined));

    const summary = await ended(redrive(store, "orders", () => {}, options));

    expect(summary).toMatchObject({ pulled: 1, handled: 1 });
    expect(await idsIn(store)).toEqual(["content-1"]);
  });

  it("ends when nothing is there, and when all fail for ever", async () => {
    const empty = await ended(redrive(await storeOf(0), "orders", () => {}, options));
    const store = await storeOf(120);
    const failing = await ended(
      redrive(
        store,
        "orders",
        () => {
          throw new Error("poison");
        },
        options,
      ),
    );

    expect(empty).toMatchObject({ pulled: 0, stopped: "empty" });
    expect(failing).toMatchObject({ pulled: 120, deadLettered: 120, stopped: "empty" });
    expect(await idsIn(store)).toHaveLength(120);
  });

  it("stops at the limit and leaves the rest as it was", async () => {
    const store = await storeOf(10);

    const summary = await ended(redrive(store, "orders", () => {}, { ...options, limit: 3 }));

    expect(summary).toMatchObject({ handled: 3, stopped: "limit" });
    expect(await idsIn(store)).toEqual(idsOf(7, 3));
  });

  it("validates with the feed's own schemas", async () => {
    const store = await storeOf(1);
    const schema: StandardSchemaV1 = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: () => ({ issues: [{ message: "expected more" }] }),
      },
    };
    const handler = vi.fn();
    const feed = { ...memoryFeed(), name: "orders", events: { test: schema } };

    const summary = await ended(redrive(store, feed, handler, options));

    expect(handler).not.toHaveBeenCalled();
    expect(summary).toMatchObject({ deadLettered: 1 });
    expect((await store.list(key)).letters).toMatchObject([
      { identity: "/memory e0", attempts: 2, code: "schema" },
    ]);
  });

  it("asks a store again that fails for a while", async () => {
    const store = await storeOf(2);
    const list = vi.fn(store.list).mockRejectedValueOnce(passing());
    const remove = vi.fn(store.remove).mockRejectedValueOnce(passing());

    const summary = await ended(redrive({ ...store, list, remove }, "orders", () => {}, options));

    expect(summary).toMatchObject({ handled: 2, acked: 2 });
    expect(await idsIn(store)).toEqual([]);
  });

  it.each([
    ["no consumer", "orders", {}, "redrive: option `consumer` is required: the reader's name"],
    ["no options", "orders", undefined, "redrive: option `consumer` is required"],
  ])("refuses %s", async (_, feed, wrong, message) => {
    const asked = redrive(await storeOf(0), feed, () => {}, wrong as unknown as typeof options);

    await expect(asked).rejects.toThrow(message);
  });

  it("takes off each letter once, so that one which a run puts back meanwhile stays", async () => {
    const store = await storeOf(2);
    const { remove } = store;
    let count = 0;
    const hanging: DeadLetterStore = {
      ...store,
      remove: async (of, given) => {
        if (of.identity !== "/memory e1") return await remove(of, given);
        count += 1;
        if (count > 1) return await remove(of, given);
        await store.put(letterOf("e0", testEvent("e0")));
        return await new Promise(() => {});
      },
    };

    await ended(redrive(hanging, "orders", () => {}, { ...options, concurrency: 2 }));

    expect(await idsIn(store)).toEqual(["e0"]);
  });

  it("does not put back what another has taken off meanwhile", async () => {
    const store = await storeOf(2);
    const handler = async ({ id }: FeedEvent) => {
      if (id === "e0") await store.remove({ ...key, identity: "/memory e0" });
      throw new Error("no stock");
    };

    const summary = await ended(redrive(store, "orders", handler, options));

    expect(await idsIn(store)).toEqual(["e1"]);
    expect(summary).toMatchObject({ deadLettered: 2, unsettled: 0 });
  });

  it("sends each letter once where two do it at a time, with marks", async () => {
    const { deadLetters, dedupe } = memoryStores();
    for (const id of idsOf(30)) await deadLetters.put(letterOf(id, testEvent(id)));
    const handler = vi.fn(async (event: FeedEvent) => {
      await sleep(100);
      if (event.id === "e7") throw new Error("no stock");
    });
    const both = { ...options, dedupe: { store: dedupe } };

    const summaries = await Promise.all([
      ended(redrive(deadLetters, "orders", handler, both)),
      ended(redrive(deadLetters, "orders", handler, { ...both, concurrency: 3 })),
    ]);

    expect(handler).toHaveBeenCalledTimes(30);
    const sum = (name: "handled" | "deadLettered" | "duplicates") =>
      summaries.reduce((all, summary) => all + summary[name], 0);
    expect([sum("handled"), sum("deadLettered"), sum("duplicates")]).toEqual([29, 1, 30]);
    expect((await deadLetters.list(key)).letters).toMatchObject([
      { identity: "/memory e7", attempts: 3 },
    ]);
    // Nothing is held up: the next one may be at any time.
    await ended(redrive(deadLetters, "orders", () => {}, both));
    expect(await idsIn(deadLetters)).toEqual([]);
  });

  it("leaves a letter to one that was killed at it, until its mark ends, however often", async () => {
    const { deadLetters, dedupe } = memoryStores();
    await deadLetters.put(letterOf("e0", testEvent("e0")));
    const both = { ...options, dedupe: { store: dedupe, markMs: 5000 } };
    const killed = { ...dedupe, forget: async () => {}, renew: async () => true };
    const hangs = () => new Promise<void>(() => {});
    for (const _ of [1, 2, 3]) {
      await ended(
        redrive(deadLetters, "orders", hangs, {
          ...{ ...both, dedupe: { store: killed, markMs: 5000 }, logger: false },
          ...{ deadline: Date.now() + 1000, reserveMs: 100 },
        }),
      );
      const left = await ended(redrive(deadLetters, "orders", () => {}, both));
      expect(left).toMatchObject({ handled: 0, duplicates: 1 });
      expect(await idsIn(deadLetters)).toEqual(["e0"]);
      await vi.advanceTimersByTimeAsync(5000);
    }

    const summary = await ended(redrive(deadLetters, "orders", () => {}, both));

    expect(summary).toMatchObject({ handled: 1, duplicates: 0 });
  });

  it("ends where a mark cannot be ended", async () => {
    const { deadLetters, dedupe } = memoryStores();
    await deadLetters.put(letterOf("e0", testEvent("e0")));
    const hanging = { ...dedupe, forget: () => new Promise<void>(() => {}) };

    const summary = await ended(
      redrive(deadLetters, "orders", () => {}, { ...options, dedupe: { store: hanging } }),
    );

    expect(summary).toMatchObject({ handled: 1, unsettled: 0 });
    expect(await idsIn(deadLetters)).toEqual([]);
  });

  it("leaves a letter that another has put since, also where its own is gone", async () => {
    const { deadLetters, dedupe } = memoryStores();
    for (const id of idsOf(3)) await deadLetters.put(letterOf(id, testEvent(id)));
    const handler = vi.fn(async (event: FeedEvent) => {
      if (event.id !== "e0") return;
      await deadLetters.put({ ...letterOf("e1", testEvent("e1")), attempts: 9 });
      await deadLetters.remove({ ...key, identity: "/memory e2" });
    });

    const summary = await ended(
      redrive(deadLetters, "orders", handler, { ...options, dedupe: { store: dedupe } }),
    );

    expect(handler).toHaveBeenCalledOnce();
    expect(summary).toMatchObject({ handled: 1, duplicates: 2 });
    expect((await deadLetters.list(key)).letters).toMatchObject([{ attempts: 9 }]);
  });

  it("takes options that are undefined for left out", async () => {
    const store = await storeOf(4);
    const handler = vi.fn(() => {
      throw new Error("poison");
    });
    const unset = { retry: { attempts: undefined }, circuitBreaker: undefined };

    const summary = await ended(redrive(store, "orders", handler, { ...options, ...unset }));

    expect(handler).toHaveBeenCalledTimes(4);
    expect(summary.deadLettered).toBe(4);
  });

  it.each([
    [undefined, () => {}, "redrive: the second argument must be a feed, or its name"],
    [{}, () => {}, "redrive: the feed's name must be a name of 1 to 500 characters"],
    ["a\0", () => {}, "redrive: the feed's name must be a name of 1 to 500 characters"],
    ["orders", {}, "redrive: the map of handlers is empty"],
  ])("says what is wrong in its own name: %j", async (feed, handlers, message) => {
    const { deadLetters } = memoryStores();
    const redriven = redrive(deadLetters, feed as string, handlers as () => void, options);

    await expect(redriven).rejects.toThrow(message);
  });

  it("refuses what is no store", async () => {
    await expect(redrive({} as DeadLetterStore, "orders", () => {}, options)).rejects.toThrow(
      "redrive: the first argument must be a dead-letter store",
    );
  });
});

describe("a letter of a feed", () => {
  const schema: StandardSchemaV1<unknown, { readonly code: string }> = {
    "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: value as never }) },
  };
  const feed = memoryFeed<FeedEvent<"created", { readonly code: string }>>({
    name: "orders",
    events: { created: schema },
  });
  const letter = letterOf("1", testEvent("1", { type: "created", data: { code: "c1" } }));

  it("has the feed's types", () => {
    expect(isLetterOf(feed, letter) && letter.event.data.code).toBe("c1");
  });

  it.each([
    ["of another feed", { feed: "refunds" }],
    ["without an event", { event: undefined }],
    ["of a type that the catalogue does not have", { event: testEvent("1", { type: "other" }) }],
    ["whose data did not fit", { code: "schema" }],
  ])("is none %s", (_, facts) => {
    expect(isLetterOf(feed, { ...letter, ...facts })).toBe(false);
  });
});
