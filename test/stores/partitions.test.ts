import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { PGlite } from "@electric-sql/pglite";
import { afterAll, describe, expect, it } from "vitest";
import type { FeedEvent } from "../../src/core/event.ts";
import { type Delivery, type Feed, type Receipt, toPage } from "../../src/core/feed.ts";
import { partitionOf } from "../../src/core/partition.ts";
import { sleep } from "../../src/core/sleep.ts";
import type { FullStoreSet, Inbox } from "../../src/core/stores.ts";
import { inboxQueue, memoryStores, postgresStores, sqliteStores } from "../../src/stores/index.ts";

const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});

let prefixes = 0;
let opened: Promise<PGlite> | undefined;
const database = (): Promise<PGlite> => {
  if (opened === undefined) closing.push(async () => (await opened)?.close());
  opened ??= PGlite.create();
  return opened;
};

const kinds: Readonly<Record<string, () => Promise<FullStoreSet>>> = {
  memory: async () => memoryStores(),
  async SQLite() {
    const folder = mkdtempSync(`${tmpdir()}/ackloop-partitions-`);
    const stores = sqliteStores(`${folder}/state.db`);
    closing.push(async () => {
      await stores.close();
      rmSync(folder, { recursive: true });
    });
    return stores;
  },
  async PostgreSQL() {
    prefixes += 1;
    const stores = postgresStores(await database(), { prefix: `t${prefixes}_` });
    await stores.migrate();
    return stores;
  },
};

const keyOf = ({ subject = "" }: FeedEvent): string => subject;
const told = { partitions: 4, orderBy: keyOf } as const;

/** Two keys that are in two partitions. */
const [first = "", second = ""] = ["a", "b", "c", "d", "e"].filter(
  (key, at, all) => at === 0 || partitionOf(key, 4) !== partitionOf(all[0] ?? "", 4),
);

function deliveryOf(key: string, id: string) {
  const event = { specversion: "1.0", id, source: "s", type: "t", subject: key, data: 1 } as const;
  return { event, raw: 1 };
}

async function pulled(feed: Feed, waitMs = 0): Promise<readonly Delivery[]> {
  return toPage(await feed.pull({ waitMs })).deliveries;
}

const idsOf = (all: readonly Delivery[]) => all.map(({ event }) => event?.id);
const receiptsOf = (all: readonly Delivery[]): Receipt[] =>
  all.flatMap(({ receipt }) => (receipt ? [receipt] : []));

it("divides keys evenly, and in the same way for ever", () => {
  const counts = Array.from({ length: 16 }, () => 0);
  for (let key = 0; key < 16_000; key += 1) {
    const at = partitionOf(`order-${key}`, 16);
    counts[at] = (counts[at] ?? 0) + 1;
  }

  expect(Math.min(...counts)).toBeGreaterThan(850);
  expect(Math.max(...counts)).toBeLessThan(1150);
  // What is stored already stays where it is.
  expect(["", "a", "é🎉", "order-1"].map((key) => partitionOf(key, 256))).toMatchInlineSnapshot(`
    [
      11,
      179,
      134,
      156,
    ]
  `);
});

