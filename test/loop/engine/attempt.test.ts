import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { AckloopError } from "../../../src/core/errors.ts";
import type { FeedEvent } from "../../../src/core/event.ts";
import type { Delivery } from "../../../src/core/feed.ts";
import type { SchemaResult, StandardSchemaV1 } from "../../../src/core/standard-schema.ts";
import type { DedupeStore } from "../../../src/core/stores.ts";
import { batch } from "../../../src/loop/batch.ts";
import type { Disposition, Ended } from "../../../src/loop/engine/attempt.ts";
import { Attempts } from "../../../src/loop/engine/attempt.ts";
import { Entry } from "../../../src/loop/engine/entry.ts";
import { Keeping } from "../../../src/loop/engine/keeping.ts";
import type { ReportBody, Tell } from "../../../src/loop/engine/report.ts";
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

/** Attempts with a dead-letter store, and what they told. */
function attemptsOf(handlers: unknown, { options = {}, events }: Setting = {}) {
  const { deadLetters } = memoryStores();
  const settings = toSettings({ consumer: "billing", deadLetters, ...options });
  const reports: ReportBody[] = [];
  const each = (report: ReportBody): void => {
    reports.push(report);
  };
  const quit = new AbortController();
  // A store that never answers is asked for ever: its timers would be found by the tests of other files.
  onTestFinished(() => quit.abort());
  const scope = new HandlerScope(settings.handlerTimeoutMs);
  const warn = vi.fn();
  const log = { ...settings.logger, warn };
  const tell: Tell = Object.assign(each, { each });
  const parts = { feed: "orders", settings, tell, log, quit: quit.signal };
  const keeping = new Keeping(parts);
  const state = { mayStart: true, isPaused: false };
  const onSuccess = vi.fn();
  const attempts = new Attempts({
    ...parts,
    keeping,
    scope,
    routes: toRoutes("test", handlers as Handlers<FeedEvent>, events),
    mayStart: () => state.mayStart,
    isPaused: () => state.isPaused,
    onSuccess,
  });
  const attempt = (entry: Entry): Promise<Disposition> =>
    new Promise((end) => attempts.make(entry, end));
  const giveUp = (entry: Entry, reason = "failed", cause?: unknown): Promise<Disposition> =>
    new Promise((end) => attempts.giveUp(entry, { reason, code: undefined, cause }, end));
  const attemptBatch = async (entries: readonly Entry[]) => {
    const ended: Ended[] = [];
    await attempts.makeBatch(entries, (some) => ended.push(...some));
    expect(ended).toHaveLength(entries.length);
    return entries.map((entry) => ended.find(([each]) => each === entry)?.[1]);
  };
  const letters = async () =>
    (await deadLetters.list({ consumer: "billing", feed: "orders" })).letters;
  const made = { attempts, attempt, giveUp, attemptBatch, onSuccess };
  return { ...made, reports, scope, state, quit, keeping, letters, warn };
}

const page = { bytes: 0, openedAt: 0, held: 0 };

const entryOf = (id = "a", facts: Partial<FeedEvent> = {}): Entry =>
  new Entry(`/memory ${id}`, { event: { ...testEvent(id), ...facts }, raw: { id } }, page);

