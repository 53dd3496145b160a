import { describe, expectTypeOf, it } from "vitest";
import * as z from "zod/mini";
import type { FeedEvent } from "../../../src/core/event.ts";
import type { Feed } from "../../../src/core/feed.ts";
import type { Receiver } from "../../../src/core/receiver.ts";
import { receiver } from "../../../src/feeds/index.ts";

const base = { provider: "acme", signature: { secrets: ["whsec_"] } } as const;

describe("a receiver's events", () => {
  it("are as toEvent makes them", () => {
    const made = receiver({
      ...base,
      toEvent: (body) => ({ type: "paid", data: String(body) }) as const,
    });

    expectTypeOf(made).toExtend<Receiver<FeedEvent<"paid", string>>>();
    expectTypeOf(made.feed()).toExtend<Feed<FeedEvent<"paid", string>>>();
  });

  it("have each the data of their own type, where toEvent makes several", () => {
    type Made = { type: "paid"; data: { total: number } } | { type: "sent"; data: string };
    const made = receiver({ ...base, toEvent: (body) => body as Made });

    type Union = FeedEvent<"paid", { total: number }> | FeedEvent<"sent", string>;
    expectTypeOf(made).toExtend<Receiver<Union>>();
  });

  it("are the union of a catalogue, whatever toEvent says of the data", () => {
    const made = receiver({
      ...base,
      events: { paid: z.object({ total: z.number() }), sent: z.string() },
      toEvent: (body) => ({ type: String(body), data: body }),
    });

    type Union = FeedEvent<"paid", { total: number }> | FeedEvent<"sent", string>;
    expectTypeOf(made).toExtend<Receiver<Union>>();
  });

  it("need a type and data", () => {
    // @ts-expect-error: no type
    receiver({ ...base, toEvent: () => ({ data: 1 }) });
    // @ts-expect-error: no promise
    receiver({ ...base, toEvent: async () => ({ type: "t", data: 1 }) });
    // @ts-expect-error: there is no such option
    receiver({ ...base, schema: z.string(), toEvent: () => ({ type: "t", data: 1 }) });
  });
});
