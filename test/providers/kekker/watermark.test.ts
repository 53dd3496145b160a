import { describe, expect, it } from "vitest";
import { AckloopError } from "../../../src/core/errors.ts";
import type { Receipt } from "../../../src/core/feed.ts";
import type { Logger } from "../../../src/core/logger.ts";
import type { CursorStore } from "../../../src/core/stores.ts";
import type { KekkerAssumptions } from "../../../src/emulator/kekker/assumptions.ts";
import { drain } from "../../../src/index.ts";
import { memoryStores } from "../../../src/stores/index.ts";
import { deals, pullIds, receiptsOf, startNode, timeOf } from "./support.ts";

const key = { consumer: "billing", feed: "kekker/qrm1.test/demo-channel" };

/** A node with four deals, and a feed that keeps its watermark in a store. */
function startFeed(cursor: CursorStore, assumptions: Partial<KekkerAssumptions> = {}) {
  const told: unknown[] = [];
  const warn = (message: string, details: unknown) => told.push([message, details]);
  const ignore = () => undefined;
  const logger: Logger = { debug: ignore, info: ignore, warn, error: ignore };
  const { node, client } = startNode(assumptions, { logger });
  node.publish(deals(4));
  return {
    node,
    client,
    told,
    feed: client.feed({ cursor, consumer: "billing", ackConcurrency: 1 }),
  };
}

const watermark = (number: number) => `${timeOf(number)}Z`;

describe("the watermark", () => {
  it("is the earliest time that the acks of a call were answered, saved once for the call", async () => {
    const { cursors } = memoryStores();
    const { feed } = startFeed(cursors);

    await feed.ack(receiptsOf("e1", "e2", "e3"));

    // The replies named the events 2, 3 and 4: replies overtake each other, so the earliest counts.
    expect(await cursors.load(key)).toStrictEqual({ value: watermark(2), revision: 1 });
  });

  it("follows the next acks, and stays at its last place when nothing is left", async () => {
    const { cursors } = memoryStores();
    const { feed } = startFeed(cursors);

    await feed.ack(receiptsOf("e1"));
    await feed.ack(receiptsOf("e2", "e3"));
    expect(await cursors.load(key)).toStrictEqual({ value: watermark(3), revision: 2 });
    await feed.ack(receiptsOf("e4"));

    expect(await cursors.load(key)).toStrictEqual({ value: watermark(3), revision: 2 });
  });

  it.each(["", "null", "0001-01-01T00:00:00", '"9999-12-31T23:59:59.9999999"'])(
    "is the newest time of the acks of a call that are answered that nothing is left: %j",
    async (ackReplyWhenEmpty) => {
      const { cursors } = memoryStores();
      const { feed, client } = startFeed(cursors, { ackReplyWhenEmpty });
      const receipts = (await feed.pull()).deliveries.map(({ receipt }) => receipt as Receipt);

      for (const receipt of receipts) await feed.ack([receipt]);
      const saved = await cursors.load(key);
      await client.events.reset(saved?.value ?? "none");

      expect(saved?.value).toBe(watermark(4));
      expect(await pullIds(feed)).toStrictEqual(["e4"]);
    },
  );

  it("is saved too where each ack empties the list, so that there is one to reset to", async () => {
    const { cursors } = memoryStores();
    const { node, client } = startNode();
    const feed = client.feed({ cursor: cursors, consumer: "billing" });
    for (const event of deals(3)) {
      node.publish([event]);
      await drain(feed, () => undefined, { unprocessable: "drop" });
    }

    const saved = await cursors.load(key);
    await client.events.reset(saved?.value ?? "none");

    expect(await pullIds(feed)).toStrictEqual(["e3"]);
  });

  it("is not written again where it has not moved", async () => {
    const { cursors } = memoryStores();
    const { feed } = startFeed(cursors);

    await feed.ack(receiptsOf("e2"));
    await feed.ack(receiptsOf("e3"));

    expect(await cursors.load(key)).toStrictEqual({ value: watermark(1), revision: 1 });
  });

  it("goes back when the node does", async () => {
    const { cursors } = memoryStores();
    const { feed, client } = startFeed(cursors);
    await feed.ack(receiptsOf("e1", "e2"));
    await feed.ack(receiptsOf("e3"));

    await client.events.reset(timeOf(1));
    await feed.ack(receiptsOf("e4"));

    expect(await cursors.load(key)).toMatchObject({ value: watermark(1) });
  });

  it("is the documented recovery: a reset to it brings back what the crash may have lost", async () => {
    const { cursors } = memoryStores();
    const { feed, client } = startFeed(cursors);
    await feed.ack(receiptsOf("e1", "e2"));
    await feed.ack(receiptsOf("e3"));
    const saved = await cursors.load({ consumer: "billing", feed: feed.name });

    await client.events.reset(saved?.value ?? "none");

    expect(await pullIds(client.feed())).toStrictEqual(["e4"]);
    expect(saved?.value).toBe(watermark(4));
  });

  it("is kept for each consumer and feed", async () => {
    const { cursors } = memoryStores();
    const { client } = startFeed(cursors);

    await client.feed({ cursor: cursors, consumer: "audit" }).ack(receiptsOf("e1"));
    await client
      .feed({ cursor: cursors, consumer: "billing", category: "Deals" })
      .ack(receiptsOf("e2"));

    expect(await cursors.load(key)).toBeUndefined();
    expect(await cursors.load({ ...key, consumer: "audit" })).toMatchObject({
      value: watermark(2),
    });
    expect(await cursors.load({ ...key, feed: `${key.feed}/Deals` })).toMatchObject({
      value: watermark(3),
    });
  });
});

