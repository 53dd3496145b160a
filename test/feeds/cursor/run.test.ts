import { describe, expect, it, vi } from "vitest";
import { AckloopError } from "../../../src/core/errors.ts";
import type { CursorSave, CursorStore } from "../../../src/core/stores.ts";
import { decodePlace } from "../../../src/feeds/cursor/place.ts";
import { advanceRun, type Ledger, saveCheck, startRun } from "../../../src/feeds/cursor/run.ts";
import { memoryStores } from "../../../src/stores/index.ts";
import { spoiltOnce } from "../../providers/workato/support.ts";

const key = { consumer: "billing", feed: "workato/eu/topics/1" };
const oldest = () => ({});
const at = (position: string) => ({ after: { position } });

function ledgerOf(store: CursorStore = memoryStores().cursors): Ledger {
  return { store, key, provider: "workato" };
}

async function storedPlace({ store }: Ledger) {
  const stored = await store.load(key);
  return stored && { ...decodePlace(stored.value), revision: stored.revision };
}

describe("startRun", () => {
  it("saves the start point before anything is read", async () => {
    const ledger = ledgerOf();

    await startRun(ledger, () => ({ since: "2026-01-01T00:00:00.000Z" }), {});

    expect(await storedPlace(ledger)).toMatchObject({
      place: { since: "2026-01-01T00:00:00.000Z" },
      revision: 1,
    });
  });

  it("keeps a stored place, and asks for no start point", async () => {
    const ledger = ledgerOf();
    const first = await startRun(ledger, oldest, {});
    await advanceRun(ledger, first, at("m1"), 1, {});

    const second = await startRun(ledger, () => expect.unreachable("a place is stored"), {});

    expect(second.place).toEqual(at("m1"));
    expect(second.revision).toBe(3);
  });

  it("takes the place over from a run that starts at the same moment, at any place", async () => {
    const ledger = ledgerOf();
    const both = () => Promise.all([startRun(ledger, oldest, {}), startRun(ledger, oldest, {})]);

    for (let round = 0; round < 2; round += 1) {
      const runs = await both();
      const advances = await Promise.allSettled(
        runs.map((run) => advanceRun(ledger, run, at(run.mark), 1, {})),
      );
      expect(advances.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    }
  });

  it("takes the place over from a run that saves all the time, and reads on from its last save", async () => {
    const { cursors } = memoryStores();
    const slow = async () => await new Promise((resolve) => setTimeout(resolve, 1));
    const store: CursorStore = {
      load: async (...args) => {
        await slow();
        return await cursors.load(...args);
      },
      save: async (...args) => {
        await slow();
        return await cursors.save(...args);
      },
    };
    const old = await startRun(ledgerOf(store), oldest, {});
    let saves = 0;
    const busy = (async () => {
      for (;;) {
        saves += 1;
        await advanceRun(ledgerOf(store), old, at(`m${saves}`), saves, {});
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
      }
    })().catch((error: unknown) => error);
    await expect.poll(() => saves).toBeGreaterThan(3);

    const run = await startRun(ledgerOf(store), oldest, {});

    expect(await busy).toMatchObject({ code: "conflict" });
    expect(run.place).toEqual(at(`m${saves - 1}`));
    expect(await advanceRun(ledgerOf(store), run, at("next"), 1, {})).toBe("saved");
  });

  it("gives up where the place moves at each of thirty tries, and stops with its signal", async () => {
    const store = memoryStores().cursors;
    let saves = 0;
    const restless: CursorStore = {
      load: store.load,
      save: async () => {
        saves += 1;
        return { status: "conflict", current: undefined };
      },
    };
    const stop = new AbortController();
    const reason = new Error("stop");
    setTimeout(() => stop.abort(reason), 40);

    const stopped = startRun(ledgerOf(restless), oldest, { signal: stop.signal });
    await expect(stopped).rejects.toBe(reason);
    saves = 0;
    vi.spyOn(Math, "random").mockReturnValue(0);
    await expect(startRun(ledgerOf(restless), oldest, {})).rejects.toMatchObject({
      code: "conflict",
      retryable: false,
    });

    expect(saves).toBe(30);
    vi.restoreAllMocks();
  });

  it("tells of a store that fails as of what may pass, and of a bug as it is", async () => {
    const refusedBy = (error: Error) => {
      const load = () => Promise.reject(error);
      return startRun(ledgerOf({ ...memoryStores().cursors, load }), oldest, {});
    };
    const cause = new Error("connection terminated");
    const bug = new TypeError("x is not a function");
    const refusal = new AckloopError("config", "no such table");

    await expect(refusedBy(cause)).rejects.toMatchObject({
      code: "transport",
      retryable: true,
      operation: "load cursor",
      cause,
    });
    await expect(refusedBy(bug)).rejects.toBe(bug);
    await expect(refusedBy(refusal)).rejects.toBe(refusal);
  });

  it("starts again after a save whose answer was lost", async () => {
    const ledger = ledgerOf(spoiltOnce(memoryStores().cursors, "lostSave"));
    await expect(startRun(ledger, oldest, {})).rejects.toThrow("the cursor store failed");

    const run = await startRun(ledger, oldest, {});

    expect(run.revision).toBe(2);
  });

  it("loads nothing when the signal has fired", async () => {
    const reason = new Error("stop");

    const start = startRun(ledgerOf(), oldest, { signal: AbortSignal.abort(reason) });

    await expect(start).rejects.toBe(reason);
  });
});

describe("advanceRun", () => {
  it("moves the place on, and never back", async () => {
    const ledger = ledgerOf();
    const run = await startRun(ledger, oldest, {});

    expect(await advanceRun(ledger, run, at("m5"), 5, {})).toBe("saved");
    expect(await advanceRun(ledger, run, at("m3"), 3, {})).toBe("behind");
    expect(await advanceRun(ledger, run, at("m5"), 5, {})).toBe("behind");

    expect(await storedPlace(ledger)).toMatchObject({ place: at("m5"), revision: 2 });
  });

  it("refuses a run that another has taken the place from, and overwrites nothing", async () => {
    const ledger = ledgerOf();
    const old = await startRun(ledger, oldest, {});
    await advanceRun(ledger, old, at("m1"), 1, {});
    const current = await startRun(ledger, oldest, {});

    await expect(advanceRun(ledger, old, at("m2"), 2, {})).rejects.toMatchObject({
      code: "conflict",
      retryable: false,
    });

    expect((await storedPlace(ledger))?.place).toEqual(at("m1"));
    expect(await advanceRun(ledger, current, at("m2"), 1, {})).toBe("saved");
  });

  it("takes two runs that save one and the same place for two runs", async () => {
    const ledger = ledgerOf();
    const old = await startRun(ledger, oldest, {});
    const current = await startRun(ledger, oldest, {});
    await advanceRun(ledger, current, at("m1"), 1, {});

    await expect(advanceRun(ledger, old, at("m1"), 1, {})).rejects.toMatchObject({
      code: "conflict",
    });
  });

  it("goes on from its own save whose answer was lost", async () => {
    const store = memoryStores().cursors;
    const run = await startRun(ledgerOf(store), oldest, {});
    const ledger = ledgerOf(spoiltOnce(store, "lostSave"));
    await expect(advanceRun(ledger, run, at("m1"), 1, {})).rejects.toThrow(
      "the cursor store failed",
    );

    expect(await advanceRun(ledger, run, at("m4"), 4, {})).toBe("saved");

    expect(await storedPlace(ledger)).toMatchObject({ place: at("m4"), revision: 3 });
  });

  it("does not move back behind its own lost save", async () => {
    const store = memoryStores().cursors;
    const run = await startRun(ledgerOf(store), oldest, {});
    const ledger = ledgerOf(spoiltOnce(store, "lostSave"));
    await expect(advanceRun(ledger, run, at("m9"), 9, {})).rejects.toThrow(
      "the cursor store failed",
    );

    expect(await advanceRun(ledger, run, at("m4"), 4, {})).toBe("behind");

    expect((await storedPlace(ledger))?.place).toEqual(at("m9"));
  });

  it("is saved when the store tells of its own value as a conflict", async () => {
    const store = memoryStores().cursors;
    const run = await startRun(ledgerOf(store), oldest, {});
    const tellsConflict: CursorStore = {
      load: store.load,
      async save(...args): Promise<CursorSave> {
        await store.save(...args);
        return { status: "conflict", current: await store.load(key) };
      },
    };

    expect(await advanceRun(ledgerOf(tellsConflict), run, at("m1"), 1, {})).toBe("saved");
  });

  it("is a conflict where something else was written, or the place was removed", async () => {
    const foreign = { value: "A12y", revision: 9 };
    for (const current of [foreign, undefined]) {
      const store = memoryStores().cursors;
      const run = await startRun(ledgerOf(store), oldest, {});
      const changed: CursorStore = {
        load: store.load,
        save: async () => ({ status: "conflict", current }),
      };

      await expect(advanceRun(ledgerOf(changed), run, at("m1"), 1, {})).rejects.toMatchObject({
        code: "conflict",
      });
    }
  });

  it("gives up on a store that never settles", async () => {
    const store = memoryStores().cursors;
    const run = await startRun(ledgerOf(store), oldest, {});
    let saves = 0;
    const restless: CursorStore = {
      load: store.load,
      save: async () => {
        saves += 1;
        return { status: "conflict", current: { ...(await own()), revision: 10 + saves } };
      },
    };
    const own = async () => (await store.load(key)) ?? expect.unreachable();

    await expect(advanceRun(ledgerOf(restless), run, at("m1"), 1, {})).rejects.toMatchObject({
      code: "conflict",
    });
    expect(saves).toBe(4);
  });

  it("saves one after the other, so that a run never meets itself", async () => {
    const ledger = ledgerOf();
    const run = await startRun(ledger, oldest, {});

    const advances = await Promise.all(
      [1, 2, 3].map((sequence) => advanceRun(ledger, run, at(`m${sequence}`), sequence, {})),
    );

    expect(advances).toEqual(["saved", "saved", "saved"]);
    expect((await storedPlace(ledger))?.place).toEqual(at("m3"));
  });
});

describe("saveCheck", () => {
  it("keeps the place and the time of the check for the next run", async () => {
    const ledger = ledgerOf();
    const run = await startRun(ledger, oldest, {});
    await advanceRun(ledger, run, at("m1"), 1, {});

    run.checkedAt = 1_700_000_000_000;
    await saveCheck(ledger, run, {});

    const next = await startRun(ledger, oldest, {});
    expect(next).toMatchObject({ place: at("m1"), checkedAt: 1_700_000_000_000 });
  });
});
