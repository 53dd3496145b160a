import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AckloopError } from "../../src/core/errors.ts";
import type { Answer } from "../../src/core/guard.ts";
import {
  ask,
  describeThrown,
  isThenable,
  notify,
  settle,
  toFailure,
} from "../../src/core/guard.ts";

const asking = { what: "pull", whom: "orders", limitMs: 1000 };
const never = (): Promise<never> => new Promise(() => {});
const soon = () => vi.advanceTimersByTimeAsync(0);

/** An object that can be asked nothing. */
function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** A promise of a class whose `then` calls back twice. */
class Twice<Value> extends Promise<Value> {
  static of(value: unknown) {
    return new Twice((resolve) => resolve(value));
  }
  static override get [Symbol.species]() {
    return Promise;
  }
  // biome-ignore lint/suspicious/noThenProperty: it is what is tried.
  override then<One = Value, Other = never>(
    onValue?: ((value: Value) => One | PromiseLike<One>) | null,
    onThrown?: ((thrown: unknown) => Other | PromiseLike<Other>) | null,
  ): Promise<One | Other> {
    void super.then(onValue, onThrown);
    return super.then(onValue, onThrown);
  }
}

/** A foreign promise whose `then` does this. */
const foreign = (then: (ok: (value: unknown) => void, no: (error: unknown) => void) => void) => ({
  then,
});

