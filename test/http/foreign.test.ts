import { describe, expect, it, vi } from "vitest";
import { isAckloopError } from "../../src/core/errors.ts";
import { answerAtOnce, kindOf, tell } from "../../src/core/foreign.ts";
import type { Logger } from "../../src/core/logger.ts";
import { oddValues, rejecting } from "./odd-values.ts";
import { callOf, clientOf, json, scripted } from "./support.ts";

const ways = ["at once", "late"] as const;
const cases = oddValues.flatMap(([name, make]) => ways.map((way) => [name, way, make] as const));

/** Throws at once, or rejects a moment later. */
function failing(way: (typeof ways)[number], make: () => unknown): () => Promise<never> {
  return () => {
    if (way === "at once") throw make();
    return Promise.resolve().then(() => Promise.reject(make()));
  };
}

async function errorOf(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => expect.unreachable("it should fail"),
    (error: unknown) => error,
  );
}

describe("a user's function that throws", () => {
  it.each(cases)("%s, %s, as a fetch is a transport error", async (_name, way, make) => {
    for (const hot of [undefined, true] as const) {
      const client = clientOf(failing(way, make), { retry: { attempts: 1 } });

      const error = await errorOf(client.call(callOf({ hot })));

      expect(isAckloopError(error)).toBe(true);
      expect(error).toMatchObject({ code: "transport", retryable: true, provider: "acme" });
    }
  });

  it.each(cases)("%s, %s, as a token is an auth error that may pass", async (_name, way, make) => {
    const client = clientOf(scripted(json({})).fetch);

    const error = await errorOf(client.call(callOf({ token: failing(way, make) })));

    expect(isAckloopError(error)).toBe(true);
    expect(error).toMatchObject({ code: "auth", retryable: true, operation: "token" });
  });

  it.each(oddValues)("%s as a logger changes nothing", async (_name, make) => {
    for (const way of ways) {
      const log = failing(way, make);
      const logger: Logger = { debug: log, info: log, warn: log, error: log };
      const { fetch, requests } = scripted(json({}, 500), json({ ok: true }));

      await clientOf(fetch, { logger }).call(callOf());

      expect(requests).toHaveLength(2);
    }
  });

  it.each(oddValues)("%s, and is asked at once, has answered nothing", (_name, make) => {
    expect(answerAtOnce(failing("at once", make))).toBeUndefined();
    expect(answerAtOnce(failing("late", make))).toBeUndefined();
    expect(answerAtOnce(() => rejecting(make()))).toBeUndefined();
  });

  it.each(oddValues)("%s has a kind that can be told", (_name, make) => {
    expect(kindOf(make())).toMatch(/^\w+$/);
  });
});

describe("answerAtOnce", () => {
  it("tells an answer of nothing from none", () => {
    expect(answerAtOnce(() => undefined)).toEqual({ value: undefined });
    expect(answerAtOnce(() => "type")).toEqual({ value: "type" });
  });
});

describe("tell", () => {
  it("needs no logger, and calls it as a method", () => {
    const warn = vi.fn();
    const quiet = () => undefined;
    const logger: Logger = { debug: quiet, info: quiet, warn, error: quiet };

    tell(undefined, "warn", "nobody hears it");
    tell(logger, "warn", "told", { a: 1 });

    expect(warn.mock.calls).toEqual([["told", { a: 1 }]]);
    expect(warn.mock.contexts).toEqual([logger]);
  });
});