const unreadableEntry = (): Entry => {
  const unreadable = new AckloopError("schema", "items[3] cannot be read", { path: "items[3]" });
  return new Entry("x", { unreadable, raw: { odd: 1 } } satisfies Delivery, page);
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
    const { attempt } = attemptsOf(handler);

    expect(await attempt(entryOf())).toMatchObject(disposition);
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
    const { attempt, reports } = attemptsOf(handler);
    const entry = entryOf();

    const first = await attempt(entry);
    const second = await attempt(entry);

    expect(first).toMatchObject({ kind: "again", failed: true });
    if (first.kind !== "again" || second.kind !== "again") throw new Error("both are again");
    expect(first.delayMs).toBeGreaterThanOrEqual(500);
    expect(first.delayMs).toBeLessThanOrEqual(1000);
    expect(second.delayMs).toBeGreaterThanOrEqual(1000);
    expect(second.delayMs).toBeLessThanOrEqual(2000);
    expect(entry.attempts).toBe(2);
    expect(reports).toMatchObject([
      { kind: "handling", attempt: 1 },
      { kind: "retried", attempt: 1, error: { message: "no stock" } },
      { kind: "handling", attempt: 2 },
      { kind: "retried", attempt: 2 },
    ]);
  });

  it("tells of a retry that was asked for without an error", async () => {
    const { attempt, reports } = attemptsOf(() => retry());

    await attempt(entryOf());

    expect(reports[1]).toMatchObject({ kind: "retried" });
    expect(reports[1]).not.toHaveProperty("error");
  });

  it("gives the handler the event and its context", async () => {
    const handler = vi.fn((_: FeedEvent, context: HandlerContext) => void context.signal);
    const { attempt } = attemptsOf(handler);
    const entry = entryOf();
    entry.attempts = 2;

    await attempt(entry);

    expect(handler.mock.calls[0]?.[0]).toEqual(entry.delivery.event);
    expect(handler.mock.calls[0]?.[1]).toMatchObject({ attempt: 3, delivery: entry.delivery });
  });

  it("sees nothing of what an earlier one did to the event", async () => {
    const seen: unknown[] = [];
    const { attempt } = attemptsOf((event: FeedEvent<string, { list: number[] }>) => {
      seen.push([...event.data.list]);
      event.data.list.push(1);
      return retry();
    });
    const entry = entryOf("a", { data: { list: [] } });

    await attempt(entry);
    await attempt(entry);

    expect(seen).toEqual([[], []]);
    expect(entry.delivery.event?.data).toEqual({ list: [] });
  });

  it("ends within its turn where its handler does", () => {
    const { attempt, onSuccess } = attemptsOf(() => {});

    void attempt(entryOf());

    expect(onSuccess).toHaveBeenCalledTimes(1);
  });

  it("says when its attempts are used up, and of what", async () => {
    const cause = new AckloopError("timeout", "no answer");
    const { attempt, letters } = attemptsOf(
      () => {
        throw cause;
      },
      { options: { retry: { attempts: 2 } } },
    );
    const entry = entryOf();
    await attempt(entry);

    expect(await attempt(entry)).toEqual({
      kind: "exhausted",
      verdict: { reason: "failed 2 times: AckloopError: no answer", code: "timeout", cause },
      why: "AckloopError: no answer",
    });
    expect(entry.attempts).toBe(2);
    expect(await letters()).toEqual([]);
  });

  it("says so when a retry was asked for once too often", async () => {
    const { attempt } = attemptsOf(() => retry(), { options: { retry: { attempts: 1 } } });

    expect(await attempt(entryOf())).toMatchObject({
      kind: "exhausted",
      verdict: { reason: "failed once: the handler asked for a retry" },
    });
  });

  it("keeps a reason that is too long within bounds", async () => {
    const handler = (): never => {
      throw new Error("x".repeat(10_000));
    };
    const { attempt } = attemptsOf(handler, { options: { retry: { attempts: 1 } } });

    const disposition = await attempt(entryOf());

    const { reason } = disposition.kind === "exhausted" ? disposition.verdict : { reason: "" };
    expect([reason.length > 100, reason.length < 600]).toEqual([true, true]);
  });

  it.each([3, true, false, null, "", [], {}, testEvent("a"), new Map()])(
    "counts as done what returns %j, which is no outcome",
    async (value) => {
      const { attempt } = attemptsOf(() => value);

      expect(await attempt(entryOf())).toEqual({ kind: "settled", as: "handled" });
    },
  );

  it("warns once of a handler that returns false, which may have meant a failure", async () => {
    const { attempt, warn } = attemptsOf(async () => false);

    await attempt(entryOf("a"));
    await attempt(entryOf("b"));

    expect(warn.mock.calls).toEqual([
      [
        "the handler of test returned false for a; it counts as done; " +
          "throw, or return retry(), to have it tried again",
        { id: "a", type: "test" },
      ],
    ]);
  });

  it.each([
    ["done", () => {}, 1],
    ["a drop", () => drop("not ours"), 1],
    ["a dead letter", () => deadLetter("no use"), 1],
    ["a retry", () => retry(), 0],
    [
      "a throw",
      () => {
        throw new Error("no stock");
      },
      0,
    ],
  ])("is a success or not: %s", async (_, handler, count) => {
    const { attempt, onSuccess } = attemptsOf(handler);

    await attempt(entryOf());

    expect(onSuccess).toHaveBeenCalledTimes(count);
  });

  it.each([undefined, null, 7, "text", Symbol("odd"), {}, Object.create(null), () => {}])(
    "fails whatever its handler throws: %o",
    async (thrown) => {
      const { attempt } = attemptsOf(() => Promise.reject(thrown));

      expect(await attempt(entryOf())).toMatchObject({ kind: "again", failed: true });
    },
  );

  it("starts no handler in a pause that began while its schema answered", async () => {
    const handler = vi.fn();
    const { attempt, attemptBatch, state } = attemptsOf(handler, { events: { a: asynchronous } });
    const some = entryOf("a", { type: "a", data: { code: "x" } });
    state.isPaused = true;

    expect(await attempt(some)).toEqual({ kind: "left" });
    expect(await attemptBatch([some])).toEqual([{ kind: "left" }]);
    state.isPaused = false;
    expect(await attempt(some)).toEqual({ kind: "settled", as: "handled" });
    expect(handler).toHaveBeenCalledTimes(1);
  });

  it("starts no handler when none may be started", async () => {
    const handler = vi.fn();
    const { attempt, state } = attemptsOf(handler);
    state.mayStart = false;

    expect(await attempt(entryOf())).toEqual({ kind: "left" });
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
    const { attempt, scope } = attemptsOf(untilSignal(end));
    const entry = entryOf();
    const attempting = attempt(entry);

    scope.abort("stopping");

    expect(await attempting).toEqual(disposition);
    expect(entry.attempts).toBe(disposition.kind === "left" ? 0 : 1);
  });

  it.each([
    ["a bare return", () => {}, { kind: "again", failed: true }],
    ["a throw", throws, { kind: "again", failed: true }],
    ["done", () => done(), { kind: "settled", as: "handled" }],
  ])("by its time limit: %s", async (_, end, disposition) => {
    const { attempt } = attemptsOf(untilSignal(end), { options: { handlerTimeoutMs: 100 } });
    const attempting = attempt(entryOf());

    await vi.advanceTimersByTimeAsync(100);

    expect(await attempting).toMatchObject(disposition);
  });

  it("tells of a start, and of a handler that is late before its signal fires", async () => {
    const { attempt, reports } = attemptsOf(
      untilSignal(() => {
        reports.push({ kind: "idle", delayMs: 0 });
        throw new Error("cut");
      }),
      { options: { handlerTimeoutMs: 100 } },
    );
    const entry = entryOf();
    const { event } = entry.delivery;
    const attempting = attempt(entry);
    expect(reports).toEqual([{ kind: "handling", event, attempt: 1 }]);

    await vi.advanceTimersByTimeAsync(100);
    await attempting;

    expect(reports).toMatchObject([
      { kind: "handling" },
      { kind: "timedOut", event, attempt: 1, elapsedMs: 100 },
      { kind: "idle" },
      { kind: "retried", attempt: 1 },
    ]);
  });

  it("tells of no lateness once a handler has returned", async () => {
    const { attempt, reports } = attemptsOf(() => {}, { options: { handlerTimeoutMs: 100 } });

    await attempt(entryOf());
    await vi.advanceTimersByTimeAsync(1000);

    expect(reports.map(({ kind }) => kind)).toEqual(["handling", "handled"]);
  });

  it("tells of each event of a batch", async () => {
    const { opened, open } = gate();
    const { attemptBatch, reports } = attemptsOf(
      batch({ size: 2 }, () => opened),
      { options: { handlerTimeoutMs: 100 } },
    );
    const attempting = attemptBatch([entryOf("a"), entryOf("b")]);
    await vi.advanceTimersByTimeAsync(100);
    open();
    await attempting;

    const told = reports.map((report) => [report.kind, "event" in report && report.event?.id]);
    expect(told).toEqual([
      ["handling", "a"],
      ["handling", "b"],
      ["timedOut", "a"],
      ["timedOut", "b"],
      ["retried", "a"],
      ["retried", "b"],
    ]);
  });

  it("counts a bare return as unsettled though the handler never looked at its signal", async () => {
    const { opened, open } = gate();
    const { attempt, scope } = attemptsOf(() => opened);
    const attempting = attempt(entryOf());

    scope.abort("stopping");
    open();

    expect(await attempting).toEqual({ kind: "left" });
  });

  it("counts no attempt that fails while the run is stopping, before its signal has fired", async () => {
    const { opened, fail } = gate();
    const { attempt, state, letters } = attemptsOf(() => opened, {
      options: { retry: { attempts: 1 } },
    });
    const entry = entryOf();
    const attempting = attempt(entry);

    state.mayStart = false;
    fail(new DOMException("The program's own signal has fired.", "AbortError"));

    expect(await attempting).toEqual({ kind: "left" });
    expect(entry.attempts).toBe(0);
    expect(await letters()).toEqual([]);
  });

  it("counts what returns while the run is stopping, before its signal has fired", async () => {
    const { opened, open } = gate();
    const { attempt, state } = attemptsOf(() => opened);
    const attempting = attempt(entryOf());

    state.mayStart = false;
    open();

    expect(await attempting).toEqual({ kind: "settled", as: "handled" });
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
      "data.code of ORDER does not fit its schema: does not fit",
      "schema",
    ],
    [
      "that does not fit its asynchronous schema",
      () => entryOf("a", { type: "ORDER" }),
      { events: { ORDER: asynchronous } },
      "data.code of ORDER does not fit its schema: does not fit",
      "schema",
    ],
  ] as const;
  const handler = vi.fn();
  const handlers = { ORDER: handler };

  it.each(cases)(
    "and is %s is dead-lettered with a store",
    async (_, entry, setting, reason, code) => {
      const { attempt, letters } = attemptsOf(handlers, setting);

      expect(await attempt(entry())).toEqual({ kind: "settled", as: "deadLettered" });
      expect(await letters()).toMatchObject([{ reason, code, attempts: 0 }]);
      expect(handler).not.toHaveBeenCalled();
    },
  );

  it.each(cases)("and is %s halts by policy, and says why", async (_, entry, setting, reason) => {
    const options: LoopOptions = { unprocessable: "halt" };
    const { attempt, letters } = attemptsOf(handlers, { ...setting, options });

    expect(await attempt(entry())).toMatchObject({
      kind: "halt",
      error: { code: "halted", message: expect.stringContaining(reason) },
    });
    expect(await letters()).toEqual([]);
  });

  it.each(cases)("and is %s is dropped by policy", async (_, entry, setting, reason) => {
    const options: LoopOptions = { unprocessable: "drop" };
    const { attempt, reports } = attemptsOf(handlers, { ...setting, options });

    expect(await attempt(entry())).toEqual({ kind: "settled", as: "dropped" });
    expect(reports).toMatchObject([{ kind: "dropped", reason: expect.stringContaining(reason) }]);
  });

  it("and has no key because of that goes by the policy, not to a halt", async () => {
    const { attempt } = attemptsOf(handlers, { events: { ORDER: withCode } });
    const entry = entryOf("a", { type: "ORDER" });
    entry.keyFailure = "orderBy threw for it: TypeError: no code";

    expect(await attempt(entry)).toEqual({ kind: "settled", as: "deadLettered" });
  });
});

