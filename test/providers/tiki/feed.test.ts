import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { type Delivery, type Receipt, toReceipt } from "../../../src/core/feed.ts";
import { tiki, tikiEvents } from "../../../src/providers/tiki/index.ts";
import documented from "./fixtures/assumed-documented-page.json" with { type: "json" };
import { type ScriptedAnswer, script } from "./script.ts";

const retry = { minDelayMs: 0, maxDelayMs: 0 };

function queueFeed(...answers: readonly ScriptedAnswer[]) {
  const { fetch, requests } = script(...answers);
  const feed = tiki({ token: "app-token", fetch, retry }).feed("q1");
  return { feed, requests };
}

function page(...events: readonly unknown[]) {
  return { events, ack_id: "a1" };
}

function refusal(status: number): Response {
  return Response.json({ errors: ["no"] }, { status });
}

function lastReceipt(deliveries: readonly Delivery[]): Receipt {
  const receipt = deliveries.at(-1)?.receipt;
  if (receipt === undefined) throw new Error("the last delivery has no receipt");
  return receipt;
}

describe("a feed", () => {
  it("declares what it is, and knows every documented event", () => {
    const { feed } = queueFeed();

    expect(feed).toMatchObject({
      name: "tiki/queues/q1",
      pulls: "unacked",
      acks: "cumulative",
      acksOnPull: true,
    });
    expect(feed.events).toStrictEqual(tikiEvents);
    expect(feed.waits).toBeUndefined();
  });

  it.each([
    ["a/../b", "a%2F..%2Fb"],
    ["ü x", "%C3%BC%20x"],
  ])("of the queue %s has its code encoded in name, source and path", async (code, encoded) => {
    const { fetch, requests } = script(page({ id: "e1", type: "T" }));
    const feed = tiki({ token: "t", fetch }).feed(code);

    const [delivery] = (await feed.pull()).deliveries;

    expect(feed.name).toBe(`tiki/queues/${encoded}`);
    expect(delivery?.event?.source).toBe(`/tiki/queues/${encoded}`);
    expect(requests[0]?.url).toBe(
      `https://api.tiki.vn/integration/v1/queues/${encoded}/events/pull`,
    );
  });

  it.each(["", ".", "..", "\ud800", undefined])("is refused for the queue code %j", (code) => {
    expect(() => tiki({ token: "t" }).feed(code as string)).toThrow(
      expect.objectContaining({ code: "config", operation: "feed" }),
    );
  });

  it.each([
    [{ schema: {} }, "option `schema` is unknown; known are events, token, refusedAck"],
    [{ events: { MY_TYPE: "text" } }, "that of MY_TYPE is none"],
    [{ events: { MY_TYPE: null } }, "that of MY_TYPE is none"],
    [{ refusedAck: "acked" }, '`refusedAck` must be "error" or "gone"'],
  ])("is refused with the options %j", (options, message) => {
    expect(() => tiki({ token: "t" }).feed("q1", options as never)).toThrow(
      expect.objectContaining({ code: "config", message: expect.stringContaining(message) }),
    );
  });

  it("takes further schemas, and others in place of Tiki's", () => {
    const mine = z.object({ a: z.string() });
    const strict = z.object({ order_code: z.string(), status: z.string() });

    const feed = tiki({ token: "t" }).feed("q1", {
      events: { MY_TYPE: mine, ORDER_STATUS_UPDATED: strict },
    });

    expect(feed.events).toStrictEqual({
      ...tikiEvents,
      MY_TYPE: mine,
      ORDER_STATUS_UPDATED: strict,
    });
  });
});

