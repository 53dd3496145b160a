import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { AckloopError } from "../../src/core/errors.ts";
import type { Delivery, Feed } from "../../src/core/feed.ts";
import { toReceipt } from "../../src/core/feed.ts";
import { consume, drain } from "../../src/loop/consume.ts";
import { deliveries } from "../../src/loop/deliveries.ts";
import { testEvent } from "../../src/testing/memory-feed.ts";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

/** One page of so many. */
function onePage(kind: Pick<Feed, "acks" | "pulls">, page: readonly Delivery[]): Feed {
  let isGone = false;
  return {
    name: "one-page",
    ...kind,
    pull: async () => (isGone ? [] : page),
    ack: async (receipts) => {
      isGone = true;
      return receipts.map(() => ({ status: "acked" as const }));
    },
  } as Feed;
}

const eventsOf = (count: number, toId: (at: number) => string): Delivery[] =>
  Array.from({ length: count }, (_, at) => {
    const raw = testEvent(toId(at));
    const delivery: Delivery = {
      event: raw,
      raw,
      receipt: toReceipt(at),
      again: () => delivery as never,
    };
    return delivery;
  });

async function msOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return Math.round(performance.now() - began);
}

// Kind: work that grows with the square of a page. Whoever listens to reports waits, at every step, for a walk over every
// event that is held: for the first five seconds of each page (pulling.ts `#blockedUntil` -> window.ts `oldest`).
it("handles a page of 20000 with a listener about as fast as without one", async () => {
  const run = async (onReport?: () => void) => {
    const page = eventsOf(20_000, (at) => `e${at}`);
    const feed = onePage({ acks: "cumulative", pulls: "unacked" }, page);
    let lastAt = 0;
    const began = performance.now();
    const handler = async () => {
      await Promise.resolve();
      lastAt = performance.now();
    };
    await drain(feed, handler, { onReport, maxInFlight: 100_000 });
    return Math.round(lastAt - began);
  };
  await run();
  const without = await run();
  const withOne = await run(() => {});

  expect(withOne, `${without} ms without a listener, ${withOne} ms with one`).toBeLessThan(
    2 * without,
  );
});

// The same kind: equal items without an id of a list (window.ts counts up from 1 for each).
it("takes in a page of 2000 equal items without ids about as fast as 2000 others", async () => {
  const unreadable = new AckloopError("schema", "odd");
  const items = (toRaw: (at: number) => unknown): Delivery[] =>
    Array.from({ length: 2000 }, (_, at) => ({
      unreadable,
      raw: toRaw(at),
      receipt: toReceipt(at),
    }));
  const run = (toRaw: (at: number) => unknown) =>
    msOf(() =>
      drain(onePage({ acks: "cumulative", pulls: "unacked" }, items(toRaw)), () => {}, {
        unprocessable: "drop",
      }),
    );
  const others = await run((at) => ({ at }));
  const equal = await run(() => ({}));

  expect(equal, `${others} ms for others, ${equal} ms for equal ones`).toBeLessThan(4 * others);
});

// The same kind: the messages of one event (window.ts copies the list of twins for each).
it("takes in a page of 20000 messages of one event about as fast as of 20000 events", async () => {
  const run = (toId: (at: number) => string) =>
    msOf(() =>
      drain(onePage({ acks: "individual", pulls: "onward" }, eventsOf(20_000, toId)), () => {}, {
        maxInFlight: 100_000,
      }),
    );
  const others = await run((at) => `e${at}`);
  const equal = await run(() => "e");

  expect(equal, `${others} ms for others, ${equal} ms for one`).toBeLessThan(4 * others);
});

// Promise (scope.ts: what hangs on the signal goes with the handler; DESIGN: no listener is left): a signal that is first
// asked for after the event was settled is watched until the run ends.
it("forgets the signal of a delivery that is asked for after its settlement", async () => {
  const count = 2000;
  let made = 0;
  const feed: Feed = {
    name: "endless",
    acks: "individual",
    pulls: "onward",
    pull: async ({ limit = 100 } = {}) =>
      Array.from({ length: Math.min(limit, 100) }, () => {
        made += 1;
        const event = testEvent(`e${made}`);
        return { event, raw: event, receipt: toReceipt(made) };
      }),
    ack: async (receipts) => receipts.map(() => ({ status: "acked" as const })),
  };
  const seen: WeakRef<AbortSignal>[] = [];
  const own = deliveries(feed);
  for await (const delivery of own) {
    delivery.ack();
    // Such as a line of the log that is written, and then: is it time to end?
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(new WeakRef(delivery.signal));
    if (seen.length < count) continue;
    await new Promise((resolve) => setTimeout(resolve, 50));
    gc();
    await new Promise((resolve) => setTimeout(resolve, 50));
    gc();
    break;
  }
  const alive = seen.filter((each) => each.deref() !== undefined).length;

  expect(alive, `of ${count} settled`).toBeLessThan(count / 2);
});

it("forgets the signal of a handler that has returned, however late it is asked for", async () => {
  const events = eventsOf(2000, (at) => `e${at}`);
  const seen: WeakRef<AbortSignal>[] = [];
  const run = consume(onePage({ acks: "individual", pulls: "onward" }, events), (_, context) => {
    setTimeout(() => seen.push(new WeakRef(context.signal)), 1);
  });
  await new Promise((resolve) => setTimeout(resolve, 1000));
  gc();
  await new Promise((resolve) => setTimeout(resolve, 50));
  gc();
  const alive = seen.filter((each) => each.deref() !== undefined).length;
  await run.stop();

  expect(alive, `of ${seen.length} settled`).toBeLessThan(1000);
});
