import { describe, expect, it, vi } from "vitest";
import { profiles } from "./profiles.ts";

/** Callers without types give anything. */
type Call = (...given: unknown[]) => unknown;

const fetch = vi.fn(async () => new Response("{}"));
const retry = { attempts: 1 };

const calls = profiles.flatMap(({ folder, client, inputs }) =>
  Object.entries(client({ fetch, retry })).flatMap(([group, members]: [string, unknown]) =>
    Object.entries(typeof members === "object" ? Object(members) : {}).map(([name, call]) => {
      const [, ...given] = inputs.find(([pattern]) => pattern.test(`${group}.${name}`)) ?? [];
      return [`${folder} ${group}.${name}`, call as Call, given] as const;
    }),
  ),
);

/** Runs a call to its end, also one that gives an iterable. */
async function run(call: Call, given: readonly unknown[]): Promise<unknown> {
  fetch.mockClear();
  const answer = call(...given);
  const isIterable = Object(answer)[Symbol.asyncIterator] !== undefined;
  return await (isIterable ? Object(answer)[Symbol.asyncIterator]().next() : answer);
}

describe("a call without types", () => {
  it("is met in each provider", () => {
    expect(calls.length).toBeGreaterThan(50);
  });

  it.each(calls)(
    "of %s is refused with an option of an unknown name",
    async (_name, call, given) => {
      const failure = run(call, [...given, { singal: 1 }]);
      await expect(failure).rejects.toMatchObject({
        code: "config",
        message: expect.stringContaining("did you mean `signal`"),
      });
      expect(fetch).not.toHaveBeenCalled();
    },
  );

  it.each(calls)("of %s is refused with options that are none", async (_name, call, given) => {
    for (const none of [null, "text", []]) {
      const failure = run(call, [...given, none]);
      await expect(failure).rejects.toMatchObject({ code: "config" });
    }
    expect(fetch).not.toHaveBeenCalled();
  });

  it.each(calls)("of %s tells of its answer, whatever comes of it", async (_name, call, given) => {
    const onResponse = vi.fn();
    fetch.mockImplementation(
      async () => new Response("{}", { status: 201, headers: { "x-request-id": "r-7" } }),
    );

    await run(call, [...given, { onResponse }]).catch(() => {});

    expect(onResponse.mock.calls).toEqual([
      [expect.objectContaining({ status: 201, requestId: "r-7" })],
    ]);
    await expect(run(call, [...given, { onResponse: "log" }])).rejects.toMatchObject({
      code: "config",
      message: expect.stringContaining("`onResponse` must be a function"),
    });
  });

  const withInput = calls.filter(([name]) => /\.(create|update)$/.test(name));

  it.each(withInput)(
    "of %s is refused with an input that is none, or misspelt",
    async (_name, call, given) => {
      const ids = given.slice(0, -1);
      for (const none of [undefined, null, "text", []]) {
        await expect(run(call, [...ids, none])).rejects.toMatchObject({
          code: "config",
          message: expect.stringMatching(/give an object with (name|eventType)/),
        });
      }
      const misspelt = run(call, [...ids, { retension: 86_400 }]);
      await expect(misspelt).rejects.toMatchObject({
        code: "config",
        message: expect.stringMatching(/`retension` is unknown; known are (name|eventType)/),
      });
      expect(fetch).not.toHaveBeenCalled();
    },
  );
});
