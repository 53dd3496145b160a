import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { memoryStores } from "../../src/stores/index.ts";
import { dedupeOn } from "../../src/stores/local/dedupe.ts";
import { add, finish, claim as give, inboxCodec } from "../../src/stores/local/inbox-state.ts";
import { memoryBacking } from "../../src/stores/local/memory-backing.ts";

const key = { consumer: "billing", feed: "orders" };

describe("the local stores", () => {
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
    const backing = memoryBacking();
    const dedupe = dedupeOn(backing, 1000);
    let sizes = 0;
    const counted = dedupeOn(
      {
        ...backing,
        cell: (kind, parts, codec) => {
          const cell = backing.cell(kind, parts, codec);
          void cell.read().then((state) => {
            sizes += state instanceof Map ? state.size : 0;
          });
          return cell;
        },
      },
      1000,
    );
    for (let at = 0; at < 1000; at += 1)
      await dedupe.begin({ ...key, identity: `old ${at}` }, 1000);
    await vi.advanceTimersByTimeAsync(2000);
    for (let at = 0; at < 1000; at += 1)
      await dedupe.begin({ ...key, identity: `new ${at}` }, 1000);

    for (let at = 0; at < 1000; at += 1)
      await counted.begin({ ...key, identity: `new ${at}` }, 1000);

    // 256 cells, about four new events in each; none of the old ones is left.
    expect(sizes / 1000).toBeLessThan(7);
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

  it("sweep the ids of finished entries", () => {
    const state = inboxCodec.empty();
    for (let at = 0; at < 100; at += 1) {
      add(state, [{ key: `k${at}`, payload: `p${at}` }], 1000, 0);
    }
    const held = give(state, 100, 1000, 0).result;
    finish(
      state,
      held.map(({ token }) => token),
      1000,
      0,
    );
    expect(state.finished.size).toBe(100);

    add(state, [{ key: "x", payload: "x" }], 1000, 2000);
    add(state, [{ key: "y", payload: "y" }], 1000, 2000);

    expect(state.finished.size).toBe(0);
  });
});