describe("a pull", () => {
  it("gives the whole page in its order, whatever the limit is, and one receipt at its end", async () => {
    const { feed } = queueFeed(documented);

    const deliveries = (await feed.pull({ limit: 1, waitMs: 60_000 })).deliveries;

    expect(deliveries.map(({ raw }) => raw)).toStrictEqual(documented.events);
    expect(deliveries.map(({ event }) => event?.id)).toStrictEqual(
      documented.events.map(({ id }) => id),
    );
    expect(deliveries.map(({ receipt }) => receipt)).toStrictEqual([
      undefined,
      undefined,
      undefined,
      toReceipt(documented.ack_id),
    ]);
  });

  it("gives an empty list for an empty page, with or without an ack_id", async () => {
    const { feed } = queueFeed({ events: [], ack_id: "a1" }, { events: [], ack_id: null });

    expect((await feed.pull()).deliveries).toStrictEqual([]);
    expect((await feed.pull()).deliveries).toStrictEqual([]);
  });

  it("carries on the ack_id of an empty page, once, and takes no second one for news", async () => {
    const { feed, requests } = queueFeed(
      { events: [], ack_id: "a1" },
      { events: [], ack_id: "a1" },
      { events: [], ack_id: "a1" },
      { events: [], ack_id: "a2" },
    );

    const first = await feed.pull();
    const second = await feed.pull({ ack: first.receipt });

    expect(first).toMatchObject({ deliveries: [], more: true });
    expect(second).toStrictEqual({ deliveries: [], bytes: second.bytes });
    expect(await feed.pull()).toStrictEqual(second);
    expect((await feed.pull()).receipt).toBeDefined();
    expect(requests.map(({ body }) => body)).toStrictEqual([
      { ack_id: null },
      { ack_id: "a1" },
      { ack_id: null },
      { ack_id: null },
    ]);
  });

  it("does not say that there is more behind an empty page whose ack_id was refused", async () => {
    const { feed } = queueFeed({ events: [], ack_id: "a1" }, refusal(400), {
      events: [],
      ack_id: "a2",
    });
    const { receipt } = await feed.pull();

    expect((await feed.pull({ ack: receipt })).more).toBeUndefined();
  });

  it("goes on without the ack_id of an empty page that is refused", async () => {
    const { feed, requests } = queueFeed(
      { events: [], ack_id: "a1" },
      refusal(400),
      page({ id: "e1", type: "T" }),
      refusal(400),
    );
    const { receipt } = await feed.pull();

    const { deliveries } = await feed.pull({ ack: receipt });

    expect(deliveries).toHaveLength(1);
    expect(requests.map(({ body }) => body)).toStrictEqual([
      { ack_id: null },
      { ack_id: "a1" },
      { ack_id: null },
    ]);
    expect(await feed.ack(receipt ? [receipt] : [])).toStrictEqual([{ status: "gone" }]);
  });

  it("carries an empty page on once more after one odd refusal, and no more after a second", async () => {
    const empty = { events: [], ack_id: "a1" };
    const { feed } = queueFeed(empty, refusal(400), empty, refusal(400), empty);
    const { receipt } = await feed.pull();

    const once = await feed.pull({ ack: receipt });
    const twice = await feed.pull({ ack: once.receipt });

    expect(once.receipt).toStrictEqual(receipt);
    expect(twice).toStrictEqual({ deliveries: [], bytes: JSON.stringify(empty).length });
  });

  it("tells how long a page is, never whether it is the last, and can read it anew", async () => {
    const { feed } = queueFeed(documented, { events: [] });

    const { deliveries, ...facts } = await feed.pull();

    expect(facts).toEqual({ bytes: JSON.stringify(documented).length });
    expect(deliveries.map((delivery) => delivery.again?.())).toEqual(deliveries);
    expect(await feed.pull()).toEqual({ deliveries: [], bytes: 13 });
  });

  it("delivers an unknown type, and keeps unknown fields in raw", async () => {
    const item = { id: "e1", type: "SOMETHING_NEW", payload: { x: 1 }, extra: [true] };
    const { feed } = queueFeed(page(item));

    expect((await feed.pull()).deliveries).toEqual([
      {
        receipt: toReceipt("a1"),
        raw: item,
        event: {
          specversion: "1.0",
          id: "e1",
          source: "/tiki/queues/q1",
          type: "SOMETHING_NEW",
          data: { x: 1 },
        },
      },
    ]);
  });

  it("gives a malformed item as unreadable, the receipt included, and the others unharmed", async () => {
    const good = { id: "e1", type: "T", payload: {} };
    const { feed } = queueFeed(page(good, { type: "T" }, good, null));

    const deliveries = (await feed.pull()).deliveries;

    expect(deliveries.map(({ event }) => event?.id)).toStrictEqual([
      "e1",
      undefined,
      "e1",
      undefined,
    ]);
    expect(deliveries[1]).toMatchObject({
      raw: { type: "T" },
      unreadable: { code: "schema", path: "events[1].id" },
    });
    expect(deliveries[3]).toMatchObject({
      raw: null,
      receipt: toReceipt("a1"),
      unreadable: { code: "schema", path: "events[3]" },
    });
  });

  it.each([null, undefined, ""])(
    "fails for a page of events with the ack_id %j, to be tried again",
    async (ack_id) => {
      const { feed } = queueFeed({ events: [{ id: "e1", type: "T" }], ack_id });

      await expect(feed.pull()).rejects.toMatchObject({
        code: "schema",
        path: "ack_id",
        retryable: true,
        message: "tiki pull: ack_id is missing from a page with events",
      });
    },
  );

  it("acknowledges nothing by itself, and is repeated when the server fails", async () => {
    const { feed, requests } = queueFeed(refusal(503), page());

    await feed.pull();

    expect(requests.map(({ body }) => body)).toStrictEqual([{ ack_id: null }, { ack_id: null }]);
  });

  it("carries an ack when it is told to, once", async () => {
    const { feed, requests } = queueFeed(page({ id: "e1", type: "T" }), refusal(503));
    const ack = lastReceipt((await feed.pull()).deliveries);

    await expect(feed.pull({ ack })).rejects.toMatchObject({ code: "transport", retryable: true });

    expect(requests.map(({ body }) => body)).toStrictEqual([{ ack_id: null }, { ack_id: "a1" }]);
  });

  it("that carried an ack and met an expired token may be tried again, without the ack", async () => {
    const tokens: (string | undefined)[] = [];
    const { fetch, requests } = script(refusal(401), refusal(401), page());
    const token = ({ refused }: { readonly refused?: string | undefined }) => {
      tokens.push(refused);
      return refused ? "new-token" : "old-token";
    };
    const feed = tiki({ token, fetch, retry }).feed("q1");

    await expect(feed.pull({ ack: toReceipt("a1") })).rejects.toMatchObject({
      code: "auth",
      status: 401,
      retryable: true,
    });
    await feed.pull();

    expect(requests).toMatchObject([
      { authorization: "Bearer old-token", body: { ack_id: "a1" } },
      { authorization: "Bearer old-token", body: { ack_id: null } },
      { authorization: "Bearer new-token", body: { ack_id: null } },
    ]);
    expect(tokens).toStrictEqual([undefined, undefined, "old-token"]);
  });

  it("that carried an ack and was forbidden is not to be tried again", async () => {
    const { feed } = queueFeed(refusal(403));

    await expect(feed.pull({ ack: toReceipt("a1") })).rejects.toMatchObject({
      code: "auth",
      retryable: false,
    });
  });

  it("uses the feed's own token where it has one", async () => {
    const { fetch, requests } = script(page(), { status: "ok" });
    const feed = tiki({ token: "app-token", fetch }).feed("q1", { token: "feed-token" });

    await feed.pull();
    await feed.ack([toReceipt("a1")]);

    expect(requests.map(({ authorization }) => authorization)).toStrictEqual([
      "Bearer feed-token",
      "Bearer feed-token",
    ]);
  });

  it("rejects with the reason of an abort, before and during the request", async () => {
    const before = new AbortController();
    const during = new AbortController();
    const { feed, requests } = queueFeed();
    const hanging = tiki({
      token: "t",
      fetch: (_input, init) =>
        new Promise((_resolve, reject) => {
          init?.signal?.addEventListener("abort", () => reject(init.signal?.reason));
          during.abort("during");
        }),
    }).feed("q1");

    before.abort("before");

    await expect(feed.pull({ signal: before.signal })).rejects.toBe("before");
    await expect(hanging.pull({ signal: during.signal })).rejects.toBe("during");
    expect(requests).toStrictEqual([]);
  });
});

