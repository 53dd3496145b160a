import { expect, it } from "vitest";
import { fromReceipt, toReceipt } from "../../src/core/feed.ts";
import { sleep } from "../../src/core/sleep.ts";
import { loopAckingLaws } from "../../src/testing/feed-laws/loop-acking.ts";
import { tryLaw } from "../../src/testing/index.ts";
import { testEvent } from "../../src/testing/memory-feed.ts";

/** A log whose receipts are objects, made anew with each page, and whose acks take long. */
function slowLog() {
  const ids: string[] = [];
  let place = 0;
  const feed = {
    name: "log",
    acks: "cumulative",
    pulls: "onward",
    async pull({ after }: { readonly after?: unknown } = {}) {
      const from = after ? fromReceipt<{ at: number }>(after as never).at : place;
      const deliveries = ids.slice(from).map((id) => {
        const event = testEvent(id, { data: { id } });
        return { event, raw: event.data };
      });
      return { deliveries, receipt: toReceipt({ at: ids.length }) };
    },
    async ack([receipt]: readonly unknown[]) {
      await sleep(2000);
      place = fromReceipt<{ at: number }>(receipt as never).at;
      return [{ status: "acked" }];
    },
  };
  return {
    feed: () => feed as never,
    publish: async (count: number) => {
      const fresh = Array.from({ length: count }, (_, at) => `e${ids.length + at}`);
      ids.push(...fresh);
      return fresh;
    },
    acked: async () => ids.slice(0, place),
  };
}

it("may be made anew for one place, which is no look into them", async () => {
  const law = loopAckingLaws.find(({ id }) => id === "E9");

  expect(await tryLaw(law as never, () => slowLog() as never)).toMatchObject({ verdict: "kept" });
});
