import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { AckloopError } from "../../src/core/errors.ts";
import { consume } from "../../src/loop/consume.ts";
import { webhook } from "../../src/loop/webhook.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { filledFeed, recorder } from "../loop/support.ts";
import { testEvent } from "../../src/testing/memory-feed.ts";
import { settledWithin } from "./support.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

// Promise (DESIGN "report what is left"; summary): acks refused for good, or a lease lost, while a run stops: the run
// resolves as if all were well, no report says it, and the default logger writes nothing.
it("says by a report or by its end that acks were refused for good during a stop", async () => {
  const feed = filledFeed(3);
  feed.fail({
    operation: "ack",
    error: new AckloopError("auth", "revoked"),
    count: Number.POSITIVE_INFINITY,
  });
  const { onReport, reports } = recorder();
  const run = consume(feed, () => new Promise<void>((resolve) => setTimeout(resolve, 500)), {
    concurrency: 3,
    onReport,
  });
  await vi.advanceTimersByTimeAsync(100);
  const stopped = run.stop();
  const failed = stopped.then(
    () => false,
    () => true,
  );
  await settledWithin(stopped, 60_000);
  const kinds = reports.map(({ kind }) => kind);

  expect(
    (await failed) || kinds.includes("halted") || kinds.includes("ackFailed"),
    kinds.join(),
  ).toBe(true);
});

// Promise (DESIGN: "warnings and errors go to `console` unless told otherwise; `false` silences").
it("warns on the console of what nobody else is told of", async () => {
  const error = vi.spyOn(console, "error").mockImplementation(() => {});
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const feed = filledFeed(4);
  const run = consume(
    feed,
    () => {
      throw new Error("away");
    },
    { concurrency: 4 },
  );
  await vi.advanceTimersByTimeAsync(60_000);
  const outageMs = run.health().outageMs;
  void run.stop();
  await settledWithin(run, 60_000);

  expect({
    isOutage: outageMs !== undefined,
    written: error.mock.calls.length + warn.mock.calls.length > 0,
  }).toEqual({ isOutage: true, written: true });
});

// Held: resends during the work, late finishes, several events a request.
it("settles each event of requests and resends once, at random times", async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    let state = seed * 104_729;
    const dice = (most: number) => {
      state = (state * 48271) % 2147483647;
      return state % most;
    };
    const stores = memoryStores();
    const now = new Map<string, number>();
    let most = 0;
    const done = new Map<string, number>();
    const receiver = {
      name: "hook",
      receive: async (request: Request) => ({
        kind: "deliveries" as const,
        deliveries: (await request.text())
          .split(",")
          .map((id) => ({ event: testEvent(id), raw: {} })),
      }),
      accept: () => new Response(null, { status: 204 }),
      defer: () => new Response(null, { status: 503 }),
    };
    const handle = webhook(
      receiver,
      async ({ id }) => {
        now.set(id, (now.get(id) ?? 0) + 1);
        most = Math.max(most, now.get(id) ?? 0);
        await new Promise((resolve) => setTimeout(resolve, dice(4000)));
        now.set(id, (now.get(id) ?? 0) - 1);
        if (dice(3) === 0) throw new Error("bad");
        done.set(id, (done.get(id) ?? 0) + 1);
      },
      {
        replyTimeoutMs: 2000,
        dedupe: { store: stores.dedupe },
        consumer: "c",
        retry: { minDelayMs: 100 },
      },
    );
    const accepted: string[] = [];
    for (let turn = 0; turn < 40; turn += 1) {
      const ids = Array.from({ length: 1 + dice(3) }, () => `e${dice(6)}`);
      void handle(new Request("http://localhost/", { method: "POST", body: ids.join(",") })).then(
        ({ status }) => {
          if (status === 204) accepted.push(...ids);
        },
      );
      await vi.advanceTimersByTimeAsync(dice(1500));
    }
    await vi.advanceTimersByTimeAsync(120_000);
    const lost = accepted.filter((id) => !done.has(id));
    expect([
      seed,
      most,
      lost,
      [...done.values()].filter((count) => count > 1).length,
      vi.getTimerCount(),
    ]).toEqual([seed, 1, [], 0, 0]);
  }
});
