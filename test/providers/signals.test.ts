import { describe, expect, it } from "vitest";
import { profiles } from "./profiles.ts";

const fetch = async (): Promise<Response> =>
  Response.json({ events: [], data: [], messages: [], status: "ok" });
const calls = profiles.flatMap(({ signals }) => signals);

describe.each(calls)("a signal for %s", (_name, call) => {
  it("may be another library's, which has no throwIfAborted", async () => {
    const { signal } = new AbortController();
    Object.defineProperty(signal, "throwIfAborted", { value: undefined });

    await expect(Promise.resolve(call(fetch, signal))).resolves.toBeDefined();
  });

  it("ends it with an AbortError where it gives no reason of its own", async () => {
    const signal = AbortSignal.abort();
    Object.defineProperty(signal, "reason", { value: undefined });

    await expect((async () => call(fetch, signal))()).rejects.toMatchObject({
      name: "AbortError",
    });
  });

  it.each([null, {}, { aborted: false }, 5])("that is none is a config error: %j", async (odd) => {
    await expect((async () => call(fetch, odd as never))()).rejects.toMatchObject({
      code: "config",
    });
  });
});
