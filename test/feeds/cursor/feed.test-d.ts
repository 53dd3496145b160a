import type { EventOf, Feed, FeedEvent } from "ackloop";
import { AckloopError } from "ackloop";
import { type CursorFeed, cursorFeed } from "ackloop/feeds";
import { memoryStores } from "ackloop/stores";
import { expectTypeOf, it } from "vitest";

const options = { cursor: memoryStores().cursors, consumer: "billing" };
const api = { provider: "ledger", path: "entries" };

interface Entry {
  readonly seq: string;
  readonly op: "insert" | "delete";
  readonly row: { readonly order: number };
}

const read = async () => ({ items: [] as readonly Entry[] });

it("has the events that `toEvent` makes of the items that `read` brings", () => {
  const feed = cursorFeed(
    {
      ...api,
      read,
      toEvent: ({ seq, op, row }) => ({ id: seq, position: seq, type: op, data: row }),
    },
    options,
  );

  expectTypeOf<EventOf<typeof feed>>().toEqualTypeOf<
    FeedEvent<"insert" | "delete", Entry["row"]>
  >();
  expectTypeOf(feed).toExtend<Feed>();
});

it("leaves out what cannot be read, and keeps a word as it is written", () => {
  const feed = cursorFeed(
    {
      ...api,
      read,
      toEvent: ({ seq }) =>
        seq === ""
          ? { unreadable: new AckloopError("schema", "no seq") }
          : { id: seq, type: "entry", data: 7 as number },
    },
    options,
  );

  expectTypeOf(feed).toEqualTypeOf<CursorFeed<FeedEvent<"entry", number>>>();
});

it("needs an id and a type of every event", () => {
  // @ts-expect-error: there is no id
  cursorFeed({ ...api, read, toEvent: () => ({ type: "entry", data: 1 }) }, options);
  const { cursor } = options;
  // @ts-expect-error: there is no consumer
  cursorFeed({ ...api, read, toEvent: () => ({ id: "1", type: "a", data: 1 }) }, { cursor });
});
