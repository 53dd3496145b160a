import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isAckloopError } from "../../src/core/errors.ts";
import { type Delivery, toPage } from "../../src/core/feed.ts";
import { profiles } from "../providers/profiles.ts";
import { answering, endsWell, expectCleanPrototypes, holds, spoiltText } from "./support.ts";

const pulled = profiles.flatMap(({ title, feed }) => (feed ? [{ title, ...feed }] : []));
const unackable = pulled.flatMap((feed) =>
  (feed.unackable ?? []).map((id) => [feed.title, id, feed] as const),
);

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

describe.each(pulled)("a page of $title", ({ item, page, open }) => {
  it("gives the good items around the bad ones, in their order", async () => {
    const bad = fc.array(spoiltText(item("bad")), { minLength: 1, maxLength: 4 });

    await holds(
      bad,
      async (texts) => {
        const good = texts.map((_, index) => `good-${index}`);
        const items = texts.flatMap((text, index) => [text, JSON.stringify(item(`good-${index}`))]);
        const body = page(`[${items.map((text) => text || "null").join(",")}]`);

        const deliveries = toPage(await open({ fetch: answering(body) }).pull()).deliveries;

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
      const source = open({ fetch: async () => new Response(body, { status }) });
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

    const outcome = await endsWell(() => open({ fetch: answering(body) }).pull());

    expect(outcome).toMatchObject({ name: "AckloopError", code: "schema" });
    expect(performance.now() - begin).toBeLessThan(6_000);
  });
});

describe("an event whose id no ack can name", () => {
  it.each(unackable)(
    "is unreadable, and offers no ack that must fail: %s %j",
    async (_title, id, { item, page, open }) => {
      const body = page(JSON.stringify([item(id), item("good")]));

      const { deliveries } = toPage(await open({ fetch: answering(body) }).pull());

      expect(deliveries.map(({ event }) => event?.id)).toEqual([undefined, "good"]);
      expect(deliveries[0]).toMatchObject({ unreadable: { code: "schema" } });
      expect(deliveries[0]?.receipt).toBeUndefined();
    },
  );
});
