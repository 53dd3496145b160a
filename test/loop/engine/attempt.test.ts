import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AckloopError } from "../../../src/core/errors.ts";
import type { FeedEvent } from "../../../src/core/event.ts";
import type { Delivery } from "../../../src/core/feed.ts";
import type { SchemaResult, StandardSchemaV1 } from "../../../src/core/standard-schema.ts";
import type { DedupeStore } from "../../../src/core/stores.ts";
import { batch } from "../../../src/loop/batch.ts";
import { Processor, toHalt } from "../../../src/loop/engine/attempt.ts";
import type { Entry } from "../../../src/loop/engine/entry.ts";
import { toEntry } from "../../../src/loop/engine/entry.ts";
import { Keeping } from "../../../src/loop/engine/keeping.ts";
import type { ReportBody } from "../../../src/loop/engine/report.ts";
import { toRoutes } from "../../../src/loop/engine/route.ts";
import { HandlerScope } from "../../../src/loop/engine/scope.ts";
import type { HandlerContext, Handlers } from "../../../src/loop/handler.ts";
import type { LoopOptions } from "../../../src/loop/options.ts";
import { deadLetter, done, drop, retry } from "../../../src/loop/outcome.ts";
import { memoryStores } from "../../../src/stores/index.ts";
import { testEvent } from "../../../src/testing/memory-feed.ts";
import { gate, toSettings } from "../support.ts";

interface Setting {
  readonly options?: LoopOptions;
  readonly events?: Readonly<Record<string, StandardSchemaV1>>;
}

const stores = memoryStores();

/** A processor with a dead-letter store, and what it told. */
function processorOf(handlers: unknown, { options = {}, events }: Setting = {}) {
  const { deadLetters } = memoryStores();
  const settings = toSettings({ consumer: "billing", deadLetters, ...options });
  const reports: ReportBody[] = [];
  const tell = (report: ReportBody): void => {
    reports.push(report);
  };
  const quit = new AbortController();
  const scope = new HandlerScope(settings.handlerTimeoutMs);
  const parts = { feed: "orders", settings, tell, quit: quit.signal };
  const keeping = new Keeping(parts);
  const state = { mayStart: true };
  const processor = new Processor({
    ...parts,
    keeping,
    scope,
    routes: toRoutes("test", handlers as Handlers<FeedEvent>, events),
    mayStart: () => state.mayStart,
  });
  const letters = async () =>
    (await deadLetters.list({ consumer: "billing", feed: "orders" })).letters;
  return { processor, reports, scope, state, quit, keeping, letters };
}

const entryOf = (id = "a", facts: Partial<FeedEvent> = {}): Entry =>
  toEntry(id, { event: { ...testEvent(id), ...facts }, raw: { id } });

const unreadableEntry = (): Entry => {
  const unreadable = new AckloopError("schema", "items[3] cannot be read", { path: "items[3]" });
  return toEntry("x", { unreadable, raw: { odd: 1 } } satisfies Delivery);
};

/** A schema that takes what has a code, and makes it upper case. */
const withCode: StandardSchemaV1 = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value): SchemaResult<unknown> => {
      const code = (value as { code?: string }).code;
      return code === undefined
        ? { issues: [{ message: "expected text", path: ["code"] }] }
        : { value: { code: code.toUpperCase() } };
    },
  },
};

const asynchronous: StandardSchemaV1 = {
  "~standard": {
    ...withCode["~standard"],
    validate: async (value) => withCode["~standard"].validate(value),
  },
};

