import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FeedEvent } from "../../../src/core/event.ts";
import type { ReadableDelivery } from "../../../src/core/feed.ts";
import type { Disposition } from "../../../src/loop/engine/attempt.ts";
import { Circuit } from "../../../src/loop/engine/circuit.ts";
import type { Verdict } from "../../../src/loop/engine/entry.ts";
import { Entry } from "../../../src/loop/engine/entry.ts";
import type { HandlingParts } from "../../../src/loop/engine/handling.ts";
import { Handling } from "../../../src/loop/engine/handling.ts";
import { testEvent } from "../../../src/testing/memory-feed.ts";
import { idsOf } from "../support.ts";

const HANDLED: Disposition = { kind: "settled", as: "handled" };
const FAILED: Disposition = { kind: "again", delayMs: 100, failed: true };
const WAITING: Disposition = { kind: "again", delayMs: 100, failed: false };
const USED_UP: Disposition = {
  kind: "exhausted",
  verdict: { reason: "failed once: no stock", code: undefined, cause: undefined },
};

const idOf = ({ delivery }: Entry): string => delivery.event?.id ?? "";
const entryOf = (id: string): Entry =>
  new Entry(`/memory ${id}`, { event: testEvent(id), raw: {} }, { bytes: 0, openedAt: 0, held: 0 });

interface Setting extends Partial<HandlingParts> {
  /** Whether more may come, so that a batch waits for it. @default false */
  readonly mayCome?: boolean;
}

