import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import type { Delivery, Feed } from "../../src/core/feed.ts";
import { toReceipt } from "../../src/core/feed.ts";
import { consume } from "../../src/loop/consume.ts";
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
