import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AckloopError } from "../../../src/core/errors.ts";
import type { Delivery } from "../../../src/core/feed.ts";
import { toReceipt } from "../../../src/core/feed.ts";
import { isNameless, namelessIdentity } from "../../../src/core/identity.ts";
import type { DeadLetter, DedupeStore } from "../../../src/core/stores.ts";
import { Entry } from "../../../src/loop/engine/entry.ts";
import { Keeping } from "../../../src/loop/engine/keeping.ts";
import type { ReportBody } from "../../../src/loop/engine/report.ts";
import type { LoopOptions } from "../../../src/loop/options.ts";
import { memoryStores } from "../../../src/stores/index.ts";
import { testEvent } from "../../../src/testing/memory-feed.ts";
import { gate, passing, toSettings } from "../support.ts";

const MARK_MS = 3000;
/** Never fires: letting go may take its time. */
const { signal } = new AbortController();

/** A keeping over memory stores, of which the test may replace functions. */
function keepingOver(
  replaced: Partial<DedupeStore> = {},
  options: LoopOptions = {},
  isList = false,
) {
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
  const warn = vi.fn();
  const log = { ...settings.logger, warn };
  const keeping = new Keeping({ feed: "orders", settings, tell, log, quit: quit.signal, isList });
  return { keeping, stores, quit, reports, warn };
}

