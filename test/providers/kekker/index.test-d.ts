import { assertType, describe, expectTypeOf, it } from "vitest";
import * as z from "zod/mini";
import type { FeedEvent } from "../../../src/core/event.ts";
import type { Feed } from "../../../src/core/feed.ts";
import type { CursorStore } from "../../../src/core/stores.ts";
import type { HandlerMap } from "../../../src/loop/handler.ts";
import type { KekkerFeed } from "../../../src/providers/kekker/index.ts";
import {
  type KekkerDealData,
  type KekkerEvent,
  type KekkerEventWith,
  type KekkerQueueErrorData,
  kekker,
} from "../../../src/providers/kekker/index.ts";

const node = kekker({ baseUrl: "https://n", channel: "c", login: "l", password: "p" });
type EventOf<F> = F extends KekkerFeed<infer E> ? E : never;
declare const cursor: CursorStore;

describe("a feed of Kekker's own events", () => {
  const feed = node.feed();
  type Handlers = HandlerMap<EventOf<typeof feed>>;

  it("has the documented union, also with options that name no schemas", () => {
    expectTypeOf(feed).toEqualTypeOf<KekkerFeed<KekkerEvent>>();
    assertType<Feed<KekkerEvent>>(feed);
    expectTypeOf(node.feed({ category: "Deals" })).toEqualTypeOf<KekkerFeed<KekkerEvent>>();
  });

  it("narrows the data by the type", () => {
    const narrow = (event: EventOf<typeof feed>): string => {
      if (event.type === "DealCreated") expectTypeOf(event.data).toEqualTypeOf<KekkerDealData>();
      if (event.type === "ErrorQueueEvent") {
        expectTypeOf(event.data).toEqualTypeOf<KekkerQueueErrorData>();
        return event.data.objectId;
      }
      return event.id;
    };

    expectTypeOf(narrow).returns.toEqualTypeOf<string>();
  });

  it("takes handlers by documented type alone", () => {
    const handlers: Handlers = {
      DealUpdated: (event) => {
        expectTypeOf(event.data.localObjectId).toEqualTypeOf<string | null | undefined>();
      },
      other: (event) => {
        expectTypeOf(event.data).toBeUnknown();
      },
    };
    // @ts-expect-error the guide's spelling is delivered as DealCreated
    const misspelt: Handlers = { DealsCreated: () => undefined };

    expectTypeOf(handlers).toExtend<Handlers>();
    expectTypeOf(misspelt).toExtend<object>();
  });
});

describe("a feed with schemas of one's own", () => {
  const feed = node.feed({
    events: {
      ContractSigned: z.object({ objectId: z.string(), amount: z.number() }),
      DealCreated: z.object({ objectId: z.string(), price: z.string() }),
    },
  });
  type E = EventOf<typeof feed>;

  it("has the added type, and the replaced one in place of Kekker's", () => {
    type Signed = Extract<E, { type: "ContractSigned" }>;
    type Created = Extract<E, { type: "DealCreated" }>;

    expectTypeOf<Signed>().toEqualTypeOf<
      FeedEvent<"ContractSigned", { objectId: string; amount: number }>
    >();
    expectTypeOf<Created>().toEqualTypeOf<
      FeedEvent<"DealCreated", { objectId: string; price: string }>
    >();
    expectTypeOf<Extract<E, { type: "DealUpdated" }>["data"]>().toEqualTypeOf<KekkerDealData>();
  });

  it("is the union with no schemas where there are none", () => {
    expectTypeOf<KekkerEventWith<Record<never, never>>>().toEqualTypeOf<KekkerEvent>();
  });
});

describe("the options", () => {
  it("want a consumer with a cursor store", () => {
    node.feed({ cursor, consumer: "billing" });
    node.feed({ consumer: "billing" });
    // @ts-expect-error a watermark belongs to a named reader
    node.feed({ cursor });
  });

  it("want a node, a channel, and one of the two credentials", () => {
    kekker({ baseUrl: "https://n", channel: "c", token: () => "t" });
    // @ts-expect-error there is no central host
    kekker({ channel: "c", token: "t" });
    // @ts-expect-error every request needs the channel
    kekker({ baseUrl: "https://n", token: "t" });
    // @ts-expect-error a login without its password
    kekker({ baseUrl: "https://n", channel: "c", login: "l" });
    // @ts-expect-error both at once
    kekker({ baseUrl: "https://n", channel: "c", login: "l", password: "p", token: "t" });
  });
});
