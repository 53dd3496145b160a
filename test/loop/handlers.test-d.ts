import {
  type AckReport,
  type AckSink,
  batch,
  consume,
  type Delivery,
  deadLetter,
  deliveries,
  done,
  drain,
  drop,
  type EventSource,
  type Feed,
  type FeedEvent,
  type Receiver,
  redrive,
  retry,
  type Summary,
  webhook,
} from "ackloop";
import { describe, expectTypeOf, it } from "vitest";
import type { DeadLetterStore } from "../../src/core/stores.ts";

type Created = FeedEvent<"ORDER_CREATED", { readonly code: string }>;
type Paid = FeedEvent<"ORDER_PAID", { readonly amount: number }>;
type Order = Created | Paid;

declare const orders: Feed<Order>;
declare const plain: Feed;
declare const texts: Feed<FeedEvent<string, { readonly text: string }>>;
declare const inbox: Receiver<Order>;
declare const store: DeadLetterStore;

describe("a map of handlers", () => {
  it("narrows the data by its key", () => {
    consume(orders, {
      ORDER_CREATED: (event, context) => {
        expectTypeOf(event).toEqualTypeOf<Created>();
        expectTypeOf(event.data.code).toBeString();
        expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>();
      },
      ORDER_PAID: async (event) => {
        expectTypeOf(event.data.amount).toBeNumber();
      },
    });
    consume(orders, {
      // @ts-expect-error: the data of another type has no such field.
      ORDER_PAID: (event) => void event.data.code,
    });
    consume(orders, { ORDER_PAID: (event) => void event.data.amount });
  });

  it("does not take a type that the feed does not know", () => {
    // @ts-expect-error: misspelt.
    consume(orders, { ORDER_PAYED: () => {} });
    consume(orders, { ORDER_PAID: () => {} });
  });

  it("may leave types out, and give them to `other`, whose data is unknown", () => {
    consume(orders, {
      ORDER_PAID: () => {},
      other: (event) => {
        expectTypeOf(event.type).toBeString();
        expectTypeOf(event.data).toBeUnknown();
      },
    });
    // @ts-expect-error: unknown data has no fields.
    consume(orders, { other: (event) => void event.data.code });
    consume(orders, { other: (event) => void event.data });
  });

  it("is `other` alone where the types are not known", () => {
    consume(plain, { other: (event) => void expectTypeOf(event.data).toBeUnknown() });
    // @ts-expect-error: nobody knows this type.
    consume(plain, { ORDER_PAID: () => {} });
    // @ts-expect-error: nobody knows this type.
    consume(texts, { ORDER_PAID: () => {} });
    consume(texts, { other: () => {} });
  });
});

describe("one handler", () => {
  it("gets the union, and a switch narrows it", () => {
    consume(orders, (event) => {
      expectTypeOf(event).toEqualTypeOf<Order>();
      switch (event.type) {
        case "ORDER_CREATED":
          expectTypeOf(event.data.code).toBeString();
          break;
        case "ORDER_PAID":
          expectTypeOf(event.data.amount).toBeNumber();
      }
    });
    consume(orders, (event) => {
      // @ts-expect-error: the feed brings no such type.
      if (event.type === "ORDER_PAYED") return;
      if (event.type === "ORDER_PAID") return;
    });
  });

  it("gets the data of a feed whose types are not known", () => {
    consume(texts, (event) => void expectTypeOf(event.data.text).toBeString());
    consume(plain, (event) => void expectTypeOf(event).toEqualTypeOf<FeedEvent>());
  });
});

describe("a handler's result", () => {
  it("is nothing or an outcome", () => {
    drain(orders, () => {});
    drain(orders, async () => {});
    drain(orders, () => done());
    drain(orders, async () => retry({ afterMs: 5 }));
    drain(orders, () => deadLetter("no use"));
    drain(orders, (event) => (event.type === "ORDER_PAID" ? drop("not ours") : undefined));
    drain(orders, { ORDER_PAID: async (event) => (event.data.amount > 5 ? done() : undefined) });
  });

  it("is any object, which is done", () => {
    const save = async (_: Order) => ({ id: 5, saved: true });
    drain(orders, (event) => event);
    drain(orders, (event) => save(event));
    drain(orders, async () => [1, 2]);
    drain(orders, async () => null);
    drain(orders, { other: (event) => event });
  });

  it("is whatever a promise gives, of which little may be known", () => {
    const query = (_: Order): PromiseLike<{ readonly rows: number }> =>
      Promise.resolve({ rows: 1 });
    const unknown = async (_: Order): Promise<unknown> => 5;
    drain(orders, (event) => query(event));
    drain(orders, { ORDER_PAID: (event) => unknown(event) });
    drain(orders, async (event) => (event.type === "ORDER_PAID" ? { rows: 1 } : undefined));
    drain(orders, async (event) => Promise.all([query(event), unknown(event)]));
  });

  it("holds no work that is not over", () => {
    const save = async (_: Order): Promise<void> => {};
    // @ts-expect-error: a list may be one of promises: `Promise.all`.
    drain(orders, (event) => [save(event)]);
    // @ts-expect-error: in a map neither.
    drain(orders, { other: (event) => [event] });
    // @ts-expect-error: nobody runs a generator.
    drain(orders, function* (event) {
      yield save(event);
    });
    // @ts-expect-error: of either kind.
    drain(orders, async function* (event) {
      yield await save(event);
    });
    // @ts-expect-error: nobody calls a function.
    drain(orders, (event) => () => save(event));
  });

  it("is no plain value", () => {
    // @ts-expect-error: a number says neither done nor failed.
    drain(orders, () => 5);
    // @ts-expect-error: nor does a boolean.
    drain(orders, () => true);
    // @ts-expect-error: nor does a text.
    drain(orders, () => "done");
    // @ts-expect-error: in a map neither.
    drain(orders, { ORDER_PAID: () => 5 });
  });
});

