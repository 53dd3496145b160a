import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toPage } from "../../src/core/feed.ts";
import { sleep } from "../../src/core/sleep.ts";
import { consume, relay } from "../../src/index.ts";
import type { JetStreamQueueOptions } from "../../src/jetstream/index.ts";
import { jetStreamQueue } from "../../src/jetstream/index.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { memoryFeed, testEvent } from "../../src/testing/index.ts";
import { connected, freshName, natsHint, natsUrl } from "./servers.ts";
import { deliveries, deliveryOf, idsOf, pulled, receiptsOf } from "./support.ts";

it("refuses wrong arguments at once, and says what is right", () => {
  const make = (connection: unknown, name: unknown, options?: unknown) => () =>
    jetStreamQueue(connection as never, name as never, options as never);
  const nats = { request() {}, publish() {}, subscribe() {} };

  expect(make({}, "orders")).toThrow(/`connection` must be an object with the functions request/);
  expect(make(nats, "two words")).toThrow(/`name` must be 1 to 100 letters, digits, _ and -/);
  expect(make(nats, "a", { retention: "interest" })).toThrow(/must be "workqueue" or "limits"/);
  expect(make(nats, "a", { maxage: 1 })).toThrow(/did you mean `max_age`/);
  expect(make(nats, "a", { subject: "a.*" })).toThrow(/`subject` must be letters, digits/);
});

