import { afterEach, describe, expect, it, vi } from "vitest";
import { toReceipt } from "../../../src/core/feed.ts";
import { decodePlace } from "../../../src/feeds/cursor/place.ts";
import { topicSchema, workato } from "../../../src/providers/workato/index.ts";
import { memoryStores } from "../../../src/stores/index.ts";
import { numbers, receiptOf, scripted, spoiltOnce, world } from "./support.ts";

afterEach(() => {
  vi.useRealTimers();
});

const hourMs = 3_600_000;

describe("what a feed says of itself", () => {
  it("is cumulative, onward and waiting, and named after region and topic", () => {
    const { feed, topicId } = world();

    expect(feed()).toMatchObject({
      name: `workato/eu/topics/${topicId}`,
      acks: "cumulative",
      pulls: "onward",
      waits: true,
    });
    expect(feed()).not.toHaveProperty("events");
    expect(feed()).not.toHaveProperty("acksOnPull");
  });

  it("has the schema as its catalogue", () => {
    const schema = topicSchema([]);

    expect(world().feed({ schema }).events).toEqual({ message: schema });
  });

  it("makes no request and touches no store before it is pulled", async () => {
    const { feed, emulator, cursors, key } = world();

    feed();

    expect(emulator.journal.calls()).toBe(0);
    expect(await cursors.load(key)).toBeUndefined();
  });

  it("keeps a topic's id from becoming a path", async () => {
    const { fetch, seen } = scripted({ messages: [] });
    const client = workato({ token: "t", fetch });
    const feed = client.feed("a/../b", { cursor: memoryStores().cursors, consumer: "billing" });

    await feed.pull();

    expect(seen[0]?.url).toContain("/topics/a%2F..%2Fb/consume");
    expect(feed.name).toBe("workato/us/topics/a%2F..%2Fb");
  });
});

