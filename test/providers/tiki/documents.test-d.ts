import { describe, expectTypeOf, it } from "vitest";
import {
  type TikiOrderData,
  type TikiOrderStatus,
  type TikiPriceData,
  type TikiQueue,
  type TikiSubscription,
  type TikiWireEvent,
  tiki,
} from "../../../src/providers/tiki/index.ts";

const shop = tiki({ token: "t" });

describe("what the documents of Tiki call mandatory", () => {
  it("T-009 a queue needs a name", () => {
    // @ts-expect-error the name is missing
    (): unknown => shop.queues.create({});
  });

  it("T-018 a subscription needs an event type", () => {
    // @ts-expect-error the event type is missing
    (): unknown => shop.subscriptions.create("q", {});
    // A type that is not documented is taken.
    (): unknown => shop.subscriptions.create("q", { eventType: "ORDER_OF_TOMORROW" });
  });

  it("T-032 whether it is active is a boolean", () => {
    // @ts-expect-error it is missing
    (): unknown => shop.subscriptions.setActive("q", "s");
    // @ts-expect-error it is no boolean
    (): unknown => shop.subscriptions.setActive("q", "s", "true");
  });

  it("T-055 an ack needs its ack_id", () => {
    // @ts-expect-error it is missing
    (): unknown => shop.events.ack("q");
    // @ts-expect-error true, as the document's example has it, is none
    (): unknown => shop.events.ack("q", true);
  });
});

describe("what the documents of Tiki call optional", () => {
  it("T-048 a pull's ack_id may be left out, or null", () => {
    (): unknown => shop.events.pull("q");
    (): unknown => shop.events.pull("q", {});
    (): unknown => shop.events.pull("q", { ackId: null });
    // @ts-expect-error it is a text
    (): unknown => shop.events.pull("q", { ackId: true });
  });
});

describe("the members of replies", () => {
  it("T-004 the code of a queue", () => {
    expectTypeOf<TikiQueue["code"]>().toEqualTypeOf<string>();
  });

  it("T-005 the name of a queue", () => {
    expectTypeOf<TikiQueue["name"]>().toEqualTypeOf<string | undefined>();
  });

  it("T-022 the code of a subscription", () => {
    expectTypeOf<TikiSubscription["code"]>().toEqualTypeOf<string>();
  });

  it("T-023 whether a subscription is active", () => {
    expectTypeOf<TikiSubscription["active"]>().toEqualTypeOf<boolean>();
  });

  it("T-024 the event type of a subscription", () => {
    expectTypeOf<TikiSubscription["eventType"]>().toEqualTypeOf<string>();
  });

  it("T-025 the seller of a subscription", () => {
    expectTypeOf<TikiSubscription["sid"]>().toEqualTypeOf<string | undefined>();
  });

  it("T-038 the id of an event", () => {
    expectTypeOf<TikiWireEvent["id"]>().toEqualTypeOf<string>();
    expectTypeOf(shop.events.pull).returns.resolves.toHaveProperty("events");
    expectTypeOf<Awaited<ReturnType<typeof shop.events.pull>>["events"]>().toEqualTypeOf<
      readonly TikiWireEvent[]
    >();
  });

  it("T-039 the seller of an event", () => {
    expectTypeOf<TikiWireEvent["sid"]>().toEqualTypeOf<string | null | undefined>();
  });

  it("T-040 the time of an event, epoch ms", () => {
    expectTypeOf<TikiWireEvent["created_at"]>().toEqualTypeOf<number | null | undefined>();
  });

  it("T-041 the payload of an event", () => {
    expectTypeOf<TikiWireEvent["payload"]>().toBeUnknown();
  });

  it("T-042 the type of an event", () => {
    expectTypeOf<TikiWireEvent["type"]>().toExtend<string>();
    expectTypeOf<"ORDER_CREATED_SUCCESSFULLY">().toExtend<TikiWireEvent["type"]>();
  });

  it("T-043 the version of an event", () => {
    expectTypeOf<TikiWireEvent["version"]>().toEqualTypeOf<string | null | undefined>();
  });

  it("T-070 an order_code always, prices as text, ids as numbers", () => {
    expectTypeOf<TikiOrderData["order_code"]>().toEqualTypeOf<string>();
    expectTypeOf<TikiPriceData["price_to"]>().toEqualTypeOf<string | null | undefined>();
    expectTypeOf<number>().toExtend<TikiPriceData["product_id"]>();
  });

  it("T-072 a status is one of the known words, or another", () => {
    expectTypeOf<"ready_to_ship">().toExtend<TikiOrderStatus>();
    expectTypeOf<"a status of tomorrow">().toExtend<TikiOrderStatus>();
  });
});
