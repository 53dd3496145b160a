import { describe, expect, it } from "vitest";
import { isAckloopError } from "../../../src/core/errors.ts";
import type { Receipt } from "../../../src/core/feed.ts";
import { consume, drain } from "../../../src/index.ts";
import { memoryStores } from "../../../src/stores/index.ts";
import { numbers, receiptOf, world } from "./support.ts";

const quick = { idle: { minDelayMs: 10, maxDelayMs: 20 }, consumer: "billing" };

/** A world of so many messages, each longer than `bytes`, of which an answer may hold 20,000 bytes. */
function heavyWorld(count: number, bytes: number) {
  const made = world({}, { maxBodyBytes: 20_000 });
  made.emulator.publish(
    made.topicId,
    Array.from({ length: count }, (_, n) => ({ n, text: "x".repeat(bytes) })),
  );
  const asked = () => made.emulator.journal.calls("consume");
  return { ...made, asked };
}

describe("a page that is longer than maxBodyBytes", () => {
  it("is asked for in parts, and hides nothing behind it", async () => {
    const { feed, asked } = heavyWorld(200, 900);
    const handled: unknown[] = [];

    const summary = await drain(feed(), ({ data }) => void handled.push(data["n"]), quick);

    expect(summary.stopped).toBe("empty");
    expect(handled).toEqual(Array.from({ length: 200 }, (_, n) => n));
    expect(asked()).toBeLessThan(25);
  });

  it("is asked for in fewer, down to one, and in more again", async () => {
    const { feed, publish, emulator, topicId } = heavyWorld(3, 15_000);
    publish(100, 10);
    const orders = feed();
    const sizes: number[] = [];
    let after = receiptOf((await orders.pull()).deliveries.at(-1));
    emulator.publish(topicId, [{ n: "last" }]);

    for (let pulls = 0; pulls < 40; pulls += 1) {
      const { deliveries } = await orders.pull({ after });
      if (deliveries.length === 0) break;
      sizes.push(deliveries.length);
      after = receiptOf(deliveries.at(-1));
    }

    expect(sizes.slice(0, 2)).toEqual([1, 2]);
    expect(Math.max(...sizes)).toBeGreaterThan(10);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(103);
  });

  it("of a single message says what to do, and halts", async () => {
    const { feed } = heavyWorld(2, 30_000);

    await expect(drain(feed(), () => undefined, quick)).rejects.toMatchObject({
      code: "config",
      message: expect.stringContaining("maxBodyBytes"),
    });
  });
});

/** A world whose topic has messages without an id, which a server in between has taken away. */
function namelessWorld(isNameless: (n: unknown) => boolean, count: number) {
  const made = world();
  made.publish(count);
  const { fetch } = made.emulator;
  let consumes = 0;
  const client = {
    fetch: async (...request: Parameters<typeof globalThis.fetch>) => {
      const answer = await fetch(...request);
      const body = await answer.json();
      consumes += 1;
      const messages = body.messages?.map((message: { payload: { n: unknown } }) =>
        isNameless(message.payload.n) ? { ...message, message_id: null } : message,
      );
      return Response.json({ ...body, messages }, { status: answer.status });
    },
  };
  const second = world({}, client);
  const cursors = memoryStores().cursors;
  const feed = second.client.feed(made.topicId, { cursor: cursors, consumer: "billing" });
  return { ...made, feed, asked: () => consumes };
}

describe("a page without any message id", () => {
  it("is delivered once where it grows: what is new of it, and no message again", async () => {
    const { feed, publish } = namelessWorld(() => true, 3);
    const seen: unknown[] = [];

    let after: Receipt | undefined;
    for (let pulls = 0; pulls < 4; pulls += 1) {
      const page = await feed.pull({ after });
      seen.push(...numbers(page.deliveries));
      after = page.receipt ?? after;
      publish(1, 4 + pulls);
    }

    expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("halts where it is full, since nothing behind it can be read", async () => {
    const { feed } = namelessWorld((n) => Number(n) > 5 && Number(n) <= 55, 60);
    const { deadLetters } = memoryStores();

    const error: unknown = await drain(feed, () => undefined, { ...quick, deadLetters }).catch(
      (thrown: unknown) => thrown,
    );

    expect(isAckloopError(error) && error.message).toMatch(
      /none of the next 50 items has a position/,
    );
  });

  it("halts too where a page is full of what may be read, and delivers none of it again and again", async () => {
    const { emulator, topicId, feed } = world({}, { maxBodyBytes: 20_000 });
    const text = "x".repeat(900);
    emulator.publishRaw(
      topicId,
      Array.from({ length: 100 }, (_, n) => ({
        payload: { n, text },
        time: "2026-01-01T00:00:00Z",
      })),
    );
    const { deadLetters } = memoryStores();

    const halted: unknown = await drain(feed(), () => {}, { ...quick, deadLetters }).catch(
      (thrown: unknown) => thrown,
    );

    expect(halted).toMatchObject({
      code: "config",
      message: expect.stringContaining("has a position"),
    });
  });

  it("is passed where a larger one has an id", async () => {
    const { feed } = namelessWorld((n) => Number(n) <= 3, 10);

    const { deliveries } = await feed.pull({ limit: 2 });

    expect(numbers(deliveries)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it("is one dead letter for each message while nothing is behind them, and paced", async () => {
    const { feed, asked, publish } = namelessWorld((n) => Number(n) <= 3, 3);
    const { deadLetters } = memoryStores();
    const handled: unknown[] = [];
    const run = consume(feed, ({ data }) => void handled.push(data["n"]), {
      ...quick,
      deadLetters,
      waitMs: 0,
    });
    const letters = async () =>
      (await deadLetters.list({ consumer: "billing", feed: feed.name })).letters.length;

    await expect.poll(asked).toBeGreaterThan(8);
    expect(await letters()).toBe(3);
    publish(1, 4);
    await expect.poll(() => handled).toEqual([4]);
    await run.stop();

    expect((await feed.pull()).deliveries).toEqual([]);
  });

  it("ends a drain", async () => {
    const { feed } = namelessWorld((n) => n === 2, 2);

    const summary = await drain(feed, () => undefined, { ...quick, unprocessable: "drop" });

    expect(summary).toMatchObject({ stopped: "empty", unsettled: 0 });
  });
});
