import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EventContext, HandlerScope, timeoutError } from "../../../src/loop/engine/scope.ts";
import { toSettings } from "../support.ts";

const { logger } = toSettings();

describe("the scope of handlers", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("makes a signal only for a handler that asks for one", () => {
    const Controller = vi.spyOn(globalThis, "AbortController");
    const leash = new HandlerScope(undefined).open();

    expect(Controller).not.toHaveBeenCalled();
    expect(leash.signal).toBe(leash.signal);
    expect(Controller).toHaveBeenCalledTimes(1);
  });

  it("tells every handler to end, those that begin later included", () => {
    const scope = new HandlerScope(undefined);
    const asked = scope.open();
    const { signal } = asked;
    const notAsked = scope.open();

    scope.abort("stopping");
    scope.abort("again");
    const late = scope.open();

    expect([asked.endedBy, notAsked.endedBy, late.endedBy]).toEqual(["stop", "stop", "stop"]);
    expect([signal.aborted, signal.reason]).toEqual([true, "stopping"]);
    expect([notAsked.signal.aborted, notAsked.signal.reason]).toEqual([true, "stopping"]);
    expect(late.signal.aborted).toBe(true);
  });

  it("does not watch a signal that is asked for when the handler has returned", () => {
    const scope = new HandlerScope(undefined);
    const leash = scope.open();
    scope.close(leash);
    const { signal } = leash;

    scope.abort("stopping");

    expect(signal.aborted).toBe(false);
  });

  it("leaves a handler alone that has returned", () => {
    const scope = new HandlerScope(undefined);
    const leash = scope.open();
    const { signal } = leash;

    scope.close(leash);
    scope.abort("stopping");

    expect(signal.aborted).toBe(false);
  });

  it("ends handlers at their time limit with one timer for all", async () => {
    const scope = new HandlerScope(100);
    const first = scope.open();
    const { signal } = first;
    await vi.advanceTimersByTimeAsync(60);
    const second = scope.open();
    expect(vi.getTimerCount()).toBe(1);

    await vi.advanceTimersByTimeAsync(40);
    expect([first.endedBy, second.endedBy]).toEqual(["timeout", undefined]);
    expect(signal.reason).toMatchObject({ code: "timeout", retryable: true });
    expect(vi.getTimerCount()).toBe(1);

    await vi.advanceTimersByTimeAsync(60);
    expect(second.endedBy).toBe("timeout");
    expect(second.signal.reason).toEqual(timeoutError(100));
    expect(vi.getTimerCount()).toBe(0);
  });

  it("keeps the reason of the first who told a handler to end", async () => {
    const scope = new HandlerScope(100);
    const leash = scope.open();

    await vi.advanceTimersByTimeAsync(100);
    scope.abort("stopping");

    expect(leash.endedBy).toBe("timeout");
    expect(leash.signal.reason).toMatchObject({ code: "timeout" });
  });

  it("leaves no timer when the last handler has returned or all were told to end", () => {
    const scope = new HandlerScope(100);
    const first = scope.open();
    const second = scope.open();

    scope.close(first);
    expect(vi.getTimerCount()).toBe(1);
    scope.close(second);
    expect(vi.getTimerCount()).toBe(0);

    scope.open();
    scope.abort("stopping");
    scope.open();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is not misled by the time of day", async () => {
    const scope = new HandlerScope(100);
    const leash = scope.open();
    vi.setSystemTime(Date.now() - 86_400_000);

    await vi.advanceTimersByTimeAsync(100);

    expect(leash.endedBy).toBe("timeout");
  });

  it("goes by the clock when a timer fires early", async () => {
    const scope = new HandlerScope(100);
    const leash = scope.open();
    const now = performance.now.bind(performance);
    vi.spyOn(performance, "now").mockImplementation(() => now() - 50);

    await vi.advanceTimersByTimeAsync(100);
    expect(leash.endedBy).toBeUndefined();

    await vi.advanceTimersByTimeAsync(50);
    expect(leash.endedBy).toBe("timeout");
  });
});

describe("the context of a handler", () => {
  it("says what it was made with, and gives the handler's own signal", () => {
    const scope = new HandlerScope(undefined);
    const leash = scope.open();
    const delivery = { raw: 1 } as EventContext["delivery"];

    const context = new EventContext(leash, 3, delivery, logger, undefined);

    expect(context).toMatchObject({ attempt: 3, delivery, logger });
    expect(context.signal).toBe(leash.signal);
  });

  it("refuses to finish without a dedupe store", async () => {
    const leash = new HandlerScope(undefined).open();
    const { finish } = new EventContext(leash, 1, { raw: 1 } as never, logger, undefined);

    await expect(finish({})).rejects.toMatchObject({
      code: "config",
      message: "context.finish() needs the option `dedupe`, and an event with an id of its own",
    });
  });

  it("hands a transaction on", async () => {
    const leash = new HandlerScope(undefined).open();
    const finishIn = vi.fn(async () => true);
    const { finish } = new EventContext(leash, 1, { raw: 1 } as never, logger, finishIn);

    await expect(finish("transaction")).resolves.toBe(true);
    expect(finishIn).toHaveBeenCalledWith("transaction");
  });
});
