import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import type { Feed } from "../../src/core/feed.ts";
import { toReceipt } from "../../src/core/feed.ts";
import { drain } from "../../src/loop/consume.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { testEvent } from "../../src/testing/memory-feed.ts";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

// Held: the heap does not grow with what went through.
it.each([
  ["individual", "onward"],
  ["individual", "unacked"],
  ["cumulative", "onward"],
  ["cumulative", "unacked"],
] as const)(
  "keeps its heap over 150000 events with retries: %s, %s",
  async (acks, pulls) => {
    const count = 150_000;
    let acked = 0;
    let given = 0;
    const heaps: number[] = [];
    const feed = {
      name: "endless",
      acks,
      pulls,
      pull: async ({ limit = 100 }: { limit?: number } = {}) => {
        if (pulls === "unacked") given = acked;
        const page = Array.from({ length: Math.min(limit, 200, count - given) }, (_, at) => {
          const event = testEvent(`e${given + at}`, { source: `/s${(given + at) % 5000}` });
          return {
            event,
            raw: event,
            receipt: toReceipt(given + at),
            again: () => ({ event, raw: event }),
          };
        });
        given += page.length;
        if (given % 50_000 < 200 && given > 40_000) {
          gc();
          heaps.push(Math.round(process.memoryUsage().heapUsed / 1e5) / 10);
        }
        return page;
      },
      ack: async (receipts: readonly unknown[]) => {
        acked = acks === "cumulative" ? Number(receipts.at(-1)) + 1 : acked + receipts.length;
        return receipts.map(() => ({ status: "acked" }));
      },
    } as unknown as Feed;
    const tries = new Set<string>();
    const { deadLetters } = memoryStores();
    const summary = await drain(
      feed,
      ({ id }) => {
        if (Number(id.slice(1)) % 50 === 0 && !tries.delete(id)) {
          tries.add(id);
          throw new Error("once");
        }
      },
      {
        concurrency: 20,
        retry: { minDelayMs: 1, maxDelayMs: 2 },
        deadLetters,
        consumer: "c",
        idle: { minMs: 10 },
      },
    );
    console.log(
      "HEAP",
      acks,
      pulls,
      heaps.join(" "),
      summary.handled,
      Math.round(summary.elapsedMs),
    );

    expect(summary.handled).toBeGreaterThanOrEqual(count);
    expect((heaps.at(-1) ?? 0) - (heaps[0] ?? 0)).toBeLessThan(10);
  },
  60_000,
);