describe("pull", () => {
  it("brings messages in order, each with a receipt, and saves nothing but the start", async () => {
    const { feed, publish, cursors, key } = world();
    const ids = publish(3);

    const deliveries = (await feed().pull()).deliveries;

    expect(deliveries.map(({ event }) => event?.id)).toEqual(ids);
    expect(deliveries.every(({ receipt }) => receipt !== undefined)).toBe(true);
    expect(decodePlace((await cursors.load(key))?.value ?? "")?.place).toEqual({});
  });

  it("brings the same again while nothing is acknowledged", async () => {
    const { feed, publish } = world();
    publish(2);

    await feed().pull();

    expect(numbers((await feed().pull()).deliveries)).toEqual([1, 2]);
  });

  it("reads on behind a receipt while earlier work is open", async () => {
    const { feed, publish } = world();
    publish(120);
    const orders = feed();

    const first = (await orders.pull()).deliveries;
    const second = (await orders.pull({ after: receiptOf(first.at(-1)) })).deliveries;
    const third = (await orders.pull({ after: receiptOf(second.at(-1)), limit: 5 })).deliveries;

    expect([first.length, second.length]).toEqual([50, 50]);
    expect(numbers(third)).toEqual([101, 102, 103, 104, 105]);
  });

  it("starts where it is told to when nothing is saved, and saves that first", async () => {
    vi.useFakeTimers({ now: Date.UTC(2026, 0, 2) });
    const { feed, publish, cursors, key } = world();
    publish(2);
    vi.setSystemTime(Date.UTC(2026, 0, 3));
    publish(1, 3);

    const deliveries = (await feed({ from: Date.UTC(2026, 0, 3) }).pull()).deliveries;

    expect(numbers(deliveries)).toEqual([3]);
    expect(decodePlace((await cursors.load(key))?.value ?? "")?.place).toEqual({
      since: "2026-01-03T00:00:00.000Z",
    });
  });

  it("makes no request when the start could not be saved", async () => {
    const { client, topicId, emulator, cursors } = world();
    const feed = client.feed(topicId, {
      cursor: spoiltOnce(cursors, "save"),
      consumer: "billing",
    });

    await expect(feed.pull()).rejects.toThrow("the cursor store failed");

    expect(emulator.journal.calls()).toBe(0);
  });

  it("keeps the saved start, whatever `from` says later", async () => {
    const { feed, publish } = world();
    await feed().pull();
    publish(1);

    expect(numbers((await feed({ from: Date.now() + hourMs }).pull()).deliveries)).toEqual([1]);
  });

  it("sends at most one cursor, and the time for first reads only", async () => {
    const message = { message_id: "A12y", payload: {}, time: "2023-04-14T15:07:14.437+00:00" };
    const { fetch, seen } = scripted(
      { messages: [] },
      { messages: [message] },
      { messages: [] },
      { messages: [] },
    );
    const feed = workato({ token: "t", fetch }).feed(1, {
      cursor: memoryStores().cursors,
      consumer: "billing",
      from: "2023-01-01T00:00:00Z",
      checkEmptyAfterMs: Number.POSITIVE_INFINITY,
    });

    await feed.pull();
    const [first] = (await feed.pull()).deliveries;
    await feed.pull({ after: receiptOf(first) });
    await feed.ack([receiptOf(first)]);
    await feed.pull({ limit: 7, waitMs: 3_000 });

    expect(seen.map(({ body }) => body)).toEqual([
      { since_time: "2023-01-01T00:00:00.000Z", batch_size: 50, timeout_secs: 0 },
      { since_time: "2023-01-01T00:00:00.000Z", batch_size: 50, timeout_secs: 0 },
      { after_message_id: "A12y", batch_size: 50, timeout_secs: 0 },
      { after_message_id: "A12y", batch_size: 7, timeout_secs: 3 },
    ]);
  });

  it("delivers a malformed message in its place, and what follows acknowledges it", async () => {
    const { feed, emulator, topicId, publish } = world();
    publish(1);
    emulator.publishRaw(topicId, [{ payload: {} }, { message_id: "x", payload: "text" }]);
    publish(1, 2);
    const orders = feed();

    const deliveries = (await orders.pull()).deliveries;

    expect(deliveries.map(({ unreadable }) => unreadable?.path)).toEqual([
      undefined,
      "messages[1].message_id",
      "messages[2].payload",
      undefined,
    ]);
    expect(deliveries.map(({ receipt }) => receipt !== undefined)).toEqual([
      true,
      false,
      true,
      true,
    ]);
    await orders.ack([receiptOf(deliveries[3])]);
    expect((await orders.pull()).deliveries).toEqual([]);
  });

  it("needs no permission but to consume", async () => {
    const { feed, publish } = world({}, { token: "workato-emulator-consumer-token" });
    publish(1);

    expect((await feed().pull()).deliveries).toHaveLength(1);
  });

  it("is refused by another data centre, and says so", async () => {
    const { feed, emulator } = world();
    emulator.revoke("workato-emulator-token");

    await expect(feed().pull()).rejects.toMatchObject({ code: "auth", status: 401 });
  });

  it("waits for a message, and is woken by one", async () => {
    vi.useFakeTimers();
    const { feed, publish } = world();
    const pulling = feed().pull({ waitMs: 30_000 });
    await vi.advanceTimersByTimeAsync(12_000);

    publish(1);
    await vi.advanceTimersByTimeAsync(0);

    expect(numbers((await pulling).deliveries)).toEqual([1]);
  });

  it("gives an empty list when the wait is over", async () => {
    vi.useFakeTimers();
    const { feed } = world();
    const done = vi.fn();
    const pulling = feed().pull({ waitMs: 30_000 }).then(done);

    await vi.advanceTimersByTimeAsync(29_999);
    expect(done).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);

    await pulling;
    expect(done).toHaveBeenCalledWith({ deliveries: [], bytes: 15 });
  });

  it("is cut by its signal in the middle of a long poll", async () => {
    const { feed, emulator } = world();
    const controller = new AbortController();
    const reason = new Error("stop");
    const pulling = feed().pull({ waitMs: 30_000, signal: controller.signal });
    await vi.waitFor(() => expect(emulator.journal.calls("consume")).toBe(1), 60_000);

    controller.abort(reason);

    await expect(pulling).rejects.toBe(reason);
    await vi.waitFor(() => expect(emulator.journal.totals().request).toBe(1), 60_000);
  });

  it("asks for nothing when the signal has fired", async () => {
    const { feed, emulator, cursors, key } = world();
    const reason = new Error("stop");

    await expect(feed().pull({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);

    expect(emulator.journal.calls()).toBe(0);
    expect(await cursors.load(key)).toBeUndefined();
  });

  it("refuses a receipt that is not its own", async () => {
    const { feed } = world();

    await expect(feed().pull({ after: toReceipt("A12y") })).rejects.toMatchObject({
      code: "config",
    });
  });
});

describe("ack", () => {
  it("saves the message's id and time together, and a later run reads on behind it", async () => {
    const { feed, publish, cursors, key } = world();
    const ids = publish(3);
    const orders = feed();
    const deliveries = (await orders.pull()).deliveries;

    const report = await orders.ack([receiptOf(deliveries[1])]);

    expect(report).toEqual([{ status: "acked" }]);
    const place = decodePlace((await cursors.load(key))?.value ?? "")?.place;
    const raw = deliveries[1]?.raw as { time: string };
    expect(place).toEqual({ after: { position: ids[1], time: raw.time } });
    expect(numbers((await feed().pull()).deliveries)).toEqual([3]);
  });

  it("twice, or of an older one, is success and moves nothing back", async () => {
    const { feed, publish } = world();
    publish(3);
    const orders = feed();
    const deliveries = (await orders.pull()).deliveries;
    await orders.ack([receiptOf(deliveries[1])]);

    expect(await orders.ack([receiptOf(deliveries[1])])).toEqual([{ status: "gone" }]);
    expect(await orders.ack([receiptOf(deliveries[0])])).toEqual([{ status: "gone" }]);

    expect(numbers((await orders.pull()).deliveries)).toEqual([3]);
  });

  it("makes no request", async () => {
    const { feed, publish, emulator } = world();
    publish(1);
    const orders = feed();
    const [first] = (await orders.pull()).deliveries;

    await orders.ack([receiptOf(first)]);

    expect(emulator.journal.calls()).toBe(1);
  });

  it("covers the pages that were read on, from the run's own receipts", async () => {
    const { feed, publish } = world();
    publish(60);
    const orders = feed();
    const first = (await orders.pull()).deliveries;
    const second = (await orders.pull({ after: receiptOf(first.at(-1)) })).deliveries;
    await orders.ack([receiptOf(first.at(-1))]);

    await orders.ack([receiptOf(second[4])]);

    expect(numbers((await orders.pull({ limit: 1 })).deliveries)).toEqual([56]);
  });

  it("of a run whose place another has taken is a conflict that is not to be repeated", async () => {
    const { feed, publish } = world();
    publish(3);
    const old = (await feed().pull()).deliveries;
    const current = (await feed().pull()).deliveries;

    const [verdict] = await feed().ack([receiptOf(old[2])]);

    expect(verdict).toMatchObject({
      status: "failed",
      error: { code: "conflict", retryable: false },
    });
    expect(await feed().ack([receiptOf(current[0])])).toEqual([{ status: "acked" }]);
    expect(numbers((await feed().pull()).deliveries)).toEqual([2, 3]);
  });

  it("shares no place between two consumers", async () => {
    const { feed, publish } = world();
    publish(2);
    const billing = (await feed().pull()).deliveries;
    await feed().ack([receiptOf(billing[1])]);

    expect(numbers((await feed({ consumer: "mail" }).pull()).deliveries)).toEqual([1, 2]);
  });

  it("goes on after a save whose answer was lost", async () => {
    const { client, topicId, publish, cursors, feed } = world();
    publish(3);
    await feed().pull();
    const orders = client.feed(topicId, { cursor: cursors, consumer: "billing" });
    const deliveries = (await orders.pull()).deliveries;
    const flaky = client.feed(topicId, {
      cursor: spoiltOnce(cursors, "lostSave"),
      consumer: "billing",
    });
    await expect(flaky.ack([receiptOf(deliveries[0])])).rejects.toThrow("the cursor store failed");

    expect(await flaky.ack([receiptOf(deliveries[0])])).toEqual([{ status: "acked" }]);
    expect(await flaky.ack([receiptOf(deliveries[2])])).toEqual([{ status: "acked" }]);
  });

  it("takes exactly one receipt", async () => {
    const { feed, publish } = world();
    publish(2);
    const orders = feed();
    const [first, second] = (await orders.pull()).deliveries;

    for (const receipts of [[], [receiptOf(first), receiptOf(second)]]) {
      await expect(orders.ack(receipts)).rejects.toMatchObject({ code: "config" });
    }
  });

  it("rejects with the reason of a signal that has fired, and saves nothing", async () => {
    const { feed, publish } = world();
    publish(1);
    const orders = feed();
    const [first] = (await orders.pull()).deliveries;
    const reason = new Error("stop");

    const acking = orders.ack([receiptOf(first)], { signal: AbortSignal.abort(reason) });

    await expect(acking).rejects.toBe(reason);
    expect(numbers((await orders.pull()).deliveries)).toEqual([1]);
  });
});

/** A world whose one reader stands behind the second of three messages, which are then purged. */
async function purgedWorld(unknownCursor: "refuse" | "empty", more: object = {}) {
  const made = world({ assumptions: { unknownCursor } });
  made.publish(3);
  const orders = made.feed(more);
  const deliveries = (await orders.pull()).deliveries;
  await orders.ack([receiptOf(deliveries[1])]);
  made.emulator.purge(made.topicId);
  return { ...made, orders, last: receiptOf(deliveries[1]) };
}

describe("a reader whose clock is ahead of Workato's", () => {
  it.each([
    ["now", () => "now" as const],
    ["a time that is now here", () => new Date()],
  ])("skips nothing that is published between two pulls, from %s", async (_what, from) => {
    vi.useFakeTimers();
    const { emulator, client: _client, ...made } = world();
    const behindMs = 3 * 60_000;
    const fetch: typeof globalThis.fetch = async (...request) => {
      // The server's own time, which it tells.
      vi.setSystemTime(Date.now() - behindMs);
      const answer = await emulator.fetch(...request);
      const date = new Date().toUTCString();
      vi.setSystemTime(Date.now() + behindMs);
      return new Response(answer.body, { ...answer, status: answer.status, headers: { date } });
    };
    const { client } = world({}, { fetch });
    const feed = () =>
      client.feed(made.topicId, { cursor: made.cursors, consumer: "billing", from: from() });

    const before = await feed().pull();
    vi.setSystemTime(Date.now() - behindMs + 30_000);
    made.publish(2);
    vi.setSystemTime(Date.now() + behindMs);

    expect(before.deliveries).toEqual([]);
    expect(numbers((await feed().pull()).deliveries)).toEqual([1, 2]);
  });
});

describe("a page", () => {
  it("tells how long it is, never whether it is the last, and can be read anew", async () => {
    const { feed, publish } = world();
    publish(3);

    const { deliveries, bytes, ...facts } = await feed().pull();

    expect(facts).toEqual({});
    expect(bytes).toBeGreaterThan(100);
    expect(deliveries.map((delivery) => delivery.again?.())).toEqual(deliveries);
  });
});

describe("a cursor that Workato refuses", () => {
  it("halts by default, with cursorExpired", async () => {
    const { orders } = await purgedWorld("refuse");

    await expect(orders.pull()).rejects.toMatchObject({
      code: "cursorExpired",
      retryable: false,
      operation: "pull",
    });
  });

  it.each([400, 404, 410, 422])("is not believed for one odd %i", async (status) => {
    const { emulator, feed, publish } = world();
    publish(3);
    const orders = feed();
    const [first] = (await orders.pull({ limit: 1 })).deliveries;
    await orders.ack([receiptOf(first)]);
    emulator.faults.add({ kind: "status", status, operation: "consume", count: 1 });

    expect(numbers((await orders.pull()).deliveries)).toEqual([2, 3]);
  });

  it.each(["halt", "oldest", "fromTime"] as const)(
    "is not believed for two odd refusals in a row: %s",
    async (onCursorExpired) => {
      const { emulator, feed, publish } = world();
      publish(3);
      const orders = feed({ onCursorExpired });
      const [first] = (await orders.pull({ limit: 1 })).deliveries;
      await orders.ack([receiptOf(first)]);
      emulator.faults.add({ kind: "status", status: 404, operation: "consume", count: 2 });

      expect(numbers((await orders.pull()).deliveries)).toEqual([2, 3]);
    },
  );

  it("goes on with the oldest message, also within a run, and can be acknowledged", async () => {
    const { orders, last, publish } = await purgedWorld("refuse", { onCursorExpired: "oldest" });
    publish(2, 10);

    const deliveries = (await orders.pull({ after: last })).deliveries;

    expect(numbers(deliveries)).toEqual([10, 11]);
    expect(await orders.ack([receiptOf(deliveries[1])])).toEqual([{ status: "acked" }]);
    expect((await orders.pull()).deliveries).toEqual([]);
  });

  it.each(["oldest", "fromTime"] as const)(
    "is left behind although nothing is there (%s): the page has the place as its receipt",
    async (onCursorExpired) => {
      const { orders, publish, emulator } = await purgedWorld("refuse", { onCursorExpired });
      const asked = () => emulator.journal.calls("consume");

      const { deliveries, receipt } = await orders.pull();
      const before = asked();
      const next = await orders.pull({ after: receiptOf({ receipt }) });

      expect(deliveries).toEqual([]);
      expect(next.receipt).toBeUndefined();
      expect(asked() - before).toBe(1);
      expect(await orders.ack([receiptOf({ receipt })])).toEqual([{ status: "acked" }]);
      await orders.pull();
      expect(asked() - before).toBe(2);
      publish(2, 10);
      expect(numbers((await orders.pull()).deliveries)).toEqual([10, 11]);
    },
  );

  it("goes on from the saved time, and repeats rather than skips", async () => {
    const { orders, publish } = await purgedWorld("refuse", {
      onCursorExpired: "fromTime",
      restartMarginMs: 60_000,
    });
    publish(2, 10);

    expect(numbers((await orders.pull()).deliveries)).toEqual([10, 11]);
  });

  it("is found expired when it is older than the retention", async () => {
    vi.useFakeTimers();
    const { feed, publish } = world();
    publish(1);
    const orders = feed();
    const [first] = (await orders.pull()).deliveries;
    await orders.ack([receiptOf(first)]);
    vi.setSystemTime(Date.now() + 8 * 24 * hourMs);

    await expect(orders.pull()).rejects.toMatchObject({ code: "cursorExpired" });
  });

  it("is not blamed for a topic that is gone", async () => {
    const { orders, client, topicId } = await purgedWorld("refuse");
    await client.topics.delete(topicId);

    await expect(orders.pull()).rejects.toMatchObject({ code: "notFound" });
  });
});

describe("a cursor that is answered with emptiness for ever", () => {
  it("is noticed after an hour, by time, and halts", async () => {
    vi.useFakeTimers();
    const { orders, publish } = await purgedWorld("empty");
    vi.setSystemTime(Date.now() + hourMs);
    publish(1, 10);

    await expect(orders.pull()).rejects.toMatchObject({ code: "cursorExpired" });
  });

  it("is noticed within a run too, and goes by the policy", async () => {
    vi.useFakeTimers();
    const { orders, last, publish } = await purgedWorld("empty", { onCursorExpired: "oldest" });
    vi.setSystemTime(Date.now() + hourMs);
    publish(2, 10);

    expect(numbers((await orders.pull({ after: last })).deliveries)).toEqual([10, 11]);
  });

  it("is checked once an hour, in one run and over many", async () => {
    vi.useFakeTimers();
    const { orders, emulator, last, feed } = await purgedWorld("empty");
    const calls = () => emulator.journal.calls("consume");
    vi.setSystemTime(Date.now() + hourMs);
    const before = calls();

    await orders.pull({ after: last });
    await orders.pull({ after: last });
    expect(calls() - before).toBe(3);
    await feed().pull();
    await feed().pull();
    expect(calls() - before).toBe(6);
    vi.setSystemTime(Date.now() + hourMs);
    await feed().pull();

    expect(calls() - before).toBe(8);
  });

  it("is believed while it is young", async () => {
    const { orders, emulator } = await purgedWorld("empty");
    const before = emulator.journal.calls("consume");

    expect((await orders.pull()).deliveries).toEqual([]);

    expect(emulator.journal.calls("consume") - before).toBe(1);
  });

  it("is not suspected when the topic is simply quiet", async () => {
    vi.useFakeTimers();
    const { feed, publish } = world();
    publish(1);
    const orders = feed();
    const [first] = (await orders.pull()).deliveries;
    await orders.ack([receiptOf(first)]);
    vi.setSystemTime(Date.now() + 5 * hourMs);

    expect((await orders.pull()).deliveries).toEqual([]);
    publish(1, 2);

    expect(numbers((await orders.pull()).deliveries)).toEqual([2]);
  });
});

describe("two runs on one feed object", () => {
  it("share nothing but the store", async () => {
    const { client, topicId, publish, cursors } = world();
    publish(2);
    const feed = client.feed(topicId, { cursor: cursors, consumer: "billing" });
    const [one, two] = [(await feed.pull()).deliveries, (await feed.pull()).deliveries];

    const verdicts = await Promise.all([
      feed.ack([receiptOf(one[1])]),
      feed.ack([receiptOf(two[0])]),
    ]);

    expect(verdicts.map(([verdict]) => verdict?.status)).toEqual(["failed", "acked"]);
  });
});
