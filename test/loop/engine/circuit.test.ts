import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Circuit } from "../../../src/loop/engine/circuit.ts";
import { Entry } from "../../../src/loop/engine/entry.ts";
import type { ReportBody } from "../../../src/loop/engine/report.ts";
import { testEvent } from "../../../src/testing/memory-feed.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function circuitOf({ after = 4, atOnce = 1 } = {}) {
  const reports: ReportBody[] = [];
  const circuit = new Circuit({
    after,
    atOnce,
    bounds: { minMs: 1000, maxMs: 4000 },
    probeMs: 10_000,
    tell: (report) => reports.push(report),
  });
  vi.spyOn(Math, "random").mockReturnValue(1);
  return { circuit, reports };
}

/** So many events, each of which was tried so often. */
const entriesOf = (count: number, attempts = 1): Entry[] =>
  Array.from({ length: count }, (_, index) => {
    const event = testEvent(`e${index}`);
    return Object.assign(
      new Entry(event.id, { event, raw: {} }, { bytes: 0, openedAt: 0, held: 0 }),
      {
        attempts,
      },
    );
  });

/** One that was never tried. */
const entryOf = (): Entry => entriesOf(1, 0)[0] as Entry;

describe("a circuit judges", () => {
  it.each([
    { title: "nothing has failed, many are held", failed: 0, held: 10, is: "unsure" },
    { title: "one of many", failed: 1, held: 10, is: "unsure" },
    { title: "all but one of what it takes", failed: 3, held: 10, is: "unsure" },
    { title: "as many as it takes", failed: 4, held: 10, is: "outage" },
    { title: "fewer are held, and all failed", failed: 3, held: 3, is: "outage" },
    { title: "too few are held that could ever fail", failed: 1, held: 2, is: "poison" },
    { title: "the only one", failed: 1, held: 1, is: "poison" },
    { title: "all of two", failed: 2, held: 2, is: "poison" },
    { title: "two, and a third is untried", failed: 2, held: 3, is: "unsure" },
  ])("$title: $is", ({ failed, held, is }) => {
    const { circuit } = circuitOf();

    for (const entry of entriesOf(failed)) circuit.failed([entry]);

    expect(circuit.judge(held)).toBe(is);
  });

  it("by different events: one that fails often is one", () => {
    const { circuit } = circuitOf();
    const [entry] = entriesOf(1);

    for (let count = 0; count < 10; count += 1) circuit.failed(entry ? [entry] : []);

    expect(circuit.judge(10)).toBe("unsure");
  });

  it("a batch that failed as one", () => {
    const { circuit } = circuitOf({ after: 3, atOnce: 10 });
    const batches = [0, 1, 2].map(() => entriesOf(10));
    const judged = batches.map((batch) => {
      circuit.failed(batch);
      return circuit.judge(100);
    });

    expect(judged).toEqual(["unsure", "unsure", "outage"]);
  });

  it("takes at least three for an outage, whatever it is told", () => {
    const { circuit } = circuitOf({ after: 1 });
    const judged = entriesOf(3).map((entry) => {
      circuit.failed([entry]);
      return circuit.judge(10);
    });

    expect(judged).toEqual(["unsure", "unsure", "outage"]);
  });

  it("takes a success for a sign that what failed before did so by itself", () => {
    const { circuit } = circuitOf();
    const entries = entriesOf(3);
    for (const entry of entries) circuit.failed([entry]);
    expect(entries.every((entry) => circuit.isSuspect(entry))).toBe(true);

    circuit.succeeded(entryOf());

    expect(entries.some((entry) => circuit.isSuspect(entry))).toBe(false);
    expect(circuit.judge(10)).toBe("unsure");
  });

  describe("events that have failed beside others' successes before", () => {
    /** Each fails, and another succeeds, so many times. */
    function forgiven(times: number) {
      const { circuit } = circuitOf();
      const entries = entriesOf(8);
      for (let count = 0; count < times; count += 1) {
        for (const entry of entries) circuit.failed([entry]);
        circuit.succeeded(entryOf());
      }
      return { circuit, entries };
    }

    it("as bad by themselves", () => {
      const { circuit, entries } = forgiven(3);

      for (const entry of entries) circuit.failed([entry]);

      expect(circuit.judge(8)).toBe("unsure");
      expect(entries.some((entry) => circuit.isSuspect(entry))).toBe(false);
    });

    it("as any others once one of them has succeeded", () => {
      const { circuit, entries } = forgiven(3);
      circuit.succeeded(entries.pop() as Entry);

      for (const entry of entries) circuit.failed([entry]);

      expect(circuit.judge(7)).toBe("outage");
    });

    it("as any others where one has succeeded that had failed nearly as often", () => {
      const { circuit, entries } = forgiven(2);
      circuit.succeeded(entries.pop() as Entry);
      for (const entry of entries) circuit.failed([entry]);
      circuit.succeeded(entryOf());

      for (const entry of entries) circuit.failed([entry]);

      expect(circuit.judge(7)).toBe("outage");
    });
  });

  it("counts none that were given up before a success", () => {
    const { circuit } = circuitOf();
    for (const entry of entriesOf(4)) {
      circuit.failed([entry]);
      circuit.left(entry);
      circuit.succeeded(entryOf());
    }

    expect(circuit.judge(1)).not.toBe("outage");
  });
});

