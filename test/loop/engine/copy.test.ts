import { describe, expect, it, vi } from "vitest";
import type { FeedEvent } from "../../../src/core/event.ts";
import type { Delivery, ReadableDelivery } from "../../../src/core/feed.ts";
import { toReceipt } from "../../../src/core/feed.ts";
import { asItCame, toGiven } from "../../../src/loop/engine/copy.ts";
import { Entry } from "../../../src/loop/engine/entry.ts";
import { testEvent } from "../../../src/testing/memory-feed.ts";

/** An entry whose event and raw share their data. */
function entryOf(facts: Partial<Delivery> = {}): Entry {
  const data = { list: [1] };
  const delivery = { event: testEvent("a", { data }), raw: { data }, ...facts } as Delivery;
  return new Entry("/memory a", delivery, { bytes: 0, openedAt: 0, held: 0 });
}

/** An event whose members are its class's. */
class ClassEvent implements FeedEvent {
  readonly #row = { id: "a", data: { list: [1] } };
  readonly specversion = "1.0";
  readonly source = "/memory";
  get id() {
    return this.#row.id;
  }
  get type() {
    return "order";
  }
  get data() {
    return this.#row.data;
  }
}

class Money {
  readonly cents = 5;
}

const fresh = (): Delivery => ({ event: testEvent("a", { data: { list: [1] } }), raw: {} });
const dataOf = (delivery: Delivery): unknown => delivery.event?.data;

describe("the delivery for an attempt", () => {
  it("is a copy where the feed cannot read it anew, in which what was shared stays shared", () => {
    const entry = entryOf();

    const given = toGiven(entry);

    expect(given).toEqual(entry.delivery);
    expect(given.event).not.toBe(entry.delivery.event);
    expect((given.raw as { data: unknown }).data).toBe(dataOf(given));
  });

  it("is a copy of its own for each attempt", () => {
    const entry = entryOf();

    expect(toGiven(entry).event).not.toBe(toGiven(entry).event);
  });

  it("is what came first where the feed can, and read anew from then on", () => {
    const again = vi.fn(fresh);
    const entry = entryOf({ again });

    const given = toGiven(entry) as ReadableDelivery;
    entry.given = given;
    expect(given).toBe(entry.delivery);
    expect(again).not.toHaveBeenCalled();

    expect(toGiven(entry)).toEqual(fresh());
    expect(again).toHaveBeenCalledTimes(1);
  });

  it("keeps the receipt and the feed's facts", () => {
    const entry = entryOf({ attempt: 3, leaseMs: 100 });

    expect(toGiven(entry)).toMatchObject({ attempt: 3, leaseMs: 100 });
  });

  it("holds a copy of the event where the raw alone cannot be copied", () => {
    let deep: unknown = {};
    for (let depth = 0; depth < 100_000; depth += 1) deep = [deep];
    const entry = entryOf({ raw: deep });

    const given = toGiven(entry);

    expect(given.event).toEqual(entry.delivery.event);
    expect(given.event).not.toBe(entry.delivery.event);
    expect(given.raw).toBe(entry.delivery.raw);
  });

  it("is handed on as it is where it cannot be copied", () => {
    const data = Object.defineProperty({}, "odd", {
      get: () => {
        throw new Error("odd");
      },
      enumerable: true,
    });
    const entry = entryOf({ event: testEvent("a", { data }) });

    expect(toGiven(entry)).toBe(entry.delivery);
  });

  it("holds an event of a class as it came, and what is behind a prototype in its data", () => {
    const entry = entryOf({ event: new ClassEvent() });
    const money = entryOf({ event: testEvent("a", { data: { price: new Money(), list: [1] } }) });

    expect(toGiven(entry).event).toBe(entry.delivery.event);
    expect(dataOf(toGiven(money))).toEqual({ price: new Money(), list: [1] });
    expect(dataOf(toGiven(money))).not.toBe(dataOf(money.delivery));
  });

  it("has all that a delivery of a class has", () => {
    const { event } = fresh();
    class ClassDelivery {
      readonly #facts = { event, raw: [2], receipt: toReceipt(1), attempt: 3, idDerived: true };
      get event() {
        return this.#facts.event;
      }
      get raw() {
        return this.#facts.raw;
      }
      get receipt() {
        return this.#facts.receipt;
      }
      get attempt() {
        return this.#facts.attempt;
      }
      get idDerived() {
        return this.#facts.idDerived;
      }
    }
    const delivery = new ClassDelivery() as Delivery;
    const entry = new Entry("/memory a", delivery, { bytes: 0, openedAt: 0, held: 0 });

    const given = toGiven(entry);

    expect(given).toMatchObject({ event, raw: [2], receipt: 1, attempt: 3, idDerived: true });
    expect(given.event).not.toBe(event);
  });
});

describe("the delivery as it came", () => {
  it("is read anew where the feed can", () => {
    const entry = entryOf({ again: fresh });
    Object.assign(entry.delivery.event ?? {}, { type: "changed" });

    expect(asItCame(entry)).toEqual(fresh());
  });

  it.each([
    ["nothing", () => undefined],
    ["a number", () => 5],
    ["an empty object", () => ({})],
    ["what it cannot read", () => ({ unreadable: new Error("odd"), raw: {} })],
    ["another event", () => ({ event: testEvent("b"), raw: {} })],
    ["an event of another source", () => ({ event: { ...testEvent("a"), source: "/b" }, raw: {} })],
    ["an event without a type", () => ({ event: { ...testEvent("a"), type: undefined }, raw: {} })],
    ["a promise", async () => fresh()],
    ["a promise that rejects", () => Promise.reject(new Error("later"))],
  ])("is the entry's own where the feed reads %s anew", (_, again) => {
    const entry = entryOf({ again: again as () => Delivery });

    expect(asItCame(entry)).toBe(entry.delivery);
  });

  it("is the entry's own where the feed cannot, or fails to", () => {
    const cannot = entryOf();
    const fails = entryOf({
      again: () => {
        throw new Error("broken");
      },
    });

    expect(asItCame(cannot)).toBe(cannot.delivery);
    expect(asItCame(fails)).toBe(fails.delivery);
  });
});
