import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AckloopError } from "../../src/core/errors.ts";
import type { FeedEvent } from "../../src/core/event.ts";
import type { ReadableDelivery } from "../../src/core/feed.ts";
import type { WorkQueue } from "../../src/core/work-queue.ts";
import { consume, drain } from "../../src/loop/consume.ts";
import { redrive } from "../../src/loop/redrive.ts";
import { relay } from "../../src/loop/relay.ts";
import { webhook } from "../../src/loop/webhook.ts";
import { inboxQueue, memoryStores } from "../../src/stores/index.ts";
import { memoryFeed, testEvent } from "../../src/testing/memory-feed.ts";
import { filledFeed, gate, idsOf, passing } from "./support.ts";

const logged = () => {
  const lines: string[] = [];
  const line = (text: string) => lines.push(text);
  return { lines, logger: { debug: () => {}, info: line, warn: line, error: line } };
};

/** A queue that keeps what it is sent, and fails as it is told. */
function queueOf(
  fails: (deliveries: readonly ReadableDelivery[]) => Error | undefined = () => undefined,
) {
  const sent: FeedEvent[] = [];
  const calls: number[] = [];
  const queue: WorkQueue = {
    name: "orders",
    send: async (deliveries) => {
      calls.push(deliveries.length);
      const error = fails(deliveries);
      if (error) throw error;
      sent.push(...deliveries.map(({ event }) => event));
    },
    feed: () => memoryFeed<never>(),
  };
  return { queue, calls, sent, ids: () => sent.map(({ id }) => id) };
}