describe("an ack", () => {
  it("sends the receipt, and is repeated when the answer is lost", async () => {
    const lost = new TypeError("fetch failed", {
      cause: Object.assign(new Error("socket hang up"), { code: "ECONNRESET" }),
    });
    const { feed, requests } = queueFeed(lost, { status: "ok" });

    expect(await feed.ack([toReceipt("a1")])).toStrictEqual([{ status: "acked" }]);
    expect(requests.map(({ url, body }) => [new URL(url).pathname, body])).toStrictEqual([
      ["/integration/v1/queues/q1/events/ack", { ack_id: "a1" }],
      ["/integration/v1/queues/q1/events/ack", { ack_id: "a1" }],
    ]);
  });

  it.each([[[]], [[toReceipt("a1"), toReceipt("a2")]]])(
    "takes exactly one receipt, not %j",
    async (receipts) => {
      const { feed, requests } = queueFeed();

      await expect(feed.ack(receipts)).rejects.toMatchObject({
        code: "config",
        message: `tiki ack: ack takes exactly one receipt, not ${receipts.length}`,
      });
      expect(requests).toStrictEqual([]);
    },
  );

  it("that is refused is an error, or by option gone", async () => {
    const { fetch } = script(refusal(400), refusal(400), refusal(404));
    const shop = tiki({ token: "t", fetch });
    const tolerant = shop.feed("q1", { refusedAck: "gone" });

    await expect(shop.feed("q1").ack([toReceipt("a1")])).rejects.toMatchObject({ code: "request" });
    expect(await tolerant.ack([toReceipt("a1")])).toStrictEqual([{ status: "gone" }]);
    await expect(tolerant.ack([toReceipt("a1")])).rejects.toMatchObject({ code: "notFound" });
  });
});