describe("an attempt", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([
    ["returns nothing", () => {}, { kind: "settled", as: "handled" }],
    ["returns nothing later", async () => {}, { kind: "settled", as: "handled" }],
    ["returns done", () => done(), { kind: "settled", as: "handled" }],
    ["drops", async () => drop("not ours"), { kind: "settled", as: "dropped" }],
    ["dead-letters", () => deadLetter("no use"), { kind: "settled", as: "deadLettered" }],
    ["retries", () => retry({ afterMs: 70 }), { kind: "again", delayMs: 70, failed: true }],
    ["retries late", () => retry({ afterMs: 10 ** 9 }), { kind: "again", delayMs: 60_000 }],
  ])("ends as its handler says: %s", async (_, handler, disposition) => {
    const { processor } = processorOf(handler);

    expect(await processor.attempt(entryOf())).toMatchObject(disposition);
  });

  it.each([
    [
      "at once",
      () => {
        throw new Error("no stock");
      },
    ],
    [
      "later",
      async () => {
        throw new Error("no stock");
      },
    ],
  ])("is repeated with backoff when the handler throws %s", async (_, handler) => {
    const { processor, reports } = processorOf(handler);
    const entry = entryOf();

    const first = await processor.attempt(entry);
    const second = await processor.attempt(entry);

    expect(first).toMatchObject({ kind: "again", failed: true });
    if (first.kind !== "again" || second.kind !== "again") throw new Error("both are again");
    expect(first.delayMs).toBeGreaterThanOrEqual(500);
    expect(first.delayMs).toBeLessThanOrEqual(1000);
    expect(second.delayMs).toBeGreaterThanOrEqual(1000);
    expect(second.delayMs).toBeLessThanOrEqual(2000);
    expect(entry.attempts).toBe(2);
    expect(reports).toMatchObject([
      { kind: "retried", attempt: 1, error: { message: "no stock" } },
      { kind: "retried", attempt: 2 },
    ]);
  });

  it("tells of a retry that was asked for without an error", async () => {
    const { processor, reports } = processorOf(() => retry());

    await processor.attempt(entryOf());

    expect(reports[0]).not.toHaveProperty("error");
  });

  it("gives the handler the event and its context", async () => {
    const handler = vi.fn((_: FeedEvent, context: HandlerContext) => void context.signal);
    const { processor } = processorOf(handler);
    const entry = entryOf();
    entry.attempts = 2;

    await processor.attempt(entry);

    expect(handler.mock.calls[0]?.[0]).toBe(entry.delivery.event);
    expect(handler.mock.calls[0]?.[1]).toMatchObject({ attempt: 3, delivery: entry.delivery });
  });

  it("ends in the dead letters when the attempts are used up", async () => {
    const { processor, letters } = processorOf(
      () => {
        throw new AckloopError("timeout", "no answer");
      },
      { options: { retry: { attempts: 2 } } },
    );
    const entry = entryOf();
    await processor.attempt(entry);

    const disposition = await processor.attempt(entry);

    expect(disposition).toEqual({ kind: "settled", as: "deadLettered" });
    expect(await letters()).toMatchObject([
      {
        id: "a",
        attempts: 2,
        code: "timeout",
        reason: expect.stringContaining("failed 2 times: "),
      },
    ]);
  });

  it("halts when the attempts are used up and there is no store", async () => {
    const cause = new Error("no stock");
    const { processor } = processorOf(
      () => {
        throw cause;
      },
      { options: { retry: { attempts: 1 }, deadLetters: undefined } },
    );

    const disposition = await processor.attempt(entryOf());

    expect(disposition).toMatchObject({ kind: "halt", error: { code: "halted", cause } });
    expect((disposition as { error: Error }).error.message).toBe(
      "orders: event a (test): failed 1 times: Error: no stock; no dead-letter store is set",
    );
  });

  it("says so when a retry was asked for once too often", async () => {
    const { processor, letters } = processorOf(() => retry(), {
      options: { retry: { attempts: 1 } },
    });

    await processor.attempt(entryOf());

    expect((await letters())[0]?.reason).toBe("failed 1 times: the handler asked for a retry");
  });

  it("keeps a reason that is too long within bounds", async () => {
    const handler = (): never => {
      throw "x".repeat(10_000);
    };
    const { processor, letters } = processorOf(handler, { options: { retry: { attempts: 1 } } });

    await processor.attempt(entryOf());

    expect((await letters())[0]?.reason.length).toBeLessThan(600);
  });

  it.each([3, true, null, [], testEvent("a")])(
    "halts when the handler returns %j",
    async (value) => {
      const { processor } = processorOf(() => value);

      expect(await processor.attempt(entryOf())).toMatchObject({
        kind: "halt",
        error: { code: "config", message: expect.stringContaining("a handler returned") },
      });
    },
  );

  it("starts no handler when none may be started", async () => {
    const handler = vi.fn();
    const { processor, state } = processorOf(handler);
    state.mayStart = false;

    expect(await processor.attempt(entryOf())).toEqual({ kind: "left" });
    expect(handler).not.toHaveBeenCalled();
  });
});

