import { consume, drain } from "ackloop";
import { tikiEmulator } from "ackloop/emulator";
import { memoryFeed, testEvent } from "ackloop/testing";
import { clientCredentials, tiki } from "ackloop/tiki";
import { afterEach, describe, expect, it, vi } from "vitest";

/** All that vitest can replace where its tests are processes; `nextTick` is no part of it there. */
const toFake = [
  ...["setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate"],
  ...["clearImmediate", "Date", "performance", "queueMicrotask"],
] as NonNullable<Parameters<typeof vi.useFakeTimers>[0]>["toFake"];

afterEach(() => {
  vi.useRealTimers();
});

describe("fake timers", () => {
  it("drive retries, polls and the stop of a run to its end", async () => {
    // Node's own `fetch` classes need `queueMicrotask` in this realm; Jest's is another (packed/realms).
    vi.useFakeTimers({ toFake: toFake?.filter((name) => name !== "queueMicrotask") });
    const emulator = tikiEmulator();
    const { fetch } = emulator;
    const { baseUrl, ...app } = emulator.connection("https://tiki.test");
    const { clientId = "", clientSecret = "", tokenUrl } = app;
    const token = clientCredentials({ clientId, clientSecret, tokenUrl });
    const queue = emulator.createQueue("orders");
    const event = { type: "ORDER_CREATED_SUCCESSFULLY", payload: { order_code: "1" } };
    const publish = () => emulator.publish(queue, [event]);
    publish();
    emulator.faults.add({ kind: "cut", operation: "pull", count: 2 });
    const attempts: number[] = [];
    const run = consume(
      tiki({ token, baseUrl, fetch }).feed(queue),
      (_event, { attempt }) => {
        attempts.push(attempt);
        if (attempt < 3) throw new Error("not yet");
      },
      { retry: { attempts: 3, minDelayMs: 1_000 } },
    );

    await vi.advanceTimersByTimeAsync(600_000);
    const first = [...attempts];
    publish();
    await vi.advanceTimersByTimeAsync(600_000);
    const second = [...attempts];
    const stopped = run.stop();
    await vi.advanceTimersByTimeAsync(60_000);

    expect([first, second]).toEqual([
      [1, 2, 3],
      [1, 2, 3, 1, 2, 3],
    ]);
    expect(await stopped).toMatchObject({ handled: 2, acked: 2 });
    expect(emulator.waiting(queue)).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each(["individual", "cumulative"] as const)(
    "drive a drain whose acks are %s, queueMicrotask faked too",
    async (acks) => {
      vi.useFakeTimers({ toFake });
      const feed = memoryFeed({ acks, pulls: "onward" });
      feed.publish(testEvent("1"), testEvent("2"));

      const draining = drain(feed, () => {});
      await vi.advanceTimersByTimeAsync(60_000);

      expect(await draining).toMatchObject({ handled: 2, acked: 2 });
    },
  );
});
