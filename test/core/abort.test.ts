import { getEventListeners } from "node:events";
import { describe, expect, it, vi } from "vitest";
import { abortable, cutOf, LateController, onAbort, withLateSignal } from "../../src/core/abort.ts";
import { sleep } from "../../src/core/sleep.ts";
import { withinLimit } from "../../src/http/limit.ts";

const never = (): Promise<never> => new Promise(() => {});

/** Notes which of its callbacks were called. */
function notes() {
  const called: string[] = [];
  return { called, note: (name: string) => () => void called.push(name) };
}

describe("a signal that gives no reason, as another library's", () => {
  it.each([
    ["a wait", (signal: AbortSignal) => sleep(60_000, signal)],
    ["work that cannot be cut", (signal: AbortSignal) => abortable({ signal }, never)],
    ["work with a limit", (signal: AbortSignal) => withinLimit(never, 60_000, signal)],
  ])("ends %s with an AbortError, before and meanwhile", async (_, wait) => {
    for (const isFired of [true, false]) {
      const controller = new AbortController();
      Object.defineProperty(controller.signal, "reason", { value: undefined });
      if (isFired) controller.abort();

      const waiting = wait(controller.signal);
      controller.abort();

      await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
    }
  });
});

describe("waiting for a signal", () => {
  it("takes one listener, however many wait", () => {
    const controller = new AbortController();
    const { called, note } = notes();

    for (const name of ["a", "b", "c"]) onAbort(controller.signal, note(name));

    expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
    controller.abort();
    expect(called).toEqual(["a", "b", "c"]);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  it("ends for one and goes on for the others", () => {
    const controller = new AbortController();
    const { called, note } = notes();
    const forget = onAbort(controller.signal, note("a"));
    onAbort(controller.signal, note("b"));

    forget();
    forget();
    controller.abort();

    expect(called).toEqual(["b"]);
  });

  it("leaves no listener when nobody waits any more, and begins anew after that", () => {
    const controller = new AbortController();
    const { called, note } = notes();

    onAbort(controller.signal, note("a"))();
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    onAbort(controller.signal, note("b"));
    controller.abort();

    expect(called).toEqual(["b"]);
  });

  it("counts one callback that waits twice as two", () => {
    const controller = new AbortController();
    const { called, note } = notes();
    const callback = note("a");
    onAbort(controller.signal, callback)();

    onAbort(controller.signal, callback);
    onAbort(controller.signal, callback);
    controller.abort();

    expect(called).toEqual(["a", "a"]);
  });

  it("is nothing without a signal, and after it fired", () => {
    const { called, note } = notes();

    onAbort(undefined, note("a"))();
    const forget = onAbort(AbortSignal.abort(), note("b"));
    forget();

    expect(called).toEqual([]);
  });

  it("does not call back one whom another of the callbacks made forget", () => {
    const controller = new AbortController();
    const { called, note } = notes();
    let forget = (): void => {};
    onAbort(controller.signal, () => forget());
    forget = onAbort(controller.signal, note("b"));

    controller.abort();

    expect(called).toEqual([]);
  });
});

describe("a signal that is made late", () => {
  it.each(["before", "after"])("fires with the reason when it is read %s that", (when) => {
    const controller = new LateController();
    const options = withLateSignal({}, controller);
    const early = when === "before" && options.signal;

    controller.abort("first");
    controller.abort("second");

    expect(options.signal.reason).toBe("first");
    expect(early || options.signal).toBe(options.signal);
  });

  it("is handed on with options that are spread", () => {
    const controller = new LateController();
    const spread = { ...withLateSignal({ limit: 1 }, controller) };
    const cut = cutOf(spread);

    controller.abort("over");

    expect(spread.limit).toBe(1);
    expect(() => cut.throwIfAborted()).toThrow("over");
  });

  it("is not made to be asked or waited for", () => {
    const controller = new LateController();
    const made = vi.spyOn(controller, "signal", "get");
    const cut = cutOf(withLateSignal({}, controller));
    const calls: string[] = [];
    cut.onAbort(() => calls.push("first"));
    const forget = cut.onAbort(() => calls.push("second"));

    forget();
    cut.throwIfAborted();
    controller.abort("over");
    controller.abort("over");

    expect(calls).toEqual(["first"]);
    expect(() => cut.throwIfAborted()).toThrow("over");
    expect(made).not.toHaveBeenCalled();
  });

  it("says something where no reason was given", () => {
    const controller = new LateController();
    controller.abort();
    expect(() => controller.throwIfAborted()).toThrow(DOMException);
  });
});

describe("abortable", () => {
  it("lets the caller go when the signal fires in the middle of the work", async () => {
    const caller = new AbortController();
    const work = abortable({ signal: caller.signal }, () => new Promise(() => {}));

    caller.abort(new Error("left"));

    await expect(work).rejects.toThrow("left");
  });

  it("begins nothing once the signal has fired", async () => {
    let begun = false;
    const work = abortable({ signal: AbortSignal.abort(new Error("left")) }, async () => {
      begun = true;
    });

    await expect(work).rejects.toThrow("left");
    expect(begun).toBe(false);
  });

  it("gives the result or the error of the work, with and without a signal", async () => {
    const { signal } = new AbortController();

    expect(await abortable({ signal }, async () => 1)).toBe(1);
    expect(await abortable({}, async () => 2)).toBe(2);
    const failing = abortable({ signal }, () => Promise.reject(new Error("broken")));
    await expect(failing).rejects.toThrow("broken");
  });
});
