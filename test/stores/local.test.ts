import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { memoryStores } from "../../src/stores/index.ts";
import { type DedupeRow, memoryDedupe } from "../../src/stores/memory/dedupe.ts";
import { type InboxState, memoryInbox } from "../../src/stores/memory/inbox.ts";

const key = { consumer: "billing", feed: "orders" };

describe("the stores in memory", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("forget the starts of an event that was never finished after their retention", async () => {
    const { dedupe } = memoryStores({ startsRetentionMs: 5000 });
    const event = { ...key, identity: "a" };
    await dedupe.begin(event, 1000);
    await vi.advanceTimersByTimeAsync(4000);
    expect(await dedupe.begin(event, 1000)).toMatchObject({ starts: 2 });

    await vi.advanceTimersByTimeAsync(5001);

    expect(await dedupe.begin(event, 1000)).toMatchObject({ starts: 1 });
  });

  it("know a forgotten mark for an hour", async () => {
    const { dedupe } = memoryStores({ startsRetentionMs: 0 });
    const event = { ...key, identity: "a" };
    await dedupe.forget(event, "mark");
    await vi.advanceTimersByTimeAsync(3_599_000);

    expect(await dedupe.begin(event, 1000, { mark: "mark" })).toEqual({
      status: "busy",
      endsInMs: 0,
    });
  });

  it("drop what is of no more use while they are used", async () => {
    const rows = new Map<string, DedupeRow>();
    const dedupe = memoryDedupe(1000, rows);
    for (let at = 0; at < 1000; at += 1) await dedupe.begin({ ...key, identity: `${at}` }, 1000);
    await vi.advanceTimersByTimeAsync(3_602_000);
    expect(rows.size).toBe(1000);

    for (let at = 0; at < 20; at += 1) await dedupe.begin({ ...key, identity: `new ${at}` }, 1000);

    expect(new Set([...rows.keys()].map((name) => JSON.parse(name)[2]))).toEqual(
      new Set(Array.from({ length: 20 }, (_, at) => `new ${at}`)),
    );
  });

  it("drop what is over also behind what is kept for long", async () => {
    const rows = new Map<string, DedupeRow>();
    const dedupe = memoryDedupe(1e9, rows);
    for (let at = 0; at < 100; at += 1) {
      await dedupe.begin({ ...key, identity: `open ${at}` }, 1000);
    }
    for (let at = 0; at < 1000; at += 1) {
      const event = { ...key, identity: `done ${at}` };
      await dedupe.begin(event, 1000, { mark: "mark" });
      await dedupe.finish(event, "mark", { retentionMs: 1000 });
    }
    await vi.advanceTimersByTimeAsync(1000);

    for (let at = 0; at < 20; at += 1) await dedupe.begin({ ...key, identity: `new ${at}` }, 1000);

    expect(rows.size).toBe(120);
  });

  it("keep an ended mark for its caller, though its starts are counted no more", async () => {
    const { dedupe } = memoryStores({ startsRetentionMs: 0 });
    await dedupe.begin({ ...key, identity: "a" }, 1000, { mark: "mark" });
    await vi.advanceTimersByTimeAsync(60_000);
    await dedupe.begin({ ...key, identity: "b" }, 1000);

    const finished = dedupe.finish({ ...key, identity: "a" }, "mark", { retentionMs: 1000 });

    expect(await finished).toBe(true);
  });

  it("give one verdict to a token that is given twice, as the other stores do", async () => {
    const { inbox } = memoryStores();
    const event = { specversion: "1.0", id: "a", source: "s", type: "t", data: 1 } as const;
    await inbox.add("in", [{ event, raw: 1 }]);
    const [{ token } = { token: "" }] = await inbox.claim("in", 1, 1000);

    expect(await inbox.finish("in", [token, token])).toEqual([true, true]);
  });

  it("remember finished entries of an inbox for the retention, then forget them", async () => {
    const { inbox } = memoryStores({ inboxRetentionMs: 5000 });
    const event = { specversion: "1.0", id: "a", source: "s", type: "t", data: 1 } as const;
    const entry = { event, raw: 1 };
    await inbox.add("in", [entry]);
    const [claim] = await inbox.claim("in", 1, 1000);
    await inbox.finish("in", [claim?.token ?? ""]);
    await vi.advanceTimersByTimeAsync(4999);
    await inbox.add("in", [entry]);
    expect(await inbox.claim("in", 1, 1000)).toEqual([]);

    await vi.advanceTimersByTimeAsync(2);
    await inbox.add("in", [entry]);

    expect(await inbox.claim("in", 1, 1000)).toHaveLength(1);
  });

  it("sweep the ids of finished entries", async () => {
    const inboxes = new Map<string, InboxState>();
    const limits = { inboxMaxEntries: 1000, inboxRetentionMs: 1000, startsRetentionMs: 0 };
    const inbox = memoryInbox(limits, inboxes);
    const entryOf = (id: string) => {
      return {
        event: { specversion: "1.0", id, source: "s", type: "t", data: 1 },
        raw: 1,
      } as const;
    };
    await inbox.add(
      "in",
      Array.from({ length: 100 }, (_, at) => entryOf(`${at}`)),
    );
    const claims = await inbox.claim("in", 100, 1000);
    await inbox.finish(
      "in",
      claims.map(({ token }) => token),
    );
    expect(inboxes.get("in")?.finished.size).toBe(100);
    await vi.advanceTimersByTimeAsync(2000);

    for (const id of ["x", "y"]) await inbox.add("in", [entryOf(id)]);

    expect(inboxes.get("in")?.finished.size).toBe(0);
  });
});