const key = { consumer: "billing", feed: "orders" };
const keyOf = (id: string) => ({ ...key, identity: `/memory ${id}` });
const page = { bytes: 0, openedAt: 0, held: 0 };
const entryOf = (id: string, facts: Partial<Delivery> = {}): Entry => {
  const delivery = { event: testEvent(id), raw: { id }, ...facts } as Delivery;
  return new Entry(`/memory ${id}`, delivery, page);
};

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
    expect(await stores.deadLetters.get(keyOf("a"))).toEqual({
      ...keyOf("a"),
      event: testEvent("a"),
      raw: { id: "a" },
      reason: "failed",
      code: "schema",
      attempts: 3,
      failedAt: new Date().toISOString(),
    });
    expect(reports).toEqual([
      {
        kind: "deadLettered",
        identity: "/memory a",
        event: testEvent("a"),
        reason: "failed",
        attempts: 3,
      },
    ]);
  });

  it("stores what the feed reads anew, whatever a handler did to the event", async () => {
    const { keeping, stores } = keepingOver();
    const again = (): Delivery => ({ event: testEvent("a"), raw: { id: "a" } });
    const entry = entryOf("a", { again });
    Object.assign(entry.delivery.event ?? {}, { type: "changed" });

    await keeping.setAside(entry, "failed", undefined);

    expect(await stores.deadLetters.get(keyOf("a"))).toMatchObject({ event: testEvent("a") });
  });

  describe("of what has no id of its own", () => {
    const unreadable = new AckloopError("schema", "cannot be read");
    const nameless = (raw: unknown, among: number, receipt?: string): Entry =>
      new Entry(
        namelessIdentity(JSON.stringify(raw), among),
        { unreadable, raw, ...(receipt && { receipt: toReceipt(receipt) }) },
        page,
      );

    it("keeps a letter of its own for each, even of equal content", async () => {
      const { keeping, stores } = keepingOver();

      await keeping.setAside(nameless({ odd: 1 }, 1, "r1"), "odd", "schema");
      await keeping.setAside(nameless({ odd: 1 }, 1, "r2"), "odd", "schema");

      const { letters } = await stores.deadLetters.list(key);
      expect(letters.map(({ raw }) => raw)).toEqual([{ odd: 1 }, { odd: 1 }]);
      expect(letters.every(({ identity }) => isNameless(identity))).toBe(true);
      expect(letters.every(({ identity }) => / [0-9a-f]{64}$/.test(identity))).toBe(true);
    });

    it("keeps one letter for what can never be acked and comes with each list", async () => {
      const { keeping, stores } = keepingOver({}, {}, true);

      await keeping.setAside(nameless({ odd: 1 }, 1), "odd", "schema");
      await keeping.setAside(nameless({ odd: 1 }, 1), "odd", "schema");
      await keeping.setAside(nameless({ odd: 1 }, 2), "odd", "schema");

      expect((await stores.deadLetters.list(key)).letters).toHaveLength(2);
    });

    it("keeps the identity that the feed gives", async () => {
      const { keeping, stores } = keepingOver();
      const identity = namelessIdentity("redriven", 1);
      const delivery: Delivery = { unreadable, raw: 1, identity, receipt: toReceipt(1) };

      await keeping.setAside(new Entry(identity, delivery, page), "odd", "schema");

      expect(await stores.deadLetters.get({ ...key, identity })).toMatchObject({ raw: 1 });
    });
  });

  it("keeps the raw alone of an event whose type is no text", async () => {
    const { keeping, stores } = keepingOver();
    const event = { ...testEvent("a"), type: 5 as unknown as string };

    expect(await keeping.setAside(entryOf("a", { event }), "failed", undefined)).toBe(true);

    expect(await stores.deadLetters.get(keyOf("a"))).toMatchObject({ raw: { id: "a" } });
  });

  it("stores nothing without a store", async () => {
    const settings = toSettings();
    const { signal: quit } = new AbortController();
    const log = settings.logger;
    const keeping = new Keeping({ feed: "orders", settings, tell: undefined, log, quit });

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
    await vi.advanceTimersByTimeAsync(499);
    expect(put).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(10_000);

    expect(await stored).toBe(true);
    expect(put).toHaveBeenCalledTimes(3);
    expect(reports.map((report) => report.kind)).toEqual([
      "storeFailed",
      "storeFailed",
      "storeBack",
      "deadLettered",
    ]);
    expect(reports[0]).toMatchObject({ store: "deadLetters", delayMs: expect.any(Number) });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("stops asking when the run quits, and leaves neither timer nor listener", async () => {
    const begin = vi.fn<DedupeStore["begin"]>(async () => {
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

  it("takes a mark back whose begin was not answered when the run quits", async () => {
    const answer = gate<Awaited<ReturnType<DedupeStore["begin"]>>>();
    const forget = vi.fn<DedupeStore["forget"]>(async () => {});
    const begin = vi.fn<DedupeStore["begin"]>(() => answer.opened);
    const { keeping, quit } = keepingOver({ begin, forget });
    const entry = entryOf("a");
    const begun = keeping.begin(entry);

    quit.abort();
    expect(await begun).toBe("quit");
    await keeping.abandon(entry, signal);

    const mark = begin.mock.calls[0]?.[2]?.mark;
    expect(forget.mock.calls.map(([of, text]) => [of, text])).toEqual([[keyOf("a"), mark]]);
    expect(entry.mark).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
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
    { status: "begun" },
    { status: "begun", mark: "m" },
    { status: "begun", mark: "m", starts: Number.NaN },
    { status: "begun", mark: "m", starts: Number.POSITIVE_INFINITY },
    { status: "begun", mark: "m", starts: 1n },
    { status: "begun", starts: 1 },
  ])("asks again when a store begins with %o", async (odd) => {
    const { begin } = memoryStores().dedupe;
    const asked = vi.fn(begin).mockResolvedValueOnce(odd as never);
    const { keeping, reports } = keepingOver({ begin: asked });

    const begun = keeping.begin(entryOf("a"));
    await vi.advanceTimersByTimeAsync(1000);

    expect(await begun).toMatchObject({ status: "begun", starts: 1 });
    expect(reports).toMatchObject([
      { kind: "storeFailed", store: "dedupe" },
      { kind: "storeBack", store: "dedupe" },
    ]);
  });

  it.each([undefined, Number.NaN, "soon"])("takes busy for %s ms for soon", async (endsInMs) => {
    const { keeping } = keepingOver({ begin: async () => ({ status: "busy", endsInMs }) as never });

    expect(await keeping.begin(entryOf("a"))).toEqual({ status: "busy", endsInMs: 0 });
  });

  it("throws what repeating cannot mend: a wrong option", async () => {
    const error = new AckloopError("config", "no such table");
    const begin = vi.fn(() => Promise.reject(error));
    const { keeping } = keepingOver({ begin });

    await expect(keeping.begin(entryOf("a"))).rejects.toBe(error);
    expect(begin).toHaveBeenCalledTimes(1);
  });

  it("asks again after whatever else a store throws, at once or late", async () => {
    const begin = vi.fn<DedupeStore["begin"]>();
    begin.mockImplementationOnce(() => {
      throw new TypeError("x is not a function");
    });
    begin.mockRejectedValueOnce(undefined);
    begin.mockResolvedValue({ status: "done" });
    const { keeping } = keepingOver({ begin });

    const begun = keeping.begin(entryOf("a"));
    await vi.advanceTimersByTimeAsync(10_000);

    expect(await begun).toEqual({ status: "done" });
    expect(begin).toHaveBeenCalledTimes(3);
  });

  it("marks an event once", async () => {
    const { keeping, stores } = keepingOver();
    const entry = entryOf("a");

    const first = await keeping.begin(entry);
    const second = await keeping.begin(entry);

    expect(first).toMatchObject({ status: "begun", starts: 1 });
    expect(second).toBeUndefined();
    expect(await stores.dedupe.begin(keyOf("a"), 1000)).toMatchObject({ status: "busy" });
    keeping.close();
  });

  it("marks neither ids made from the content nor what could not be read", async () => {
    const begin = vi.fn();
    const { keeping } = keepingOver({ begin });
    const unreadable = new AckloopError("schema", "cannot be read");

    expect(await keeping.begin(entryOf("a", { idDerived: true }))).toBeUndefined();
    expect(await keeping.begin(new Entry("b", { unreadable, raw: 1 }, page))).toBeUndefined();
    expect(begin).not.toHaveBeenCalled();
  });

  it("renews marks while their events are in work, with one timer, and no longer", async () => {
    const { keeping, stores } = keepingOver();
    const [a, b] = [entryOf("a"), entryOf("b")];
    await keeping.begin(a);
    await keeping.begin(b);
    expect(vi.getTimerCount()).toBe(1);

    await vi.advanceTimersByTimeAsync(10 * MARK_MS);
    expect(await stores.dedupe.begin(keyOf("a"), 1000)).toMatchObject({ status: "busy" });

    expect(await keeping.finish(a)).toBe(true);
    await keeping.abandon(b, signal);
    expect(vi.getTimerCount()).toBe(0);
    expect(await stores.dedupe.begin(keyOf("a"), 1000)).toEqual({ status: "done" });
    expect(await stores.dedupe.begin(keyOf("b"), 1000)).toMatchObject({ status: "begun" });
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

  it("renews again soon when the store fails, and tells of it", async () => {
    const renew = vi.fn<DedupeStore["renew"]>().mockRejectedValueOnce(passing());
    renew.mockResolvedValue(true);
    const { keeping, reports } = keepingOver({ renew });
    await keeping.begin(entryOf("a"));

    await vi.advanceTimersByTimeAsync(MARK_MS / 3 + MARK_MS / 10);

    expect(renew).toHaveBeenCalledTimes(2);
    expect(reports).toMatchObject([
      { kind: "storeFailed", store: "dedupe", delayMs: MARK_MS / 10 },
      { kind: "storeBack", store: "dedupe" },
    ]);
    keeping.close();
  });

  it("begins an event anew whose mark has ended, as its next start", async () => {
    const { keeping, stores } = keepingOver({ renew: async () => Promise.reject(passing()) });
    const entry = entryOf("a");
    await keeping.begin(entry);
    const first = entry.mark?.text;
    await vi.advanceTimersByTimeAsync(MARK_MS + 1);

    expect(await keeping.begin(entry)).toMatchObject({ status: "begun", starts: 1 });

    expect(entry.mark?.text).not.toBe(first);
    expect(await stores.dedupe.begin(keyOf("a"), 1000)).toMatchObject({ status: "busy" });
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

  it("knows that the event is another's when the store refused a finish in a transaction", async () => {
    const { keeping } = keepingOver({ finish: async () => false });
    const entry = entryOf("a");
    await keeping.begin(entry);
    expect(keeping.isTaken(entry)).toBe(false);

    expect(await keeping.finishIn(entry, "transaction")).toBe(false);

    expect(keeping.isTaken(entry)).toBe(true);
    keeping.close();
  });

  it("gives the handler what the store throws at a finish in its transaction", async () => {
    const failure = new Error("the transaction is aborted");
    const { keeping } = keepingOver({ finish: () => Promise.reject(failure) });
    const entry = entryOf("a");
    await keeping.begin(entry);

    await expect(keeping.finishIn(entry, "transaction")).rejects.toBe(failure);
    expect(keeping.isTaken(entry)).toBe(false);
    keeping.close();
  });

  it("renews no mark whose transaction may hold it, and begins it anew for the next attempt", async () => {
    const { dedupe } = memoryStores();
    const renew = vi.fn<DedupeStore["renew"]>(dedupe.renew);
    const finish = vi.fn<DedupeStore["finish"]>(async () => true);
    const { keeping } = keepingOver({ renew, finish });
    const entry = entryOf("a");
    await keeping.begin(entry);
    await keeping.finishIn(entry, "transaction");

    await vi.advanceTimersByTimeAsync(MARK_MS / 2);
    expect(renew).not.toHaveBeenCalled();

    expect(await keeping.begin(entry)).toMatchObject({ status: "begun" });
    keeping.close();
  });

  it("counts work as done whose mark another has taken since", async () => {
    const { keeping } = keepingOver({ finish: async () => false });
    const entry = entryOf("a");
    await keeping.begin(entry);

    expect(await keeping.finish(entry)).toBe(true);
  });

  it("looks at no mark any more once the run quits, though handlers still work", async () => {
    const { keeping, quit } = keepingOver();
    await keeping.begin(entryOf("a"));
    quit.abort();

    await vi.advanceTimersByTimeAsync(MARK_MS / 3);

    expect(vi.getTimerCount()).toBe(0);
  });

  it("takes a mark back at once at the end, however long the store has failed", async () => {
    const { dedupe } = memoryStores();
    const begin: DedupeStore["begin"] = async (...args) => {
      await dedupe.begin(...args);
      throw passing();
    };
    const retry = { minDelayMs: 60_000, maxDelayMs: 60_000 };
    const { keeping, quit } = keepingOver({ ...dedupe, begin }, { retry });
    const entry = entryOf("a");
    const begun = keeping.begin(entry);
    await vi.advanceTimersByTimeAsync(100);
    quit.abort();
    await begun;

    await keeping.abandon(entry, signal);

    expect(await dedupe.begin(keyOf("a"), 1000)).toMatchObject({ status: "begun", starts: 1 });
  });

  it("remembers at the end what is done, where that was cut", async () => {
    const { keeping, stores, quit } = keepingOver();
    const entry = entryOf("a");
    await keeping.begin(entry);
    entry.isDone = true;
    quit.abort();
    expect(await keeping.finish(entry)).toBe(false);

    await keeping.abandon(entry, signal);

    expect(await stores.dedupe.begin(keyOf("a"), 1000)).toEqual({ status: "done" });
  });

  it("has nothing to finish or to abandon without a mark", async () => {
    const { keeping } = keepingOver();

    expect(await keeping.finish(entryOf("a"))).toBe(true);
    await expect(keeping.abandon(entryOf("a"), signal)).resolves.toBeUndefined();
  });

  it("lets go of an event for as long as it may, and goes on", async () => {
    const forget = vi.fn(() => Promise.reject(passing()));
    const { keeping } = keepingOver({ forget });
    const giveUp = new AbortController();
    const entry = entryOf("a");
    await keeping.begin(entry);

    const abandoned = keeping.abandon(entry, giveUp.signal);
    await vi.advanceTimersByTimeAsync(5000);
    expect(forget.mock.calls.length).toBeGreaterThan(1);
    giveUp.abort();

    await expect(abandoned).resolves.toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("logs when an event can never be let go of", async () => {
    const error = new AckloopError("config", "no such table");
    const { keeping, warn } = keepingOver({ forget: () => Promise.reject(error) });
    const entry = entryOf("a");
    await keeping.begin(entry);

    await keeping.abandon(entry, signal);

    expect(warn.mock.calls).toEqual([
      [
        `the mark of ${entry.identity} could not be ended: no such table; ` +
          "it ends by itself, and its event is held up until then",
        { error: expect.objectContaining({ message: "no such table", code: "config" }) },
      ],
    ]);
  });
});