describe.each(Object.entries(kinds))("a queue with partitions in %s", (_, open) => {
  it("gives the next event of a key when the one before is finished, and other keys meanwhile", async () => {
    const { inbox } = await open();
    const queue = inboxQueue(inbox, "orders", told);
    const [feed, other] = [queue.feed(), queue.feed()];
    await queue.send([deliveryOf(first, "1"), deliveryOf(first, "2"), deliveryOf(second, "3")]);

    const held = await pulled(feed);
    expect(idsOf(held).sort()).toEqual(["1", "3"]);
    expect(await pulled(other)).toEqual([]);
    const waiting = pulled(other, 5000);
    expect(await feed.ack(receiptsOf(held))).toEqual([{ status: "acked" }, { status: "acked" }]);

    const next = await waiting;
    expect(idsOf(next)).toEqual(["2"]);
    expect(await feed.ack(receiptsOf(next))).toEqual([{ status: "acked" }]);
    expect(await inbox.list()).toEqual({ items: [] });
  });

  it("lets nothing overtake what was given back for later, or is with a dead worker", async () => {
    const queue = inboxQueue((await open()).inbox, "orders", told);
    const feed = queue.feed({ leaseMs: 300 });
    await queue.send([deliveryOf(first, "1"), deliveryOf(first, "2")]);

    await feed.nack?.(receiptsOf(await pulled(feed)), { afterMs: 300 });
    expect(await pulled(queue.feed())).toEqual([]);
    const again = await pulled(feed, 5000);
    expect(again).toMatchObject([{ event: { id: "1" }, attempt: 2 }]);
    expect(await pulled(queue.feed())).toEqual([]);

    // Nobody lengthens its lease.
    const third = await pulled(queue.feed(), 5000);
    expect(third).toMatchObject([{ event: { id: "1" }, attempt: 3 }]);
    expect(await feed.ack(receiptsOf(again))).toEqual([{ status: "gone" }]);
    expect(await feed.ack(receiptsOf(third))).toEqual([{ status: "acked" }]);
    expect(idsOf(await pulled(feed))).toEqual(["2"]);
  });

  it("begins nothing that came after its lease", async () => {
    const { inbox } = await open();
    // This process stands still for longer than its lease while the answer is on its way.
    const slow: Inbox = {
      ...inbox,
      async claimFirst(...call) {
        const claims = await inbox.claimFirst(...call);
        await sleep(300);
        return claims;
      },
    };
    const other = inboxQueue(inbox, "orders", told).feed();
    await inboxQueue(inbox, "orders", told).send([deliveryOf(first, "1"), deliveryOf(first, "2")]);

    const late = pulled(inboxQueue(slow, "orders", told).feed({ leaseMs: 100 })).catch(
      (error: unknown) => error,
    );
    await sleep(200);
    const taken = await pulled(other, 5000);
    await other.ack(receiptsOf(taken));
    const next = await pulled(other);

    expect(idsOf(taken)).toEqual(["1"]);
    expect(idsOf(next)).toEqual(["2"]);
    expect(await late).toMatchObject({ code: "timeout", retryable: true });
    expect(await other.ack(receiptsOf(next))).toEqual([{ status: "acked" }]);
  });

  it("gives a partition to one of many who ask at once", async () => {
    const queue = inboxQueue((await open()).inbox, "orders", told);
    await queue.send(Array.from({ length: 20 }, (_each, at) => deliveryOf(first, `${at}`)));
    const feeds = Array.from({ length: 8 }, () => queue.feed());

    for (let round = 0; round < 20; round += 1) {
      const all = (await Promise.all(feeds.map((feed) => pulled(feed)))).flat();
      expect(idsOf(all)).toEqual([`${round}`]);
      await queue.feed().ack(receiptsOf(all));
    }
  });

  it("gives up to the limit, the oldest first", async () => {
    const queue = inboxQueue((await open()).inbox, "orders", told);
    await queue.send([deliveryOf(second, "1")]);
    await queue.send([deliveryOf(first, "2")]);
    const feed = queue.feed();

    expect(idsOf(toPage(await feed.pull({ limit: 1 })).deliveries)).toEqual(["1"]);
    expect(idsOf(toPage(await feed.pull({ limit: 1 })).deliveries)).toEqual(["2"]);
  });

  it.each([
    ["another number", { partitions: 8 }],
    ["none", {}],
  ])(
    "refuses %s of partitions while it holds events, and takes it when it is empty",
    async (_case, options) => {
      const { inbox } = await open();
      const queue = inboxQueue(inbox, "orders", told);
      const feed = queue.feed();
      await queue.send([deliveryOf(first, "1")]);
      const wrong = inboxQueue(inbox, "orders", options);

      const text = /orders holds events of another number of partitions: 4, not (8|none);/;
      const refused = { message: expect.stringMatching(text) };
      await expect(wrong.feed().pull()).rejects.toMatchObject({ ...refused, code: "config" });
      const sending = wrong.send([deliveryOf(first, "2")]);
      await expect(sending).rejects.toMatchObject({ ...refused, code: "conflict" });

      await feed.ack(receiptsOf(await pulled(feed)));
      await wrong.send([deliveryOf(first, "2")]);
      expect(idsOf(await pulled(wrong.feed()))).toEqual(["2"]);
      await expect(queue.feed().pull()).rejects.toMatchObject({ code: "config" });
    },
  );

  it("sees with each send whether another number of partitions has come in since", async () => {
    const { inbox } = await open();
    const queue = inboxQueue(inbox, "orders", told);
    const other = inboxQueue(inbox, "orders", { ...told, partitions: 8 });
    const feed = queue.feed();
    await queue.send([deliveryOf(first, "1")]);
    await feed.ack(receiptsOf(await pulled(feed)));
    await other.send([deliveryOf(first, "2")]);

    await expect(queue.send([deliveryOf(first, "3")])).rejects.toMatchObject({ code: "conflict" });

    const theirs = other.feed();
    await theirs.ack(receiptsOf(await pulled(theirs)));
    await queue.send([deliveryOf(first, "3")]);
    expect(idsOf(await pulled(feed))).toEqual(["3"]);
  });

  it("has names of its own beside others that look alike", async () => {
    const { inbox } = await open();
    const queues = ["orders", "orders (", "orders 2"].map((name) => inboxQueue(inbox, name, told));
    queues.push(inboxQueue(inbox, "orders (eu)", { ...told, partitions: 2 }));
    for (const queue of queues) await queue.send([deliveryOf(first, queue.name)]);
    const plain = inboxQueue(inbox, "order");
    await plain.send([deliveryOf(first, "order")]);

    for (const queue of [...queues, plain]) {
      expect(idsOf(await pulled(queue.feed()))).toEqual([queue.name]);
    }
  });
});