describe("two processes that save one watermark", () => {
  /** Another process saves this right after the load, before the acks are sent. */
  function rivalled(cursors: CursorStore, value: string): CursorStore {
    return {
      async load(...args) {
        const loaded = await cursors.load(...args);
        await cursors.save(key, value, loaded?.revision ?? 0);
        return loaded;
      },
      save: (...args) => cursors.save(...args),
    };
  }

  it.each([
    ["an earlier one, which stays", 1, 1, 1],
    ["the same, which stays", 2, 2, 1],
    ["a later one, which gives way", 4, 2, 2],
  ])("meet at the earlier: %s", async (_what, theirs, expected, revision) => {
    const { cursors } = memoryStores();
    const { feed, told } = startFeed(rivalled(cursors, watermark(theirs)));

    expect(await feed.ack(receiptsOf("e1"))).toStrictEqual([{ status: "acked" }]);

    expect(await cursors.load(key)).toStrictEqual({ value: watermark(expected), revision });
    expect(told).toStrictEqual([]);
  });

  it("never leave it later than the earliest unprocessed event, and let it advance", async () => {
    const { cursors } = memoryStores();
    const { node, client } = startFeed(cursors);
    node.publish(deals(196, 5));
    node.faults.add({ kind: "delay", ms: 2, operation: "ack", probability: 0.5 });
    const feeds = [1, 2, 3].map(() => client.feed({ cursor: cursors, consumer: "billing" }));
    const late: string[] = [];

    for (let start = 1; start <= 180; start += 12) {
      await Promise.all(
        feeds.map(async (feed, index) => {
          const first = start + index * 4;
          await feed.ack(receiptsOf(...[0, 1, 2, 3].map((step) => `e${first + step}`)));
        }),
      );
      const saved = await cursors.load(key);
      if ((saved?.value ?? "") > watermark(start + 12)) late.push(`${saved?.value}`);
    }

    expect(late).toStrictEqual([]);
    expect((await cursors.load(key))?.value.localeCompare(watermark(160))).toBe(1);
  });

  it("give up after five saves, and say so", async () => {
    let saves = 0;
    const contended: CursorStore = {
      load: async () => undefined,
      save: async () => {
        saves += 1;
        return { status: "conflict", current: { value: watermark(9), revision: saves } };
      },
    };
    const { feed, told } = startFeed(contended);

    expect(await feed.ack(receiptsOf("e1"))).toStrictEqual([{ status: "acked" }]);

    expect(saves).toBe(5);
    expect(told).toStrictEqual([
      ["kekker ack: the watermark was not saved: others save it all the time", key],
    ]);
  });

  it("begin anew where the saved one was removed", async () => {
    const { cursors } = memoryStores();
    let loads = 0;
    const removed: CursorStore = {
      load: async () => {
        loads += 1;
        return { value: watermark(1), revision: 7 };
      },
      save: (...args) => cursors.save(...args),
    };
    const { feed } = startFeed(removed);

    await feed.ack(receiptsOf("e1"));

    expect(loads).toBe(1);
    expect(await cursors.load(key)).toStrictEqual({ value: watermark(2), revision: 1 });
  });
});

