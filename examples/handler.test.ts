/** Three ways to test a handler, from the quickest to the one that is nearest to the truth. */
import { deadLetter, drain, retry } from "ackloop";
import { tikiEmulator } from "ackloop/emulator";
import { memoryStores } from "ackloop/stores";
import { memoryFeed, testContext, testEvent } from "ackloop/testing";
import { clientCredentials, type TikiEvent, tiki } from "ackloop/tiki";
import { expect, it, vi } from "vitest";
import { onOrder } from "./handler.ts";

const type = "ORDER_CREATED_SUCCESSFULLY";
const order = testEvent("e1", { type, data: { order_code: "7" } });

it("says what is to become of an order, without a loop", async () => {
  const book = vi.fn(async () => "busy" as const);

  const outcome = await onOrder(book)(order, testContext(order));

  expect(outcome).toEqual(retry({ afterMs: 5_000 }));
  const unknown = onOrder(async () => "unknown");
  expect(await unknown(order, testContext(order))).toEqual(deadLetter("no such order: 7"));
});

it("is tried again after its wait, in a loop with fake timers", async () => {
  vi.useFakeTimers();
  const feed = memoryFeed<TikiEvent>();
  feed.publish(order);
  const book = vi.fn(async () => "booked" as const).mockResolvedValueOnce("busy" as never);

  const ended = drain(feed, { [type]: onOrder(book) });
  await vi.advanceTimersByTimeAsync(5_000);

  expect(await ended).toMatchObject({ handled: 1, retried: 1, acked: 1 });
  vi.useRealTimers();
});

it("is acknowledged at Tiki, and what is unknown is set aside, against the emulator", async () => {
  const emulator = tikiEmulator();
  const { baseUrl, tokenUrl, clientId, clientSecret } = emulator.connection("https://tiki.test");
  const token = clientCredentials({ clientId, clientSecret, tokenUrl });
  const shop = tiki({ token, baseUrl, fetch: emulator.fetch });
  const queue = emulator.createQueue("orders");
  emulator.publish(queue, [
    { type, payload: { order_code: "7" } },
    { type, payload: { order_code: "8" } },
  ]);
  const { deadLetters } = memoryStores();
  const book = async (code: string) => (code === "7" ? "booked" : "unknown");

  const options = { consumer: "billing", deadLetters, logger: false } as const;
  const summary = await drain(shop.feed(queue), { [type]: onOrder(book) }, options);

  expect(summary).toMatchObject({ handled: 1, deadLettered: 1, acked: 2 });
  expect(emulator.waiting(queue)).toBe(0);
});
