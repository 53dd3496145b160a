import { assertType, describe, expectTypeOf, it } from "vitest";
import * as z from "zod/mini";
import type { FeedEvent } from "../../../src/core/event.ts";
import type { Feed } from "../../../src/core/feed.ts";
import type { HandlerMap } from "../../../src/loop/handler.ts";
import type { TikiFeed } from "../../../src/providers/tiki/index.ts";
import {
  type TikiEvent,
  type TikiEventWith,
  type TikiOrderData,
  type TikiPriceData,
  tiki,
} from "../../../src/providers/tiki/index.ts";

const shop = tiki({ token: "t" });
type EventOf<F> = F extends TikiFeed<infer E> ? E : never;

describe("a feed of Tiki's own events", () => {
  const feed = shop.feed("q1");
  type Handlers = HandlerMap<EventOf<typeof feed>>;

  it("has the documented union, also with options that name no schemas", () => {
    const quiet = shop.feed("q1", { token: "other" });

    expectTypeOf(feed).toEqualTypeOf<TikiFeed<TikiEvent>>();
    assertType<Feed<TikiEvent>>(feed);
    expectTypeOf(quiet).toEqualTypeOf<TikiFeed<TikiEvent>>();
  });

  it("narrows the data by the type", () => {
    const narrow = (event: EventOf<typeof feed>): string | number => {
      if (event.type === "ORDER_STATUS_UPDATED") {
        expectTypeOf(event.data).toEqualTypeOf<TikiOrderData>();
        return event.data.order_code;
      }
      if (event.type === "PRODUCT_PRICE_UPDATED") {
        expectTypeOf(event.data).toEqualTypeOf<TikiPriceData>();
      }
      return event.id;
    };

    expectTypeOf(narrow).returns.toEqualTypeOf<string | number>();
  });

  it("takes handlers of its types, and no misspelt type", () => {
    const handlers: Handlers = {
      ORDER_STATUS_UPDATED: ({ data }) => {
        expectTypeOf(data).toEqualTypeOf<TikiOrderData>();
      },
      // @ts-expect-error the type is misspelt
      ORDER_STATUS_UPDATE: () => undefined,
    };

    expectTypeOf(handlers).toExtend<Handlers>();
  });

  it("knows no field that no document names", () => {
    const handlers: Handlers = {
      // @ts-expect-error the field is order_code
      ORDER_CREATED_SUCCESSFULLY: ({ data }) => void data.code,
    };

    expectTypeOf(handlers).toExtend<Handlers>();
  });

  it("says that all but the key may be absent", () => {
    const handlers: Handlers = {
      // @ts-expect-error the status may be absent or null
      ORDER_STATUS_UPDATED: ({ data }) => void data.status.length,
    };

    expectTypeOf(handlers).toExtend<Handlers>();
  });
});

describe("a feed with schemas of one's own", () => {
  const feed = shop.feed("q1", {
    events: {
      MY_TYPE: z.object({ a: z.number() }),
      ORDER_STATUS_UPDATED: z.object({ order_code: z.string(), status: z.string() }),
    },
  });
  type Extended = EventOf<typeof feed>;

  it("adds a type", () => {
    expectTypeOf<Extract<Extended, { type: "MY_TYPE" }>>().toEqualTypeOf<
      FeedEvent<"MY_TYPE", { a: number }>
    >();
  });

  it("replaces a type", () => {
    expectTypeOf<Extract<Extended, { type: "ORDER_STATUS_UPDATED" }>["data"]>().toEqualTypeOf<{
      order_code: string;
      status: string;
    }>();
  });

  it("keeps the others", () => {
    expectTypeOf<Extended["type"]>().toEqualTypeOf<TikiEvent["type"] | "MY_TYPE">();
    expectTypeOf<
      Extract<Extended, { type: "PRODUCT_PRICE_UPDATED" }>["data"]
    >().toEqualTypeOf<TikiPriceData>();
  });

  it("takes handlers of the replaced shape, and no misspelt type", () => {
    const handlers: HandlerMap<Extended> = {
      MY_TYPE: ({ data }) => void data.a.toFixed(),
      ORDER_STATUS_UPDATED: ({ data }) => void data.status.length,
      // @ts-expect-error the type is misspelt
      MY_TYP: () => undefined,
    };

    expectTypeOf(handlers).toExtend<HandlerMap<Extended>>();
  });

  it("has the extended union by name", () => {
    expectTypeOf<TikiEventWith<Record<never, never>>>().toEqualTypeOf<TikiEvent>();
  });
});

describe("the options", () => {
  it("need a token", () => {
    // @ts-expect-error the token is missing
    const make = () => tiki({ timeoutMs: 1 });

    expectTypeOf(make).toBeFunction();
  });

  it("of a feed take schemas, and nothing else, as events", () => {
    // @ts-expect-error a text is no Standard Schema
    const make = () => shop.feed("q1", { events: { MY_TYPE: "text" } });

    expectTypeOf(make).toBeFunction();
  });
});