describe("an attempt whose handler is told to end", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** A handler that waits for its signal and then ends in some way. */
  const untilSignal =
    (end: () => unknown) =>
    async (_: FeedEvent, { signal }: HandlerContext) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return end();
    };
  const throws = (): never => {
    throw new Error("cut");
  };

  it.each([
    ["a bare return", () => {}, { kind: "left" }],
    ["a throw", throws, { kind: "left" }],
    ["a retry", () => retry(), { kind: "left" }],
    ["done", () => done(), { kind: "settled", as: "handled" }],
    ["a drop", () => drop("not ours"), { kind: "settled", as: "dropped" }],
    ["a dead letter", () => deadLetter("no use"), { kind: "settled", as: "deadLettered" }],
  ])("by a stop: %s", async (_, end, disposition) => {
    const { processor, scope } = processorOf(untilSignal(end));
    const entry = entryOf();
    const attempt = processor.attempt(entry);

    scope.abort("stopping");

    expect(await attempt).toEqual(disposition);
    expect(entry.attempts).toBe(disposition.kind === "left" ? 0 : 1);
  });

  it.each([
    ["a bare return", () => {}, { kind: "again", failed: true }],
    ["a throw", throws, { kind: "again", failed: true }],
    ["done", () => done(), { kind: "settled", as: "handled" }],
  ])("by its time limit: %s", async (_, end, disposition) => {
    const { processor } = processorOf(untilSignal(end), { options: { handlerTimeoutMs: 100 } });
    const attempt = processor.attempt(entryOf());

    await vi.advanceTimersByTimeAsync(100);

    expect(await attempt).toMatchObject(disposition);
  });

  it("counts a bare return as unsettled though the handler never looked at its signal", async () => {
    const { opened, open } = gate();
    const { processor, scope } = processorOf(() => opened);
    const attempt = processor.attempt(entryOf());

    scope.abort("stopping");
    open();

    expect(await attempt).toEqual({ kind: "left" });
  });

  it("counts no attempt that fails while the run is stopping, before its signal has fired", async () => {
    const { opened, fail } = gate();
    const { processor, state, letters } = processorOf(() => opened, {
      options: { retry: { attempts: 1 } },
    });
    const entry = entryOf();
    const attempt = processor.attempt(entry);

    state.mayStart = false;
    fail(new DOMException("The program's own signal has fired.", "AbortError"));

    expect(await attempt).toEqual({ kind: "left" });
    expect(entry.attempts).toBe(0);
    expect(await letters()).toEqual([]);
  });

  it("counts what returns while the run is stopping, before its signal has fired", async () => {
    const { opened, open } = gate();
    const { processor, state } = processorOf(() => opened);
    const attempt = processor.attempt(entryOf());

    state.mayStart = false;
    open();

    expect(await attempt).toEqual({ kind: "settled", as: "handled" });
  });
});

describe("an event that no handler can be given", () => {
  const cases = [
    ["unreadable", unreadableEntry, {}, "items[3] cannot be read", "schema"],
    [
      "of a type without a handler",
      entryOf,
      {},
      "no handler for the type test, and no `other`",
      "schema",
    ],
    [
      "that does not fit its schema",
      () => entryOf("a", { type: "ORDER" }),
      { events: { ORDER: withCode } },
      "data.code of ORDER does not fit its schema: expected text",
      "schema",
    ],
    [
      "that does not fit its asynchronous schema",
      () => entryOf("a", { type: "ORDER" }),
      { events: { ORDER: asynchronous } },
      "data.code of ORDER does not fit its schema: expected text",
      "schema",
    ],
  ] as const;
  const handler = vi.fn();
  const handlers = { ORDER: handler };

  it.each(cases)(
    "and is %s is dead-lettered with a store",
    async (_, entry, setting, reason, code) => {
      const { processor, letters } = processorOf(handlers, setting);

      expect(await processor.attempt(entry())).toEqual({ kind: "settled", as: "deadLettered" });
      expect(await letters()).toMatchObject([{ reason, code, attempts: 0 }]);
      expect(handler).not.toHaveBeenCalled();
    },
  );

  it.each(cases)("and is %s halts by policy, and says why", async (_, entry, setting, reason) => {
    const options: LoopOptions = { unprocessable: "halt" };
    const { processor, letters } = processorOf(handlers, { ...setting, options });

    expect(await processor.attempt(entry())).toMatchObject({
      kind: "halt",
      error: { code: "halted", message: expect.stringContaining(reason) },
    });
    expect(await letters()).toEqual([]);
  });

  it.each(cases)("and is %s is dropped by policy", async (_, entry, setting, reason) => {
    const options: LoopOptions = { unprocessable: "drop" };
    const { processor, reports } = processorOf(handlers, { ...setting, options });

    expect(await processor.attempt(entry())).toEqual({ kind: "settled", as: "dropped" });
    expect(reports).toMatchObject([{ kind: "dropped", reason: expect.stringContaining(reason) }]);
  });

  it("and has no key because of that goes by the policy, not to a halt", async () => {
    const { processor } = processorOf(handlers, { events: { ORDER: withCode } });
    const entry = entryOf("a", { type: "ORDER" });
    entry.keyFailure = { error: new TypeError("no code") };

    expect(await processor.attempt(entry)).toEqual({ kind: "settled", as: "deadLettered" });
  });
});