describe("a circuit that opens", () => {
  function opened() {
    const bench = circuitOf();
    const entries = entriesOf(4, 5);
    const verdict = { reason: "failed", code: undefined, cause: undefined };
    for (const entry of entries) {
      bench.circuit.failed([entry]);
      bench.circuit.failed([entry]);
      entry.verdict = verdict;
    }
    const from = performance.now();
    bench.circuit.open();
    return { ...bench, entries, from };
  }

  it("gives back the attempts since the last success, and tells of it", () => {
    const { circuit, entries, reports, from } = opened();

    expect(entries.map(({ attempts, verdict }) => [attempts, verdict])).toEqual(
      new Array(4).fill([3, undefined]),
    );
    expect(reports).toEqual([{ kind: "circuitOpened", failed: 4, delayMs: 1000, why: "" }]);
    expect([circuit.isOpen, circuit.openedAt, circuit.probeAt]).toEqual([true, from, from + 1000]);
  });

  it("counts no attempt that fails meanwhile", () => {
    const { circuit, entries } = opened();

    circuit.failed(entries);

    expect(entries.map(({ attempts }) => attempts)).toEqual([2, 2, 2, 2]);
    expect(entries.some((entry) => circuit.isSuspect(entry))).toBe(false);
  });

  it("never counts below nothing", () => {
    const { circuit } = opened();
    const [entry] = entriesOf(1, 0);

    circuit.failed(entry ? [entry] : []);

    expect(entry?.attempts).toBe(0);
  });

  it("probes at growing intervals", () => {
    const { circuit, entries } = opened();
    const waits = entries.slice(1).map((entry) => {
      circuit.probes(entry);
      circuit.ended(entry, true);
      return circuit.probeAt - performance.now();
    });

    expect(waits).toEqual([2000, 4000, 4000]);
  });

  it("waits for a probe as long as it may take, and then lets another probe", async () => {
    const { circuit, entries } = opened();
    const [hung, second] = entries as [Entry, Entry];
    const probe = async (entry: Entry): Promise<number> => {
      circuit.probes(entry);
      const waitMs = circuit.probeAt - performance.now();
      await vi.advanceTimersByTimeAsync(waitMs);
      return waitMs;
    };

    expect([await probe(hung), await probe(second)]).toEqual([10_000, 10_000]);
    circuit.ended(hung, true);
    expect(circuit.probeAt).toBe(performance.now());
  });

  it("knows no probe of an outage before", async () => {
    const { circuit, entries } = opened();
    circuit.probes(entries[0] as Entry);
    circuit.succeeded(entryOf());
    circuit.open();

    expect(circuit.probeAt - performance.now()).toBe(1000);
  });

  it("closes with a success, tells for how long it was, and begins anew", async () => {
    const { circuit, reports, entries } = opened();
    circuit.probes(entries[0] as Entry);
    circuit.ended(entries[0] as Entry, true);
    await vi.advanceTimersByTimeAsync(7000);

    circuit.succeeded(entryOf());
    circuit.succeeded(entryOf());

    expect(reports.slice(1)).toEqual([
      { kind: "probeFailed", elapsedMs: 0, delayMs: 2000, why: "" },
      { kind: "circuitClosed", elapsedMs: 7000 },
    ]);
    expect([circuit.isOpen, circuit.openedAt]).toEqual([false, undefined]);
    circuit.open();
    expect(reports.at(-1)).toEqual({ kind: "circuitOpened", failed: 0, delayMs: 1000, why: "" });
  });
});