describe("a store that fails", () => {
  const down = async (): Promise<never> => {
    throw new TypeError("connect to postgres://user:secret@db");
  };

  it("on load leaves the acks as they are, and is told without its text", async () => {
    let saves = 0;
    const save = async () => {
      saves += 1;
      return { status: "saved", revision: 1 } as const;
    };
    const { feed, told, node } = startFeed({ load: down, save });

    expect(await feed.ack(receiptsOf("e1"))).toStrictEqual([{ status: "acked" }]);

    expect(node.journal.ackedIds()).toStrictEqual(["e1"]);
    expect(saves).toBe(0);
    expect(told).toStrictEqual([
      ["kekker ack: the watermark could not be loaded", { ...key, cause: "TypeError" }],
    ]);
  });

  it("on save leaves the acks as they are, and is told with the text of our own errors", async () => {
    const refuse = async (): Promise<never> => {
      throw new AckloopError("transport", "the file is full", { provider: "fileStores" });
    };
    const { feed, told } = startFeed({ load: async () => undefined, save: refuse });

    expect(await feed.ack(receiptsOf("e1", "unknown"))).toStrictEqual([
      { status: "acked" },
      { status: "gone" },
    ]);

    expect(told).toStrictEqual([
      [
        "kekker ack: the watermark could not be saved",
        { ...key, cause: "fileStores: the file is full" },
      ],
    ]);
  });

  it("needs no logger", async () => {
    const { node, client } = startNode();
    node.publish(deals(1));
    const feed = client.feed({ cursor: { load: down, save: down }, consumer: "billing" });

    expect(await feed.ack(receiptsOf("e1"))).toStrictEqual([{ status: "acked" }]);
  });

  it("because the call was cut rejects with the signal's reason, and sends no ack", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const load = async (): Promise<never> => {
      controller.abort(reason);
      throw new Error("aborted");
    };
    const { feed, node } = startFeed({ load, save: down });

    await expect(feed.ack(receiptsOf("e1"), { signal: controller.signal })).rejects.toBe(reason);
    expect(node.journal.calls("ack")).toBe(0);
  });

  it("in the middle of a save still gives the verdicts, since the acks have happened", async () => {
    const controller = new AbortController();
    const save = async (): Promise<never> => {
      controller.abort(new Error("enough"));
      throw controller.signal.reason;
    };
    const { feed } = startFeed({ load: async () => undefined, save });

    expect(await feed.ack(receiptsOf("e1"), { signal: controller.signal })).toStrictEqual([
      { status: "acked" },
    ]);
  });
});

describe("an ack's reply without a time", () => {
  it.each(["", "null", "0001-01-01T00:00:00", "soon"])("%j moves no watermark", async (reply) => {
    const { cursors } = memoryStores();
    const { feed } = startFeed(cursors, { ackReplyWhenEmpty: reply });
    await feed.ack(receiptsOf("e1", "e2"));

    await feed.ack(receiptsOf("e3", "e4").toReversed());
    await feed.ack(receiptsOf("e3"));

    expect(await cursors.load(key)).toMatchObject({ value: watermark(3) });
  });
});

describe("the recovery by the watermark of a backup", () => {
  it("brings back every event since the backup, those that were acknowledged among them", async () => {
    const { cursors } = memoryStores();
    const { client, feed } = startFeed(cursors);
    const handled: string[] = [];
    const handle = ({ id }: { readonly id: string }) => void handled.push(id);
    await drain(feed, handle, { limit: 2 });
    const backup = await cursors.load(key);
    await drain(feed, handle);
    expect(await pullIds(feed)).toEqual([]);

    if (backup) await client.events.reset(backup.value);
    await drain(feed, handle);

    expect(handled.slice(0, 4)).toEqual(["e1", "e2", "e3", "e4"]);
    // The watermark is the earliest that the acks were answered: one event too many, and none too few.
    expect(new Set(handled.slice(4))).toEqual(new Set(["e2", "e3", "e4"]));
  });
});