describe("an event that can be handled", () => {
  it.each([
    ["a schema", withCode],
    ["an asynchronous schema", asynchronous],
  ])("comes to its handler as %s made it, once", async (_, schema) => {
    const validate = vi.spyOn(schema["~standard"], "validate");
    const handler = vi.fn().mockReturnValueOnce(retry());
    const { processor, letters } = processorOf(handler, { events: { ORDER: schema } });
    const entry = entryOf("a", { type: "ORDER", data: { code: "x" } });

    await processor.attempt(entry);
    handler.mockReturnValueOnce(deadLetter("no use"));
    await processor.attempt(entry);

    expect(handler.mock.calls.map(([event]) => event.data)).toEqual([{ code: "X" }, { code: "X" }]);
    expect(validate).toHaveBeenCalledTimes(1);
    // What is set aside is what the wire brought.
    expect((await letters())[0]?.event?.data).toEqual({ code: "x" });
  });

  it("halts when its key cannot be made", async () => {
    const handler = vi.fn();
    const { processor } = processorOf(handler);
    const cause = new TypeError("no such field");
    const entry = entryOf();
    entry.keyFailure = { error: cause };

    expect(await processor.attempt(entry)).toMatchObject({
      kind: "halt",
      error: {
        message: "orders: orderBy threw for event a: TypeError: no such field",
        cause,
      },
    });
    expect(handler).not.toHaveBeenCalled();
  });

  it("halts when a schema throws", async () => {
    const broken: StandardSchemaV1 = {
      "~standard": {
        ...withCode["~standard"],
        validate: () => {
          throw new TypeError("broken schema");
        },
      },
    };
    const { processor } = processorOf(() => {}, { events: { test: broken } });

    expect(await processor.attempt(entryOf())).toMatchObject({
      kind: "halt",
      error: { code: "halted", message: "orders: TypeError: broken schema" },
    });
  });
});