describe("relay", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("passes pages on in batches, and the workers get every event once", async () => {
    const queue = inboxQueue(memoryStores().inbox, "orders");
    const feed = filledFeed(250);
    const handled: FeedEvent[] = [];

    const relayed = await drain(feed, relay(queue));
    const worked = await drain(queue.feed({ consumer: "billing" }), (event) => {
      handled.push(event);
    });

    expect([relayed.handled, worked.handled]).toEqual([250, 250]);
    expect(handled.map(({ id }) => id)).toEqual(idsOf(250));
    expect(handled[0]).toEqual(testEvent("e0"));
    expect(feed.acked).toHaveLength(250);
  });

  it("acknowledges nothing before the queue has stored it", async () => {
    const stored = gate();
    const { queue } = queueOf();
    const send = vi.fn(() => stored.opened);
    const feed = filledFeed(3);
    const run = consume(feed, relay({ ...queue, send }));
    await vi.advanceTimersByTimeAsync(5000);

    expect(send).toHaveBeenCalledTimes(1);
    expect(feed.acked).toEqual([]);
    stored.open();
    await vi.advanceTimersByTimeAsync(100);

    expect(feed.acked).toHaveLength(3);
    await run.stop();
  });

  it("waits for a queue that is full: no attempt, no dead letter, nothing lost", async () => {
    const stores = memoryStores({ inboxMaxEntries: 10 });
    const queue = inboxQueue(stores.inbox, "orders");
    const { lines, logger } = logged();
    const options = {
      consumer: "relay",
      deadLetters: stores.deadLetters,
      retry: { attempts: 1 },
      logger,
    };
    const run = consume(filledFeed(40), relay(queue, { size: 10 }), options);
    await vi.advanceTimersByTimeAsync(600_000);

    expect(run.health()).toMatchObject({ inFlight: 30, handling: 1 });
    expect(lines.filter((line) => line.includes("the queue"))).toHaveLength(4);
    expect(lines.find((line) => line.includes("the queue"))).toMatch(
      /^ackloop: orders: the queue failed: .*the inbox is full.*; nothing that it has not stored is acknowledged; trying again in/,
    );

    const worker = consume(queue.feed(), () => {}, { consumer: "billing" });
    await vi.advanceTimersByTimeAsync(300_000);
    expect((await worker.stop()).handled).toBe(40);
    expect(await run.stop()).toMatchObject({ handled: 40, deadLettered: 0, retried: 0 });
    expect(lines).toContainEqual(expect.stringContaining("orders: the queue works again, after"));
  });

  it("does not ask a queue again that is away while the run stops", async () => {
    const { queue, calls } = queueOf(() => new AckloopError("transport", "away"));
    const stores = memoryStores();
    const { deadLetters } = stores;
    const told = { consumer: "relay", deadLetters, retry: { attempts: 1 }, logger: false } as const;
    const run = consume(filledFeed(300), relay(queue), told);
    await vi.advanceTimersByTimeAsync(30_000);

    const before = calls.length;
    const stopping = run.stop();
    const stopped = vi.fn();
    void stopping.then(stopped);
    await vi.advanceTimersByTimeAsync(200);

    expect(stopped).toHaveBeenCalled();
    expect(await stopping).toMatchObject({
      handled: 0,
      deadLettered: 0,
      retried: 0,
      unsettled: 300,
    });
    expect(calls.length).toBe(before);
    const { letters } = await deadLetters.list({ consumer: "relay", feed: "memory" });
    expect(letters).toEqual([]);
  });

  it.each([undefined, 4])(
    "waits for a call that is on its way while the run stops: partitions %s",
    async (partitions) => {
      const stored = gate();
      const { queue, sent } = queueOf();
      const send = vi.fn(async (...call: Parameters<WorkQueue["send"]>) => {
        await stored.opened;
        await queue.send(...call);
      });
      const feed = filledFeed(200);
      const run = consume(feed, relay({ ...queue, partitions, send }), { logger: false });
      await vi.advanceTimersByTimeAsync(1000);
      const begun = send.mock.calls.flatMap(([deliveries]) => deliveries).length;
      const stopping = run.stop();
      await vi.advanceTimersByTimeAsync(5000);
      stored.open();
      await vi.advanceTimersByTimeAsync(200);

      expect(await stopping).toMatchObject({ handled: begun });
      expect(feed.acked).toHaveLength(begun);
      expect(sent).toHaveLength(begun);
    },
  );

  it("does not wait while the run stops for a call that fails then", async () => {
    const { queue } = queueOf();
    const failed = gate();
    const send = vi.fn(async () => {
      await failed.opened;
      throw new AckloopError("timeout", "no answer");
    });
    const run = consume(filledFeed(3), relay({ ...queue, send }), { logger: false });
    await vi.advanceTimersByTimeAsync(1000);
    const stopping = run.stop();
    const stopped = vi.fn();
    void stopping.then(stopped);
    await vi.advanceTimersByTimeAsync(5000);
    expect(stopped).not.toHaveBeenCalled();
    failed.open();
    await vi.advanceTimersByTimeAsync(200);

    expect(stopped).toHaveBeenCalled();
    expect(await stopping).toMatchObject({ handled: 0, unsettled: 3 });
    expect(send).toHaveBeenCalledTimes(1);
  });

  it("lets an event that cannot be stored fail alone", async () => {
    const stores = memoryStores();
    const queue = inboxQueue(stores.inbox, "orders");
    const feed = filledFeed(3);
    const bad = { ...queue, send: vi.fn(queue.send) };
    bad.send.mockImplementation((all) =>
      queue.send(all.map((one) => (one.event.id === "e1" ? { ...one, raw: 1n } : one))),
    );
    const { lines, logger } = logged();

    const { deadLetters } = memoryStores();
    const relaying = drain(feed, relay(bad), { consumer: "relay", deadLetters, logger });
    await vi.advanceTimersByTimeAsync(600_000);

    expect(await relaying).toMatchObject({ handled: 2, deadLettered: 1 });
    expect((await drain(queue.feed(), () => {})).handled).toBe(2);
    expect(lines.filter((line) => / e1 |queue/.test(line))).toEqual([
      expect.stringMatching(
        /event e1 .* is a dead letter now: failed 5 times: .*cannot be written as JSON/,
      ),
    ]);
  });

  it("lets an event fail alone that the store's database refuses", async () => {
    const { inbox, deadLetters } = memoryStores();
    const add: typeof inbox.add = async (name, entries) => {
      const isRefused = entries.some(({ event }) => event?.id === "e1");
      if (isRefused) throw new AckloopError("request", "the database refused the statement");
      await inbox.add(name, entries);
    };
    const queue = inboxQueue({ ...inbox, add }, "orders");
    const { logger } = logged();
    const options = { consumer: "relay", deadLetters, logger, retry: { attempts: 2 } };
    const relaying = drain(filledFeed(3), relay(queue), options);
    await vi.advanceTimersByTimeAsync(600_000);

    expect(await relaying).toMatchObject({ handled: 2, deadLettered: 1 });
  });

  it.each([{}, { partitions: 2 }])(
    "waits for stores that a person must mend, and keeps the order meanwhile: %j",
    async (options) => {
      const { inbox, deadLetters } = memoryStores();
      let isMissing = true;
      const fail = async (): Promise<void> => {
        if (isMissing) throw new AckloopError("config", "the tables are missing");
      };
      const add: typeof inbox.add = (...given) => fail().then(() => inbox.add(...given));
      const partitions: typeof inbox.partitions = (name) =>
        fail().then(() => inbox.partitions(name));
      const queue = inboxQueue({ ...inbox, add, partitions }, "orders", {
        ...options,
        orderBy: () => "one",
      });
      const { lines, logger } = logged();
      const run = consume(filledFeed(9), relay(queue, { size: 3 }), {
        consumer: "relay",
        deadLetters,
        logger,
      });
      await vi.advanceTimersByTimeAsync(600_000);
      expect(lines).toContainEqual(expect.stringMatching(/the queue failed: .*tables are missing/));
      isMissing = false;
      await vi.advanceTimersByTimeAsync(60_000);

      expect(await run.stop()).toMatchObject({ handled: 9, retried: 0, deadLettered: 0 });
      const handled: string[] = [];
      await drain(queue.feed(), ({ id }) => {
        handled.push(id);
      });
      expect(handled).toEqual(idsOf(9));
    },
  );

  it("passes on types that the catalogue does not have, and asks no schema", async () => {
    const validate = vi.fn();
    const schema = { "~standard": { version: 1, vendor: "test", validate } } as const;
    const feed = { ...filledFeed(1), events: { order: schema } };
    const { queue, sent } = queueOf();

    await drain(feed, relay(queue));

    expect(sent).toEqual([testEvent("e0")]);
    expect(validate).not.toHaveBeenCalled();
  });

  it("leaves what is not stored when the run stops", async () => {
    const { queue } = queueOf(() => passing());
    const { logger } = logged();
    const feed = filledFeed(5);
    const run = consume(feed, relay(queue), { logger, shutdownTimeoutMs: 1000 });
    await vi.advanceTimersByTimeAsync(60_000);
    const stopped = run.stop();
    await vi.advanceTimersByTimeAsync(1000);

    expect(await stopped).toMatchObject({ handled: 0, retried: 0, unsettled: 5 });
    expect(feed.acked).toEqual([]);
  });

  it("asks a queue that is away by one call at a time, ever later", async () => {
    const { queue, calls } = queueOf(() => new Error("away"));
    const { logger } = logged();
    const run = consume(filledFeed(100), relay(queue, { size: 10 }), { concurrency: 10, logger });
    await vi.advanceTimersByTimeAsync(600_000);
    await run.stop({ withinMs: 0 });

    expect(calls.length).toBeLessThan(60);
  });

  it("stores an event whose id was made from its content whenever it comes", async () => {
    const queue = inboxQueue(memoryStores().inbox, "orders");
    const delivery = { event: testEvent("same"), raw: null } as const;

    await queue.send([delivery, { ...delivery, idDerived: true }, { ...delivery, identity: "x" }]);
    await queue.send([delivery, { ...delivery, idDerived: true }]);

    expect((await drain(queue.feed(), () => {})).handled).toBe(4);
  });

  it("answers a webhook when the queue has stored the event", async () => {
    const { queue, ids } = queueOf();
    const away = queueOf(() => passing());
    const receiver = {
      name: "hook",
      receive: async () => {
        const deliveries = [{ event: testEvent("a"), raw: null }];
        return { kind: "deliveries" as const, deliveries };
      },
      accept: () => new Response(null, { status: 204 }),
      defer: () => new Response(null, { status: 503 }),
    };
    const request = () => new Request("http://localhost/hook", { method: "POST" });
    const { logger } = logged();

    expect((await webhook(receiver, relay(queue))(request())).status).toBe(204);
    expect(ids()).toEqual(["a"]);
    const late = webhook(receiver, relay(away.queue), { logger, replyTimeoutMs: 1000 })(request());
    await vi.advanceTimersByTimeAsync(1000);
    expect((await late).status).toBe(503);
  });

  it("takes dead letters too", async () => {
    const { deadLetters } = memoryStores();
    const feed = filledFeed(2);
    const options = { consumer: "c", deadLetters, retry: { attempts: 1 } };
    const failing = () => {
      throw new Error("no");
    };
    const { logger } = logged();
    await drain(feed, failing, { ...options, logger, circuitBreaker: false });
    const { queue, ids } = queueOf();

    await redrive(deadLetters, feed, relay(queue), { consumer: "c" });

    expect(ids()).toEqual(["e0", "e1"]);
  });

  it("takes no time limit, which would make dead letters while the queue is away", async () => {
    const { queue } = queueOf();
    const passOn = relay(queue);
    const limited = { handlerTimeoutMs: 1000, consumer: "c" };
    const receiver = { name: "hook", receive: async () => ({ deliveries: [] }) };
    const refused = "a relay takes no `handlerTimeoutMs`";

    expect(() => consume(memoryFeed(), passOn, limited)).toThrow(refused);
    expect(() => consume(memoryFeed(), { other: passOn }, limited)).toThrow(refused);
    expect(() => webhook(receiver as never, passOn, limited)).toThrow(refused);
    await expect(drain(memoryFeed(), passOn, limited)).rejects.toThrow(refused);
    await expect(
      redrive(memoryStores().deadLetters, memoryFeed(), passOn, limited),
    ).rejects.toThrow(refused);
  });

  it.each([
    [undefined, {}, "relay: the first argument must be a queue: it has `send`"],
    [{ send: () => {} }, {}, "relay: the queue's name must be"],
    [queueOf().queue, { size: 0 }, "`size` must be a whole number from 1 to 10000"],
    [queueOf().queue, { sise: 1 }, "`sise` is unknown; did you mean `size`?"],
    [queueOf().queue, { maxWaitMs: -1 }, "`maxWaitMs` must be"],
  ])("refuses %j with %j", (queue, options, message) => {
    expect(() => relay(queue as never, options as never)).toThrow(message);
    expect(() => relay(queue as never, options as never)).toThrow(AckloopError);
  });
});
