import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AckloopError, isAckloopError } from "../../src/core/errors.ts";
import { consume } from "../../src/loop/consume.ts";
import { group } from "../../src/loop/group.ts";
import { memoryFeed, testEvent } from "../../src/testing/memory-feed.ts";
import { ended, filledFeed } from "./support.ts";

const soon = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const doNothing = () => {};

/** A run that halts as soon as its feed has an event. */
function fragile(name = "fragile") {
  const feed = memoryFeed({ name });
  const handler = () => {
    throw new Error("no stock");
  };
  const run = consume(feed, handler, { retry: { attempts: 1 } });
  return { run, halt: () => feed.publish(testEvent("bad")) };
}

async function errorOf(promise: PromiseLike<unknown>): Promise<AckloopError> {
  const error: unknown = await ended(Promise.resolve(promise).then(undefined, (thrown) => thrown));
  if (!isAckloopError(error)) throw new Error("it has not been refused");
  return error;
}

describe("a group", () => {
  it("gives the summaries of all, in order, when all have ended", async () => {
    const all = group([
      consume(filledFeed(2, { name: "orders" }), doNothing),
      consume(filledFeed(3, { name: "stock" }), doNothing),
    ]);
    await soon();

    const stopped = all.stop();

    expect(await ended(stopped)).toMatchObject([
      { feed: "orders", handled: 2, stopped: "signal" },
      { feed: "stock", handled: 3, stopped: "signal" },
    ]);
    expect(await all).toBe(await stopped);
    expect(Object.prototype.toString.call(all)).toBe("[object Group]");
  });

  it("stops the others in order when one halts, and rejects with what halted it", async () => {
    const { run, halt } = fragile();
    const acked = filledFeed(1, { name: "orders" });
    const other = consume(acked, doNothing);
    const all = group([other, run]);
    all.catch(() => {});
    await soon();
    halt();

    const error = await errorOf(all);

    expect(error).toMatchObject({ code: "halted", summary: { feed: "fragile" } });
    expect(error.summaries).toMatchObject([
      { feed: "orders", handled: 1, acked: 1, stopped: "signal" },
      { feed: "fragile", unsettled: 1 },
    ]);
    expect(other.health().state).toBe("ended");
  });

  it("tells of the first that halted, whatever halts after it", async () => {
    const first = fragile("first");
    const second = fragile("second");
    const all = group([second.run, first.run], { onHalt: "continue" });
    all.catch(() => {});
    await soon();
    first.halt();
    await vi.advanceTimersByTimeAsync(60_000);
    second.halt();

    expect(await errorOf(all)).toMatchObject({ provider: "first", summary: { feed: "first" } });
  });

  it("goes on with the others where it is told so, and ends with the last", async () => {
    const { run, halt } = fragile();
    const feed = memoryFeed({ name: "orders" });
    const all = group([consume(feed, doNothing), run], { onHalt: "continue" });
    all.catch(() => {});
    halt();
    await vi.advanceTimersByTimeAsync(120_000);
    feed.publish(testEvent("late"));
    await vi.advanceTimersByTimeAsync(60_000);

    expect(all.health()).toMatchObject({
      healthy: false,
      live: false,
      runs: [
        { feed: "orders", healthy: true, state: "running" },
        { feed: "fragile", troubles: ["halted"], lastError: { code: "halted" } },
      ],
    });
    const error = await errorOf(all.stop());
    expect(error.summaries).toMatchObject([{ handled: 1, stopped: "signal" }, { handled: 0 }]);
  });

  it("is healthy while all are, and two may read one feed", async () => {
    const feed = memoryFeed();
    const all = group([consume(feed, doNothing), consume(feed, doNothing)]);
    await soon();

    expect(all.health()).toMatchObject({ healthy: true, live: true });
    expect(all.health().runs.map((each) => each.feed)).toEqual(["memory", "memory"]);
    await ended(all.stop());
  });

  it("is stopped by whoever awaits it elsewhere, though it rejects", async () => {
    const { run, halt } = fragile();
    const all = group([run, consume(memoryFeed(), doNothing)]);
    const error = errorOf(all);
    halt();
    await soon();

    // As in the handler of a signal: a promise of its own would be an unhandled rejection.
    void all.stop({ withinMs: 1000 });

    expect((await error).code).toBe("halted");
    expect((await errorOf(all.stop({ withinMs: -1 }))).code).toBe("config");
  });

  it("goes on when one was stopped by itself", async () => {
    const one = consume(memoryFeed(), doNothing);
    const all = group([one, consume(memoryFeed(), doNothing)]);
    await ended(one.stop());

    expect(all.health().runs.map(({ state }) => state)).toEqual(["ended", "running"]);
    await ended(all.stop());
  });

  it("stops at the end of its block, within the time that is given", async () => {
    const runs = [consume(memoryFeed(), doNothing), consume(memoryFeed(), doNothing)];
    const leave = async () => {
      await using all = group(runs);
      expect(all.health().healthy).toBe(true);
    };
    await ended(leave());

    expect(runs.map((run) => run.health().state)).toEqual(["ended", "ended"]);
    const hanging = group([consume(filledFeed(1), () => new Promise(() => {}))]);
    await soon();
    const [summary] = await ended(hanging.stop({ withinMs: 500 }), 1000);
    expect(summary).toMatchObject({ unsettled: 1 });
  });

  it.each([
    ["no list", undefined],
    ["an empty list", []],
    ["a feed", [memoryFeed()]],
    ["a promise", [Promise.resolve()]],
    ["nothing in a list", [undefined]],
  ])("refuses %s", (_, runs) => {
    const make = () => group(runs as never);

    expect(make).toThrow(AckloopError);
    expect(make).toThrow(/group: give a list of runs, each once/);
  });

  it("refuses a run that is there twice, an unknown option, and a wrong time", async () => {
    const run = consume(memoryFeed(), doNothing);
    const all = group([run]);

    expect(() => group([run, run])).toThrow(/each once/);
    expect(() => group([run], { onHalt: "never" } as never)).toThrow(/group: option `onHalt`/);
    expect(await errorOf(all.stop({ withinMs: -1 }))).toMatchObject({
      code: "config",
      message: expect.stringContaining("group.stop: option `withinMs`"),
    });
    await ended(all.stop());
  });
});