describe("an attempt with dedupe", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const withDedupe = (replaced: Partial<DedupeStore>, more: LoopOptions = {}): Setting => ({
    options: {
      dedupe: { store: { ...memoryStores().dedupe, ...replaced }, markMs: 3000 },
      retry: { attempts: 3 },
      ...more,
    },
  });

  it("handles an event once, and knows it when it comes again", async () => {
    const handler = vi.fn();
    const { processor, reports, keeping } = processorOf(handler, withDedupe({}));

    const first = await processor.attempt(entryOf());
    const second = await processor.attempt(entryOf());

    expect(first).toEqual({ kind: "settled", as: "handled" });
    expect(second).toEqual({ kind: "settled", as: "duplicate" });
    expect(handler).toHaveBeenCalledTimes(1);
    expect(reports.map((report) => report.kind)).toEqual(["handled", "duplicate"]);
    keeping.close();
  });

  it("waits for an event that is in work elsewhere, which is no failed attempt", async () => {
    const handler = vi.fn();
    const busy = async () => ({ status: "busy", endsInMs: 700 }) as const;
    const { processor } = processorOf(handler, withDedupe({ begin: busy }));
    const entry = entryOf();

    expect(await processor.attempt(entry)).toEqual({ kind: "again", delayMs: 700, failed: false });
    expect(entry.attempts).toBe(0);
    expect(handler).not.toHaveBeenCalled();
  });

  it("never asks hotly for an event whose mark ends now", async () => {
    const busy = async () => ({ status: "busy", endsInMs: 0 }) as const;
    const { processor } = processorOf(() => {}, withDedupe({ begin: busy }));

    expect(await processor.attempt(entryOf())).toMatchObject({ kind: "again", delayMs: 100 });
  });

  it.each([
    [3, { kind: "settled", as: "handled" }, 0],
    [4, { kind: "settled", as: "deadLettered" }, 1],
  ])(
    "sets aside an event that killed its handler each time: start %i",
    async (starts, disposition, count) => {
      const begin = async () => ({ status: "begun", mark: "m", starts }) as const;
      const finish = vi.fn(async () => true);
      const { processor, letters, keeping } = processorOf(() => {}, withDedupe({ begin, finish }));

      expect(await processor.attempt(entryOf())).toEqual(disposition);
      const kept = await letters();
      expect(kept).toHaveLength(count);
      if (count > 0) {
        expect(kept[0]).toMatchObject({
          attempts: 3,
          reason: "its handler was started 3 times and never ended",
        });
      }
      expect(finish).toHaveBeenCalledTimes(1);
      keeping.close();
    },
  );

  it("leaves an event when the run quits before the store has answered", async () => {
    const failing = async (): Promise<never> => {
      throw new Error("down");
    };
    const asking = processorOf(() => {}, withDedupe({ begin: failing }));
    const finishing = processorOf(() => {}, withDedupe({ finish: failing }));
    const attempts = [asking.processor.attempt(entryOf()), finishing.processor.attempt(entryOf())];
    await vi.advanceTimersByTimeAsync(10);

    asking.quit.abort();
    finishing.quit.abort();

    expect(await Promise.all(attempts)).toEqual([{ kind: "left" }, { kind: "left" }]);
  });

  it("lets the handler finish in its own transaction", async () => {
    const finish = vi.fn<DedupeStore["finish"]>(async () => true);
    const handler = async (_: FeedEvent, context: HandlerContext): Promise<void> => {
      expect(await context.finish("transaction")).toBe(true);
    };
    const { processor, keeping } = processorOf(handler, withDedupe({ finish }));

    expect(await processor.attempt(entryOf())).toEqual({ kind: "settled", as: "handled" });
    expect(finish).toHaveBeenCalledTimes(2);
    keeping.close();
  });

  it("keeps its mark between attempts", async () => {
    const begin = vi.fn(stores.dedupe.begin);
    const { processor, keeping } = processorOf(
      vi.fn().mockReturnValueOnce(retry()),
      withDedupe({ ...stores.dedupe, begin }),
    );
    const entry = entryOf("kept");

    await processor.attempt(entry);
    await processor.attempt(entry);

    expect(begin).toHaveBeenCalledTimes(1);
    keeping.close();
  });
});

