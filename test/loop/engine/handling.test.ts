import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FeedEvent } from "../../../src/core/event.ts";
import type { Disposition } from "../../../src/loop/engine/attempt.ts";
import type { Entry } from "../../../src/loop/engine/entry.ts";
import { toEntry } from "../../../src/loop/engine/entry.ts";
import type { DispatcherParts } from "../../../src/loop/engine/handling.ts";
import { Dispatcher } from "../../../src/loop/engine/handling.ts";
import { testEvent } from "../../../src/testing/memory-feed.ts";
import { gate } from "../support.ts";

const HANDLED: Disposition = { kind: "settled", as: "handled" };
const entryOf = (id: string): Entry => toEntry(id, { event: testEvent(id), raw: {} });

/** A dispatcher whose attempts end when the test says so. */
function bench(parts: Partial<DispatcherParts> = {}) {
  const started: string[] = [];
  const ended: [string, Disposition["kind"]][] = [];
  const gates = new Map<string, ReturnType<typeof gate<Disposition>>[]>();
  const begin = (name: string): Promise<Disposition> => {
    started.push(name);
    const opening = gate<Disposition>();
    gates.set(name, [...(gates.get(name) ?? []), opening]);
    return opening.opened;
  };
  const again = vi.fn();
  const dispatcher = new Dispatcher({
    concurrency: 2,
    orderBy: undefined,
    batch: undefined,
    attempt: (entry) => begin(entry.id),
    attemptBatch: async (entries) => {
      const disposition = await begin(entries.map((entry) => entry.id).join("+"));
      return entries.map(() => disposition);
    },
    mayStart: () => true,
    onEnd: (entry, disposition) => ended.push([entry.id, disposition.kind]),
    onAgain: again,
    ...parts,
  });
  const add = (...ids: string[]): void => {
    for (const id of ids) dispatcher.add(entryOf(id));
    dispatcher.pump();
  };
  const end = async (name: string, disposition: Disposition = HANDLED): Promise<void> => {
    gates.get(name)?.shift()?.open(disposition);
    await vi.advanceTimersByTimeAsync(0);
  };
  return { dispatcher, started, ended, again, add, end };
}