describe("a batch", () => {
  it("gets the feed's events without being told their type", () => {
    drain(
      orders,
      batch({ size: 100 }, async (events, context) => {
        expectTypeOf(events).toEqualTypeOf<readonly Order[]>();
        expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>();
      }),
    );
    consume(
      texts,
      batch({ size: 100, maxWaitMs: 200 }, (events) => {
        expectTypeOf(events[0]?.data.text).toEqualTypeOf<string | undefined>();
      }),
    );
  });

  it("returns nothing, outcomes, or any object", () => {
    drain(
      orders,
      batch({ size: 5 }, (events) => events.map(() => done())),
    );
    drain(
      orders,
      batch({ size: 5 }, async (events) =>
        events.map((_, index) => (index > 0 ? retry() : undefined)),
      ),
    );
    drain(
      orders,
      batch({ size: 5 }, () => retry()),
    );
    drain(
      orders,
      batch({ size: 5 }, async (events) => events.map(({ id }) => ({ id }))),
    );
    drain(
      orders,
      // @ts-expect-error: a list of promises is not over.
      batch({ size: 5 }, (events) => events.map(async () => {})),
    );
    drain(
      orders,
      // @ts-expect-error: a number says nothing of any of them.
      batch({ size: 5 }, (events) => events.length),
    );
  });

  it("of another feed's events is not taken", () => {
    const other = batch(
      { size: 5 },
      (_: readonly FeedEvent<"REFUND", { readonly why: string }>[]) => {},
    );
    const mine = batch({ size: 5 }, (_: readonly Order[]) => {});
    // @ts-expect-error: it was made for other events.
    drain(orders, other);
    drain(orders, mine);
  });
});

describe("a feed of one's own", () => {
  it("may be a class", () => {
    class Own implements EventSource<Order>, AckSink {
      readonly name = "own";
      readonly acks = "individual";
      readonly pulls = "onward";
      async pull(): Promise<readonly Delivery<Order>[]> {
        return [];
      }
      async ack(): Promise<AckReport> {
        return [];
      }
    }
    consume(new Own(), { ORDER_PAID: (event) => void event.data.amount });
  });
});

describe("options", () => {
  it("give the key function the feed's events", () => {
    consume(orders, () => {}, {
      orderBy: (event) => (event.type === "ORDER_PAID" ? event.data.amount : event.data.code),
    });
    consume(orders, () => {}, {
      // @ts-expect-error: a key is a text or a number.
      orderBy: (event) => event.data,
    });
  });

  it("are checked for their names", () => {
    // @ts-expect-error: misspelt.
    consume(orders, () => {}, { concurency: 5 });
    consume(orders, () => {}, { concurrency: 5 });
    // @ts-expect-error: a run has no deadline.
    consume(orders, () => {}, { deadline: 5 });
    drain(orders, () => {}, { deadline: 5 });
  });
});

describe("the verbs", () => {
  it("give what they say", () => {
    expectTypeOf(drain(orders, () => {})).toEqualTypeOf<Promise<Summary>>();
    expectTypeOf<Awaited<ReturnType<typeof consume>>>().toEqualTypeOf<Summary>();
    expectTypeOf(consume(orders, () => {}).stop()).toEqualTypeOf<Promise<Summary>>();
  });

  it("type the deliveries of a loop of one's own", async () => {
    for await (const delivery of deliveries(orders)) {
      expectTypeOf(delivery.event).toEqualTypeOf<Order>();
      expectTypeOf(delivery.ack()).toBeVoid();
    }
    // @ts-expect-error: a loop of one's own runs no handlers.
    deliveries(orders, { concurrency: 5 });
    deliveries(orders, { maxInFlight: 5 });
  });

  it("type a webhook like a feed", () => {
    webhook(inbox, { ORDER_PAID: (event) => void expectTypeOf(event.data.amount).toBeNumber() });
    // @ts-expect-error: misspelt.
    webhook(inbox, { ORDER_PAYED: () => {} });
    webhook(inbox, (event) => void expectTypeOf(event).toEqualTypeOf<Order>());
  });

  it("type a redrive like its feed", () => {
    const options = { consumer: "billing" };
    redrive(store, orders, { ORDER_PAID: (event) => void event.data.amount }, options);
    // @ts-expect-error: misspelt.
    redrive(store, orders, { ORDER_PAYED: () => {} }, options);
    redrive(store, orders, () => {});
    // @ts-expect-error: whose letters?
    redrive(store, "orders", () => {}, {});
    redrive(
      store,
      "orders",
      (event) => void expectTypeOf(event).toEqualTypeOf<FeedEvent>(),
      options,
    );
  });
});