/** The handling side whose attempts end when the test says so; it is driven as the engine drives it. */
function bench({ mayCome = false, ...parts }: Setting = {}) {
  const started: string[] = [];
  const settled: string[] = [];
  const gaveUp: [string, Verdict][] = [];
  const ends = new Map<string, ((disposition: Disposition) => void)[]>();
  const state = { mayStart: true, mayCome, open: 0 };
  const onRetry = vi.fn();
  const onHalt = vi.fn();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const begin = (name: string, onEnd: (disposition: Disposition) => void): void => {
    started.push(name);
    ends.set(name, [...(ends.get(name) ?? []), onEnd]);
  };
  const step = (): void => {
    clearTimeout(timer);
    const at = handling.step(performance.now());
    if (at < Number.POSITIVE_INFINITY)
      timer = setTimeout(step, Math.max(0, at - performance.now()));
  };
  const handling: Handling = new Handling({
    concurrency: 2,
    maxPerSecond: undefined,
    orderBy: undefined,
    batch: undefined,
    circuit: undefined,
    attempts: {
      make: (entry, onEnd) => {
        entry.given = entry.delivery as ReadableDelivery;
        begin(idOf(entry), (disposition) => onEnd(disposition, entry));
      },
      makeBatch: (entries, onEnd) =>
        new Promise((resolve) => {
          for (const entry of entries) entry.given = entry.delivery as ReadableDelivery;
          begin(entries.map(idOf).join("+"), (each) => {
            onEnd(entries.map((entry) => [entry, each]));
            resolve();
          });
        }),
      giveUp: (entry, verdict, onEnd) => {
        gaveUp.push([idOf(entry), verdict]);
        onEnd({ kind: "settled", as: "deadLettered" }, entry);
      },
    },
    open: () => state.open,
    mayStart: () => state.mayStart,
    mayComeBy: () => state.mayCome,
    hasRoom: () => true,
    onSettled: (entry) => {
      state.open -= 1;
      settled.push(idOf(entry));
    },
    givesBack: false,
    isLeaseOver: () => false,
    onLapsed: () => {
      state.open -= 1;
    },
    onRetry,
    onHalt,
    changed: () => void Promise.resolve().then(step),
    ...parts,
  });
  const add = (...ids: string[]): Entry[] => {
    const entries = ids.map(entryOf);
    state.open += entries.length;
    for (const entry of entries) handling.add(entry);
    step();
    return entries;
  };
  const end = async (name: string, disposition: Disposition = HANDLED): Promise<void> => {
    ends.get(name)?.shift()?.(disposition);
    await vi.advanceTimersByTimeAsync(0);
  };
  const lists = { started, settled, gaveUp };
  return { handling, ...lists, state, onRetry, onHalt, step, add, end };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("handling", () => {
  it("runs as many at once as it may, in the order they came", async () => {
    const { handling, started, settled, add, end } = bench();

    add("a", "b", "c", "d");
    expect(started).toEqual(["a", "b"]);
    expect([handling.running, handling.isHungry]).toEqual([2, false]);
    await end("b");
    expect(started).toEqual(["a", "b", "c"]);
    await end("a");
    await end("c");
    expect(handling.isHungry).toBe(true);
    await end("d");

    expect(started).toEqual(["a", "b", "c", "d"]);
    expect(settled).toEqual(["b", "a", "c", "d"]);
    expect(handling.running).toBe(0);
  });

  it("starts so many in a second as it may, with one timer, and none for what may not start", async () => {
    const { started, settled, state, add } = bench({
      concurrency: 10,
      maxPerSecond: 4,
      attempts: {
        ...never,
        make: (entry, onEnd) => {
          started.push(idOf(entry));
          onEnd(HANDLED, entry);
        },
      },
    });

    add(...idsOf(9));
    expect(started).toEqual(["e0"]);
    await vi.advanceTimersByTimeAsync(249);
    expect([started.length, vi.getTimerCount()]).toEqual([1, 1]);
    await vi.advanceTimersByTimeAsync(1);
    expect(started).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(500);
    expect(started).toHaveLength(4);
    state.mayStart = false;
    await vi.advanceTimersByTimeAsync(5000);
    expect([started.length, vi.getTimerCount()]).toEqual([4, 0]);
    state.mayStart = true;
    add("late");
    await vi.advanceTimersByTimeAsync(1250);

    expect(settled).toEqual([...idsOf(9), "late"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("takes a hundred thousand handlers that end at once without running out of stack", () => {
    const { handling, settled, add } = bench({
      attempts: { ...never, make: (entry, onEnd) => onEnd(HANDLED, entry) },
    });

    add(...idsOf(100_000));

    expect(settled).toHaveLength(100_000);
    expect(handling.running).toBe(0);
  });

  it("never runs two of a key at once, each key in order, and others beside it", async () => {
    const { started, add, end } = bench({ orderBy: firstLetter, concurrency: 10 });

    add("a1", "a2", "b1", "a3", "b2");
    expect(started).toEqual(["a1", "b1"]);
    await end("a1");
    expect(started).toEqual(["a1", "b1", "a2"]);
    await end("b1");
    await end("a2");

    expect(started).toEqual(["a1", "b1", "a2", "b2", "a3"]);
  });

  it("forgets a key that is not in use", async () => {
    const { started, add, end } = bench({ orderBy: () => 7 });
    add("a");
    await end("a");

    add("b");

    expect(started).toEqual(["a", "b"]);
  });

  it("frees the slot of one that waits for its next attempt, and keeps its key", async () => {
    const { started, onRetry, add, end } = bench({ orderBy: firstLetter, concurrency: 1 });

    add("a1", "a2", "b1");
    await end("a1", FAILED);
    expect(started).toEqual(["a1", "b1"]);
    await end("b1");
    expect(started).toEqual(["a1", "b1"]);
    await vi.advanceTimersByTimeAsync(100);
    expect(started).toEqual(["a1", "b1", "a1"]);
    await end("a1");

    expect(started).toEqual(["a1", "b1", "a1", "a2"]);
    expect(onRetry).toHaveBeenCalledTimes(1);
  });

  it("does not count one that only had to wait", async () => {
    const { started, onRetry, add, end } = bench();
    add("a");

    await end("a", WAITING);
    await vi.advanceTimersByTimeAsync(100);

    expect(started).toEqual(["a", "a"]);
    expect(onRetry).not.toHaveBeenCalled();
  });

  it("starts one again that was left, where the run is not stopping, and keeps its key", async () => {
    const { started, state, step, add, end } = bench({ orderBy: () => "k", concurrency: 5 });
    add("a", "b");

    state.mayStart = false;
    await end("a", { kind: "left" });
    expect(started).toEqual(["a"]);
    state.mayStart = true;
    step();

    expect(started).toEqual(["a", "a"]);
  });

  it("hands an error on that must end the run", async () => {
    const { onHalt, settled, add, end } = bench();
    const error = { code: "halted" } as never;
    add("a");

    await end("a", { kind: "halt", error });

    expect(onHalt.mock.calls).toEqual([[error]]);
    expect(settled).toEqual([]);
  });

  it.each([undefined, null])("does not hold up events whose key is %s", async (key) => {
    const orderBy = (() => key) as unknown as (event: FeedEvent) => string;
    const { started, add, end } = bench({ orderBy, concurrency: 1 });

    const entries = add("a", "b");
    await end("a");
    await end("b");

    expect(started).toEqual(["a", "b"]);
    expect(entries.map(({ keyFailure }) => keyFailure)).toEqual([undefined, undefined]);
  });

  it.each([
    [
      "throws",
      () => {
        throw new TypeError("no such field");
      },
      "orderBy threw: TypeError: no such field",
    ],
    ["gives an object", () => ({}), "orderBy gave object, not a text or number"],
  ])("leaves an event to its attempt whose key cannot be made: orderBy %s", (_, orderBy, why) => {
    const { started, add } = bench({ orderBy: orderBy as () => string });

    const entries = add("a", "b");

    expect(started).toEqual(["a", "b"]);
    expect(entries.map(({ keyFailure }) => keyFailure)).toEqual([why, why]);
  });

  it("starts nothing that may not be started, and goes on as soon as it may", () => {
    const { started, state, step, add } = bench();
    state.mayStart = false;
    add("a");
    expect(started).toEqual([]);

    state.mayStart = true;
    step();

    expect(started).toEqual(["a"]);
  });

  it("gives an event up whose attempts are used up, where outages are not told from poison", async () => {
    const { gaveUp, settled, add, end } = bench();
    add("a");

    await end("a", USED_UP);

    expect(gaveUp).toEqual([["a", USED_UP.kind === "exhausted" ? USED_UP.verdict : undefined]]);
    expect(settled).toEqual(["a"]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

/** The same with a circuit that opens after four. */
function withCircuit(parts: Setting = {}) {
  const circuit = new Circuit({
    after: 4,
    atOnce: parts.batch?.size ?? 1,
    bounds: { minMs: 1000, maxMs: 1000 },
    probeMs: 5000,
    tell: undefined,
  });
  vi.spyOn(Math, "random").mockReturnValue(1);
  return { circuit, ...bench({ circuit, ...parts }) };
}

describe("handling with a circuit", () => {
  it("parks what failed too often until it is certain whose fault it is", async () => {
    const { circuit, gaveUp, started, add, end } = withCircuit({ concurrency: 1 });
    add("a", "b", "c");

    await end("a", USED_UP);
    expect([started, gaveUp]).toEqual([["a", "b"], []]);
    circuit.succeeded(entryOf("good"));
    await end("b");
    await end("c");

    expect(gaveUp.map(([id]) => id)).toEqual(["a"]);
  });

  it("gives up at once where not enough are held that could ever tell", async () => {
    const { gaveUp, add, end } = withCircuit();
    add("a", "b");

    await end("a", USED_UP);

    expect(gaveUp.map(([id]) => id)).toEqual(["a"]);
  });

  it("holds in an outage: gives nothing up, counts no attempt, and probes with one, an untried first", async () => {
    const { circuit, gaveUp, started, add, end } = withCircuit({ concurrency: 4 });
    const entries = add("a", "b", "c", "d", "e", "f", "g", "h");
    for (const entry of entries) entry.attempts = 1;
    for (const id of ["a", "b", "c", "d"]) await end(id, USED_UP);
    expect([circuit.isOpen, gaveUp]).toEqual([true, []]);
    expect(entries.slice(0, 4).map(({ attempts }) => attempts)).toEqual([0, 0, 0, 0]);
    started.length = 0;

    await vi.advanceTimersByTimeAsync(1000);

    expect(started).toEqual(["h"]);
  });

  it("closes with the first success, and all go on", async () => {
    const { circuit, started, settled, add, end } = withCircuit({ concurrency: 4 });
    add("a", "b", "c", "d");
    for (const id of ["a", "b", "c", "d"]) await end(id, USED_UP);
    expect(circuit.isOpen).toBe(true);
    started.length = 0;
    await vi.advanceTimersByTimeAsync(1000);
    expect(started).toEqual(["a"]);

    circuit.succeeded(entryOf("good"));
    await end("a");

    expect(started).toEqual(["a", "b", "c", "d"]);
    expect(settled).toEqual(["a"]);
  });

  it("waits after a probe that failed, and tries another", async () => {
    const { circuit, started, add, end } = withCircuit({ concurrency: 4 });
    add("a", "b", "c", "d");
    for (const id of ["a", "b", "c", "d"]) await end(id, USED_UP);
    started.length = 0;
    await vi.advanceTimersByTimeAsync(1000);

    await end("a", FAILED);
    await vi.advanceTimersByTimeAsync(999);
    expect(started).toEqual(["a"]);
    await vi.advanceTimersByTimeAsync(1);

    expect(started).toEqual(["a", "b"]);
    expect(circuit.isOpen).toBe(true);
  });

  it("tries another beside a probe that never answers, in the next outage too", async () => {
    const { circuit, started, add, end } = withCircuit({ concurrency: 4 });
    add("a", "b", "c", "d");
    for (const id of ["a", "b", "c", "d"]) await end(id, USED_UP);
    started.length = 0;
    await vi.advanceTimersByTimeAsync(5999);
    expect(started).toEqual(["a"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(started).toEqual(["a", "b"]);

    circuit.succeeded(entryOf("good"));
    await end("b");
    add("e", "f");
    for (const id of ["c", "d", "e", "f"]) await end(id, USED_UP);
    expect(circuit.isOpen).toBe(true);
    started.length = 0;
    await vi.advanceTimersByTimeAsync(1000);

    expect(started).toEqual(["c"]);
  });
});

describe("handling in an outage", () => {
  it("has a use for more while it holds what was never tried, and probes with the newest", async () => {
    const { handling, started, add, end } = withCircuit({ concurrency: 4 });
    add("a", "b", "c", "d");
    for (const id of ["a", "b", "c", "d"]) await end(id, USED_UP);
    started.length = 0;

    add("e", "f", "g");

    expect(handling.isHungry).toBe(true);
    await vi.advanceTimersByTimeAsync(1000);
    expect(started).toEqual(["g"]);
  });
});

describe("handling beside what is in work elsewhere", () => {
  it("does not wait for it to say whether what has failed is poison", async () => {
    const { gaveUp, add, end } = withCircuit({ concurrency: 4 });

    add("a", "b", "c", "d");
    await end("a", USED_UP);
    await end("b", USED_UP);
    expect(gaveUp).toEqual([]);
    await end("c", WAITING);
    await end("d", WAITING);

    expect(gaveUp.map(([id]) => id)).toEqual(["a", "b"]);
  });
});

describe("handling in an outage what is in work elsewhere", () => {
  it("waits for it as ever, and does not ask again at once", async () => {
    const { circuit, started, add, end } = withCircuit({ concurrency: 4 });
    add("a", "b", "c");
    for (const id of ["a", "b", "c"]) await end(id, FAILED);
    started.length = 0;
    await vi.advanceTimersByTimeAsync(1000);
    for (const id of ["a", "b", "c"]) await end(id, WAITING);
    expect(started).toEqual(["a", "b", "c"]);

    await vi.advanceTimersByTimeAsync(99);

    expect(started).toEqual(["a", "b", "c"]);
    expect(circuit.isOpen).toBe(true);
    await vi.advanceTimersByTimeAsync(1);
    expect(started).toEqual(["a", "b", "c", "a"]);
  });
});

describe("handling batches in an outage", () => {
  it("probes with one event alone", async () => {
    const { circuit, started, add, end } = withCircuit({
      batch: { size: 3, maxWaitMs: 100 },
      concurrency: 3,
    });
    add(...idsOf(9));
    for (const name of [...started]) await end(name, USED_UP);
    expect(circuit.isOpen).toBe(true);
    started.length = 0;

    await vi.advanceTimersByTimeAsync(1000);

    expect(started).toEqual(["e0"]);
  });
});

describe("handling batches", () => {
  const batch = { size: 3, maxWaitMs: 100 };

  it("starts a full batch at once and the rest after its wait, while more may come", async () => {
    const { started, add } = bench({ batch, mayCome: true });

    add("a", "b", "c", "d");
    expect(started).toEqual(["a+b+c"]);
    await vi.advanceTimersByTimeAsync(99);
    expect(started).toEqual(["a+b+c"]);
    await vi.advanceTimersByTimeAsync(1);

    expect(started).toEqual(["a+b+c", "d"]);
  });

  it("fills a batch while its first event waits", async () => {
    const { started, add } = bench({ batch, mayCome: true });
    add("a");
    await vi.advanceTimersByTimeAsync(50);

    add("b", "c");

    expect(started).toEqual(["a+b+c"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("waits for more only once a slot is free", async () => {
    const { started, add, end } = bench({ batch, concurrency: 1, mayCome: true });
    add("a", "b", "c", "d");
    await vi.advanceTimersByTimeAsync(5000);
    expect(started).toEqual(["a+b+c"]);

    await end("a+b+c");
    await vi.advanceTimersByTimeAsync(100);

    expect(started).toEqual(["a+b+c", "d"]);
  });

  it("goes out at once when nothing can come that would fill it", async () => {
    const { started, add } = bench({ batch });

    add("a", "b");

    expect(started).toEqual(["a+b"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("waits for one of its key that a handler at work may free", async () => {
    const { started, add, end } = bench({ batch, orderBy: firstLetter });
    add("a1", "b1", "c1", "a2", "d1");
    expect(started).toEqual(["a1+b1+c1"]);

    await end("a1+b1+c1");

    expect(started).toEqual(["a1+b1+c1", "d1+a2"]);
  });

  it("waits for one whose next attempt is soon", async () => {
    const { started, add, end } = bench({ batch, concurrency: 1 });
    add("a", "b", "c");
    await end("a+b+c", { kind: "again", delayMs: 50, failed: true });

    add("d");
    expect(started).toEqual(["a+b+c"]);
    await vi.advanceTimersByTimeAsync(50);

    expect(started).toEqual(["a+b+c", "d+a+b"]);
  });

  it("gathers those that are tried again", async () => {
    const { started, add, end } = bench({ batch });
    add("a", "b", "c");

    await end("a+b+c", { kind: "again", delayMs: 50, failed: true });
    await vi.advanceTimersByTimeAsync(50);

    expect(started).toEqual(["a+b+c", "a+b+c"]);
  });

  it("never takes two of a key into one batch", async () => {
    const { started, add, end } = bench({ batch, orderBy: firstLetter });

    add("a1", "a2", "b1", "c1");
    expect(started).toEqual(["a1+b1+c1"]);
    await end("a1+b1+c1");

    expect(started).toEqual(["a1+b1+c1", "a2"]);
  });

  it("takes none into a batch that is to be given up", async () => {
    const { started, gaveUp, add, end } = bench({ batch, concurrency: 1 });
    add("a", "b", "c");

    await end("a+b+c", USED_UP);

    expect(started).toEqual(["a+b+c"]);
    expect(gaveUp.map(([id]) => id)).toEqual(["a", "b", "c"]);
  });
});

/** Attempts that are not made. */
const never = {
  make: () => expect.unreachable("none is made"),
  makeBatch: () => expect.unreachable("none is made"),
  giveUp: () => expect.unreachable("none is given up"),
};

/** Orders by the first letter of an id. */
function firstLetter({ id }: FeedEvent): string {
  return id[0] ?? "";
}
