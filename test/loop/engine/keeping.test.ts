import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AckloopError } from "../../../src/core/errors.ts";
import type { Delivery } from "../../../src/core/feed.ts";
import type { DeadLetter, DedupeStore } from "../../../src/core/stores.ts";
import type { Entry } from "../../../src/loop/engine/entry.ts";
import { toEntry } from "../../../src/loop/engine/entry.ts";
import { Keeping } from "../../../src/loop/engine/keeping.ts";
import type { LoopOptions } from "../../../src/loop/options.ts";
import type { ReportBody } from "../../../src/loop/engine/report.ts";
import { memoryStores } from "../../../src/stores/index.ts";
import { testEvent } from "../../../src/testing/memory-feed.ts";
import { gate, passing, toSettings } from "../support.ts";

const MARK_MS = 3000;

/** A keeping over memory stores, of which the test may replace functions. */
function keepingOver(replaced: Partial<DedupeStore> = {}, options: LoopOptions = {}) {
  const stores = memoryStores();
  const dedupe = { ...stores.dedupe, ...replaced };
  const settings = toSettings({
    consumer: "billing",
    deadLetters: stores.deadLetters,
    dedupe: { store: dedupe, markMs: MARK_MS },
    ...options,
  });
  const quit = new AbortController();
  const reports: ReportBody[] = [];
  const tell = (report: ReportBody): void => {
    reports.push(report);
  };
  const keeping = new Keeping({ feed: "orders", settings, tell, quit: quit.signal });
  return { keeping, stores, quit, reports };
}

const key = { consumer: "billing", feed: "orders" };
const entryOf = (id: string, facts: { readonly idDerived?: true } = {}): Entry =>
  toEntry(id, { event: testEvent(id), raw: { id }, ...facts });