it("holds back an earlier event that is there later, by a second sender of PostgreSQL", async () => {
  prefixes += 1;
  const pglite = await database();
  const stores = postgresStores(pglite, { prefix: `t${prefixes}_` });
  await stores.migrate();
  const queue = inboxQueue(stores.inbox, "orders", told);
  await queue.send([
    deliveryOf(first, "earlier"),
    deliveryOf(first, "later"),
    deliveryOf(second, "other"),
  ]);
  const seen = (is: boolean) =>
    pglite.query(
      `update t${prefixes}_inbox set done_until = ${is ? "null" : "1e15"} where entry like '%earlier%'`,
    );

  await seen(false);
  const held = await pulled(queue.feed());
  expect(idsOf(held).sort()).toEqual(["later", "other"]);
  await seen(true);
  expect(await pulled(queue.feed())).toEqual([]);
  await queue.feed().nack?.(receiptsOf(held), { afterMs: 60_000 });
  expect(idsOf(await pulled(queue.feed()))).toEqual(["earlier"]);
});

describe("inboxQueue", () => {
  it("fails an event alone whose key cannot be made", async () => {
    const orderBy = ({ subject }: FeedEvent) => {
      if (subject === undefined) throw new Error("secret");
      return subject === "" ? (undefined as never) : subject;
    };
    const queue = inboxQueue(memoryStores().inbox, "orders", { partitions: 4, orderBy });
    const without = { ...deliveryOf("a", "1").event, subject: undefined as never };

    const threw = { code: "config", message: expect.stringMatching(/`orderBy` .* threw$/) };
    await expect(queue.send([{ event: without, raw: 1 }])).rejects.toMatchObject(threw);
    const gave = { code: "config", message: expect.stringMatching(/neither a text nor a number/) };
    await expect(queue.send([deliveryOf("", "1")])).rejects.toMatchObject(gave);
  });

  it("refuses wrong options, and stores that keep no order, at once", () => {
    const { inbox } = memoryStores();
    const make =
      (options: object, of: object = inbox, name = "orders") =>
      () =>
        inboxQueue(of as never, name, options);

    expect(make({ partitions: 0 })).toThrow(/`partitions` must be a whole number from 1 to 256/);
    expect(make({ partitions: 257 })).toThrow(/`partitions`/);
    expect(make({ orderBy: "id" })).toThrow(/`orderBy` must be a function/);
    const { claimFirst: _, ...plain } = inbox;
    expect(make({ partitions: 2 }, plain)).toThrow(/cannot keep the order/);
    expect(make({ partitions: 2 }, inbox, "x".repeat(495))).toThrow(/`name` is too long/);
    expect(make({}, inbox, "orders (1 of 2)")).toThrow(/`name` must not end as/);
    expect(make({}, plain)()).not.toHaveProperty("partitions");
  });
});
