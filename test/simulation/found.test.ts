import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { webhook } from "../../src/loop/webhook.ts";
import { discueReceiver } from "../../src/providers/discue/receiver.ts";
import { memoryStores } from "../../src/stores/memory.ts";

// What the simulation has found, as small as it came to be.
describe("a webhook whose handler takes far longer than a reply", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const receiver = discueReceiver({ open: true });
  const sent = (): Request =>
    new Request("https://receiver.test/", {
      method: "POST",
      body: JSON.stringify({ message: { id: "event-1", data: "{}" } }),
    });
  const working = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 26_000));

  it("remembers the event as done, and answers the next resend without a handler", async () => {
    const { dedupe } = memoryStores();
    const handler = vi.fn(working);
    const options = { dedupe: { store: dedupe, markMs: 2000 }, consumer: "found", rememberMs: 0 };
    const answer = webhook(receiver, handler, options);

    const first = answer(sent());
    await vi.advanceTimersByTimeAsync(60_000);
    const second = await answer(sent());

    expect([(await first).status, second.status]).toEqual([503, 200]);
    expect(handler).toHaveBeenCalledTimes(1);
  });

  it("sets the event aside when it fails so late", async () => {
    const { deadLetters } = memoryStores();
    const handler = async (): Promise<void> => {
      await working();
      throw new Error("too hard");
    };
    const answer = webhook(receiver, handler, { deadLetters, consumer: "found" });

    void answer(sent());
    await vi.advanceTimersByTimeAsync(60_000);

    const { letters } = await deadLetters.list({ consumer: "found", feed: receiver.name });
    expect(letters.map(({ event }) => event?.id)).toEqual(["event-1"]);
  });
});
