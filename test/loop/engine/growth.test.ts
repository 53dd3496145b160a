import { expect, it } from "vitest";
import { AckloopError } from "../../../src/core/errors.ts";
import type { Delivery, Feed } from "../../../src/core/feed.ts";
import { toReceipt } from "../../../src/core/feed.ts";
import { drain } from "../../../src/loop/consume.ts";
import { testEvent } from "../../../src/testing/memory-feed.ts";

/** One page, until it is acked. */
function onePage(page: readonly Delivery[]): Feed {
  let isGone = false;
  return {
    name: "one-page",
    acks: "cumulative",
    pulls: "unacked",
    pull: async () => (isGone ? [] : page),
    ack: async (receipts) => {
      isGone = true;
      return receipts.map(() => ({ status: "acked" as const }));
    },
  };
}

/** The best of three: what else the machine does only adds to it. */
async function msOf(work: () => Promise<unknown>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round += 1) {
    const began = performance.now();
    await work();
    best = Math.min(best, performance.now() - began);
  }
  return best;
}

it("handles a long page with a listener about as fast as without one", async () => {
  const page = Array.from({ length: 10_000 }, (_, at): Delivery => {
    const event = testEvent(`e${at}`);
    const delivery = { event, raw: event, receipt: toReceipt(at), again: () => delivery as never };
    return delivery;
  });
  const handler = async () => {
    await Promise.resolve();
  };
  const run = (onReport?: () => void) =>
    msOf(() => drain(onePage(page), handler, { onReport, maxInFlight: 100_000 }));
  await run();
  const without = await run();

  expect(await run(() => {})).toBeLessThan(3 * without + 50);
});

it("takes in equal items without ids about as fast as others", async () => {
  const unreadable = new AckloopError("schema", "odd");
  const run = (toRaw: (at: number) => unknown) =>
    msOf(() => {
      const page = Array.from({ length: 2000 }, (_, at) => ({
        unreadable,
        raw: toRaw(at),
        receipt: toReceipt(at),
      }));
      return drain(onePage(page), () => {}, { unprocessable: "drop" });
    });
  await run((at) => ({ at }));
  const others = await run((at) => ({ at }));

  expect(await run(() => ({}))).toBeLessThan(4 * others + 50);
});
