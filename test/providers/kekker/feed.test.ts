import { describe, expect, it, vi } from "vitest";
import * as z from "zod/mini";
import { AckloopError } from "../../../src/core/errors.ts";
import type { Logger } from "../../../src/core/logger.ts";
import {
  type KekkerFeedOptions,
  kekker,
  kekkerEvents,
} from "../../../src/providers/kekker/index.ts";
import { memoryStores } from "../../../src/stores/index.ts";
import { deal, deals, pullIds, receiptsOf, startNode } from "./support.ts";

const names = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `e${from + index}`);

describe("a feed", () => {
  it("declares what it is, and knows every documented event", () => {
    const feed = startNode().client.feed();

    expect(feed).toMatchObject({
      name: "kekker/qrm1.test/demo-channel",
      pulls: "unacked",
      acks: "individual",
    });
    expect(feed.events).toStrictEqual(kekkerEvents);
    expect(feed).not.toHaveProperty("acksOnPull");
    expect(feed).not.toHaveProperty("waits");
  });

  it.each([
    ["https://qrm1.test", "a/b", undefined, "qrm1.test/a%2Fb", ""],
    ["https://qrm1.test:8443/", "c", "Deals", "qrm1.test%3A8443/c", "/Deals"],
    ["https://host.test/node%201//", "c", "a/b", "host.test/node%201/c", "/a%2Fb"],
  ])(
    "of %s and channel %s has its node in name and source",
    async (baseUrl, channel, category, place, end) => {
      const client = kekker({
        baseUrl,
        channel,
        token: "t",
        fetch: async () => Response.json({ data: [deal(1)] }),
      });

      const feed = client.feed({ category });
      const [delivery] = (await feed.pull()).deliveries;

      expect(feed.name).toBe(`kekker/${place}${end}`);
      // An event that two feeds list, the whole one and one of its category, is the same event.
      expect(delivery?.event?.source).toBe(`/kekker/${place}`);
    },
  );

  it.each([
    [{ cursor: memoryStores().cursors }, /`consumer` is required with a cursor store/],
    [{ cursor: memoryStores().cursors, consumer: "" }, /`consumer` must be a name/],
    [{ ackConcurrency: 0 }, /`ackConcurrency` must be a whole number from 1 to 1000/],
    [{ ackConcurrency: 1.5 }, /`ackConcurrency` must be/],
    [{ category: "" }, /`category` must be a text/],
    [{ events: { DealCreated: {} } }, /`events` must be .*; that of DealCreated is none/],
    [
      { concurrency: 5 },
      /`concurrency` is unknown; did you mean `ackConcurrency`|known are category, events/,
    ],
  ])("refuses the options %o", (options, message) => {
    const { client } = startNode();

    expect(() => client.feed(options as KekkerFeedOptions)).toThrow(
      expect.objectContaining({ code: "config", message: expect.stringMatching(message) }),
    );
  });
});

