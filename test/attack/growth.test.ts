import { expect, it } from "vitest";
import { AckloopError } from "../../src/core/errors.ts";
import type { Delivery, Feed } from "../../src/core/feed.ts";
import { toReceipt } from "../../src/core/feed.ts";
import { drain } from "../../src/loop/consume.ts";
import { testEvent } from "../../src/testing/memory-feed.ts";


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