describe("the dispatcher", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("runs as many at once as it may, in the order they came", async () => {
    const { dispatcher, started, ended, add, end } = bench();

    add("a", "b", "c", "d");
    expect(started).toEqual(["a", "b"]);
    expect([dispatcher.running, dispatcher.ready]).toEqual([2, 2]);
    await end("b");
    expect(started).toEqual(["a", "b", "c"]);
    await end("a");
    await end("c");
    await end("d");

    expect(started).toEqual(["a", "b", "c", "d"]);
    expect(ended.map(([id]) => id)).toEqual(["b", "a", "c", "d"]);
    expect(dispatcher.running).toBe(0);
  });

  it("takes a hundred thousand handlers that end at once without running out of stack", async () => {
    const { dispatcher, ended, add } = bench({ attempt: async () => HANDLED });

    add(...Array.from({ length: 100_000 }, (_, index) => `e${index}`));
    await vi.advanceTimersByTimeAsync(0);

    expect(ended).toHaveLength(100_000);
    expect(dispatcher.running).toBe(0);
  });

  it("never runs two of a key at once, each key in order, and others beside it", async () => {
    const orderBy = (event: FeedEvent): string => event.id[0] ?? "";
    const { started, add, end } = bench({ orderBy, concurrency: 10 });

    add("a1", "a2", "b1", "a3", "b2");
    expect(started).toEqual(["a1", "b1"]);
    await end("a1");
    expect(started).toEqual(["a1", "b1", "a2"]);
    await end("b1");
    await end("a2");

    expect(started).toEqual(["a1", "b1", "a2", "b2", "a3"]);
  });

  it("forgets a key that is not in use", async () => {
    const { started, add, end } = bench({ orderBy: () => 7 });
    add("a");
    await end("a");

    add("b");

    expect(started).toEqual(["a", "b"]);
  });

  it("frees the slot of one that waits for its next attempt, and keeps its key", async () => {
    const orderBy = (event: FeedEvent): string => event.id[0] ?? "";
    const { started, again, add, end } = bench({ orderBy, concurrency: 1 });

    add("a1", "a2", "b1");
    await end("a1", { kind: "again", delayMs: 100, failed: true });
    expect(started).toEqual(["a1", "b1"]);
    await end("b1");
    expect(started).toEqual(["a1", "b1"]);
    await vi.advanceTimersByTimeAsync(100);
    expect(started).toEqual(["a1", "b1", "a1"]);
    await end("a1");

    expect(started).toEqual(["a1", "b1", "a1", "a2"]);
    expect(again.mock.calls).toEqual([[true]]);
  });

  it("keeps the key of an event that was left or halted the run", async () => {
    const { started, add, end } = bench({ orderBy: () => "k", concurrency: 5 });

    add("a", "b");
    await end("a", { kind: "left" });

    expect(started).toEqual(["a"]);
  });

  it("does not hold up events that have no key", async () => {
    const orderBy = (() => undefined) as unknown as (event: FeedEvent) => string;
    const { started, add, end } = bench({ orderBy, concurrency: 1 });

    add("a", "b", "c");
    await end("a");
    await end("b");

    expect(started).toEqual(["a", "b", "c"]);
  });

  it("leaves an event to its attempt whose key cannot be made", async () => {
    const failure = new TypeError("no such field");
    const entries: Entry[] = [];
    const orderBy = (): string => {
      throw failure;
    };
    const { add } = bench({
      orderBy,
      attempt: async (entry) => {
        entries.push(entry);
        return HANDLED;
      },
    });

    add("a", "b");
    await vi.advanceTimersByTimeAsync(0);

    expect(entries.map((entry) => entry.keyFailure?.error)).toEqual([failure, failure]);
  });

  it("starts nothing while paused, and goes on after", async () => {
    const { dispatcher, started, add, end } = bench({ concurrency: 1 });
    add("a", "b");

    dispatcher.pause();
    await end("a");
    expect(started).toEqual(["a"]);
    dispatcher.resume();

    expect(started).toEqual(["a", "b"]);
  });

  it("starts nothing once stopped, and no longer waits", async () => {
    const { dispatcher, started, ended, add, end } = bench();
    add("a", "b", "c");
    await end("a", { kind: "again", delayMs: 1000, failed: true });

    dispatcher.stop();
    await end("b", { kind: "again", delayMs: 1000, failed: true });
    await end("c");
    await vi.advanceTimersByTimeAsync(5000);

    expect(started).toEqual(["a", "b", "c"]);
    expect(ended).toEqual([
      ["b", "again"],
      ["c", "settled"],
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("starts nothing that may not be started", async () => {
    let mayStart = false;
    const { dispatcher, started, add } = bench({ mayStart: () => mayStart });
    add("a");
    expect(started).toEqual([]);

    mayStart = true;
    dispatcher.pump();

    expect(started).toEqual(["a"]);
  });
});

describe("the dispatcher of batches", () => {
  const batch = { size: 3, maxWaitMs: 100 };

  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("starts a full batch at once and the rest after its wait", async () => {
    const { started, add, end } = bench({ batch });

    add("a", "b", "c", "d");
    expect(started).toEqual(["a+b+c"]);
    await vi.advanceTimersByTimeAsync(99);
    expect(started).toEqual(["a+b+c"]);
    await vi.advanceTimersByTimeAsync(1);

    expect(started).toEqual(["a+b+c", "d"]);
    await end("a+b+c");
    await end("d");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("fills a batch while its first event waits", async () => {
    const { started, add } = bench({ batch });
    add("a");
    await vi.advanceTimersByTimeAsync(50);

    add("b", "c");

    expect(started).toEqual(["a+b+c"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("waits for more only once a slot is free", async () => {
    const { started, add, end } = bench({ batch, concurrency: 1 });
    add("a", "b", "c", "d");
    await vi.advanceTimersByTimeAsync(5000);
    expect(started).toEqual(["a+b+c"]);

    await end("a+b+c");
    await vi.advanceTimersByTimeAsync(100);

    expect(started).toEqual(["a+b+c", "d"]);
  });

  it("does not wait for more when none can come, not even for the rest behind a full slot", async () => {
    const { dispatcher, started, add, end } = bench({ batch, concurrency: 1 });
    add("a", "b", "c", "d");

    dispatcher.hurry();
    await end("a+b+c");

    expect(started).toEqual(["a+b+c", "d"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("waits again once more have come", async () => {
    const { dispatcher, started, add, end } = bench({ batch });
    dispatcher.hurry();

    add("a", "b");
    expect(started).toEqual([]);
    await vi.advanceTimersByTimeAsync(100);

    expect(started).toEqual(["a+b"]);
    await end("a+b");
  });

  it("gathers those that are tried again", async () => {
    const { dispatcher, started, add, end } = bench({ batch });
    add("a", "b", "c");
    dispatcher.hurry();

    await end("a+b+c", { kind: "again", delayMs: 50, failed: true });
    await vi.advanceTimersByTimeAsync(50);

    expect(started).toEqual(["a+b+c", "a+b+c"]);
  });

  it("leaves an event for which no disposition came", async () => {
    const { ended, add } = bench({ batch, attemptBatch: async () => [HANDLED] });

    add("a", "b", "c");
    await vi.advanceTimersByTimeAsync(0);

    expect(ended).toEqual([
      ["a", "settled"],
      ["b", "left"],
      ["c", "left"],
    ]);
  });

  it("never takes two of a key into one batch", async () => {
    const { started, add, end } = bench({ batch, orderBy: (event) => event.id[0] ?? "" });

    add("a1", "a2", "b1", "c1");
    expect(started).toEqual(["a1+b1+c1"]);
    await end("a1+b1+c1");
    await vi.advanceTimersByTimeAsync(100);

    expect(started).toEqual(["a1+b1+c1", "a2"]);
  });

  it("leaves no timer when it is stopped", () => {
    const { dispatcher, add } = bench({ batch });
    add("a");

    dispatcher.stop();

    expect(vi.getTimerCount()).toBe(0);
  });
});