describe("an event that can be handled", () => {
  it.each([
    ["a schema", withCode],
    ["an asynchronous schema", asynchronous],
  ])("comes to its handler as %s made it, each time from the wire", async (_, schema) => {
    const handler = vi.fn().mockReturnValueOnce(retry());
    const { attempt, letters } = attemptsOf(handler, { events: { ORDER: schema } });
    const entry = entryOf("a", { type: "ORDER", data: { code: "x" } });

    await attempt(entry);
    handler.mockReturnValueOnce(deadLetter("no use"));
    await attempt(entry);

    expect(handler.mock.calls.map(([event]) => event.data)).toEqual([{ code: "X" }, { code: "X" }]);
    // What is set aside is what the wire brought.
    expect((await letters())[0]?.event?.data).toEqual({ code: "x" });
  });

  it("goes by the policy when its key cannot be made", async () => {
    const handler = vi.fn();
    const { attempt, letters } = attemptsOf(handler);
    const entry = entryOf();
    entry.keyFailure = "orderBy threw for it: TypeError: no such field";

    expect(await attempt(entry)).toEqual({ kind: "settled", as: "deadLettered" });
    expect(await letters()).toMatchObject([{ reason: entry.keyFailure, code: "schema" }]);
    expect(handler).not.toHaveBeenCalled();
  });

  const schemaOf = (validate: () => unknown): StandardSchemaV1 => ({
    "~standard": { ...withCode["~standard"], validate: validate as () => SchemaResult<unknown> },
  });

  it.each([
    [
      "throws",
      () => {
        throw new TypeError("broken schema");
      },
      "the schema of test threw: TypeError: broken schema",
    ],
    [
      "rejects",
      () => Promise.reject(new TypeError("broken schema")),
      "the schema of test threw: TypeError: broken schema",
    ],
    ["gives nothing", () => undefined, "the schema of test gave neither a value nor issues"],
    ["gives nothing later", async () => ({}), "the schema of test gave neither a value nor issues"],
  ])("goes by the policy when its schema %s", async (_, validate, reason) => {
    const handler = vi.fn();
    const { attempt, letters } = attemptsOf(handler, { events: { test: schemaOf(validate) } });

    expect(await attempt(entryOf())).toEqual({ kind: "settled", as: "deadLettered" });
    expect(await letters()).toMatchObject([{ reason, attempts: 0 }]);
    expect(handler).not.toHaveBeenCalled();
  });

  it.each([false, true])(
    "goes by the policy when its schema says what cannot be read; late: %s",
    async (late) => {
      const odd = { issues: [{ message: "bad", path: 5 }] } as unknown as SchemaResult<unknown>;
      const validate = () => (late ? Promise.resolve(odd) : odd);
      const schema: StandardSchemaV1 = { "~standard": { ...withCode["~standard"], validate } };
      const { attempt, letters } = attemptsOf(vi.fn(), { events: { created: schema } });

      const disposition = await attempt(entryOf("a", { type: "created" }));

      expect(disposition).toEqual({ kind: "settled", as: "deadLettered" });
      expect((await letters())[0]?.reason).toContain("the schema of created threw");
    },
  );

  it("waits for a schema no longer than half a minute, and not beyond the run", async () => {
    vi.useFakeTimers();
    const hangs = { test: schemaOf(() => new Promise(() => {})) };
    const slow = attemptsOf(() => {}, { events: hangs });
    const cut = attemptsOf(() => {}, { events: hangs });
    const attempts = [slow.attempt(entryOf()), cut.attempt(entryOf())];

    cut.quit.abort();
    await vi.advanceTimersByTimeAsync(30_000);

    expect(await Promise.all(attempts)).toEqual([
      { kind: "settled", as: "deadLettered" },
      { kind: "left" },
    ]);
    vi.useRealTimers();
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

  it("leaves no mark behind where a later attempt finds the data wrong, and drops it", async () => {
    const { dedupe } = memoryStores();
    const answers: SchemaResult<unknown>[] = [{ value: {} }, { issues: [{ message: "wrong" }] }];
    const validate = (): SchemaResult<unknown> => answers.shift() ?? { value: {} };
    const thing = { "~standard": { ...withCode["~standard"], validate } };
    const options = { dedupe: { store: dedupe, markMs: 3000 }, unprocessable: "drop" } as const;
    const setting = { options, events: { [testEvent("a").type]: thing } };
    const { attempt } = attemptsOf(() => retry(), setting);
    const entry = entryOf();

    await attempt(entry);
    const last = await attempt(entry);

    expect([last, entry.mark]).toEqual([{ kind: "settled", as: "dropped" }, undefined]);
  });

  it("handles an event once, and knows it when it comes again", async () => {
    const handler = vi.fn();
    const { attempt, reports, keeping } = attemptsOf(handler, withDedupe({}));

    const first = await attempt(entryOf());
    const second = await attempt(entryOf());

    expect(first).toEqual({ kind: "settled", as: "handled" });
    expect(second).toEqual({ kind: "settled", as: "duplicate" });
    expect(handler).toHaveBeenCalledTimes(1);
    expect(reports.map((report) => report.kind)).toEqual(["handling", "handled", "duplicate"]);
    keeping.close();
  });

  it("waits for an event that is in work elsewhere, which is no failed attempt", async () => {
    const handler = vi.fn();
    const busy = async () => ({ status: "busy", endsInMs: 700 }) as const;
    const { attempt } = attemptsOf(handler, withDedupe({ begin: busy }));
    const entry = entryOf();

    expect(await attempt(entry)).toMatchObject({ kind: "again", failed: false });
    expect(entry.attempts).toBe(0);
    expect(handler).not.toHaveBeenCalled();
  });

  it.each([
    [700, [100, 200, 400, 700, 700]],
    [0, [50, 50, 50]],
    [86_400_000, [100, 200, 400, 800, 1600, 3000, 3000]],
  ])(
    "asks for it again at growing intervals until its mark ends, in %i ms",
    async (endsInMs, waits) => {
      vi.spyOn(Math, "random").mockReturnValue(1);
      const busy = async () => ({ status: "busy", endsInMs }) as const;
      const { attempt } = attemptsOf(() => {}, withDedupe({ begin: busy }));
      const entry = entryOf();
      const asked: number[] = [];

      for (const _ of waits) {
        const disposition = await attempt(entry);
        if (disposition.kind === "again") asked.push(disposition.delayMs);
      }

      expect(asked).toEqual(waits);
    },
  );

  it.each([
    ["returns", () => {}],
    [
      "throws to roll back",
      () => {
        throw new Error("rolled back");
      },
    ],
  ])("waits for an event that is another's where the handler %s", async (_, rollBack) => {
    const handler = async (_: FeedEvent, context: HandlerContext): Promise<void> => {
      if (await context.finish("transaction")) expect.unreachable("it is another's");
      rollBack();
    };
    const finish = async () => false;
    const { attempt, keeping, reports } = attemptsOf(handler, withDedupe({ finish }));
    const entry = entryOf();

    expect(await attempt(entry)).toEqual({ kind: "again", delayMs: 100, failed: false });
    expect(entry.attempts).toBe(0);
    expect(reports).toMatchObject([{ kind: "handling", attempt: 1 }]);
    keeping.close();
  });

  it.each([
    [3, { kind: "settled", as: "handled" }, 0],
    [4, { kind: "settled", as: "deadLettered" }, 1],
  ])(
    "sets aside an event that killed its handler each time: start %i",
    async (starts, disposition, count) => {
      const begin = async () => ({ status: "begun", mark: "m", starts }) as const;
      const finish = vi.fn(async () => true);
      const { attempt, letters, keeping } = attemptsOf(() => {}, withDedupe({ begin, finish }));

      expect(await attempt(entryOf())).toEqual(disposition);
      const kept = await letters();
      expect(kept).toHaveLength(count);
      if (count > 0) {
        expect(kept[0]).toMatchObject({
          attempts: 3,
          reason: expect.stringContaining("its handler was started 3 times and never ended"),
        });
      }
      expect(finish).toHaveBeenCalledTimes(1);
      keeping.close();
    },
  );

  it("does not trust a count of starts when its own begin was not answered at once", async () => {
    const begin = vi.fn(async () => ({ status: "begun", mark: "m", starts: 9 }) as const);
    begin.mockRejectedValueOnce(new Error("the answer is lost"));
    const { attempt, letters, keeping } = attemptsOf(() => {}, withDedupe({ begin }));

    const attempted = attempt(entryOf());
    await vi.advanceTimersByTimeAsync(10_000);

    expect(await attempted).toEqual({ kind: "settled", as: "handled" });
    expect(await letters()).toEqual([]);
    keeping.close();
  });

  it("leaves an event when the run quits before the store has answered", async () => {
    const failing = async (): Promise<never> => {
      throw new Error("down");
    };
    const asking = attemptsOf(() => {}, withDedupe({ begin: failing }));
    const finishing = attemptsOf(() => {}, withDedupe({ finish: failing }));
    const attempts = [asking.attempt(entryOf()), finishing.attempt(entryOf())];
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
    const { attempt, keeping } = attemptsOf(handler, withDedupe({ finish }));

    expect(await attempt(entryOf())).toEqual({ kind: "settled", as: "handled" });
    expect(finish).toHaveBeenCalledTimes(2);
    keeping.close();
  });

  it("keeps its mark between attempts", async () => {
    const begin = vi.fn(stores.dedupe.begin);
    const { attempt, keeping } = attemptsOf(
      vi.fn().mockReturnValueOnce(retry()),
      withDedupe({ ...stores.dedupe, begin }),
    );
    const entry = entryOf("kept");

    await attempt(entry);
    await attempt(entry);

    expect(begin).toHaveBeenCalledTimes(1);
    keeping.close();
  });
});

describe("an attempt with a batch", () => {
  const entries = (): Entry[] => ["a", "b", "c"].map((id) => entryOf(id));
  const HANDLED = { kind: "settled", as: "handled" };

  it("settles all when the handler returns nothing", async () => {
    const handler = vi.fn();
    const { attemptBatch } = attemptsOf(batch({ size: 3 }, handler));
    const three = entries();

    expect(await attemptBatch(three)).toEqual([HANDLED, HANDLED, HANDLED]);
    expect(handler.mock.calls[0]?.[0].map((event: FeedEvent) => event.id)).toEqual(["a", "b", "c"]);
    expect(handler.mock.calls[0]?.[1].deliveries).toEqual(three.map((entry) => entry.delivery));
  });

  it("takes one outcome for each event", async () => {
    const handler = async () => [undefined, drop("not ours"), retry({ afterMs: 5 })];
    const { attemptBatch } = attemptsOf(batch({ size: 3 }, handler));

    expect(await attemptBatch(entries())).toEqual([
      HANDLED,
      { kind: "settled", as: "dropped" },
      { kind: "again", delayMs: 5, failed: true, why: "the handler asked for a retry" },
    ]);
  });

  it("fails an attempt of every event when the handler throws", async () => {
    const handler = async (): Promise<void> => {
      throw new Error("no database");
    };
    const { attemptBatch } = attemptsOf(batch({ size: 3 }, handler));
    const three = entries();

    const dispositions = await attemptBatch(three);

    expect(dispositions.map((each) => each?.kind)).toEqual(["again", "again", "again"]);
    expect(three.map((entry) => entry.attempts)).toEqual([1, 1, 1]);
  });

  it.each([
    ["done", done(), HANDLED],
    ["a drop", drop("not ours"), { kind: "settled", as: "dropped" }],
    ["a retry", retry({ afterMs: 5 }), { kind: "again", delayMs: 5, failed: true }],
  ])("takes one outcome for all: %s", async (_, returned, disposition) => {
    const handler = (() => returned) as () => void;
    const { attemptBatch } = attemptsOf(batch({ size: 3 }, handler));

    expect(await attemptBatch(entries())).toMatchObject(new Array(3).fill(disposition));
  });

  it.each([
    ["too few outcomes", [drop("not ours")], "gave 1 outcomes for 3 events"],
    ["too many outcomes", new Array(4).fill(done()), "gave 4 outcomes for 3 events"],
  ])("fails an attempt of every event when the handler returns %s", async (_, returned, why) => {
    const handler = (() => returned) as () => void;
    const { attemptBatch } = attemptsOf(batch({ size: 3 }, handler));

    const dispositions = await attemptBatch(entries());

    expect(dispositions).toMatchObject(
      new Array(3).fill({ kind: "again", failed: true, why: `the batch handler ${why}` }),
    );
  });

  it.each([
    ["a list of rows that were saved", [{ id: 1 }, { id: 2 }]],
    ["as many rows as events", [{ id: 1 }, { id: 2 }, { id: 3 }]],
    ["an empty list", []],
    ["a number", 3],
  ])(
    "settles all when the handler returns what is no list of outcomes: %s",
    async (_, returned) => {
      const handler = (() => returned) as () => void;
      const { attemptBatch } = attemptsOf(batch({ size: 3 }, handler));

      expect(await attemptBatch(entries())).toEqual([HANDLED, HANDLED, HANDLED]);
    },
  );

  it("keeps what no handler can be given out of the batch", async () => {
    const handler = vi.fn();
    const { attemptBatch } = attemptsOf(batch({ size: 3 }, handler), {
      events: { test: withCode },
    });
    const good = entryOf("a", { data: { code: "x" } });
    const bad = entryOf("b", { data: {} });

    const dispositions = await attemptBatch([bad, good, unreadableEntry()]);

    expect(dispositions.map((each) => each?.kind === "settled" && each.as)).toEqual([
      "deadLettered",
      "handled",
      "deadLettered",
    ]);
    expect(handler.mock.calls[0]?.[0]).toMatchObject([{ id: "a", data: { code: "X" } }]);
  });

  it("ends each by itself, and waits for no dead letter of another", async () => {
    const { deadLetters } = memoryStores();
    const store = { ...deadLetters, put: () => new Promise<void>(() => {}) };
    const seen: string[] = [];
    const handler = batch({ size: 4 }, (events) => {
      seen.push(...events.map(({ id }) => id));
      return [undefined, deadLetter("bad"), retry({ afterMs: 5 })];
    });
    const { attempts } = attemptsOf(handler, { options: { deadLetters: store } });
    const ended: Ended[][] = [];

    void attempts.makeBatch([unreadableEntry(), ...entries()], (some) => ended.push([...some]));
    await vi.waitFor(() => expect(ended).not.toEqual([]), 60_000);

    expect(seen).toEqual(["a", "b", "c"]);
    const kinds = ended.map((some) => some.map(([entry, { kind }]) => [entry.id, kind]));
    expect(kinds).toEqual([
      [
        ["a", "settled"],
        ["c", "again"],
      ],
    ]);
  });

  it("does not call the handler with nothing, nor when none may be started", async () => {
    const handler = vi.fn();
    const { attemptBatch, state } = attemptsOf(batch({ size: 3 }, handler));
    await attemptBatch([unreadableEntry()]);

    state.mayStart = false;

    expect(await attemptBatch(entries())).toEqual(new Array(3).fill({ kind: "left" }));
    expect(handler).not.toHaveBeenCalled();
  });

  it("counts a bare return as unsettled once its signal has fired", async () => {
    const { opened, open } = gate();
    const seen: boolean[] = [];
    const handler = batch({ size: 3 }, async (_, context) => {
      await opened;
      seen.push(context.signal.aborted);
    });
    const { attemptBatch, scope } = attemptsOf(handler);
    const attempting = attemptBatch(entries());
    await Promise.resolve();

    scope.abort("stopping");
    open();

    expect(await attempting).toEqual(new Array(3).fill({ kind: "left" }));
    expect(seen).toEqual([true]);
  });

  it("takes an event that is in work elsewhere out of the batch", async () => {
    const { dedupe } = memoryStores();
    const begin: DedupeStore["begin"] = async (key, markMs, options) =>
      key.identity === "/memory b"
        ? { status: "busy", endsInMs: 300 }
        : dedupe.begin(key, markMs, options);
    const options: LoopOptions = { dedupe: { store: { ...dedupe, begin } } };
    const { attemptBatch, keeping } = attemptsOf(
      batch({ size: 3 }, () => {}),
      { options },
    );

    expect(await attemptBatch(entries())).toEqual([
      HANDLED,
      { kind: "again", delayMs: expect.any(Number), failed: false },
      HANDLED,
    ]);
    keeping.close();
  });
});

describe("giving up", () => {
  it("sets an event aside", async () => {
    const { giveUp, letters } = attemptsOf(() => {});
    const entry = entryOf();
    entry.attempts = 2;

    expect(await giveUp(entry, "failed 2 times")).toEqual({ kind: "settled", as: "deadLettered" });
    expect(await letters()).toMatchObject([
      { identity: "/memory a", reason: "failed 2 times", attempts: 2 },
    ]);
  });

  it("halts where there is no store, and says what to do", async () => {
    const cause = new Error("no stock");
    const { giveUp } = attemptsOf(() => {}, { options: { deadLetters: undefined } });

    const disposition = await giveUp(entryOf(), "failed once: Error: no stock", cause);

    expect(disposition).toMatchObject({ kind: "halt", error: { code: "halted", cause } });
    expect((disposition as { error: Error }).error.message).toBe(
      "orders: event a (test): failed once: Error: no stock; no dead-letter store is set: " +
        "set the option deadLetters, or it comes first again at the next start",
    );
  });

  it("leaves an event when the run quits before the store has answered", async () => {
    const put = () => new Promise<void>(() => {});
    const options: LoopOptions = { deadLetters: { ...stores.deadLetters, put } };
    const { giveUp, quit } = attemptsOf(() => {}, { options });

    const given = giveUp(entryOf());
    quit.abort();

    expect(await given).toEqual({ kind: "left" });
  });

  it("never rejects", async () => {
    const put = async (): Promise<void> => {
      throw new AckloopError("config", "no such table");
    };
    const options: LoopOptions = { deadLetters: { ...stores.deadLetters, put } };
    const { giveUp } = attemptsOf(() => {}, { options });

    expect(await giveUp(entryOf())).toMatchObject({ kind: "halt", error: { code: "config" } });
  });
});
