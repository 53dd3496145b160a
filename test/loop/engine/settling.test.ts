import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AckloopError } from "../../../src/core/errors.ts";
import type { AckReport, AckVerdict, Receipt } from "../../../src/core/feed.ts";
import { toReceipt } from "../../../src/core/feed.ts";
import type { ReportBody } from "../../../src/loop/engine/report.ts";
import {
  CumulativeSettling,
  IndividualSettling,
  isFatal,
} from "../../../src/loop/engine/settling.ts";
import { Window } from "../../../src/loop/engine/window.ts";
import type { LoopOptions } from "../../../src/loop/options.ts";
import { testEvent } from "../../../src/testing/memory-feed.ts";
import { gate, passing, toSettings } from "../support.ts";

const ACKED: AckVerdict = { status: "acked" };
const refused = new AckloopError("request", "this receipt is wrong");
const failed = (error: AckloopError): AckVerdict => ({ status: "failed", error });

interface Setting {
  readonly options?: LoopOptions;
  readonly pulls?: "unacked" | "onward";
}

/** The acknowledging side over a sink whose replies the test gives. */
function bench(acks: "individual" | "cumulative", setting: Setting = {}) {
  const { options = {}, pulls = "unacked" } = setting;
  const window = new Window({ acks, pulls });
  const reports: ReportBody[] = [];
  const calls: string[][] = [];
  const ack = vi.fn(
    async (receipts: readonly Receipt[]): Promise<AckReport> => receipts.map(() => ACKED),
  );
  const over = new AbortController();
  const counts = { acked: 0, gone: 0 };
  const onHalt = vi.fn<(error: AckloopError) => void>();
  const state = { mayStart: true, pullsOn: true };
  const parts = {
    feed: {
      name: "orders",
      acks,
      pulls,
      ack: (receipts: readonly Receipt[]) => {
        calls.push(receipts.map(String));
        return ack(receipts);
      },
    },
    settings: toSettings(options),
    window,
    tell: (report: ReportBody) => void reports.push(report),
    over: over.signal,
    mayStart: () => state.mayStart,
    pullsOn: () => state.pullsOn,
    onAcked: (count: number, gone: number) => {
      counts.acked += count;
      counts.gone += gone;
    },
    onHalt,
    changed: () => changed(),
  };
  const side =
    acks === "individual" ? new IndividualSettling(parts) : new CumulativeSettling(parts);
  // As the engine drives it: it looks again after each change, and when it was told to.
  let timer: ReturnType<typeof setTimeout> | undefined;
  const step = (): void => {
    clearTimeout(timer);
    const at = side.step(performance.now());
    if (at < Number.POSITIVE_INFINITY)
      timer = setTimeout(step, Math.max(0, at - performance.now()));
  };
  const changed = vi.fn(() => void Promise.resolve().then(step));
  const take = (id: string, withReceipt = true) =>
    window.accept(
      { event: testEvent(id), raw: {}, ...(withReceipt ? { receipt: toReceipt(id) } : {}) },
      window.openPage({ deliveries: [] }),
    ).message.entry;
  const settle = (...ids: string[]): void => {
    for (const entry of ids.map((id) => take(id))) {
      window.settle(entry);
      side.settled(entry);
    }
    changed();
  };
  return { side, changed, window, ack, calls, over, counts, onHalt, state, reports, take, settle };
}

