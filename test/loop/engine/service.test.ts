import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AckloopError } from "../../../src/core/errors.ts";
import { Service } from "../../../src/loop/engine/service.ts";
import { passing } from "../support.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function serviceOf() {
  vi.spyOn(Math, "random").mockReturnValue(1);
  const onFailed = vi.fn();
  const onBack = vi.fn();
  const quit = new AbortController();
  const bounds = { minMs: 100, maxMs: 800 };
  const service = new Service({ name: "dedupe", bounds, limitMs: 1000, onFailed, onBack });
  const ask = <Value>(call: (signal: AbortSignal) => Promise<Value>) =>
    service.ask("begin", quit.signal, call);
  return { ask, onFailed, onBack, quit };
}

const down = () => Promise.reject(passing());

describe("a service", () => {
  it("gives an answer, whatever it is", async () => {
    const { ask, onFailed } = serviceOf();

    expect(await ask(async () => undefined)).toMatchObject({ value: undefined });
    expect(await ask(async () => 7)).toMatchObject({ value: 7 });
    expect(onFailed).not.toHaveBeenCalled();
  });

  it("is asked again at its pace until it answers", async () => {
    const { ask, onFailed } = serviceOf();
    const call = vi.fn(async () => 7);
    for (let count = 0; count < 5; count += 1) call.mockImplementationOnce(down);

    const answer = ask(call);
    await vi.advanceTimersByTimeAsync(2300);

    expect(await answer).toMatchObject({ value: 7 });
    expect(onFailed.mock.calls.map(([, delayMs]) => delayMs)).toEqual([100, 200, 400, 800, 800]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("tells of what was thrown, as it was thrown", async () => {
    const { ask, onFailed } = serviceOf();
    const thrown = new TypeError("x is not a function");
    const call = vi.fn(async () => 7).mockRejectedValueOnce(thrown);

    const answer = ask(call);
    await vi.advanceTimersByTimeAsync(100);
    await answer;

    expect(onFailed.mock.calls).toEqual([[thrown, 100]]);
  });

  it("is asked again after an answer that did not come in time", async () => {
    const { ask, onFailed } = serviceOf();
    const call = vi.fn(async () => 7).mockReturnValueOnce(new Promise(() => {}));

    const answer = ask(call);
    await vi.advanceTimersByTimeAsync(1100);

    expect(await answer).toMatchObject({ value: 7 });
    expect(onFailed.mock.calls[0]?.[0]).toMatchObject({ code: "timeout" });
  });

  it("waits as long as it asks for", async () => {
    const { ask } = serviceOf();
    const call = vi.fn(async () => 7).mockRejectedValueOnce(passing({ retryAfterMs: 5000 }));

    const answer = ask(call);
    await vi.advanceTimersByTimeAsync(4999);
    expect(call).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);

    expect(await answer).toMatchObject({ value: 7 });
  });

  it("is not asked again for what repeating cannot mend", async () => {
    const { ask } = serviceOf();
    const error = new AckloopError("config", "no such table");
    const call = vi.fn(() => Promise.reject(error));

    await expect(ask(call)).rejects.toBe(error);
    expect(call).toHaveBeenCalledTimes(1);
  });

  it("is asked by one at a time while it fails, in the order they came, and by all when it is back", async () => {
    const { ask } = serviceOf();
    const asked: string[] = [];
    let isDown = true;
    const as = (name: string) =>
      ask(async () => {
        asked.push(name);
        if (isDown) throw passing();
        return name;
      });
    const first = as("a");
    await vi.advanceTimersByTimeAsync(0);
    const others = ["b", "c", "d"].map(as);

    await vi.advanceTimersByTimeAsync(700);
    expect(asked).toEqual(["a", "a", "b", "c"]);
    isDown = false;
    await vi.advanceTimersByTimeAsync(800);

    expect((await Promise.all([first, ...others])).map((answer) => answer?.value)).toEqual([
      "a",
      "b",
      "c",
      "d",
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("counts the calls that were under way together as one failure, however many they were", async () => {
    const { ask, onFailed } = serviceOf();
    let isDown = true;
    const call = vi.fn(async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (isDown) throw passing();
      return 7;
    });

    const answers = Array.from({ length: 20 }, () => ask(call));
    await vi.advanceTimersByTimeAsync(50);
    isDown = false;
    await vi.advanceTimersByTimeAsync(70);

    expect(onFailed.mock.calls.map(([, delayMs]) => delayMs)).toEqual(new Array(20).fill(100));
    expect(call).toHaveBeenCalledTimes(40);
    expect(await Promise.all(answers)).toHaveLength(20);
  });

  it("is not asked any more once nobody wants to know, and leaves neither timer nor listener", async () => {
    const { ask, quit } = serviceOf();
    const call = vi.fn(down);
    const first = ask(call);
    await vi.advanceTimersByTimeAsync(0);
    const others = [ask(call), ask(call)];
    await vi.advanceTimersByTimeAsync(0);

    quit.abort();

    expect(await Promise.all([first, ...others])).toEqual([undefined, undefined, undefined]);
    expect(call).toHaveBeenCalledTimes(1);
    expect(await ask(call)).toBeUndefined();
    expect(call).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(quit.signal, "abort")).toEqual([]);
  });

  it("gives no answer that comes as the run quits", async () => {
    const { ask, quit } = serviceOf();

    const answer = ask(async () => {
      quit.abort();
      return 7;
    });

    expect(await answer).toBeUndefined();
  });
});
