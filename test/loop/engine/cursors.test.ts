import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Feed, Page, Receipt } from "../../../src/core/feed.ts";
import { toReceipt } from "../../../src/core/feed.ts";
import { consume, drain } from "../../../src/loop/consume.ts";
import { testEvent } from "../../../src/testing/memory-feed.ts";
import { ended, idsOf } from "../support.ts";

/** A feed with a cursor, whose pages are made of the place that is asked for. */
function cursor(pageAfter: (after: Receipt | undefined) => Page) {
  const acked: Receipt[] = [];
  const feed: Feed = {
    name: "cursor",
    acks: "cumulative",
    pulls: "onward",
    pull: async ({ after } = {}) => pageAfter(after),
    ack: async (receipts) => {
      acked.push(...receipts);
      return receipts.map(() => ({ status: "acked" }));
    },
  };
  return { feed, acked };
}

const withoutReceipts = (count: number): Page => ({
  deliveries: idsOf(count).map((id) => ({ event: testEvent(id), raw: {} })),
});

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a cursor that gives no receipt", () => {
  it("ends a drain when it has shown the same again", async () => {
    const seen: string[] = [];
    const { feed } = cursor(() => withoutReceipts(3));
    const slow = async ({ id }: { readonly id: string }): Promise<void> => {
      seen.push(id);
      await new Promise((resolve) => setTimeout(resolve, 5000));
    };

    const summary = await ended(drain(feed, slow));

    expect(summary).toMatchObject({ stopped: "empty", handled: 3, acked: 0, noProgress: true });
    expect(seen).toEqual(idsOf(3));
  });

  it("halts a drain whose window is full for it", async () => {
    const { feed } = cursor(() => withoutReceipts(10));

    const draining = drain(feed, () => {}, { maxInFlight: 10 });

    await expect(ended(draining)).rejects.toMatchObject({
      code: "schema",
      summary: { handled: 10, acked: 0 },
    });
  });
});

it("acknowledges the place where a cursor stands once, though its receipt is made anew", async () => {
  const receipt = () => toReceipt({ at: 1 });
  const first = { event: testEvent("a"), raw: {} };
  const { feed, acked } = cursor((after) =>
    after === undefined
      ? { deliveries: [{ ...first, receipt: receipt() }] }
      : { deliveries: [], receipt: receipt() },
  );

  const run = consume(feed, () => {});
  await vi.advanceTimersByTimeAsync(600_000);
  await ended(run.stop());

  expect(acked).toHaveLength(1);
});

it("is read on by a drain where it moves past nothing, to receipts that say nothing as text", async () => {
  const places = Array.from({ length: 4 }, (_, at) => toReceipt(new Map([["at", at]])));
  const { feed } = cursor((after) => {
    const next = after === undefined ? 0 : places.indexOf(after) + 1;
    if (next < 3) return { deliveries: [], receipt: places[next] };
    if (next > 3) return { deliveries: [] };
    return { deliveries: [{ event: testEvent("a"), raw: {}, receipt: places[3] }] };
  });

  expect(await ended(drain(feed, () => {}))).toMatchObject({ stopped: "empty", handled: 1 });
});
