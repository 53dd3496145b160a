import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  createJournal,
  type JournalOptions,
  type JournalQuery,
} from "../../src/emulator/journal.ts";

afterEach(() => {
  vi.useRealTimers();
});

describe("a journal", () => {
  it("numbers entries, and tells when and of which provider they are", () => {
    vi.useFakeTimers({ now: 5_000 });
    const journal = createJournal("acme");

    journal.add({ kind: "published", queue: "q", eventId: "a" });
    const second = journal.add({ kind: "request", request: 1, operation: "pull", status: 200 });

    expect(second).toEqual({
      seq: 2,
      at: 5_000,
      provider: "acme",
      kind: "request",
      request: 1,
      operation: "pull",
      status: 200,
    });
    expect(journal.entries().map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it("gives entries behind a place, of some kinds, up to a limit", () => {
    const journal = createJournal("acme");
    for (let index = 1; index <= 10; index += 1) {
      const kind = index % 2 ? ("published" as const) : ("acked" as const);
      journal.add({ kind, queue: "q", eventId: String(index) });
    }

    const seqs = (query: Parameters<typeof journal.entries>[0]) =>
      journal.entries(query).map(({ seq }) => seq);

    expect(seqs({ after: 7 })).toEqual([8, 9, 10]);
    expect(seqs({ after: 3, kinds: ["acked"], limit: 2 })).toEqual([4, 6]);
    expect(seqs({ kinds: ["fault"] })).toEqual([]);
    expect(seqs({ after: 10 })).toEqual([]);
  });

  it("knows of each event how often it came, and the first ack", () => {
    vi.useFakeTimers({ now: 0 });
    const journal = createJournal("acme");
    journal.add({ kind: "published", queue: "q", eventId: "a" });
    journal.add({ kind: "delivered", queue: "q", eventId: "a" });
    journal.add({ kind: "delivered", queue: "q", eventId: "a" });
    vi.setSystemTime(10);
    journal.add({ kind: "acked", queue: "q", eventId: "a" });
    vi.setSystemTime(20);
    journal.add({ kind: "ackedAgain", queue: "q", eventId: "a" });
    journal.add({ kind: "read", queue: "q", eventId: "a", cursor: "a" });

    const record = { published: 1, delivered: 2, acks: 2, ackedSeq: 4, ackedAt: 10 };
    expect(journal.event("a")).toEqual(record);
    expect(journal.event("a", "q")).toEqual(record);
    expect(journal.event("a", "other")).toBeUndefined();
    expect(journal.event("b")).toBeUndefined();
  });

  it("gives entries of one queue, event or operation, which nobody can change", () => {
    const journal = createJournal("acme");
    journal.add({ kind: "acked", queue: "q", eventId: "a", operation: "ack" });
    journal.add({ kind: "acked", queue: "r", eventId: "a", operation: "pull" });
    journal.add({ kind: "read", queue: "q", eventId: "b", cursor: "b", operation: "ack" });
    const seqs = (query: JournalQuery) => journal.entries(query).map(({ seq }) => seq);

    expect(seqs({ queue: "q" })).toEqual([1, 3]);
    expect(seqs({ eventId: "a" })).toEqual([1, 2]);
    expect(seqs({ operation: "ack", kinds: ["acked"] })).toEqual([1]);
    expect(journal.entries().every(Object.isFrozen)).toBe(true);
  });

  it("refuses a question that nothing could ever answer", () => {
    const journal = createJournal("acme");
    journal.know(["pull"]);

    expect(() => journal.entries({ kinds: ["ack" as "acked"] })).toThrow("kinds cannot have");
    expect(() => journal.entries({ kinds: "acked" as never })).toThrow("kinds cannot have");
    expect(() => journal.entries({ operation: "pul" })).toThrow("it is one of pull, unknown");
    expect(() => journal.entries({ queu: "q" } as JournalQuery)).toThrow("journal has no queu");
    expect(() => journal.calls("pul")).toThrow("it is one of pull, unknown");
    expect([journal.calls("unknown"), journal.entries({ operation: "pull" })]).toEqual([0, []]);
  });

  it("tells of an event what is known now, whatever comes", () => {
    const journal = createJournal("acme");
    journal.add({ kind: "published", queue: "q", eventId: "a" });
    const before = journal.event("a");
    journal.add({ kind: "delivered", queue: "q", eventId: "a" });

    expect([before?.delivered, journal.event("a")?.delivered]).toEqual([0, 1]);
  });

  it("lists ids once, of one queue or of all", () => {
    const journal = createJournal("acme");
    journal.add({ kind: "published", queue: "one", eventId: "a" });
    journal.add({ kind: "published", queue: "one", eventId: "b" });
    journal.add({ kind: "published", queue: "two", eventId: "a" });
    journal.add({ kind: "published", queue: "two" });
    journal.add({ kind: "acked", queue: "two", eventId: "a" });
    journal.add({ kind: "fault", queue: "two", eventId: "z", operation: "notify", fault: "cut" });

    expect(journal.publishedIds()).toEqual(["a", "b"]);
    expect(journal.publishedIds("two")).toEqual(["a"]);
    expect(journal.ackedIds()).toEqual(["a"]);
    expect(journal.ackedIds("one")).toEqual([]);
    expect(journal.publishedIds("three")).toEqual([]);
  });

  it("counts calls by operation, and entries by kind", () => {
    const journal = createJournal("acme");
    journal.countCall("pull");
    journal.countCall("pull");
    journal.countCall("ack");
    journal.add({ kind: "refused", request: 3, operation: "ack", status: 400 });

    expect([journal.calls("pull"), journal.calls("nothing"), journal.calls()]).toEqual([2, 0, 3]);
    expect(journal.totals()).toEqual({
      published: 0,
      delivered: 0,
      acked: 0,
      ackedAgain: 0,
      read: 0,
      refused: 1,
      fault: 0,
      request: 0,
    });
  });

  it("drops what it is told to drop, and counts it all the same", () => {
    const events = createJournal("acme", "events");
    const totals = createJournal("acme", "totals");
    for (const journal of [events, totals]) {
      journal.add({ kind: "request", request: 1, operation: "pull" });
      journal.add({ kind: "published", queue: "q", eventId: "a" });
      journal.add({ kind: "fault", operation: "pull", fault: "cut" });
    }

    expect(events.entries()).toMatchObject([{ seq: 2, kind: "published" }]);
    expect(events.publishedIds()).toEqual(["a"]);
    expect(totals.entries()).toEqual([]);
    expect(totals.publishedIds()).toEqual([]);
    expect(totals.totals()).toEqual(events.totals());
    expect(totals.totals()).toMatchObject({ request: 1, published: 1, fault: 1 });
  });

  it("pages through 300,000 entries without walking them all for each page", () => {
    const journal = createJournal("acme");
    for (let index = 0; index < 100_000; index += 1) {
      const eventId = String(index);
      journal.add({ kind: "published", queue: "q", eventId });
      journal.add({ kind: "delivered", queue: "q", eventId });
      journal.add({ kind: "acked", queue: "q", eventId });
    }

    let after = 0;
    let seen = 0;
    for (;;) {
      const page = journal.entries({ after, limit: 100 });
      if (page.length === 0) break;
      seen += page.length;
      after = page.at(-1)?.seq ?? after;
    }

    expect(seen).toBe(300_000);
    expect(journal.ackedIds("q")).toHaveLength(100_000);
  });
});

describe("a journal with a bound", () => {
  /** A journal in which events `1` to `count` were each published, delivered and acked. */
  function filled(count: number, keeps: JournalOptions) {
    const journal = createJournal("acme", keeps);
    for (let index = 1; index <= count; index += 1) {
      const about = { queue: `q${index % 7}`, eventId: `${index}` };
      for (const kind of ["published", "delivered", "acked"] as const) {
        journal.add({ kind, ...about });
      }
    }
    return journal;
  }

  it("keeps the last entries, and tells up to where it has forgotten", () => {
    const journal = filled(1_000, { max: 30 });

    expect(journal.entries().map(({ seq }) => seq)).toEqual(
      Array.from({ length: 30 }, (_, index) => 2_971 + index),
    );
    expect(journal.forgotten()).toBe(2_970);
    expect(journal.entries({ after: 2_998 }).map(({ seq }) => seq)).toEqual([2_999, 3_000]);
    expect(journal.totals()).toMatchObject({ published: 1_000, delivered: 1_000, acked: 1_000 });
  });

  it("forgets what it knows of an event with its last entry, and not before", () => {
    const journal = filled(1, { max: 4 });
    journal.add({ kind: "published", queue: "q1", eventId: "2" });
    journal.add({ kind: "ackedAgain", queue: "q1", eventId: "1" });
    journal.add({ kind: "delivered", queue: "q1", eventId: "2" });
    journal.add({ kind: "acked", queue: "q1", eventId: "2" });

    expect(journal.entries({ eventId: "1" }).map(({ kind }) => kind)).toEqual(["ackedAgain"]);
    expect(journal.event("1")).toMatchObject({ published: 1, delivered: 1, acks: 2, ackedSeq: 3 });
    journal.add({ kind: "ackedAgain", queue: "q1", eventId: "2" });
    journal.add({ kind: "ackedAgain", queue: "q1", eventId: "2" });
    expect(journal.event("1")).toBeUndefined();
    expect(journal.publishedIds()).toEqual(["2"]);
    expect(journal.event("2")).not.toHaveProperty("lastSeq");
  });

  it("knows no more events than it has entries, however many there were", () => {
    const journal = filled(20_000, { max: 500 });

    expect(journal.publishedIds().length).toBeLessThanOrEqual(500);
    expect(journal.ackedIds()).toHaveLength(167);
    expect(journal.entries()).toHaveLength(500);
  });

  it("holds on to nothing that it has forgotten", async () => {
    const journal = createJournal("acme", { max: 50 });
    const early: WeakRef<object>[] = [];
    for (let index = 1; index <= 1_000; index += 1) {
      const entry = journal.add({ kind: "published", queue: "q", eventId: `${index}` });
      if (index <= 900) early.push(new WeakRef(entry));
    }

    // A weak reference holds on until the job that made it is over.
    await new Promise((resolve) => setImmediate(resolve));
    setFlagsFromString("--expose-gc");
    runInNewContext("gc")();

    const held = early.filter((entry) => entry.deref() !== undefined);
    expect(held.length).toBeLessThanOrEqual(1);
    expect(journal.entries()).toHaveLength(50);
  });

  it("takes its bound together with what it keeps", () => {
    const journal = filled(10, { detail: "events", max: 6 });
    for (let request = 1; request <= 10; request += 1) {
      journal.add({ kind: "request", request, operation: "pull", status: 200 });
    }

    expect(journal.entries().map(({ kind }) => kind)).toEqual([
      ...["published", "delivered", "acked"],
      ...["published", "delivered", "acked"],
    ]);
    expect(journal.forgotten()).toBe(24);
  });

  it("forgets nothing where no bound is given, and begins anew with a reset", () => {
    expect(filled(1_000, {}).forgotten()).toBe(0);
    expect(filled(1_000, {}).entries()).toHaveLength(3_000);
    const journal = filled(10, { max: 3 });

    journal.reset();

    expect([journal.forgotten(), journal.entries(), journal.publishedIds()]).toEqual([0, [], []]);
  });
});
