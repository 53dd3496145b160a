import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Feed, fromReceipt, type Receipt, toPage } from "../../src/core/feed.ts";
import { sleep } from "../../src/core/sleep.ts";
import type { Inbox } from "../../src/core/stores.ts";
import { consume, drain } from "../../src/loop/consume.ts";
import { inboxFeed, inboxQueue, memoryStores } from "../../src/stores/index.ts";

const entryOf = (id: string) => ({
  event: { specversion: "1.0", id, source: "s", type: "message", data: id } as const,
  raw: { id },
});

async function filled(...ids: readonly string[]): Promise<Inbox> {
  const { inbox } = memoryStores();
  await inbox.add("in", ids.map(entryOf));
  return inbox;
}

async function pulled(feed: Feed) {
  return toPage(await feed.pull()).deliveries;
}

function receiptsOf(deliveries: readonly { readonly receipt?: Receipt | undefined }[]): Receipt[] {
  return deliveries.flatMap(({ receipt }) => (receipt ? [receipt] : []));
}

describe("inboxFeed", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("brings entries as deliveries, oldest first, each hidden for its lease", async () => {
    const feed = inboxFeed(await filled("b", "a", "c"), "in", { leaseMs: 5000 });

    const first = await feed.pull({ limit: 2 });

    const receipt = expect.anything();
    expect(first).toEqual([
      { ...entryOf("b"), receipt, attempt: 1, leaseMs: 5000, again: expect.any(Function) },
      { ...entryOf("a"), receipt, attempt: 1, leaseMs: 5000, again: expect.any(Function) },
    ]);
    expect(await feed.pull()).toMatchObject([{ raw: { id: "c" } }]);
    expect(await feed.pull()).toEqual([]);
    expect([feed.name, feed.pulls, feed.acks, feed.waits]).toEqual([
      "in",
      "onward",
      "individual",
      true,
    ]);
  });

  it("lets acks wait for others, for a tenth of the lease at most, where none waits for them", async () => {
    const { inbox } = memoryStores();
    const queue = inboxQueue(inbox, "in");
    const inOrder = inboxQueue(inbox, "in order", { partitions: 4, orderBy: ({ id }) => id });

    expect(queue.feed().ackGroupMs).toBe(20);
    expect(queue.feed({ leaseMs: 50 }).ackGroupMs).toBe(5);
    expect(inOrder.feed().ackGroupMs).toBeUndefined();
  });

  it("has a transaction for many, where handlers take turns", async () => {
    const ids = Array.from({ length: 40 }, (_, at) => `${at}`);
    const inbox = await filled(...ids);
    const finish = vi.spyOn(inbox, "finish");

    const done = drain(inboxFeed(inbox, "in"), () => sleep(5), { concurrency: 1 });
    await vi.advanceTimersByTimeAsync(300);

    expect(await done).toMatchObject({ handled: 40, acked: 40 });
    expect(finish.mock.calls.length).toBeLessThanOrEqual(12);
  });

  it("acks each for itself; what is finished or with another worker is gone", async () => {
    const feed = inboxFeed(await filled("a", "b"), "in", { leaseMs: 5000 });
    const [a, b] = receiptsOf(await pulled(feed)) as [Receipt, Receipt];

    expect(await feed.ack([a])).toEqual([{ status: "acked" }]);
    await vi.advanceTimersByTimeAsync(5000);
    const [again] = await pulled(feed);

    expect(await feed.ack([b, a])).toEqual([{ status: "gone" }, { status: "gone" }]);
    expect(again).toMatchObject({ attempt: 2, raw: { id: "b" } });
    expect(await feed.ack(receiptsOf([again ?? {}]))).toEqual([{ status: "acked" }]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(await feed.pull()).toEqual([]);
  });

  it("gives back with nack, and lengthens with extend", async () => {
    const feed = inboxFeed(await filled("a", "b"), "in", { leaseMs: 5000 });
    const [a, b] = receiptsOf(await pulled(feed)) as [Receipt, Receipt];

    await feed.nack?.([a]);
    await feed.extend?.([b], 60_000);
    expect(await feed.pull()).toMatchObject([{ attempt: 2, raw: { id: "a" } }]);
    await feed.nack?.([b], { afterMs: 10_000 });
    await vi.advanceTimersByTimeAsync(9999);
    expect((await pulled(feed)).map(({ raw }) => raw)).toEqual([{ id: "a" }]);
    await vi.advanceTimersByTimeAsync(1);

    expect((await pulled(feed)).map(({ raw }) => raw)).toEqual([{ id: "b" }]);
  });

  it("waits for an entry, and no longer than it may", async () => {
    const inbox = await filled();
    const feed = inboxFeed(inbox, "in", { pollMs: 100 });
    const pull = feed.pull({ waitMs: 60_000 });
    await vi.advanceTimersByTimeAsync(950);
    await inbox.add("in", [entryOf("a")]);
    await vi.advanceTimersByTimeAsync(60);
    expect(await pull).toHaveLength(1);

    let isEmpty = false;
    const empty = feed.pull({ waitMs: 250 }).then((page) => {
      isEmpty = toPage(page).deliveries.length === 0;
    });
    await vi.advanceTimersByTimeAsync(249);
    expect(isEmpty).toBe(false);
    await vi.advanceTimersByTimeAsync(2);
    await empty;

    expect(isEmpty).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("leaves with the signal's reason, before, between and during the store's answers", async () => {
    const reason = new Error("stop");
    const inbox = await filled();
    const feed = inboxFeed(inbox, "in");
    await expect(feed.pull({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);

    const caller = new AbortController();
    const waiting = expect(feed.pull({ waitMs: 9999, signal: caller.signal })).rejects.toBe(reason);
    await vi.advanceTimersByTimeAsync(10);
    caller.abort(reason);
    await waiting;

    expect(vi.getTimerCount()).toBe(0);
  });

  it("gives back what an aborted pull was about to bring", async () => {
    const good = await filled("a");
    const slow: Inbox = {
      ...good,
      async claim(...claim) {
        await new Promise((resolve) => setTimeout(resolve, 500));
        return await good.claim(...claim);
      },
    };
    const caller = new AbortController();
    const feed = inboxFeed(slow, "in");
    const pull = feed.pull({ signal: caller.signal });
    caller.abort(new Error("stop"));
    await expect(pull).rejects.toThrow("stop");
    expect(await good.claim("in", 1, 1)).toHaveLength(1);
    const released = feed.release?.();
    await vi.advanceTimersByTimeAsync(600);
    await released;

    expect(await inboxFeed(good, "in").pull()).toHaveLength(1);
  });

  it("has given all back when a run that was stopped in the middle of a claim is over", async () => {
    const good = await filled("a");
    let isClosed = false;
    const whileOpen = (): void => {
      if (isClosed) throw new Error("the store is closed");
    };
    const store: Inbox = {
      ...good,
      async claim(...claim) {
        await new Promise((resolve) => setTimeout(resolve, 500));
        return await good.claim(...claim);
      },
      release: async (...release) => {
        whileOpen();
        await good.release(...release);
      },
    };
    const run = consume(inboxFeed(store, "in"), () => {}, { logger: false });
    await vi.advanceTimersByTimeAsync(100);
    const stopped = run.stop().then(() => {
      isClosed = true;
    });
    await vi.advanceTimersByTimeAsync(1000);
    await stopped;

    expect(await inboxFeed(good, "in").pull()).toHaveLength(1);
  });

  it("passes the store's errors on", async () => {
    const good = await filled("a");
    const broken: Inbox = { ...good, claim: () => Promise.reject(new Error("away")) };

    await expect(inboxFeed(broken, "in").pull()).rejects.toThrow("away");
  });

  it("brings what could not be read as an unreadable delivery, and keeps derived ids so", async () => {
    const { inbox } = memoryStores();
    await inbox.add("in", [
      { raw: "<x>", unreadable: { message: "discue receive: no JSON", path: "[0]" } },
      { ...entryOf("a"), idDerived: true },
    ]);

    const [unreadable, derived] = await pulled(inboxFeed(inbox, "in"));

    expect(unreadable?.unreadable).toMatchObject({
      code: "schema",
      message: "discue receive: no JSON",
      path: "[0]",
    });
    expect(unreadable?.raw).toBe("<x>");
    expect(derived).toMatchObject({ idDerived: true, event: { id: "a" } });
  });

  it("reads a delivery anew, whatever was done to its event", async () => {
    const [delivery] = await pulled(inboxFeed(await filled("a"), "in"));
    const event = delivery?.event as { data: unknown };
    event.data = "spoilt";

    const again = delivery?.again?.();

    expect(again?.event).toEqual(entryOf("a").event);
    expect(again?.receipt).toBe(delivery?.receipt);
    expect(again?.again?.().event).toEqual(entryOf("a").event);
  });

  it("leaves out reading anew where the store does not offer it", async () => {
    const good = await filled("a");
    const plain: Inbox = {
      ...good,
      claim: async (...given) => (await good.claim(...given)).map(({ again: _, ...rest }) => rest),
    };

    expect((await pulled(inboxFeed(plain, "in")))[0]).not.toHaveProperty("again");
  });

  it("keeps an event whose members are its class's", async () => {
    const { inbox } = memoryStores();
    const { event } = entryOf("1");
    const ofClass = Object.create(event) as typeof event;
    await inbox.add("in", [{ event: ofClass, raw: 1 }]);

    expect(await pulled(inboxFeed(inbox, "in"))).toMatchObject([{ event }]);
  });

  it("keeps every event whose id is empty: it says nothing", async () => {
    const { inbox } = memoryStores();
    const { event, raw } = entryOf("");
    await inbox.add("in", [{ event, raw }]);
    await inbox.add("in", [{ event, raw }]);

    expect(await pulled(inboxFeed(inbox, "in"))).toHaveLength(2);
  });

  it("tells events of two sources with one id apart, and two with one derived id", async () => {
    const { inbox } = memoryStores();
    const { event, raw } = entryOf("1");
    const derived = { ...entryOf("2"), idDerived: true } as const;
    await inbox.add("in", [
      { event: { ...event, source: "/a" }, raw },
      { event: { ...event, source: "/b" }, raw },
      derived,
      derived,
    ]);

    const deliveries = await pulled(inboxFeed(inbox, "in"));

    const seen = deliveries.map((delivery) => [delivery.event?.source, delivery.event?.id]);
    expect(seen).toEqual([
      ["/a", "1"],
      ["/b", "1"],
      ["s", "2"],
      ["s", "2"],
    ]);
  });

  it("refuses wrong arguments", async () => {
    const inbox = await filled();
    const config = expect.objectContaining({ code: "config" });
    expect(() => inboxFeed(undefined as never, "in")).toThrow(config);
    expect(() => inboxFeed(inbox, "")).toThrow(config);
    expect(() => inboxFeed(inbox, "in", { leaseMs: 0 })).toThrow(config);
    expect(() => inboxFeed(inbox, "in", { pollMs: Number.NaN })).toThrow(config);
    expect(() => inboxFeed(inbox, "in", { lease: 1 } as never)).toThrow(config);
    const feed = inboxFeed(inbox, "in");
    await expect(feed.pull({ limit: 0 })).rejects.toMatchObject({ code: "config" });
    await expect(feed.pull({ waitMs: -1 })).rejects.toMatchObject({ code: "config" });
    expect(await feed.pull({ limit: 5000 })).toEqual([]);
  });

  it("has receipts that another feed on the same inbox can ack", async () => {
    const inbox = await filled("a");
    const [receipt] = receiptsOf(await pulled(inboxFeed(inbox, "in"))) as [Receipt];

    expect(typeof fromReceipt(receipt)).toBe("string");
    expect(await inboxFeed(inbox, "in").ack([receipt])).toEqual([{ status: "acked" }]);
  });
});