const soon = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("individual acks", () => {
  it("send what is settled in one turn with one call", async () => {
    const { side, calls, counts, settle, window } = bench("individual");

    settle("a", "b", "c");
    expect(side.isIdle).toBe(false);
    await soon();

    expect(calls).toEqual([["a", "b", "c"]]);
    expect(counts).toEqual({ acked: 3, gone: 0 });
    expect(side.isIdle).toBe(true);
    expect(window.held).toBe(0);
  });

  it("take a hole in the list of verdicts for one that failed, and send that again", async () => {
    const { ack, calls, counts, settle, onHalt } = bench("individual");
    const holey: AckVerdict[] = [];
    holey[1] = ACKED;
    ack.mockResolvedValueOnce(holey);

    settle("a", "b");
    await vi.advanceTimersByTimeAsync(1000);

    expect(calls).toEqual([["a", "b"], ["a"]]);
    expect(counts).toEqual({ acked: 2, gone: 0 });
    expect(onHalt).not.toHaveBeenCalled();
  });

  it.each(["individual", "cumulative"] as const)(
    "halt the run where an error of a verdict throws when it is read: %s",
    async (acks) => {
      const { ack, settle, onHalt } = bench(acks);
      const hostile = Object.create(refused, {
        code: {
          get: () => {
            throw new Error("odd");
          },
        },
      }) as AckloopError;
      ack.mockResolvedValueOnce([failed(hostile)]);

      settle("a");
      await soon();

      expect(onHalt).toHaveBeenCalledWith(expect.objectContaining({ code: "transport" }));
    },
  );

  it("believe a verdict that is read once, whatever it says later", async () => {
    const { ack, counts, settle } = bench("individual");
    const says = ["acked", "failed"];
    ack.mockResolvedValueOnce([
      {
        get status() {
          return (says.shift() ?? "failed") as "acked";
        },
      },
    ]);

    settle("a");
    await soon();

    expect(counts).toEqual({ acked: 1, gone: 0 });
  });

  it("count what is gone already as acked", async () => {
    const { ack, counts, settle, onHalt } = bench("individual");
    ack.mockResolvedValueOnce([{ status: "gone" }, ACKED]);

    settle("a", "b");
    await soon();

    expect(counts).toEqual({ acked: 2, gone: 1 });
    expect(onHalt).not.toHaveBeenCalled();
  });

  it("keep no more receipts and calls under way than they may", async () => {
    const { side, ack, calls, settle } = bench("individual", { options: { ackConcurrency: 3 } });
    const first = gate<AckReport>();
    ack.mockReturnValueOnce(first.opened);

    settle("a", "b", "c", "d", "e");
    await soon();
    expect(calls).toEqual([["a", "b", "c"]]);
    first.open([ACKED, ACKED, ACKED]);
    await soon();

    expect(calls).toEqual([
      ["a", "b", "c"],
      ["d", "e"],
    ]);
    expect(side.isIdle).toBe(true);
  });

  it("gather receipts once eight calls are under way", async () => {
    const { ack, calls, settle } = bench("individual");
    ack.mockReturnValue(new Promise(() => {}));

    for (let index = 0; index < 12; index += 1) {
      settle(`e${index}`);
      await soon();
    }

    expect(calls).toHaveLength(8);
    expect(calls.every((ids) => ids.length === 1)).toBe(true);
  });

  it("try what failed again, after a wait, and nothing else", async () => {
    const { ack, calls, counts, reports, settle } = bench("individual");
    ack.mockResolvedValueOnce([ACKED, failed(passing()), ACKED]);

    settle("a", "b", "c");
    await soon();
    expect(calls).toEqual([["a", "b", "c"]]);
    expect(reports).toMatchObject([{ kind: "ackFailed" }]);
    await vi.advanceTimersByTimeAsync(250);

    expect(calls).toEqual([["a", "b", "c"], ["b"]]);
    expect(counts.acked).toBe(3);
  });

  it("try all of a call again that failed as a whole, as often as it takes", async () => {
    const { ack, counts, settle, onHalt } = bench("individual", {
      options: { retry: { attempts: 2 } },
    });
    for (let index = 0; index < 6; index += 1) ack.mockRejectedValueOnce(passing());

    settle("a", "b");
    await vi.advanceTimersByTimeAsync(20_000);

    expect(ack).toHaveBeenCalledTimes(7);
    expect(counts.acked).toBe(2);
    expect(onHalt).not.toHaveBeenCalled();
  });

  it("wait as long as the provider asks", async () => {
    const { ack, calls, settle } = bench("individual");
    ack.mockRejectedValueOnce(passing({ retryAfterMs: 20_000 }));

    settle("a");
    await vi.advanceTimersByTimeAsync(19_000);
    expect(calls).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1000);

    expect(calls).toHaveLength(2);
  });

  it.each([
    ["answered", async () => [ACKED]],
    ["refused for its own sake", async () => [failed(refused)]],
    ["refused without a wait", async () => [failed(passing())]],
  ])("wait so long too where another that was under way is %s", async (_, reply) => {
    const { ack, calls, settle } = bench("individual");
    const first = gate<AckReport>();
    const second = gate<AckReport>();
    ack.mockReturnValueOnce(first.opened).mockReturnValueOnce(second.opened);
    settle("a");
    await soon();
    settle("b");
    await soon();

    first.fail(passing({ retryAfterMs: 20_000 }));
    await soon();
    second.open(await reply());
    await soon();
    settle("c");
    await vi.advanceTimersByTimeAsync(19_000);
    expect(calls).toEqual([["a"], ["b"]]);
    await vi.advanceTimersByTimeAsync(1000);

    expect(calls.length).toBeGreaterThan(2);
  });

  it("halt when one is refused for good, and still ack the others", async () => {
    const { side, ack, calls, counts, onHalt, settle } = bench("individual", {
      options: { retry: { attempts: 2 } },
    });
    ack.mockImplementation(async (receipts) =>
      receipts.map((receipt) => (String(receipt) === "a" ? failed(refused) : ACKED)),
    );

    settle("a", "b");
    await vi.advanceTimersByTimeAsync(20_000);
    expect(onHalt.mock.calls).toEqual([[refused]]);
    settle("c");
    await soon();

    // Five times in all, and then no more.
    expect(calls).toEqual([["a", "b"], ["a"], ["a"], ["a"], ["a"], ["c"]]);
    expect(counts.acked).toBe(2);
    expect(side.isIdle).toBe(true);
  });

  it("go one call at a time, gathered and ever later, while all of them are refused for good", async () => {
    const { side, calls, onHalt, ack, settle } = bench("individual");
    ack.mockRejectedValue(refused);

    for (let count = 0; count < 60; count += 1) {
      settle(`e${count}`);
      await vi.advanceTimersByTimeAsync(10);
    }
    await vi.advanceTimersByTimeAsync(20_000);

    // Six that are refused show that it is no fault of an event; five calls more, that it is for good.
    expect(calls.length).toBeLessThan(20);
    expect(onHalt.mock.calls).toEqual([[refused]]);
    expect(side.isIdle).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("go on at once when one of them is taken", async () => {
    const { side, counts, onHalt, ack, settle } = bench("individual");
    for (let count = 0; count < 4; count += 1) ack.mockRejectedValueOnce(refused);

    settle(...Array.from({ length: 60 }, (_, n) => `e${n}`));
    await vi.advanceTimersByTimeAsync(20_000);

    expect(counts.acked).toBe(60);
    expect(onHalt).not.toHaveBeenCalled();
    expect(side.isIdle).toBe(true);
  });

  it("count a refusal only against the event that was refused", async () => {
    const { ack, counts, onHalt, settle } = bench("individual", {
      options: { retry: { attempts: 3 } },
    });
    // One is refused twice, the other fails beside it for another reason, more often.
    ack.mockResolvedValueOnce([failed(passing()), failed(refused)]);
    ack.mockResolvedValueOnce([failed(passing()), failed(refused)]);
    ack.mockResolvedValueOnce([failed(passing()), ACKED]);
    ack.mockResolvedValueOnce([failed(refused)]);

    settle("a", "b");
    await vi.advanceTimersByTimeAsync(20_000);

    expect(onHalt).not.toHaveBeenCalled();
    expect(counts.acked).toBe(2);
  });

  it.each([
    ["auth", new AckloopError("auth", "refused")],
    ["conflict", new AckloopError("conflict", "another run has moved the place")],
    ["a lost lease", new AckloopError("leaseLost", "another process holds it")],
  ])("halt at once, and stop trying, on %s", async (_, error) => {
    const { side, ack, calls, onHalt, settle } = bench("individual");
    ack.mockRejectedValueOnce(error);

    settle("a");
    await soon();
    settle("b");
    await vi.advanceTimersByTimeAsync(60_000);

    expect(onHalt.mock.calls).toEqual([[error]]);
    expect(calls).toEqual([["a"]]);
    expect(side.isIdle).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("halt on the fatal one of several verdicts", async () => {
    const { ack, onHalt, settle } = bench("individual");
    const auth = new AckloopError("auth", "refused");
    ack.mockResolvedValueOnce([failed(auth), failed(passing())]);

    settle("a", "b");
    await soon();

    expect(onHalt.mock.calls).toEqual([[auth]]);
  });

  it("hold the feed to one verdict for each receipt", async () => {
    const { ack, counts, onHalt, settle } = bench("individual", {
      options: { retry: { attempts: 2 } },
    });
    ack.mockResolvedValue([ACKED]);

    settle("a", "b");
    await vi.advanceTimersByTimeAsync(5000);

    expect(onHalt.mock.calls[0]?.[0]).toMatchObject({
      code: "schema",
      message: "orders ack: gave 1 verdicts for 2 receipts; that is a fault of the feed",
    });
    expect(counts.acked).toBe(0);
  });

  it.each([
    [
      "thrown",
      () => {
        throw new TypeError("x is not a function");
      },
    ],
    ["rejected with", () => Promise.reject(new TypeError("x is not a function"))],
    ["no error at all", () => Promise.reject(undefined)],
    ["no answer", () => new Promise<never>(() => {})],
  ])("try again after a failure that is none of ours, and never halt: %s", async (_, failure) => {
    const options: LoopOptions = { callTimeoutMs: 1000, retry: { attempts: 1 } };
    const { ack, counts, onHalt, reports, settle } = bench("individual", { options });
    for (let count = 0; count < 3; count += 1) ack.mockImplementationOnce(failure);

    settle("a");
    await vi.advanceTimersByTimeAsync(20_000);

    expect(onHalt).not.toHaveBeenCalled();
    expect(reports).toHaveLength(3);
    expect(counts.acked).toBe(1);
  });

  it.each([undefined, null, {}, { status: "yes" }, { status: "failed" }])(
    "try again what has the verdict %j",
    async (verdict) => {
      const { ack, calls, counts, settle } = bench("individual");
      ack.mockResolvedValueOnce([verdict as AckVerdict, ACKED]);

      settle("a", "b");
      await vi.advanceTimersByTimeAsync(250);

      expect(calls).toEqual([["a", "b"], ["a"]]);
      expect(counts.acked).toBe(2);
    },
  );

  it("let one call at a time try while the provider fails, and all go on when it is back", async () => {
    const { ack, calls, settle } = bench("individual", { options: { ackConcurrency: 2 } });
    for (let count = 0; count < 4; count += 1) ack.mockRejectedValueOnce(passing());

    settle("a", "b", "c", "d", "e", "f");
    await vi.advanceTimersByTimeAsync(10_000);

    const failing = calls.slice(0, 4).map((ids) => ids.length);
    expect(failing.every((length) => length <= 2)).toBe(true);
    expect(new Set(calls.slice(4).flat())).toEqual(new Set(["a", "b", "c", "d", "e", "f"]));
  });

  it("hold nothing else up for one that is refused for its own sake", async () => {
    const { ack, calls, settle } = bench("individual");
    ack.mockResolvedValueOnce([failed(refused)]);
    settle("a");
    await soon();

    settle("b");
    await soon();

    expect(calls).toEqual([["a"], ["b"]]);
  });

  it("have nothing to send for what came without a receipt", async () => {
    const { side, changed, window, calls, take } = bench("individual");
    const entry = take("a", false);

    window.settle(entry);
    side.settled(entry);
    changed();
    await soon();

    expect(calls).toEqual([]);
    expect(side.isIdle).toBe(true);
    expect(window.held).toBe(0);
  });
});

describe("cumulative acks", () => {
  it("send the furthest receipt before the first open delivery", async () => {
    const { side, changed, window, calls, counts, take } = bench("cumulative");
    const [a, b, c, d] = ["a", "b", "c", "d"].map((id) => take(id));
    if (!a || !b || !c || !d) throw new Error("all are there");

    for (const entry of [b, a, d]) {
      window.settle(entry);
      side.settled(entry);
    }
    changed();
    await soon();

    expect(calls).toEqual([["b"]]);
    expect(counts.acked).toBe(2);
  });

  it("keep one call under way, and then send the furthest of what was settled meanwhile", async () => {
    const { side, ack, calls, counts, settle } = bench("cumulative");
    const first = gate<AckReport>();
    ack.mockReturnValueOnce(first.opened);

    settle("a");
    await soon();
    settle("b", "c");
    await soon();
    expect(calls).toEqual([["a"]]);
    expect([side.isIdle, side.mayCarry(performance.now())]).toEqual([false, false]);
    first.open([{ status: "gone" }]);
    await soon();

    expect(calls).toEqual([["a"], ["c"]]);
    expect(counts).toEqual({ acked: 3, gone: 1 });
    expect([side.isIdle, side.mayCarry(performance.now())]).toEqual([true, true]);
  });

  it("leave a receipt to the pull that has taken it", async () => {
    const { side, window, calls, settle } = bench("cumulative");

    settle("a");
    const reach = window.watermark.next ?? expect.unreachable("it is settled");
    window.watermark.take(reach);
    await soon();

    expect(calls).toEqual([]);
    expect(side.isIdle).toBe(true);
  });

  it("let no pull carry an ack while acks fail", async () => {
    const { side, ack, settle } = bench("cumulative");
    ack.mockRejectedValueOnce(passing());
    settle("a");

    await soon();
    expect(side.mayCarry(performance.now())).toBe(false);
    await vi.advanceTimersByTimeAsync(250);

    expect(side.mayCarry(performance.now())).toBe(true);
  });

  it("send the furthest receipt there is when the call is repeated", async () => {
    const { ack, calls, counts, reports, settle } = bench("cumulative");
    ack.mockRejectedValueOnce(passing());

    settle("a");
    await soon();
    settle("b");
    await vi.advanceTimersByTimeAsync(250);

    expect(calls).toEqual([["a"], ["b"]]);
    expect(counts.acked).toBe(2);
    expect(reports).toMatchObject([{ kind: "ackFailed" }]);
  });

  it("never send a receipt again that a list of what is unacked brings anew", async () => {
    const { side, ack, calls, settle } = bench("cumulative", { pulls: "unacked" });
    ack.mockResolvedValueOnce([failed(refused)]);

    settle("a");
    await vi.advanceTimersByTimeAsync(10_000);

    expect(calls).toEqual([["a"]]);
    expect(side.isIdle).toBe(true);
  });

  it("send a refused receipt again where no pull brings another", async () => {
    const { ack, calls, counts, settle } = bench("cumulative", { pulls: "onward" });
    ack.mockResolvedValueOnce([failed(refused)]);

    settle("a");
    await vi.advanceTimersByTimeAsync(10_000);

    expect(calls).toEqual([["a"], ["a"]]);
    expect(counts.acked).toBe(1);
  });

  it("halt when a receipt was refused five times for good", async () => {
    const { side, ack, calls, onHalt, settle } = bench("cumulative", { pulls: "onward" });
    ack.mockRejectedValue(refused);

    settle("a");
    await vi.advanceTimersByTimeAsync(60_000);

    expect(calls).toHaveLength(5);
    expect(onHalt.mock.calls).toEqual([[refused]]);
    expect(side.isIdle).toBe(true);
  });

  it("halt at once on a conflict, and never overwrite", async () => {
    const { side, ack, calls, onHalt, settle } = bench("cumulative", { pulls: "onward" });
    const conflict = new AckloopError("conflict", "another run has moved the place");
    ack.mockResolvedValueOnce([failed(conflict)]);

    settle("a");
    await soon();
    settle("b");
    await vi.advanceTimersByTimeAsync(60_000);

    expect(calls).toEqual([["a"]]);
    expect(onHalt.mock.calls).toEqual([[conflict]]);
    expect(side.isIdle).toBe(true);
  });

  it("hold the feed to one verdict", async () => {
    const { ack, onHalt, settle } = bench("cumulative", { pulls: "onward" });
    ack.mockResolvedValue([]);

    settle("a");
    await vi.advanceTimersByTimeAsync(60_000);

    expect(onHalt.mock.calls[0]?.[0]).toMatchObject({ code: "schema" });
  });
});

describe.each(["individual", "cumulative"] as const)("%s acks", (kind) => {
  it("start nothing when none may be started or their time is over", async () => {
    const held = bench(kind);
    held.state.mayStart = false;
    held.settle("a");
    const over = bench(kind);
    over.over.abort();
    over.settle("a");
    await soon();

    expect([held.calls, over.calls]).toEqual([[], []]);
  });

  it("leave it at that when a call is cut because their time is over", async () => {
    const { ack, over, onHalt, reports, settle } = bench(kind);
    ack.mockImplementationOnce(async () => {
      over.abort();
      throw new DOMException("cut", "AbortError");
    });

    settle("a");
    await soon();

    expect(onHalt).not.toHaveBeenCalled();
    expect(reports).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("an error of a call", () => {
  it.each([
    [new AckloopError("auth", ""), true],
    [new AckloopError("notFound", ""), true],
    [new AckloopError("cursorExpired", ""), true],
    [new AckloopError("auth", "", { retryable: true }), false],
    [new AckloopError("transport", "", { retryable: true }), false],
    [new AckloopError("request", ""), false],
    [new AckloopError("schema", ""), false],
    [new AckloopError("conflict", ""), true],
    [new AckloopError("leaseLost", ""), true],
    [new AckloopError("config", ""), true],
    [new AckloopError("rateLimit", ""), false],
  ])("ends the run or not: %s, %s", (error, fatal) => {
    expect(isFatal(error)).toBe(fatal);
  });
});