function throws(thrown: unknown): () => never {
  return () => {
    throw thrown;
  };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe("asking", () => {
  it.each([
    ["at once", () => 7],
    ["later", async () => 7],
    ["as a foreign promise", () => foreign((ok) => ok(7)) as PromiseLike<number>],
  ])("gives an answer that comes %s", async (_, call) => {
    expect(await ask(asking, call)).toEqual({ kind: "answered", value: 7 });
  });

  it.each([
    ["throws", throws(new Error("no network"))],
    ["rejects", () => Promise.reject(new Error("no network"))],
  ])("gives a failure that may pass when the call %s", async (_, call) => {
    const answer = await ask(asking, call);

    expect(answer).toMatchObject({
      kind: "failed",
      error: {
        code: "transport",
        retryable: true,
        outcomeUnknown: true,
        message: "orders pull: Error: no network",
      },
      thrown: { message: "no network" },
    });
  });

  it("gives an error of ours as it is", async () => {
    const error = new AckloopError("auth", "refused");

    expect(await ask(asking, throws(error))).toEqual({ kind: "failed", error, thrown: error });
  });

  it("takes no longer than its limit, and cuts the call then", async () => {
    let signal: AbortSignal | undefined;
    const answer = ask(asking, (own) => {
      signal = own;
      return never();
    });

    await vi.advanceTimersByTimeAsync(999);
    expect(signal?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);

    expect(await answer).toMatchObject({
      kind: "failed",
      error: { code: "timeout", retryable: true, outcomeUnknown: true },
    });
    expect((await answer).kind === "failed" && signal?.reason).toBe(
      ((await answer) as { error: unknown }).error,
    );
  });

  it("is cut by the caller's signal, with its reason, and leaves no listener", async () => {
    const caller = new AbortController();
    let signal: AbortSignal | undefined;
    const answer = ask({ ...asking, signal: caller.signal }, (own) => {
      signal = own;
      return never();
    });
    expect(getEventListeners(caller.signal, "abort")).toHaveLength(1);

    caller.abort("stopping");

    expect(await answer).toEqual({ kind: "cut" });
    expect([signal?.aborted, signal?.reason]).toEqual([true, "stopping"]);
    expect(getEventListeners(caller.signal, "abort")).toEqual([]);
  });

  it("makes no call when the caller's signal has fired", async () => {
    const call = vi.fn();

    expect(await ask({ ...asking, signal: AbortSignal.abort() }, call)).toEqual({ kind: "cut" });
    expect(call).not.toHaveBeenCalled();
  });

  it("is cut by the call's own controller", async () => {
    const own = new AbortController();
    const answer = ask({ ...asking, own }, never);

    own.abort();

    expect(await answer).toEqual({ kind: "cut" });
    expect(getEventListeners(own.signal, "abort")).toEqual([]);
  });

  it.each([
    ["answered", async () => 7],
    ["failed", () => Promise.reject(new Error("no network"))],
  ])("leaves neither timer nor listener when it has %s", async (_, call) => {
    const caller = new AbortController();
    const own = new AbortController();

    await ask({ ...asking, own, signal: caller.signal }, call);

    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(caller.signal, "abort")).toEqual([]);
    expect(getEventListeners(own.signal, "abort")).toEqual([]);
    expect(own.signal.aborted).toBe(false);
  });

  it.each([
    ["an answer", async () => 7, { kind: "answered", value: 7 }],
    ["a failure", () => Promise.reject(new Error("late")), { kind: "failed" }],
  ])("hands %s on that comes after its time", async (_, end, expected) => {
    const late = vi.fn<(answer: Answer<unknown>) => void>();
    const call = async (): Promise<unknown> => {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      return end();
    };

    const answer = ask({ ...asking, onLate: late }, call);
    await vi.advanceTimersByTimeAsync(1000);
    expect((await answer).kind).toBe("failed");
    expect(late).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(500);

    expect(late.mock.calls).toMatchObject([[expected]]);
  });

  it("lets a late failure go that nobody wants to know of", async () => {
    const caller = new AbortController();
    const call = (signal: AbortSignal): Promise<never> =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const answer = ask({ ...asking, signal: caller.signal }, call);

    caller.abort(new Error("stopping"));

    expect(await answer).toEqual({ kind: "cut" });
    await soon();
  });

  it.each([
    [
      "calls back twice",
      foreign((ok) => {
        ok(1);
        ok(2);
      }),
      { kind: "answered", value: 1 },
    ],
    [
      "calls back both ways",
      foreign((ok, no) => {
        ok(1);
        no(new Error("after all"));
      }),
      { kind: "answered", value: 1 },
    ],
    [
      "throws after it has called back",
      foreign((ok) => {
        ok(1);
        throw new Error("after all");
      }),
      { kind: "answered", value: 1 },
    ],
    ["throws", foreign(throws(new Error("odd"))), { kind: "failed" }],
    ["is of a class and calls back twice", Twice.of(1), { kind: "answered", value: 1 }],
    [
      "throws when it is asked for `then`",
      // biome-ignore lint/suspicious/noThenProperty: a foreign promise is what is tested.
      Object.defineProperty({}, "then", { get: throws(new Error("odd")) }),
      { kind: "failed" },
    ],
  ])("gives one answer of a foreign promise that %s", async (_, promise, expected) => {
    const late = vi.fn();

    const answer = await ask({ ...asking, onLate: late }, () => promise as PromiseLike<unknown>);
    await soon();

    expect(answer).toMatchObject(expected);
    expect(late).not.toHaveBeenCalled();
  });

  it("gives one failure of a promise that can be asked nothing", async () => {
    const answer = await ask(asking, () => revoked() as PromiseLike<unknown>);

    expect(answer.kind).toBe("failed");
  });

  it.each([() => undefined, () => null, () => 7, () => "text", () => Symbol("odd"), revoked])(
    "never rejects, whatever is thrown: case %#",
    async (make) => {
      const thrown = make();
      const answers = [
        await ask(asking, throws(thrown)),
        await ask(asking, () => Promise.reject(thrown)),
      ];

      for (const answer of answers) {
        expect(answer.kind === "failed" && answer.error.code).toBe("transport");
      }
    },
  );
});

describe("settling", () => {
  /** What was called back, in order. */
  function noting() {
    const calls: unknown[] = [];
    const onValue = (value: unknown): void => void calls.push({ value });
    const onThrown = (thrown: unknown): void => void calls.push({ thrown });
    return { calls, onValue, onThrown };
  }

  it("calls back at once where the function answers or throws at once", () => {
    const { calls, onValue, onThrown } = noting();

    settle(() => 1, onValue, onThrown);
    settle(throws(2), onValue, onThrown);

    expect(calls).toEqual([{ value: 1 }, { thrown: 2 }]);
  });

  it("calls back later where it answers or rejects later, however late", async () => {
    const { calls, onValue, onThrown } = noting();

    settle(
      () => new Promise((resolve) => setTimeout(() => resolve(1), 86_400_000)),
      onValue,
      onThrown,
    );
    settle(() => Promise.reject(2), onValue, onThrown);
    expect(calls).toEqual([]);
    await vi.advanceTimersByTimeAsync(86_400_000);

    expect(calls).toEqual([{ thrown: 2 }, { value: 1 }]);
  });

  it("calls back once for a foreign promise that does so twice, and both ways", async () => {
    const { calls, onValue, onThrown } = noting();
    const twice = foreign((ok, no) => {
      ok(1);
      no(2);
      ok(3);
    }) as PromiseLike<unknown>;

    settle(() => twice, onValue, onThrown);
    await soon();

    expect(calls).toEqual([{ value: 1 }]);
  });

  it("takes what cannot be asked whether it is a promise for a throw", () => {
    const { calls, onValue, onThrown } = noting();

    settle(revoked, onValue, onThrown);

    expect(calls).toMatchObject([{ thrown: expect.any(TypeError) }]);
  });
});

