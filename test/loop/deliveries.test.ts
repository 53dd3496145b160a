import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AckloopError } from "../../src/core/errors.ts";
import type { DeliveriesOptions, OwnDelivery } from "../../src/loop/deliveries.ts";
import { deliveries } from "../../src/loop/deliveries.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { memoryFeed } from "../../src/testing/memory-feed.ts";
import { ended, filledFeed, idsOf, recorder } from "./support.ts";

/** Gives the deliveries to a function until it says that it is enough. */
async function loop(
  feed: ReturnType<typeof memoryFeed>,
  each: (delivery: OwnDelivery, count: number) => boolean | Promise<boolean>,
  options: DeliveriesOptions = {},
): Promise<void> {
  let count = 0;
  for await (const delivery of deliveries(feed, options)) {
    count += 1;
    if (await each(delivery, count)) break;
  }
}

describe("deliveries", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it("acks what was settled when the loop is left, and leaves the rest", async () => {
    const feed = filledFeed(10);
    const { onReport, of } = recorder();

    const looping = loop(
      feed,
      (delivery, count) => {
        delivery.ack();
        return count === 4;
      },
      { onReport },
    );
    await ended(looping, 100);

    expect(feed.acked).toEqual(idsOf(4));
    expect(of("stopped")[0]?.summary).toMatchObject({
      stopped: "signal",
      handled: 4,
      unsettled: 6,
    });
  });

  it("does not wait for what is left unsettled", async () => {
    const feed = filledFeed(10);

    await ended(
      loop(feed, (_, count) => count === 3),
      100,
    );

    expect(feed.acked).toEqual([]);
  });

  it("gives an event again that is to be tried again", async () => {
    const feed = filledFeed(2);
    const seen: string[] = [];

    await ended(
      loop(feed, (delivery, count) => {
        seen.push(`${delivery.event.id} ${delivery.attempt}`);
        if (delivery.event.id === "e0" && delivery.attempt < 3) delivery.retry({ afterMs: 50 });
        else delivery.ack();
        return count === 4;
      }),
    );

    expect(seen).toEqual(["e0 1", "e1 1", "e0 2", "e0 3"]);
    expect(feed.acked.toSorted()).toEqual(["e0", "e1"]);
  });

  it("takes every other outcome", async () => {
    const feed = filledFeed(3);
    const { deadLetters } = memoryStores();
    const { onReport, of } = recorder();

    await ended(
      loop(
        feed,
        (delivery, count) => {
          if (count === 1) delivery.drop("not ours");
          if (count === 2) delivery.deadLetter("no use");
          if (count === 3) delivery.ack();
          return count === 3;
        },
        { deadLetters, consumer: "billing", onReport },
      ),
    );

    expect(feed.acked.toSorted()).toEqual(idsOf(3));
    expect(of("stopped")[0]?.summary).toMatchObject({ handled: 1, dropped: 1, deadLettered: 1 });
  });

  it("takes the first settlement of a delivery", async () => {
    const feed = filledFeed(1);
    const { onReport, of } = recorder();

    await ended(
      loop(
        feed,
        (delivery) => {
          delivery.ack();
          delivery.drop("too late");
          return true;
        },
        { onReport },
      ),
    );

    expect(of("stopped")[0]?.summary).toMatchObject({ handled: 1, dropped: 0 });
  });

  it("gives the delivery as it came, and a signal of its own", async () => {
    const feed = filledFeed(1);

    await ended(
      loop(feed, ({ delivery, event, signal }) => {
        expect(delivery).toMatchObject({ event, raw: event });
        expect(signal.aborted).toBe(false);
        return true;
      }),
    );
  });

  it("lets the loop go on while earlier deliveries are open", async () => {
    const feed = filledFeed(3, { acks: "cumulative", pulls: "onward" });
    const open: OwnDelivery[] = [];

    await ended(
      loop(feed, (delivery, count) => {
        open.unshift(delivery);
        if (count === 3) for (const each of open) each.ack();
        return count === 3;
      }),
    );

    expect(feed.acked).toEqual(idsOf(3));
  });

  it("ends with its signal: gives nothing new, waits for what was given", async () => {
    const feed = filledFeed(10);
    const controller = new AbortController();
    const { onReport, of } = recorder();
    const seen: string[] = [];
    const work = async (delivery: OwnDelivery): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      delivery.ack();
    };
    const looping = loop(
      feed,
      (delivery, count) => {
        seen.push(delivery.event.id);
        void work(delivery);
        if (count === 2) controller.abort();
        return false;
      },
      { signal: controller.signal, onReport },
    );

    await ended(looping, 600);

    expect(seen).toEqual(["e0", "e1"]);
    expect(feed.acked).toEqual(["e0", "e1"]);
    expect(of("stopped")[0]?.summary).toMatchObject({ stopped: "signal", unsettled: 8 });
  });

  it("throws what halted the run", async () => {
    const feed = memoryFeed();
    const error = new AckloopError("auth", "refused");
    feed.fail({ operation: "pull", error });

    await expect(ended(loop(feed, () => false))).rejects.toMatchObject({
      code: "auth",
      summary: { pulled: 0 },
    });
  });

  it("throws what the loop threw, after acking what was settled", async () => {
    const feed = filledFeed(3);
    const failure = new Error("mine");
    const looping = loop(feed, (delivery, count) => {
      delivery.ack();
      if (count === 2) throw failure;
      return false;
    });

    await expect(ended(looping)).rejects.toBe(failure);
    expect(feed.acked).toEqual(["e0", "e1"]);
  });

  it("begins no event that was not asked for, and as many as are", async () => {
    const { dedupe } = memoryStores();
    const begin = vi.spyOn(dedupe, "begin");
    const begun = (): string[] => begin.mock.calls.map(([{ identity }]) => identity);
    const own = deliveries(filledFeed(10), { dedupe: { store: dedupe }, consumer: "c" });

    const first = await ended(own.next());
    await vi.advanceTimersByTimeAsync(1000);
    expect(begun()).toEqual(["/memory e0"]);
    first.value?.ack();
    await vi.advanceTimersByTimeAsync(1000);
    expect(begun()).toEqual(["/memory e0"]);
    await ended(Promise.all([own.next(), own.next()]));

    expect(begun()).toEqual(["/memory e0", "/memory e1", "/memory e2"]);
    await ended(own.return());
  });

  it("refuses wrong options at once", () => {
    expect(() => deliveries(memoryFeed(), { maxInFlight: 0 })).toThrow(
      "deliveries: option `maxInFlight` must be a whole number from 1 to 100000",
    );
    expect(() => deliveries(undefined as never)).toThrow(
      "deliveries: the first argument must be a feed",
    );
  });

  it("takes the largest window there may be", async () => {
    const feed = filledFeed(1);
    const each = (delivery: OwnDelivery): boolean => {
      delivery.ack();
      return true;
    };

    await ended(loop(feed, each, { maxInFlight: 100_000 }));

    expect(feed.acked).toEqual(["e0"]);
  });

  it("makes no request before it is iterated", () => {
    const feed = filledFeed(1);

    deliveries(feed);

    expect(feed.calls).toEqual([]);
  });
});