describe("a pull", () => {
  it("brings the unprocessed events, and acknowledges none", async () => {
    const { node, client, requests } = startNode();
    node.publish(deals(3));
    const feed = client.feed();

    expect(await pullIds(feed)).toStrictEqual(["e1", "e2", "e3"]);
    expect(await pullIds(client.feed())).toStrictEqual(["e1", "e2", "e3"]);

    expect(node.unprocessed()).toBe(3);
    expect(requests.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toStrictEqual([
      "GET /api/events",
      "GET /api/events",
    ]);
  });

  it("gives an empty list at once when there are none", async () => {
    expect(
      (await startNode().client.feed().pull({ waitMs: 60_000, limit: 5 })).deliveries,
    ).toStrictEqual([]);
  });

  it("of a category brings its events alone", async () => {
    const { node, client } = startNode();
    node.publish([deal(1), deal(2, { category: "Contracts" }), deal(3)]);

    expect(await pullIds(client.feed({ category: "Contracts" }))).toStrictEqual(["e2"]);
  });

  it("asks for as many as are wanted, in one request", async () => {
    const { node, client, requests } = startNode();
    node.publish(deals(20));

    expect(await pullIds(client.feed(), 12)).toStrictEqual(names(1, 12));
    expect(requests.map(({ url }) => new URL(url).search)).toStrictEqual(["?pageSize=12"]);
  });

  it("reads further pages where the node cuts them, up to the limit", async () => {
    const { node, client, requests } = startNode({ maxPageSize: 4 });
    node.publish(deals(20));

    expect(await pullIds(client.feed(), 10)).toStrictEqual(names(1, 10));
    expect(requests.map(({ url }) => new URL(url).search)).toStrictEqual([
      "?pageSize=10",
      "?pageNumber=2&pageSize=4",
      "?pageNumber=3&pageSize=4",
    ]);
  });

  it("reads them too where the node names the size it was asked for", async () => {
    const { node, client } = startNode({ maxPageSize: 4, pageSizeShown: "asked" });
    node.publish(deals(9));

    expect(await pullIds(client.feed(), 100)).toStrictEqual(names(1, 9));
  });

  it("asks for the next page where the list is a bare array, which tells no total", async () => {
    const { node, client, requests } = startNode({ maxPageSize: 4, listForm: "array" });
    node.publish(deals(9));

    expect(await pullIds(client.feed(), 100)).toStrictEqual(names(1, 9));
    expect(requests).toHaveLength(3);
  });

  it("ends where pages bring nothing new, or less than the total promises", async () => {
    let asked = 0;
    const answers = (data: readonly unknown[]) =>
      kekker({
        baseUrl: "https://qrm1.test",
        channel: "c",
        token: "t",
        fetch: async () => {
          asked += 1;
          return Response.json({ pageNumber: 1, totalRecords: 1_000, data });
        },
      }).feed();

    expect(await pullIds(answers([deal(1), deal(2)]), 100)).toStrictEqual(["e1", "e2"]);
    expect(asked).toBe(2);
    expect(await pullIds(answers([]), 100)).toStrictEqual([]);
    expect(asked).toBe(3);
  });

  it("ends at a short page, although the total promises more", async () => {
    const pages = [
      { pageNumber: 1, totalRecords: 1_000, data: deals(3) },
      { pageNumber: 2, totalRecords: 1_000, data: deals(2, 4) },
    ];
    const feed = kekker({
      baseUrl: "https://qrm1.test",
      channel: "c",
      token: "t",
      fetch: async () => Response.json(pages.shift() ?? expect.unreachable("a third request")),
    }).feed();

    expect(await pullIds(feed, 100)).toStrictEqual(names(1, 5));
  });

  it("gives an event once that stands on two pages, and takes one twice listed for one", async () => {
    const pages = [
      { pageNumber: 1, totalRecords: 5, data: [deal(1), deal(2), deal(1)] },
      { pageNumber: 2, totalRecords: 5, data: [deal(2), deal(3)] },
    ];
    const feed = kekker({
      baseUrl: "https://qrm1.test",
      channel: "c",
      token: "t",
      fetch: async () => Response.json(pages.shift()),
    }).feed();

    expect(await pullIds(feed, 5)).toStrictEqual(["e1", "e2", "e3"]);
  });

  it("gives no more than the limit, even where the node ignores it", async () => {
    const feed = kekker({
      baseUrl: "https://qrm1.test",
      channel: "c",
      token: "t",
      fetch: async () => Response.json({ totalRecords: 3, data: deals(3) }),
    }).feed();

    expect(await pullIds(feed, 2)).toStrictEqual(["e1", "e2"]);
    expect(await pullIds(feed)).toStrictEqual(["e1", "e2", "e3"]);
  });

  it("tells that there is more where it was cut, and that there is not where two facts say so", async () => {
    const { node, client } = startNode({ maxPageSize: 4 });
    node.publish(deals(3));

    const whole = await client.feed().pull({ limit: 100 });
    node.publish(deals(6, 4));
    const cut = await client.feed().pull();
    const walked = await client.feed().pull({ limit: 100 });

    expect(whole).toMatchObject({ more: false });
    expect(whole.bytes).toBeGreaterThan(100);
    expect(cut.more).toBeUndefined();
    expect(walked.deliveries).toHaveLength(9);
    expect(walked.more).toBeUndefined();
  });

  it.each([
    ["more than the limit", { totalRecords: 3, data: deals(3) }, true],
    ["a bare list", deals(2), undefined],
    ["a full page", { pageSize: 2, totalRecords: 2, data: deals(2) }, undefined],
    ["a short page of more", { pageSize: 5, totalRecords: 3, data: deals(2) }, undefined],
    ["another page", { pageNumber: 2, pageSize: 5, totalRecords: 2, data: deals(2) }, undefined],
    ["nothing at all", { pageSize: 5, totalRecords: 0, data: [] }, false],
  ])("guesses nothing from %s", async (_name, body, more) => {
    const fetch = async () => Response.json(body);
    const node = kekker({ baseUrl: "https://qrm1.test", channel: "c", token: "t", fetch });

    expect((await node.feed().pull({ limit: 2 })).more).toBe(more);
  });

  it("brings deliveries that can be read anew, from whichever page", async () => {
    const { node, client } = startNode({ maxPageSize: 2 });
    node.publish([...deals(4), deal(5, { shown: { eventUid: "e5", event: 7 } })]);

    const { deliveries } = await client.feed().pull({ limit: 9 });

    expect(deliveries).toHaveLength(5);
    expect(deliveries.map((delivery) => delivery.again?.())).toEqual(deliveries);
  });

  it.each([0, -1, 1.5, Number.POSITIVE_INFINITY])("refuses the limit %d", async (limit) => {
    await expect(startNode().client.feed().pull({ limit })).rejects.toMatchObject({
      code: "config",
      message: "kekker pull: limit must be a whole number from 1",
    });
  });

  it("delivers a malformed item as unreadable among the good ones, and it can be acknowledged", async () => {
    const { node, client } = startNode();
    node.publish([deal(1), deal(2, { shown: { eventUid: "e2", event: 7 } }), deal(3)]);
    node.publish([deal(4, { shown: { event: "DealCreated" } }), deal(5)]);
    const feed = client.feed();

    const deliveries = (await feed.pull()).deliveries;

    expect(deliveries.map(({ event, unreadable }) => event?.id ?? unreadable?.path)).toStrictEqual([
      "e1",
      "data[1].event",
      "e3",
      "data[3].eventUid",
      "e5",
    ]);
    const receipt = deliveries[1]?.receipt;
    expect(receipt && (await feed.ack([receipt]))).toStrictEqual([{ status: "acked" }]);
    expect(deliveries[3]?.receipt).toBeUndefined();
  });

  it("reads a node that speaks as the guide does", async () => {
    const { node, client } = startNode({
      listForm: "array",
      memberCase: "pascal",
      times: "full",
      ackReply: "quoted",
    });
    node.publish([deal(1, { event: "DealsCreated" })]);
    const feed = client.feed();

    const [delivery] = (await feed.pull()).deliveries;

    expect(delivery?.event).toStrictEqual({
      specversion: "1.0",
      id: "e1",
      source: "/kekker/qrm1.test/demo-channel",
      type: "DealCreated",
      time: "2020-08-04T00:00:01.0000000Z",
      subject: "deal-1",
      data: { category: "Deals", objectId: "deal-1", localObjectId: "1" },
    });
    expect(delivery?.raw).toStrictEqual({
      ObjectId: "deal-1",
      LocalObjectId: 1,
      EventUid: "e1",
      Event: "DealsCreated",
      Category: "Deals",
      Timestamp: "2020-08-04T00:00:01.0000000+00:00",
    });
  });

  it("knows the schemas of a user's own", async () => {
    const { node, client } = startNode();
    node.publish([deal(1, { category: "Contracts", event: "contractSigned" })]);
    const events = { ContractSigned: z.object({ objectId: z.string() }) };

    const feed = client.feed({ events });

    expect(feed.events).toStrictEqual({ ...kekkerEvents, ...events });
    expect((await feed.pull()).deliveries[0]?.event?.type).toBe("ContractSigned");
  });

  it("rejects with the signal's reason, and cuts the request", async () => {
    const { node, client } = startNode();
    node.faults.add({ kind: "delay", ms: 60_000 });
    const controller = new AbortController();
    const reason = new Error("enough");

    const pulled = client.feed().pull({ signal: controller.signal });
    setTimeout(() => controller.abort(reason), 1);

    await expect(pulled).rejects.toBe(reason);
    expect(node.journal.totals().delivered).toBe(0);
  });

  it("brings every event of a list that has no order, whichever are acknowledged", async () => {
    const { node, client } = startNode({ listOrder: "none", maxPageSize: 7 });
    node.publish(deals(60));
    const feed = client.feed();
    const seen = new Set<string>();

    for (let pulls = 0; node.unprocessed() > 0 && pulls < 100; pulls += 1) {
      const ids = (await pullIds(feed, 10)).map(String);
      for (const id of ids) seen.add(id);
      await feed.ack(receiptsOf(...ids.filter((_, index) => index % 2 === 0)));
    }

    expect(seen).toStrictEqual(new Set(names(1, 60)));
    expect(node.unprocessed()).toBe(0);
  });
});

describe("ten stuck events at the head", () => {
  it.each([100, 6])(
    "do not starve the rest when the limit grows past them (pages of %i)",
    async (maxPageSize) => {
      const { node, client } = startNode({ maxPageSize });
      node.publish(deals(100));
      const feed = client.feed();
      const stuck = new Set(names(1, 10));
      const handled = new Set<string>();

      for (let pulls = 0; handled.size < 90 && pulls < 20; pulls += 1) {
        const ids = (await pullIds(feed, 10 + stuck.size)).map(String);
        const good = ids.filter((id) => !stuck.has(id));
        for (const id of good) handled.add(id);
        await feed.ack(receiptsOf(...good));
      }

      expect(handled).toStrictEqual(new Set(names(11, 100)));
      expect(node.unprocessed()).toBe(10);
    },
  );
});

describe("an ack", () => {
  it("gives one verdict each, in order: acknowledged, or gone", async () => {
    const { node, client } = startNode();
    node.publish(deals(3));
    const feed = client.feed();

    const report = await feed.ack(receiptsOf("e2", "never", "e1", "e2"));

    expect(report.map(({ status }) => status)).toStrictEqual(["acked", "gone", "acked", "gone"]);
    expect(await pullIds(client.feed())).toStrictEqual(["e3"]);
  });

  it("of nothing makes no request", async () => {
    const { client, requests } = startNode();

    expect(await client.feed().ack([])).toStrictEqual([]);
    expect(requests).toHaveLength(0);
  });

  it("takes the receipt of a pull in another process", async () => {
    const { node, client } = startNode();
    node.publish([deal(1, { eventUid: "a/b? #%ü" })]);
    const [delivery] = (await client.feed().pull()).deliveries;

    const other = kekker({
      baseUrl: "https://qrm1.test",
      channel: "demo-channel",
      login: "demo-login",
      password: "demo-password",
      fetch: node.fetch,
    });
    const receipt = delivery?.receipt;

    expect(receipt && (await other.feed().ack([receipt]))).toStrictEqual([{ status: "acked" }]);
    expect(node.journal.ackedIds()).toStrictEqual(["a/b? #%ü"]);
  });

  it("that fails leaves the others unharmed, and has its error", async () => {
    const { node, client } = startNode({}, { retry: { attempts: 1 } });
    node.publish(deals(3));
    node.faults.add({ kind: "status", status: 500, operation: "ack", after: 1, count: 1 });

    const report = await client.feed({ ackConcurrency: 1 }).ack(receiptsOf("e1", "e2", "e3", ".."));

    expect(report).toMatchObject([
      { status: "acked" },
      { status: "failed", error: { code: "transport", status: 500, retryable: true } },
      { status: "acked" },
      { status: "failed", error: { code: "config" } },
    ]);
    expect(await pullIds(client.feed())).toStrictEqual(["e2"]);
  });

  it("whose answer was lost is repeated, and the event found gone", async () => {
    const { node, client } = startNode();
    node.publish(deals(1));
    node.faults.add({ kind: "lostReply", operation: "ack", count: 1 });

    expect(await client.feed().ack(receiptsOf("e1"))).toStrictEqual([{ status: "gone" }]);
    expect(node.unprocessed()).toBe(0);
  });

  it("is never gone on the word of a gateway that has no such path", async () => {
    const { node, client } = startNode();
    node.publish(deals(1));
    node.faults.add({ kind: "html", status: 404, operation: "ack" });

    const [verdict] = await client.feed().ack(receiptsOf("e1"));

    expect(verdict).toMatchObject({ status: "failed", error: { code: "transport", status: 404 } });
    expect(node.unprocessed()).toBe(1);
  });

  it("is never gone because a credential was refused", async () => {
    const { node, client } = startNode(
      { unauthorizedBody: '{"errorMessage":"Event not found"}' },
      { password: "wrong" },
    );
    node.publish(deals(1));

    expect(await client.feed().ack(receiptsOf("e1"))).toMatchObject([
      { status: "failed", error: { code: "auth", status: 401 } },
    ]);
  });

  it("rejects with the signal's reason", async () => {
    const { node, client } = startNode();
    node.publish(deals(1));
    node.faults.add({ kind: "delay", ms: 60_000, operation: "ack" });
    const controller = new AbortController();
    // A reason that is an error of ours must not be taken for the verdict on an event.
    const reason = new AckloopError("leaseLost", "enough");

    const acked = client.feed().ack(receiptsOf("e1"), { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 1);

    await expect(acked).rejects.toBe(reason);
  });

  it("of many leaves no listener on the signal, and never has more than one there", async () => {
    const { node, client } = startNode();
    node.publish(deals(60));
    const { signal } = new AbortController();
    const listeners = new Set<unknown>();
    let most = 0;
    vi.spyOn(signal, "addEventListener").mockImplementation((_type, listener) => {
      most = Math.max(most, listeners.add(listener).size);
    });
    vi.spyOn(signal, "removeEventListener").mockImplementation((_type, listener) => {
      listeners.delete(listener);
    });

    await client.feed().ack(receiptsOf(...names(1, 60)), { signal });

    expect(node.unprocessed()).toBe(0);
    expect(most).toBe(1);
    expect(listeners.size).toBe(0);
  });

  it("does not start once the signal has fired", async () => {
    const { node, client } = startNode();
    node.publish(deals(1));
    const reason = new Error("enough");

    const acked = client.feed().ack(receiptsOf("e1"), { signal: AbortSignal.abort(reason) });

    await expect(acked).rejects.toBe(reason);
    expect(node.journal.calls()).toBe(0);
  });

  it("does not hide a bug", async () => {
    const { client } = startNode(
      {},
      {
        fetch: () => {
          throw new RangeError("a bug");
        },
      },
    );

    await expect(client.feed().ack(receiptsOf("e1"))).rejects.toThrow(RangeError);
  });

  it.each([
    [undefined, 50],
    [7, 7],
  ])(
    "with ackConcurrency %s has %i requests under way at once, and no more",
    async (ackConcurrency, most) => {
      let open = 0;
      let seen = 0;
      const { client } = startNode(
        {},
        {
          fetch: async () => {
            open += 1;
            seen = Math.max(seen, open);
            await new Promise((resolve) => setTimeout(resolve, 1));
            open -= 1;
            return new Response("");
          },
        },
      );

      const report = await client.feed({ ackConcurrency }).ack(receiptsOf(...names(1, 120)));

      expect(report.every(({ status }) => status === "acked")).toBe(true);
      expect(report).toHaveLength(120);
      expect(seen).toBe(most);
    },
  );
});

describe("two feeds of one client", () => {
  it("share nothing, and neither logs", async () => {
    const told: string[] = [];
    const tell = (message: string) => told.push(message);
    const logger: Logger = { debug: tell, info: tell, warn: tell, error: tell };
    const { node, client } = startNode({}, { logger });
    node.publish(deals(2));
    const [one, two] = [client.feed(), client.feed()];

    expect(await pullIds(one)).toStrictEqual(await pullIds(two));
    await one.ack(receiptsOf("e1"));

    expect(await pullIds(two)).toStrictEqual(["e2"]);
    expect(told).toStrictEqual([]);
  });
});
