import { describe, expect, it } from "vitest";
import { AckloopError } from "../../src/core/errors.ts";
import type { FeedEvent } from "../../src/core/event.ts";
import { EventPage } from "../../src/core/event-page.ts";
import { type Delivery, toReceipt } from "../../src/core/feed.ts";
import { parseJson } from "../../src/core/json.ts";

interface Item {
  readonly id?: string;
  readonly data?: { changed?: unknown; readonly big?: unknown };
}

const unreadable = new AckloopError("schema", "no id");
const itemsOf = (body: unknown) => (body as { readonly items: readonly unknown[] }).items;

function toEvent(item: unknown): FeedEvent | AckloopError {
  const { id, data } = item as Item;
  if (id === undefined) return unreadable;
  return { specversion: "1.0", id, source: "/s", type: "T", data };
}

/** The deliveries of a page; each item has its place as its receipt. */
function deliver(text: string): readonly Delivery[] {
  const page = new EventPage({ items: () => itemsOf(parseJson(text)), toEvent });
  return itemsOf(parseJson(text)).map((item, index) =>
    page.deliver(index, item, toEvent(item), toReceipt(index)),
  );
}

const text = '{"items":[{"id":"a","data":{"big":9007199254740993}},{"data":{}},{"id":"b"}]}';

describe("a delivery of a page", () => {
  it("is the same when it is read anew, as often as is asked", () => {
    const deliveries = deliver(text);

    const once = deliveries.map((delivery) => delivery.again?.());
    const twice = once.map((delivery) => delivery?.again?.());

    expect(once).toEqual(deliveries);
    expect(twice).toEqual(deliveries);
    expect(once[0]?.event?.data).toEqual({ big: "9007199254740993" });
  });

  it("is read anew as it came, whatever was done to it and to what was read before", () => {
    const [first, second] = deliver(text);
    const spoil = (delivery: Delivery | undefined) => {
      const raw = delivery?.raw as { data: { changed?: unknown } };
      raw.data.changed = true;
      return delivery?.again?.();
    };

    const again = spoil(spoil(spoil(first)));

    expect(again?.event?.data).toEqual({ big: "9007199254740993" });
    expect(again?.raw).toEqual({ id: "a", data: { big: "9007199254740993" } });
    expect(spoil(second)?.raw).toEqual({ data: {} });
  });

  it("shows its facts alone, and not its page", () => {
    const [first, second] = deliver(text);

    expect(JSON.stringify(first)).not.toContain('"items"');
    expect(Object.keys({ ...second })).toEqual(["event", "unreadable", "raw", "receipt"]);
    expect(second?.unreadable).toBe(unreadable);
  });
});