describe.skipIf(!natsUrl)(`a queue in JetStream${natsHint}`, () => {
  let connection: NatsConnection;
  let manager: JetStreamManager;
  const made: string[] = [];
  beforeAll(async () => {
    connection = await connected();
    manager = await jetstreamManager(connection, { checkAPI: false });
  });
  afterAll(async () => {
    for (const name of made) await manager.streams.delete(name).catch(() => {});
    await connection.close();
  });

  /** A queue whose stream is there. */
  async function opened(options: JetStreamQueueOptions = {}) {
    const name = freshName();
    made.push(name);
    const queue = jetStreamQueue(connection, name, { storage: "memory", ...options });
    await queue.ensure();
    const count = async () => (await manager.streams.info(name)).state.messages;
    return { name, queue, count };
  }

  it("makes the stream that a queue needs, with what was said, and is content with it later", async () => {
    const told = { max_age: 3_600_000, max_bytes: 1e6, max_msgs: 50, max_msg_size: 5000 };
    const { name, queue } = await opened({ ...told, duplicate_window: 60_000, storage: "file" });

    await queue.ensure({ consumer: "billing", ack_wait: 5000, max_ack_pending: 7 });
    await queue.ensure({ consumer: "billing", ack_wait: 5000, max_ack_pending: 7 });

    const { config } = await manager.streams.info(name);
    expect(config).toMatchObject({
      ...{ retention: "workqueue", discard: "new", storage: "file", num_replicas: 1 },
      ...{ subjects: [`${name}.>`], max_age: 3600e9, max_bytes: 1e6, max_msgs: 50 },
      ...{ max_msg_size: 5000, duplicate_window: 60e9 },
    });
    const consumer = await manager.consumers.info(name, "billing");
    expect(consumer.config).toMatchObject({
      ...{ ack_policy: "explicit", max_deliver: -1, ack_wait: 5e9, max_ack_pending: 7 },
    });
  });

  it("makes stream and consumer once, however many do so at the same time", async () => {
    const name = freshName();
    made.push(name);
    const queues = Array.from({ length: 10 }, () => jetStreamQueue(connection, name));

    await Promise.all(queues.map((queue) => queue.ensure({ consumer: "billing" })));
    await Promise.all(queues.map((queue) => queue.feed({ consumer: "billing" }).pull()));

    expect((await manager.streams.info(name)).state.consumer_count).toBe(1);
  });

  it.each([
    ["retention", { retention: "interest" }, /`retention` .* is "interest", .* "workqueue"/],
    ["discard", { discard: "old" }, /`discard` .* is "old", and must be "new"/],
    ["subjects", { subjects: [] }, /`subjects` .* must be \["t\w+\.>"\]/],
    ["max_msgs_per_subject", { max_msgs_per_subject: 3 }, /`max_msgs_per_subject` .* is 3/],
    ["max_age", { max_age: 7200e9 }, /`max_age` .* is 2 h, and must be 1 h/],
  ])("refuses a stream with another %s, and names it", async (_, other, text) => {
    const name = freshName();
    made.push(name);
    const sound = { subjects: [`${name}.>`], retention: "workqueue", discard: "new" };
    const given = { ...sound, max_age: 3600e9, ...other } as object;
    const subjects = "subjects" in other ? [`other${name}`] : sound.subjects;
    await manager.streams.add({ ...given, name, subjects } as never);
    const queue = jetStreamQueue(connection, name, { max_age: 3_600_000 });

    const refused = { code: "config", message: expect.stringMatching(text) };
    await expect(queue.ensure()).rejects.toMatchObject(refused);
    await expect(queue.feed().pull()).rejects.toMatchObject(refused);
  });

  it.each([
    ["ack_wait", { ack_wait: 9e9 }, /`ack_wait` of the consumer workers is 9 s, and must be 5 s/],
    ["max_deliver", { ack_wait: 5e9, max_deliver: 5 }, /`max_deliver` .* is 5, and must be -1/],
    ["deliver_subject", { ack_wait: 5e9, deliver_subject: "here" }, /`deliver_subject` .* "here"/],
    ["filter", { ack_wait: 5e9, filter_subject: "" }, /`filter_subject`/],
  ])("refuses a consumer with another %s", async (_, other, text) => {
    const { name, queue } = await opened();
    const config = { durable_name: "workers", ack_policy: "explicit", ...other } as object;
    const filter = "filter_subject" in other ? { filter_subject: `${name}.some` } : {};
    await manager.consumers.add(name, { ...config, ...filter } as never);

    const pulling = queue.feed({ ack_wait: 5000 }).pull();
    pulling.catch(() => {});

    const refused = { code: "config", message: expect.stringMatching(text) };
    await expect(pulling).rejects.toMatchObject(refused);
  });

  it("lets workers of two names read a queue whose events stay, and one where they go", async () => {
    const staying = await opened({ retention: "limits" });
    const going = await opened();
    for (const { queue } of [staying, going]) {
      await queue.send(deliveries(1));
      expect(idsOf(await pulled(queue.feed({ consumer: "a" })))).toEqual(["e1"]);
    }

    expect(idsOf(await pulled(staying.queue.feed({ consumer: "b" })))).toEqual(["e1"]);
    const refused = { code: "config", message: expect.stringMatching(/multiple non-filtered/) };
    await expect(going.queue.feed({ consumer: "b" }).pull()).rejects.toMatchObject(refused);
  });

  it("brings an event as it was sent, with its raw, in order", async () => {
    const { queue } = await opened();
    const event = testEvent("a/b ü\u0000\ud800", {
      data: { big: "9007199254740993" },
      time: "2026-01-01T00:00:00Z",
    });
    await queue.send([deliveryOf(event, { raw: { some: [1, null] } }), ...deliveries(300)]);

    const feed = queue.feed({ consumer: "billing" });
    const all = await pulled(feed, { limit: 1000 });

    expect(feed).toMatchObject({ consumer: "billing", pulls: "onward", acks: "individual" });
    expect(all[0]).toMatchObject({ event, raw: { some: [1, null] }, attempt: 1, leaseMs: 30_000 });
    expect(all[0]?.again?.()).toMatchObject({ event });
    expect(idsOf(all.slice(1))).toEqual(deliveries(300).map(({ event: { id } }) => id));
  });

  it("stores the same event once, and one with a derived id whenever it comes", async () => {
    const { queue, count } = await opened();
    const twice = deliveryOf(testEvent("same"));
    const derived = deliveryOf(testEvent("made"), { idDerived: true });
    const shared = deliveryOf(testEvent("shared"), { identity: "something else" });

    await queue.send([twice, derived, shared]);
    await queue.send([twice, derived, shared]);
    await queue.send([deliveryOf(testEvent("same", { source: "/another" }))]);

    expect(await count()).toBe(6);
    const all = await pulled(queue.feed());
    expect(all.filter((each) => !each.unreadable && each.idDerived)).toHaveLength(4);
  });

  it("says of what it has no room for that it may pass, and of what is too large that it does not", async () => {
    const { queue, count } = await opened({ max_msgs: 2, max_msg_size: 1000 });
    const large = (id: string, size: number) =>
      deliveryOf(testEvent(id, { data: "x".repeat(size) }), { raw: null });
    await queue.send(deliveries(2));

    const full = { code: "rateLimit", retryable: true, message: expect.stringMatching(/full/) };
    await expect(queue.send(deliveries(2, 3))).rejects.toMatchObject(full);
    await expect(queue.send([large("l", 900)])).rejects.toMatchObject({ code: "config" });
    await expect(queue.send([large("l", 2e6)])).rejects.toMatchObject({ code: "config" });
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    const bad = deliveryOf(testEvent("c"), { raw: cyclic });
    await expect(queue.send([bad])).rejects.toMatchObject({ code: "config" });
    expect(await count()).toBe(2);
  });

  it.each([undefined, 2])(
    "refuses what is no event, which no id tells from another: partitions %s",
    async (partitions) => {
      const { queue, count } = await opened({ partitions });
      for (const broken of [{ id: undefined }, { source: 5 }, { type: null }]) {
        const sending = queue.send([deliveryOf({ ...testEvent("e"), ...broken } as never)]);
        await expect(sending).rejects.toMatchObject({ code: "config" });
      }
      const nothing = queue.send([deliveryOf(null as never, { raw: null })]);
      await expect(nothing).rejects.toMatchObject({ code: "config" });
      expect(await count()).toBe(0);
    },
  );

  it("fails alone, by a relay, what is too large, and passes on the rest", async () => {
    const { queue } = await opened({ max_msg_size: 1000 });
    const memory = memoryFeed({ pulls: "unacked" });
    memory.publish(testEvent("e1"), testEvent("big", { data: "x".repeat(2000) }), testEvent("e2"));

    const { deadLetters } = memoryStores();
    const run = consume(memory, relay(queue), {
      ...{ deadLetters, consumer: "relay", retry: { attempts: 1 }, logger: false },
    });
    await expect.poll(() => memory.acked.length, { timeout: 5000 }).toBe(3);
    await run.stop();

    const { letters } = await deadLetters.list({ consumer: "relay", feed: memory.name });
    expect(letters.map(({ event, code }) => [event?.id, code])).toEqual([["big", "config"]]);
    expect(idsOf(await pulled(queue.feed()))).toEqual(["e1", "e2"]);
  });

  it.each([undefined, 4])(
    "gets on where it is full for longer than ids are known: partitions %s",
    async (partitions) => {
      const { queue } = await opened({ max_msgs: 5, duplicate_window: 100, partitions });
      const memory = memoryFeed({ pulls: "unacked" });
      memory.publish(...deliveries(30).map(({ event }) => event));
      const quick = { idle: { minDelayMs: 10, maxDelayMs: 50 }, logger: false } as const;
      const done: string[] = [];

      const relaying = consume(memory, relay(queue, { size: 10 }), quick);
      const working = consume(queue.feed(), ({ id }) => void done.push(id), {
        ...quick,
        consumer: "workers",
      });
      await expect.poll(() => memory.acked.length, { timeout: 20_000 }).toBe(30);
      await expect.poll(() => new Set(done).size, { timeout: 5000 }).toBe(30);
      await Promise.all([relaying.stop(), working.stop()]);

      expect(done).toHaveLength(30);
    },
  );

  it("sends all of it again where the stream was made anew since a send that failed", async () => {
    const { queue, name } = await opened({ max_msgs: 5 });
    const all = deliveries(10);
    await expect(queue.send(all)).rejects.toMatchObject({ code: "rateLimit" });

    await manager.streams.delete(name);
    await queue.ensure();
    await expect(queue.send(all)).rejects.toMatchObject({ code: "rateLimit" });

    expect(idsOf(await pulled(queue.feed()))).toEqual(["e1", "e2", "e3", "e4", "e5"]);
  });

  it("holds a relay up while it is full, and nothing is acknowledged until workers have made room", async () => {
    const { queue } = await opened({ max_msgs: 3 });
    const memory = memoryFeed({ pulls: "unacked" });
    const ids = deliveries(12).map(({ event }) => event);
    memory.publish(...ids);
    const relaying = consume(memory, relay(queue, { size: 3 }), { logger: false });
    await expect.poll(() => memory.acked.length, { timeout: 5000 }).toBe(3);
    await sleep(300);
    expect(memory.acked).toHaveLength(3);

    const done: string[] = [];
    const working = consume(queue.feed(), (event) => void done.push(event.id), { logger: false });
    await expect.poll(() => new Set(done).size, { timeout: 20_000 }).toBe(12);
    await expect.poll(() => memory.acked.length, { timeout: 5000 }).toBe(12);
    await relaying.stop();
    await working.stop();

    expect(done).toHaveLength(12);
  });

  it("never gives an event to two workers while its lease holds", async () => {
    const { queue } = await opened();
    await queue.send(deliveries(200));
    const feeds = [1, 2, 3, 4].map(() => queue.feed());

    const pages = await Promise.all(feeds.map((feed) => pulled(feed, { limit: 80 })));
    pages.push(await pulled(queue.feed(), { limit: 1000 }));

    const ids = pages.flatMap(idsOf);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(200);
  });

  it("brings what a dead worker held again when its lease has ended, as the second attempt", async () => {
    const { queue } = await opened();
    await queue.send(deliveries(2));
    const dead = queue.feed({ ack_wait: 500 });
    const [first] = receiptsOf(await pulled(dead));
    const began = performance.now();

    const again = await pulled(queue.feed({ ack_wait: 500 }), { waitMs: 5000 });

    expect(performance.now() - began).toBeGreaterThan(400);
    expect(again[0]).toMatchObject({ attempt: 2, event: { id: "e1" } });
    // The dead one was only slow: what it has done counts.
    expect(await queue.feed().ack(first ? [first] : [])).toEqual([{ status: "acked" }]);
  });

  it("brings back later what is given back for later, and lengthens as long as it is told", async () => {
    const { queue } = await opened();
    await queue.send(deliveries(2));
    const feed = queue.feed({ ack_wait: 400 });
    const [given = [], kept = []] = (await pulled(feed)).map((each) => receiptsOf([each]));

    await feed.nack?.(given, { afterMs: 700 });
    await feed.extend?.(kept, 60_000);
    const began = performance.now();
    const again = await pulled(feed, { waitMs: 5000 });

    expect(performance.now() - began).toBeGreaterThan(600);
    expect(idsOf(again)).toEqual(["e1"]);
    expect(await feed.ack(kept)).toEqual([{ status: "acked" }]);
    await sleep(500);
    expect(idsOf(await pulled(feed))).toEqual(["e1"]);
  });

  it.each([0, 1, 2, 5, 20])(
    "gives back what comes while it is aborted, and eats nothing later, after %i ms",
    async (afterMs) => {
      const { queue } = await opened();
      const feed = queue.feed();
      await pulled(feed);
      const controller = new AbortController();
      const pulling = feed.pull({ waitMs: 10_000, signal: controller.signal });
      pulling.catch(() => {});
      const sending = sleep(5).then(() => queue.send(deliveries(1)));
      await sleep(afterMs);
      controller.abort(new Error("left"));

      const came = await pulling.then(
        (page) => idsOf(toPage(page).deliveries),
        (error: Error) => error.message,
      );

      await sending;
      await queue.send(deliveries(1, 2));
      const rest = await pulled(feed, { waitMs: 1000 });
      const more = await pulled(feed, { waitMs: 50 });
      const held = came === "left" ? [] : came;
      expect([...held, ...idsOf(rest), ...idsOf(more)].sort()).toEqual(["e1", "e2"]);
    },
  );

  it("brings what no relay has sent as unreadable, and acknowledges it", async () => {
    const { name, queue, count } = await opened();
    for (const text of ["no json", '{"a":1}', '{"event":{"id":1}}', "null"]) {
      await connection.request(`${name}.event`, text);
    }

    const feed = queue.feed();
    const all = await pulled(feed);

    expect(all.map(({ unreadable }) => unreadable?.code)).toEqual(Array(4).fill("schema"));
    expect(all.map(({ raw }) => raw)).toEqual(["no json", { a: 1 }, { event: { id: 1 } }, null]);
    await feed.ack(receiptsOf(all));
    expect(await count()).toBe(0);
  });

  it("makes a consumer again that was deleted under a worker, and loses nothing", async () => {
    const { name, queue } = await opened();
    await queue.send(deliveries(3));
    const feed = queue.feed();
    const other = queue.feed();
    const held = receiptsOf([
      ...(await pulled(other, { limit: 1 })),
      ...(await pulled(feed, { limit: 2 })).slice(0, 1),
    ]);
    // Told of at once: it rejects while the deletion is still being answered.
    const told = { code: "transport", retryable: true };
    const cut = expect(feed.pull({ waitMs: 10_000 })).rejects.toMatchObject(told);
    await sleep(50);
    await manager.consumers.delete(name, "workers");

    await cut;
    const [lost] = await other.ack(held);
    expect(lost).toMatchObject({ status: "failed", error: { code: "notFound", retryable: true } });
    // Those of the consumer before are still good.
    expect(await other.ack(held)).toEqual([{ status: "acked" }, { status: "acked" }]);
    expect(idsOf(await pulled(feed, { waitMs: 1000 }))).toEqual(["e3"]);
  });

  it("says that a stream is gone, and goes on when it is made again", async () => {
    const { name, queue } = await opened();
    await queue.send(deliveries(2));
    const feed = queue.feed();
    const old = await pulled(feed);
    await manager.streams.delete(name);

    const gone = {
      code: "notFound",
      retryable: true,
      message: expect.stringMatching(/ensure\(\)/),
    };
    await expect(queue.send(deliveries(1))).rejects.toMatchObject(gone);
    await feed.pull().catch(() => {});
    await expect(feed.pull()).rejects.toMatchObject(gone);

    await queue.ensure();
    await queue.send(deliveries(2, 10));
    expect(idsOf(await pulled(feed))).toEqual(["e10", "e11"]);
    // They count from 1 again: the old receipts would be those of other events.
    expect(await feed.ack(receiptsOf(old))).toEqual([{ status: "gone" }, { status: "gone" }]);
    expect(await queue.feed().ack(receiptsOf(old))).toEqual([
      { status: "gone" },
      { status: "gone" },
    ]);
    expect((await manager.streams.info(name)).state.messages).toBe(2);
  });

  it("tells a relay that another stream takes its subject, and asks no dead letter of it", async () => {
    const { name } = await opened();
    const queue = jetStreamQueue(connection, freshName(), { subject: name });

    await expect(queue.send(deliveries(1))).rejects.toMatchObject({ code: "conflict" });
    const refused = { code: "config", message: expect.stringMatching(/subjects overlap/) };
    await expect(queue.ensure()).rejects.toMatchObject(refused);
  });

  it("tells a relay of a stream that takes nothing, and asks no dead letter of it", async () => {
    const { name, queue } = await opened();
    const { config } = await manager.streams.info(name);
    await manager.streams.update(name, { ...config, sealed: true } as typeof config);

    await expect(queue.send(deliveries(1))).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringMatching(/sealed stream/),
    });
  });

  it("waits no longer than it may, though `max_ack_pending` holds all up", async () => {
    const { queue } = await opened();
    await queue.send(deliveries(3));
    const feed = queue.feed({ max_ack_pending: 1 });
    const first = await pulled(feed);
    expect(idsOf(first)).toEqual(["e1"]);

    const began = performance.now();
    expect(await pulled(feed)).toEqual([]);
    expect(performance.now() - began).toBeLessThan(3000);
    const pulling = pulled(feed, { waitMs: 8000 });
    await sleep(1500);
    await feed.ack(receiptsOf(first));

    expect(idsOf(await pulling)).toEqual(["e2"]);
  });

  it("says that too many workers wait", async () => {
    const { queue } = await opened();
    const feed = queue.feed({ max_waiting: 1 });
    await pulled(feed);
    const waiting = feed.pull({ waitMs: 1500 });
    await sleep(100);

    const refused = { code: "rateLimit", message: expect.stringMatching(/max_waiting/) };
    await expect(feed.pull({ waitMs: 1500 })).rejects.toMatchObject(refused);
    await waiting;
  });

  it("lets a connection be drained at once, whatever its pulls wait for", async () => {
    const { name, queue } = await opened();
    await queue.ensure();
    const own = await connected();
    const waiting = jetStreamQueue(own, name).feed().pull({ waitMs: 5000 });
    const refused = expect(waiting).rejects.toMatchObject({ code: "config", retryable: false });
    await sleep(200);
    const began = performance.now();

    await own.drain();
    await refused;

    expect(performance.now() - began).toBeLessThan(1000);
  });

  it("says that a connection is closed, and that it does not come back", async () => {
    const { name } = await opened();
    const own = await connected();
    const queue = jetStreamQueue(own, name);
    await queue.send(deliveries(1));
    const feed = queue.feed();
    const held = receiptsOf(await pulled(feed));
    const waiting = feed.pull({ waitMs: 10_000 });
    waiting.catch(() => {});
    await sleep(50);
    await own.close();

    const closed = {
      code: "transport",
      retryable: false,
      message: expect.stringMatching(/closed/),
    };
    await expect(waiting).rejects.toMatchObject({ ...closed, code: "config" });
    await expect(feed.pull()).rejects.toMatchObject({ ...closed, code: "config" });
    await expect(queue.send(deliveries(1))).rejects.toMatchObject(closed);
    await expect(queue.ensure()).rejects.toMatchObject(closed);
    expect(await feed.ack(held)).toMatchObject([{ status: "failed", error: closed }]);
  });

  it("listens where the connection's user said that answers go", async () => {
    const { name, queue } = await opened();
    await queue.send(deliveries(1));
    const own = await connected({ inboxPrefix: "_MINE.here" });

    expect(idsOf(await pulled(jetStreamQueue(own, name).feed()))).toEqual(["e1"]);
    await own.close();
  });
});
