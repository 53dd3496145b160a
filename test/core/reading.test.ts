import { describe, expect, it } from "vitest";
import type { Delivery, Page } from "../../src/core/feed.ts";
import { toReceipt } from "../../src/core/feed.ts";
import { readPage } from "../../src/core/reading.ts";
import { testEvent } from "../../src/testing/memory-feed.ts";

const good = (id: string): Delivery => ({ event: testEvent(id), raw: {}, receipt: toReceipt(id) });
const read = (value: unknown) => readPage(value as Page, "shop");
const throwing = (): never => {
  throw new Error("odd");
};
const hostile = new Proxy({}, { get: throwing });

describe("a page that is read", () => {
  it("has a delivery that cannot be read for each hole of its list", () => {
    const list = [good("a")];
    list[2] = good("c");

    const { deliveries } = read(list);

    expect(deliveries.map(({ event }) => event?.id)).toEqual(["a", undefined, "c"]);
    expect(deliveries[1]?.unreadable).toMatchObject({ code: "schema" });
  });

  it.each([
    ["a proxy that throws", hostile],
    ["an event that throws", { event: hostile, raw: {} }],
    [
      "a type that throws",
      {
        event: {
          ...testEvent("x"),
          get type() {
            return throwing();
          },
        },
      },
    ],
    ["an unreadable that throws", { unreadable: hostile, raw: {} }],
    ["a text", "x"],
    ["an event that is null", { event: null, raw: {} }],
  ])("has one that cannot be read in the place of %s, with the good ones", (_, odd) => {
    const { deliveries } = read([good("a"), odd, good("c")]);

    expect(deliveries.map(({ event }) => event?.id)).toEqual(["a", undefined, "c"]);
    expect(deliveries[1]?.unreadable).toMatchObject({ code: "schema", provider: "shop" });
  });

  it("has the receipt of what cannot be read", () => {
    const odd = {
      get event() {
        return throwing();
      },
      raw: "{",
      receipt: toReceipt(2),
    };

    expect(read([odd]).deliveries[0]).toMatchObject({ raw: "{", receipt: 2 });
  });

  it("has all that a page of a class has, also where an item is odd", () => {
    class ClassPage {
      get deliveries() {
        return [good("a"), "odd"];
      }
      get receipt() {
        return toReceipt(1);
      }
      get more() {
        return true;
      }
      get bytes() {
        return 5;
      }
    }

    expect(read(new ClassPage())).toMatchObject({ receipt: 1, more: true, bytes: 5 });
  });

  it.each([[undefined], [null], [5], [{}], [{ deliveries: "a" }]])(
    "is a schema error where it is %j",
    (value) => {
      expect(() => read(value)).toThrow(expect.objectContaining({ code: "schema" }));
    },
  );
});
