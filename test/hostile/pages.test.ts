import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isAckloopError } from "../../src/core/errors.ts";
import { type Delivery, type Feed, toPage } from "../../src/core/feed.ts";
import { kekker } from "../../src/providers/kekker/index.ts";
import { tiki } from "../../src/providers/tiki/index.ts";
import { workato } from "../../src/providers/workato/index.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { answering, endsWell, expectCleanPrototypes, holds, spoiltText } from "./support.ts";

interface Case {
  readonly provider: string;
  readonly item: (id: string) => object;
  readonly page: (items: string) => string;
  readonly feed: (fetch: typeof globalThis.fetch) => Feed;
}

const cases: readonly Case[] = [
  {
    provider: "Tiki",
    item: (id) => ({
      id,
      sid: "s",
      created_at: 1_600_000_000_000,
      type: "ORDER_CREATED_SUCCESSFULLY",
      payload: { order_code: "o" },
      version: "v1",
    }),
    page: (items) => `{"events":${items},"ack_id":"a"}`,
    feed: (fetch) => tiki({ token: "t", fetch }).feed("q"),
  },
  {
    provider: "Kekker",
    item: (id) => ({
      eventUid: id,
      event: "DealCreated",
      category: "Deals",
      timestamp: "2020-08-04T21:23:14.813",
      objectId: "o",
    }),
    page: (items) => `{"pageNumber":1,"pageSize":9,"totalRecords":9,"data":${items}}`,
    feed: (fetch) =>
      kekker({
        baseUrl: "https://node.example",
        channel: "c",
        login: "l",
        password: "p",
        fetch,
      }).feed(),
  },
  {
    provider: "Workato",
    item: (id) => ({ message_id: id, payload: { a: 1 }, time: "2023-04-14T15:07:14.437+00:00" }),
    page: (items) => `{"messages":${items}}`,
    feed: (fetch) =>
      workato({ token: "t", requestsPerMinute: Number.POSITIVE_INFINITY, fetch }).feed(1, {
        cursor: memoryStores().cursors,
        consumer: "c",
      }),
  },
];

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** Every delivery is a whole event, or says in a typed error why it is none. */
function expectDelivery({ event, unreadable }: Delivery): void {
  if (event === undefined) {
    expect(isAckloopError(unreadable) && unreadable.code).toBe("schema");
    return;
  }
  expect(event.specversion).toBe("1.0");
  expect(typeof event.id === "string" && event.id !== "").toBe(true);
  expect(typeof event.type === "string" && event.type !== "").toBe(true);
  expect(event.source.startsWith("/")).toBe(true);
  if (event.time !== undefined) expect(event.time).toMatch(rfc3339);
  if (event.subject !== undefined) expect(typeof event.subject).toBe("string");
}

describe.each(cases)("a page of $provider", ({ item, page, feed }) => {
  it("gives the good items around the bad ones, in their order", async () => {
    const bad = fc.array(spoiltText(item("bad")), { minLength: 1, maxLength: 4 });

    await holds(
      bad,
      async (texts) => {
        const good = texts.map((_, index) => `good-${index}`);
        const items = texts.flatMap((text, index) => [text, JSON.stringify(item(`good-${index}`))]);
        const body = page(`[${items.map((text) => text || "null").join(",")}]`);

        const deliveries = toPage(await feed(answering(body)).pull()).deliveries;

        for (const delivery of deliveries) expectDelivery(delivery);
        const ids = deliveries.map(({ event }) => event?.id ?? "");
        expect(ids.filter((id) => id.startsWith("good-"))).toEqual(good);
        expectCleanPrototypes();
      },
      150,
    );
  });

  it("that says in any way that nothing is there is an empty page, and no list is none", async () => {
    const answer = (body: string | null, status = 200) => {
      const source = feed(async () => new Response(body, { status }));
      return endsWell(async () => toPage(await source.pull()).deliveries);
    };

    for (const empty of [page("[]"), page("null"), "null"]) {
      expect(await answer(empty)).toEqual([]);
    }
    expect(await answer(null, 204)).toEqual([]);
    for (const none of ["", " ", "{}", page("{}"), page('""'), page("0")]) {
      expect(await answer(none)).toMatchObject({ code: "schema" });
    }
  });

  it("of millions of wrong items is one typed error, soon", async () => {
    const body = page(`[${"0,".repeat(1_500_000)}0]`);
    const begin = performance.now();

    const outcome = await endsWell(() => feed(answering(body)).pull());

    expect(outcome).toMatchObject({ name: "AckloopError", code: "schema" });
    expect(performance.now() - begin).toBeLessThan(6_000);
  });
});

describe("an event of Kekker whose id no path can hold", () => {
  it.each([".", "..", "\ud800"])(
    "is unreadable, and offers no ack that must fail: %j",
    async (id) => {
      const { item, page, feed } = cases[1] as Case;
      const body = page(JSON.stringify([item(id), item("good")]));

      const deliveries = toPage(await feed(answering(body)).pull()).deliveries;

      expect(deliveries.map(({ event }) => event?.id)).toEqual([undefined, "good"]);
      expect(deliveries[0]).toMatchObject({ unreadable: { code: "schema" } });
      expect(deliveries[0]?.receipt).toBeUndefined();
    },
  );
});