describe("an attempt with a batch", () => {
  const entries = (): Entry[] => ["a", "b", "c"].map((id) => entryOf(id));
  const HANDLED = { kind: "settled", as: "handled" };

  it("settles all when the handler returns nothing", async () => {
    const handler = vi.fn();
    const { processor } = processorOf(batch({ size: 3 }, handler));
    const three = entries();

    expect(await processor.attemptBatch(three)).toEqual([HANDLED, HANDLED, HANDLED]);
    expect(handler.mock.calls[0]?.[0].map((event: FeedEvent) => event.id)).toEqual(["a", "b", "c"]);
    expect(handler.mock.calls[0]?.[1].deliveries).toEqual(three.map((entry) => entry.delivery));
  });

  it("takes one outcome for each event", async () => {
    const handler = async () => [undefined, drop("not ours"), retry({ afterMs: 5 })];
    const { processor } = processorOf(batch({ size: 3 }, handler));

    expect(await processor.attemptBatch(entries())).toEqual([
      HANDLED,
      { kind: "settled", as: "dropped" },
      { kind: "again", delayMs: 5, failed: true },
    ]);
  });

  it("fails an attempt of every event when the handler throws", async () => {
    const handler = async (): Promise<void> => {
      throw new Error("no database");
    };
    const { processor } = processorOf(batch({ size: 3 }, handler));
    const three = entries();

    const dispositions = await processor.attemptBatch(three);

    expect(dispositions.map((each) => each.kind)).toEqual(["again", "again", "again"]);
    expect(three.map((entry) => entry.attempts)).toEqual([1, 1, 1]);
  });

  it.each([
    ["too few", [undefined, undefined]],
    ["no list", done()],
  ])("halts when the handler returns %s", async (_, returned) => {
    const handler = (() => returned) as () => void;
    const { processor } = processorOf(batch({ size: 3 }, handler));

    const dispositions = await processor.attemptBatch(entries());

    expect(dispositions).toMatchObject(
      new Array(3).fill({
        kind: "halt",
        error: {
          code: "config",
          message: "a batch handler must return nothing, or one outcome for each of its 3 events",
        },
      }),
    );
  });

  it("keeps what no handler can be given out of the batch", async () => {
    const handler = vi.fn();
    const { processor } = processorOf(batch({ size: 3 }, handler), { events: { test: withCode } });
    const good = entryOf("a", { data: { code: "x" } });
    const bad = entryOf("b", { data: {} });

    const dispositions = await processor.attemptBatch([bad, good, unreadableEntry()]);

    expect(dispositions.map((each) => each.kind === "settled" && each.as)).toEqual([
      "deadLettered",
      "handled",
      "deadLettered",
    ]);
    expect(handler.mock.calls[0]?.[0]).toMatchObject([{ id: "a", data: { code: "X" } }]);
  });

  it("does not call the handler with nothing, nor when none may be started", async () => {
    const handler = vi.fn();
    const { processor, state } = processorOf(batch({ size: 3 }, handler));
    await processor.attemptBatch([unreadableEntry()]);

    state.mayStart = false;

    expect(await processor.attemptBatch(entries())).toEqual(new Array(3).fill({ kind: "left" }));
    expect(handler).not.toHaveBeenCalled();
  });

  it("counts a bare return as unsettled once its signal has fired", async () => {
    const { opened, open } = gate();
    const seen: boolean[] = [];
    const handler = batch({ size: 3 }, async (_, context) => {
      await opened;
      seen.push(context.signal.aborted);
    });
    const { processor, scope } = processorOf(handler);
    const attempt = processor.attemptBatch(entries());
    await Promise.resolve();

    scope.abort("stopping");
    open();

    expect(await attempt).toEqual(new Array(3).fill({ kind: "left" }));
    expect(seen).toEqual([true]);
  });

  it("takes an event that is in work elsewhere out of the batch", async () => {
    const { dedupe } = memoryStores();
    const begin: DedupeStore["begin"] = async (key, markMs, options) =>
      key.id === "b" ? { status: "busy", endsInMs: 300 } : dedupe.begin(key, markMs, options);
    const options: LoopOptions = { dedupe: { store: { ...dedupe, begin } } };
    const { processor, keeping } = processorOf(
      batch({ size: 3 }, () => {}),
      { options },
    );

    expect(await processor.attemptBatch(entries())).toEqual([
      HANDLED,
      { kind: "again", delayMs: 300, failed: false },
      HANDLED,
    ]);
    keeping.close();
  });
});

describe("giving up because no time is left", () => {
  it("sets an event aside", async () => {
    const { processor, letters } = processorOf(() => {});
    const entry = entryOf();
    entry.attempts = 2;

    expect(await processor.exhaust(entry)).toEqual({ kind: "settled", as: "deadLettered" });
    expect((await letters())[0]?.reason).toBe("failed 2 times, and no time is left");
  });

  it("never rejects", async () => {
    const put = async (): Promise<void> => {
      throw new AckloopError("config", "no such table");
    };
    const options: LoopOptions = { deadLetters: { ...stores.deadLetters, put } };
    const { processor } = processorOf(() => {}, { options });

    expect(await processor.exhaust(entryOf())).toMatchObject({
      kind: "halt",
      error: { code: "config" },
    });
  });
});

describe("the error that ends a run", () => {
  it("is one of ours as it is, and anything else as a cause", () => {
    const ours = new AckloopError("auth", "refused");
    const theirs = new TypeError("x is not a function");

    expect(toHalt("orders", ours)).toBe(ours);
    expect(toHalt("orders", theirs)).toMatchObject({
      code: "halted",
      message: "orders: TypeError: x is not a function",
      cause: theirs,
    });
  });
});
