import { drain } from "ackloop";
import { memoryStores } from "ackloop/stores";
import { cursorSide, type FeedHarness, fakeServer, feedConformance } from "ackloop/testing";
import { describe, expect, it } from "vitest";
import { changesFeed } from "../../examples/own-provider/changes.ts";
import { pollerHarness } from "../../examples/own-provider/poller-server.ts";

/** A table's changes in memory, and feeds on them. */
function changesHarness(): FeedHarness {
  const changes: { readonly seq: number; readonly row?: object }[] = [];
  let oldest = 0;
  const server = fakeServer({
    pull: {
      route: "GET /tables/:table/changes",
      answer: ({ query }) => {
        const after = Number(query.get("after"));
        if (after > 0 && after < oldest) return Response.json({ error: "gone" }, { status: 410 });
        return { changes: changes.slice(after, after + Number(query.get("limit"))) };
      },
    },
  });
  const places = cursorSide(memoryStores().cursors, (seq) =>
    changes.slice(0, Number(seq)).map((change) => String(change.seq)),
  );
  const insert = (facts: object = {}, op = "insert") => {
    const seq = changes.length + 1;
    const row = { order: seq, ...facts };
    changes.push(Object.assign({ seq, row }, { op, at: "2026-12-01T08:00:00Z" }));
    return String(seq);
  };
  const { fetch } = server;
  const client = { baseUrl: "https://ledger.test", token: "s3cret", fetch, retry: { attempts: 1 } };
  return {
    ...server,
    ...places,
    feed: () => changesFeed("orders", client, { cursor: places.cursor, consumer: "billing" }),
    publish: (count) => Array.from({ length: count }, () => insert()),
    payloadOf: (id) => changes[Number(id) - 1]?.row,
    publishOdd: (odd) => insert({ odd }),
    publishUnreadable: () => changes.push({ seq: changes.length + 1 }),
    expirePlace: () => {
      oldest = changes.length + 1;
    },
    heal() {
      server.heal();
      places.heal();
    },
  };
}

describe("examples/own-provider/poller.ts", () => {
  const results = feedConformance({ describe, it, print: console.info }, pollerHarness);

  it("leaves out no law that can be tested here", () => {
    const untested = results.filter(({ verdict }) => verdict === "notTestable");
    expect(untested.map(({ id }) => id)).toEqual([]);
  });
});

describe("examples/own-provider/changes.ts", () => {
  feedConformance({ describe, it, print: console.info }, changesHarness);

  it("has the types of its wire", async () => {
    const { feed, publish } = changesHarness();
    await publish(1);
    const kinds: ("insert" | "update" | "delete")[] = [];

    await drain(
      (await feed()) as ReturnType<typeof changesFeed>,
      ({ type }) => void kinds.push(type),
    );

    expect(kinds).toEqual(["insert"]);
  });
});