describe("keeping", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("stores a dead letter as the wire brought it", async () => {
    const { keeping, stores, reports } = keepingOver();
    const entry = entryOf("a");
    entry.attempts = 3;
    entry.event = { ...testEvent("a"), data: "changed by a schema" };

    const stored = await keeping.setAside(entry, "failed", "schema");

    expect(stored).toBe(true);
    expect(await stores.deadLetters.get({ ...key, id: "a" })).toEqual({
      ...key,
      id: "a",
      event: testEvent("a"),
      raw: { id: "a" },
      reason: "failed",
      code: "schema",
      attempts: 3,
      failedAt: new Date().toISOString(),
    });
    expect(reports).toEqual([
      { kind: "deadLettered", id: "a", event: testEvent("a"), reason: "failed", attempts: 3 },
    ]);
  });

  it("gives what could not be read an id made from its content", async () => {
    const { keeping, stores } = keepingOver();
    const unreadable = new AckloopError("schema", "cannot be read");
    const aside = (delivery: Delivery) => keeping.setAside(toEntry("x", delivery), "odd", "schema");

    await aside({ unreadable, raw: { odd: 1 } });
    await aside({ unreadable, raw: { odd: 1 } });
    await aside({ unreadable, raw: { odd: 2 } });

    const { letters } = await stores.deadLetters.list(key);
    expect(letters.map(({ id, raw }) => ({ id, raw }))).toEqual([
      { id: expect.stringMatching(/^content-[0-9a-f]{64}$/), raw: { odd: 1 } },
      { id: expect.stringMatching(/^content-[0-9a-f]{64}$/), raw: { odd: 2 } },
    ]);
  });

  it("stores nothing without a store", async () => {
    const settings = toSettings();
    const { signal } = new AbortController();
    const keeping = new Keeping({ feed: "orders", settings, tell: undefined, quit: signal });

    expect(await keeping.setAside(entryOf("a"), "failed", undefined)).toBe(false);
    expect(keeping.dedupes).toBe(false);
    expect(await keeping.begin(entryOf("a"))).toBeUndefined();
    expect(await keeping.finishIn(entryOf("a"), {})).toBe(false);
  });

  it("asks a failing store again, with pacing, until it answers", async () => {
    const put = vi.fn<(letter: DeadLetter) => Promise<void>>();
    put.mockRejectedValueOnce(passing()).mockRejectedValueOnce(new Error("a driver's own"));
    put.mockResolvedValue();
    const { deadLetters } = memoryStores();
    const { keeping, reports } = keepingOver({}, { deadLetters: { ...deadLetters, put } });

    const stored = keeping.setAside(entryOf("a"), "failed", undefined);
    await vi.advanceTimersByTimeAsync(900);
    expect(put).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(10_000);

    expect(await stored).toBe(true);
    expect(put).toHaveBeenCalledTimes(3);
    expect(reports.map((report) => report.kind)).toEqual([
      "storeFailed",
      "storeFailed",
      "deadLettered",
    ]);
    expect(reports[0]).toMatchObject({ store: "deadLetters", delayMs: expect.any(Number) });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("stops asking when the run quits, and leaves neither timer nor listener", async () => {
    const begin = vi.fn(async () => {
      throw passing();
    });
    const { keeping, quit } = keepingOver({ begin });
    const begun = Promise.all(["a", "b", "c"].map((id) => keeping.begin(entryOf(id))));
    await vi.advanceTimersByTimeAsync(10);
    expect(getEventListeners(quit.signal, "abort")).toHaveLength(1);

    quit.abort();

    expect(await begun).toEqual(["quit", "quit", "quit"]);
    expect(await keeping.begin(entryOf("d"))).toBe("quit");
    expect(begin).toHaveBeenCalledTimes(3);
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(quit.signal, "abort")).toEqual([]);
  });

  it("takes a mark back that comes as the run quits", async () => {
    const answer = gate<Awaited<ReturnType<DedupeStore["begin"]>>>();
    const forget = vi.fn(async () => {});
    const { keeping, quit } = keepingOver({ begin: () => answer.opened, forget });
    const entry = entryOf("a");
    const begun = keeping.begin(entry);

    quit.abort();
    await keeping.abandon(entry);
    expect(keeping.isBeginning).toBe(true);
    expect(forget).not.toHaveBeenCalled();
    const mark = entry.mark ?? expect.unreachable("a mark was asked for");
    answer.open({ status: "begun", mark, starts: 1 });

    expect(await begun).toBe("quit");
    expect(keeping.isBeginning).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
    await keeping.abandon(entry);
    expect(forget).toHaveBeenCalledWith({ ...key, id: "a" }, mark);
  });

  it("gets an event whose begin was not answered, as the same start", async () => {
    const { dedupe } = memoryStores();
    let isLost = true;
    const begin: DedupeStore["begin"] = async (...args) => {
      const begun = await dedupe.begin(...args);
      if (!isLost) return begun;
      isLost = false;
      throw passing();
    };
    const retry = { minDelayMs: 100, maxDelayMs: 100 };
    const { keeping } = keepingOver({ ...dedupe, begin }, { retry });

    const begun = keeping.begin(entryOf("a"));
    await vi.advanceTimersByTimeAsync(100);

    expect(await begun).toMatchObject({ status: "begun", starts: 1 });
    keeping.close();
  });

  it.each([
    ["a wrong option", new AckloopError("config", "no such table")],
    ["a bug of the store", new TypeError("x is not a function")],
  ])("throws what repeating cannot mend: %s", async (_, error) => {
    const begin = vi.fn(async () => {
      throw error;
    });
    const { keeping } = keepingOver({ begin });

    await expect(keeping.begin(entryOf("a"))).rejects.toBe(error);
    expect(keeping.isBeginning).toBe(false);
    expect(begin).toHaveBeenCalledTimes(1);
  });

  it("marks an event once", async () => {
    const { keeping, stores } = keepingOver();
    const entry = entryOf("a");

    const first = await keeping.begin(entry);
    const second = await keeping.begin(entry);

    expect(first).toMatchObject({ status: "begun", starts: 1 });
    expect(second).toBeUndefined();
    expect(await stores.dedupe.begin({ ...key, id: "a" }, 1000)).toMatchObject({ status: "busy" });
    keeping.close();
  });

  it("marks neither ids made from the content nor what could not be read", async () => {
    const begin = vi.fn();
    const { keeping } = keepingOver({ begin });
    const unreadable = new AckloopError("schema", "cannot be read");

    expect(await keeping.begin(entryOf("a", { idDerived: true }))).toBeUndefined();
    expect(await keeping.begin(toEntry("b", { unreadable, raw: 1 }))).toBeUndefined();
    expect(begin).not.toHaveBeenCalled();
  });

  it("renews marks while their events are in work, with one timer, and no longer", async () => {
    const { keeping, stores } = keepingOver();
    const [a, b] = [entryOf("a"), entryOf("b")];
    await keeping.begin(a);
    await keeping.begin(b);
    expect(vi.getTimerCount()).toBe(1);

    await vi.advanceTimersByTimeAsync(10 * MARK_MS);
    expect(await stores.dedupe.begin({ ...key, id: "a" }, 1000)).toMatchObject({ status: "busy" });

    expect(await keeping.finish(a)).toBe(true);
    await keeping.abandon(b);
    expect(vi.getTimerCount()).toBe(0);
    expect(await stores.dedupe.begin({ ...key, id: "a" }, 1000)).toEqual({ status: "done" });
    expect(await stores.dedupe.begin({ ...key, id: "b" }, 1000)).toMatchObject({ status: "begun" });
  });

  it("keeps one timer when an event begins while marks are being renewed", async () => {
    const renewed = gate<boolean>();
    const { keeping } = keepingOver({ renew: () => renewed.opened });
    const a = entryOf("a");
    await keeping.begin(a);
    await vi.advanceTimersByTimeAsync(MARK_MS / 3);
    await keeping.finish(a);
    await keeping.begin(entryOf("b"));

    renewed.open(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(1);
    keeping.close();

    expect(vi.getTimerCount()).toBe(0);
  });

  it("goes on renewing when the store fails, and tells of it", async () => {
    const renew = vi.fn<DedupeStore["renew"]>().mockRejectedValueOnce(passing());
    renew.mockResolvedValue(true);
    const { keeping, reports } = keepingOver({ renew });
    await keeping.begin(entryOf("a"));

    await vi.advanceTimersByTimeAsync(MARK_MS);

    expect(renew).toHaveBeenCalledTimes(3);
    expect(reports).toMatchObject([{ kind: "storeFailed", store: "dedupe", delayMs: MARK_MS / 3 }]);
    keeping.close();
  });

  it("finishes inside the user's transaction, and repeats it itself", async () => {
    const finish = vi.fn<DedupeStore["finish"]>().mockResolvedValue(true);
    const { keeping } = keepingOver({ finish });
    const entry = entryOf("a");
    await keeping.begin(entry);

    expect(await keeping.finishIn(entry, "transaction")).toBe(true);
    expect(await keeping.finish(entry)).toBe(true);

    expect(finish.mock.calls.map(([, , options]) => options.transaction)).toEqual([
      "transaction",
      undefined,
    ]);
    expect(entry.mark).toBeUndefined();
  });

  it("counts work as done whose mark another has taken since", async () => {
    const { keeping } = keepingOver({ finish: async () => false });
    const entry = entryOf("a");
    await keeping.begin(entry);

    expect(await keeping.finish(entry)).toBe(true);
  });

  it("has nothing to finish or to abandon without a mark", async () => {
    const { keeping } = keepingOver();

    expect(await keeping.finish(entryOf("a"))).toBe(true);
    await expect(keeping.abandon(entryOf("a"))).resolves.toBeUndefined();
  });

  it("tells when an event cannot be let go of, and goes on", async () => {
    const forget = async (): Promise<void> => {
      throw passing();
    };
    const { keeping, reports } = keepingOver({ forget });
    const entry = entryOf("a");
    await keeping.begin(entry);

    await keeping.abandon(entry);

    expect(reports).toMatchObject([{ kind: "storeFailed", store: "dedupe", delayMs: MARK_MS }]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
