import { assertType, describe, expectTypeOf, it } from "vitest";
import * as z from "zod/mini";
import type { FeedEvent } from "../../../src/core/event.ts";
import type { Feed } from "../../../src/core/feed.ts";
import type { Receiver } from "../../../src/core/receiver.ts";
import { discue } from "../../../src/providers/discue/index.ts";

const client = discue({ apiKey: "k" });
const Order = z.object({ order: z.number() });
const Refund = z.object({ reason: z.string() });
const base = { name: "orders", secret: "s3cret-of-the-listener" } as const;

describe("a receiver's events", () => {
  it("are messages of unknown data without a schema", () => {
    const receiver = client.receiver(base);

    expectTypeOf(receiver).toExtend<Receiver<FeedEvent<"message">>>();
    assertType<Feed<FeedEvent<"message">>>(receiver.feed());
  });

  it("are messages of the schema's output", () => {
    const receiver = client.receiver({ ...base, schema: Order });

    expectTypeOf(receiver).toExtend<Receiver<FeedEvent<"message", { order: number }>>>();
    assertType<Feed<FeedEvent<"message", { order: number }>>>(receiver.feed());
  });

  it("are the union of a catalogue", () => {
    const receiver = client.receiver({
      ...base,
      typeOf: (data) => String(data),
      events: { OrderPlaced: Order, OrderRefunded: Refund },
    });

    type Union =
      | FeedEvent<"OrderPlaced", { order: number }>
      | FeedEvent<"OrderRefunded", { reason: string }>;
    expectTypeOf(receiver).toExtend<Receiver<Union>>();
    assertType<Feed<Union>>(receiver.feed());
  });

  it("have open types where typeOf names them", () => {
    expectTypeOf(client.receiver({ ...base, typeOf: () => "a" })).toExtend<Receiver<FeedEvent>>();
  });

  it("need typeOf beside a catalogue, and no misspelt option", () => {
    // @ts-expect-error: a catalogue without typeOf
    client.receiver({ ...base, events: { OrderPlaced: Order } });
    // @ts-expect-error: there is no such option
    client.receiver({ ...base, secert: "s3cret-of-the-listener" });
    // @ts-expect-error: a form that there is none of
    client.receiver({ ...base, bodyForms: ["xml"] });
  });
});

describe("the client", () => {
  it("takes any data for a message, and wants it", () => {
    expectTypeOf(client.messages.create).parameter(1).toExtend<{ readonly data: unknown }>();
    // @ts-expect-error: no data
    void client.messages.create("q", { name: "a" });
  });

  it("wants both facts of a usage event to read on after it", () => {
    // @ts-expect-error: the time is missing
    void client.events.list({ after: { id: "a" } });
  });

  it("knows the rules of a schema", () => {
    // @ts-expect-error: an object needs props
    void client.queues.create({ name: "q", schema: { order: { type: "object" } } });
  });
});