describe("notifying", () => {
  it("lets nothing out, thrown at once or late, and tells of it", async () => {
    const onThrown = vi.fn();

    notify(throws("at once"), onThrown);
    notify(() => Promise.reject("late"), onThrown);
    notify(() => foreign((_, no) => no("foreign")), onThrown);
    notify(revoked, onThrown);
    notify(() => 7, onThrown);
    notify(async () => 7, onThrown);
    await soon();

    expect(onThrown.mock.calls.map(([thrown]) => thrown)).toEqual([
      "at once",
      expect.any(TypeError),
      "late",
      "foreign",
    ]);
  });

  it("may be left without anybody to tell", async () => {
    notify(throws("at once"));
    notify(() => Promise.reject("late"));

    await soon();
  });
});

describe("what was thrown", () => {
  const nullProto = Object.assign(Object.create(null), { odd: 1 });
  const getter = Object.defineProperty(new Error("x"), "message", { get: throws("odd") });
  const then = foreign(() => {});

  it.each([
    ["undefined", undefined, "nothing was thrown (undefined)"],
    ["null", null, "null"],
    ["a plain object", { a: 1, b: 2 }, "an object with a, b"],
    ["an empty object", {}, "an object without a message"],
    ["an object with a code", { code: "SQLITE_BUSY" }, "an object with code SQLITE_BUSY"],
    ["an object without a prototype", nullProto, "an object with odd"],
    ["a revoked proxy", revoked, "something that cannot be read was thrown"],
    ["an error whose message throws", getter, "something that cannot be read was thrown"],
    ["a symbol", Symbol("odd"), "Symbol(odd)"],
    ["a number", 7, "7"],
    ["a text", "no stock", "no stock"],
    ["a bigint", 7n, "7"],
    ["a function", function odd() {}, "a function was thrown (odd)"],
    ["a frozen error", Object.freeze(new RangeError("far")), "RangeError: far"],
    ["a DOMException", new DOMException("cut", "AbortError"), "AbortError: cut"],
    ["an AggregateError", new AggregateError([1], "many"), "AggregateError: many"],
    ["a foreign promise", then, "an object with then"],
    ["an error of ours", new AckloopError("auth", "refused"), "AckloopError: refused"],
    ["an error without a name", Object.assign(new Error("x"), { name: "" }), "x"],
    ["an error named by its code", { message: "x", code: "E1" }, "E1: x"],
  ])("is described in words: %s", (_, thrown, text) => {
    // The table cannot hold it: the runner would look into it.
    expect(describeThrown(thrown === revoked ? revoked() : thrown)).toBe(text);
  });

  it("is described in at most 500 characters", () => {
    expect(describeThrown(new Error("x".repeat(10_000)))).toHaveLength(500);
  });

  it("becomes a failure that may pass, with what was thrown as its cause", () => {
    const cause = new TypeError("x is not a function");

    expect(toFailure(cause, asking)).toMatchObject({ code: "transport", retryable: true, cause });
    expect(toFailure(revoked(), asking)).toMatchObject({ code: "transport", retryable: true });
  });

  it.each([
    [Promise.resolve(), true],
    [foreign(() => {}), true],
    [
      Object.assign(
        () => {},
        foreign(() => {}),
      ),
      true,
    ],
    [{ catch: () => {} }, false],
    [null, false],
    [undefined, false],
    ["text", false],
  ])("can be waited for or not: case %#", (value, expected) => {
    expect(isThenable(value)).toBe(expected);
  });
});
