import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Delivery, Feed } from "../../src/core/feed.ts";
import { fromReceipt, toReceipt } from "../../src/core/feed.ts";
import { consume } from "../../src/loop/consume.ts";
import { testEvent } from "../../src/testing/memory-feed.ts";
import { imbalance } from "../loop/support.ts";
import { settledWithin } from "./support.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

// Held: logs and pages of one's own, with messages that repeat an event, receipts on items or pages, lost answers.
it.each(["onward", "unacked"] as const)(
  "never acks past what is not handled: %s",
  async (pulls) => {
    for (let seed = 1; seed <= 60; seed += 1) {
      let state = seed * 7919;
      const dice = (most: number) => {
        state = (state * 48271) % 2147483647;
        return state % most;
      };
      const ids = Array.from({ length: 40 }, () => `e${dice(25)}`);
      const byPage = dice(2) === 0;
      const handled = new Set<string>();
      let place = 0;
      const faults: string[] = [];
      const ackUpTo = (at: number) => {
        for (const id of ids.slice(0, at + 1))
          if (!handled.has(id)) faults.push(`seed ${seed}: acked ${id} early`);
        place = Math.max(place, at + 1);
      };
      const feed = {
        name: "log",
        acks: "cumulative",
        pulls,
        ...(pulls === "unacked" && dice(2) === 0 && { acksOnPull: true }),
        pull: async ({
          after,
          ack,
          limit = 10,
        }: {
          after?: never;
          ack?: never;
          limit?: number;
        } = {}) => {
          await new Promise((resolve) => setTimeout(resolve, dice(50)));
          if (ack !== undefined && feed.acksOnPull) ackUpTo(fromReceipt<number>(ack));
          if (dice(6) === 0) throw new Error("lost");
          const from =
            pulls === "onward" && after !== undefined ? fromReceipt<number>(after) + 1 : place;
          const to = Math.min(ids.length, from + 1 + dice(Math.min(limit, 9)));
          const deliveries = ids.slice(from, to).map((id, at): Delivery => {
            const hasReceipt = byPage ? pulls === "unacked" && from + at === to - 1 : true;
            const raw = testEvent(id);
            return { event: raw, raw, ...(hasReceipt && { receipt: toReceipt(from + at) }) };
          });
          const hasPlace = byPage && pulls === "onward" && to > from;
          return {
            deliveries,
            ...(hasPlace && { receipt: toReceipt(to - 1) }),
            more: to < ids.length,
          };
        },
        ack: async (receipts: readonly never[]) => {
          await new Promise((resolve) => setTimeout(resolve, dice(50)));
          if (dice(5) === 0) throw new Error("lost before");
          for (const each of receipts) ackUpTo(fromReceipt<number>(each));
          if (dice(5) === 0) throw new Error("lost after");
          return receipts.map(() => ({ status: "acked" }));
        },
      } as unknown as Feed;
      const run = consume(
        feed,
        async ({ id }) => {
          await new Promise((resolve) => setTimeout(resolve, dice(200)));
          if (dice(4) === 0) throw new Error("bad");
          handled.add(id);
        },
        {
          concurrency: 1 + dice(5),
          maxInFlight: 4 + dice(12),
          retry: { attempts: 100, minDelayMs: 5, maxDelayMs: 50 },
          idle: { minMs: 10, maxMs: 100 },
        },
      );
      for (let round = 0; round < 4; round += 1) {
        await vi.advanceTimersByTimeAsync(dice(300));
        run.pause();
        await vi.advanceTimersByTimeAsync(dice(100));
        run.resume();
      }
      await vi.advanceTimersByTimeAsync(60_000);
      const stopped = run.stop();
      await settledWithin(stopped, 60_000);
      const summary = await stopped;
      expect([seed, faults, place, imbalance(summary)]).toEqual([seed, [], ids.length, 0]);
    }
  },
);
