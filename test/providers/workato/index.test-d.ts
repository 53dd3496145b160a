import { assertType, describe, expectTypeOf, it } from "vitest";
import * as z from "zod/mini";
import type { FeedEvent } from "../../../src/core/event.ts";
import type { Feed } from "../../../src/core/feed.ts";
import type { EventOf } from "../../../src/core/receiver.ts";
import type { CursorStore } from "../../../src/core/stores.ts";
import type { WorkatoFeed } from "../../../src/providers/workato/index.ts";
import {
  topicSchema,
  type WorkatoData,
  type WorkatoTopicField,
  workato,
} from "../../../src/providers/workato/index.ts";

declare const cursor: CursorStore;
declare const fields: readonly WorkatoTopicField[];
const client = workato({ token: "t", region: "eu" });
const basics = { cursor, consumer: "billing" };

describe("the options of a feed", () => {
  it("ask for a cursor store and a consumer", () => {
    // @ts-expect-error without options nobody keeps the place
    client.feed(1);
    // @ts-expect-error without a consumer two services would share a place
    client.feed(1, { cursor });
    // @ts-expect-error without a cursor store nobody keeps the place
    client.feed(1, { consumer: "billing" });
  });

  it("take no schema beside typeOf, and no catalogue without it", () => {
    // @ts-expect-error a schema is for the one type `message`
    client.feed(1, { ...basics, schema: topicSchema(fields), typeOf: () => "a" });
    // @ts-expect-error nothing would name the types
    client.feed(1, { ...basics, events: { a: topicSchema(fields) } });
  });

  it("know the policies and the regions", () => {
    // @ts-expect-error there is no policy that skips
    client.feed(1, { ...basics, onCursorExpired: "skip" });
    // @ts-expect-error hosts of other regions are not documented
    workato({ token: "t", region: "mars" });
  });
});

describe("a feed's events", () => {
  it("are messages of any object", () => {
    expectTypeOf(client.feed(1, basics)).toEqualTypeOf<
      WorkatoFeed<FeedEvent<"message", WorkatoData>>
    >();
  });

  it("have the data that the schema describes", () => {
    const schema = z.object({ order: z.string() });
    const feed = client.feed(1, { ...basics, schema });

    expectTypeOf(feed).toEqualTypeOf<WorkatoFeed<FeedEvent<"message", { order: string }>>>();
    assertType<Feed<FeedEvent<"message", { order: string }>>>(feed);
  });

  it("are objects where the schema is the topic's own", () => {
    const feed = client.feed(1, { ...basics, schema: topicSchema(fields) });

    expectTypeOf(feed).toEqualTypeOf<WorkatoFeed<FeedEvent<"message", WorkatoData>>>();
  });

  it("have the data of a topic whose fields are written down", () => {
    const schema = topicSchema([
      { name: "order", type: "string", optional: false },
      { name: "total", type: "number" },
      {
        name: "lines",
        type: "array",
        properties: [{ name: "sku", type: "string", optional: false }],
      },
      { name: "tags", type: "array", of: "string", optional: false },
    ]);
    const feed = client.feed(1, { ...basics, schema });
    const read = ({ data }: EventOf<typeof feed>) => {
      expectTypeOf(data.order).toEqualTypeOf<string>();
      expectTypeOf(data.total).toEqualTypeOf<number | string | null | undefined>();
      expectTypeOf(data.lines?.[0]?.sku).toEqualTypeOf<string | undefined>();
      expectTypeOf(data.tags).toEqualTypeOf<readonly string[]>();
      expectTypeOf(data["other"]).toBeUnknown();
    };
    expectTypeOf(read).returns.toBeVoid();
  });

  it("are of any type where only typeOf is given", () => {
    const feed = client.feed(1, { ...basics, typeOf: (data) => String(data["kind"]) });

    expectTypeOf(feed).toEqualTypeOf<WorkatoFeed<FeedEvent<string, WorkatoData>>>();
  });

  it("are the union of the catalogue", () => {
    const feed = client.feed(1, {
      ...basics,
      typeOf: (data) => String(data["kind"]),
      events: { placed: z.object({ order: z.string() }), paid: z.object({ total: z.number() }) },
    });

    expectTypeOf(feed).toEqualTypeOf<
      WorkatoFeed<FeedEvent<"placed", { order: string }> | FeedEvent<"paid", { total: number }>>
    >();
  });
});
