import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isForeign } from "../../src/core/network.ts";
import { fromStatus, fromThrown, fromTimeout, toRetryAfterMs } from "../../src/http/fail.ts";
import type { HttpSettings } from "../../src/http/types.ts";
import { printed, secret } from "./support.ts";

const context = { provider: "acme", operation: "pull", uncertain: false };

function failureOf(
  status: number,
  parts: {
    readonly headers?: Record<string, string>;
    readonly text?: string;
    readonly describe?: HttpSettings["describeError"];
  } = {},
) {
  const reply = {
    status,
    headers: new Headers(parts.headers),
    text: parts.text ?? "",
    tooLong: false,
  };
  return fromStatus(reply, context, { describe: parts.describe, secrets: [secret] });
}

const describeText: HttpSettings["describeError"] = (body) => ({
  text: (body as { text: string }).text,
});

describe("fromStatus", () => {
  it.each([
    [400, "request", false, undefined],
    [401, "auth", false, undefined],
    [403, "auth", false, undefined],
    [404, "notFound", false, undefined],
    [405, "request", false, undefined],
    [408, "transport", true, true],
    [409, "conflict", false, undefined],
    [422, "request", false, undefined],
    [423, "request", false, undefined],
    [429, "rateLimit", true, undefined],
    [500, "transport", true, true],
    [502, "transport", true, true],
    [503, "transport", true, true],
    [504, "transport", true, true],
    [301, "request", false, undefined],
    [302, "request", false, true],
    [303, "request", false, true],
    [307, "request", false, undefined],
    [304, "request", false, undefined],
  ])("gives %i the code %s", (status, code, retryable, outcomeUnknown) => {
    expect(failureOf(status)).toMatchObject({
      provider: "acme",
      operation: "pull",
      code,
      retryable,
      status,
    });
    expect(failureOf(status).outcomeUnknown).toBe(outcomeUnknown);
  });

  it.each([
    [400, "<html>bad</html>"],
    [403, "error code: 1020"],
    [404, "default backend - 404"],
    [404, "404 page not found\n"],
    [409, " <!doctype html>"],
    [410, "<html>"],
    [422, "<?xml version='1.0'?>"],
  ])("takes %i with %j for the network's word", (status, text) => {
    const error = failureOf(status, { text });

    expect(error).toMatchObject({ code: "transport", retryable: true, status });
    expect(error.message).toContain("check baseUrl");
    expect(isForeign(error)).toBe(true);
  });

  it.each([
    [400, "Bad Request", "request"],
    [401, "<html>", "auth"],
    [403, '{"message":"no"}', "auth"],
    [403, '{"message":"n', "auth"],
    [404, "", "notFound"],
    [409, "already there", "conflict"],
    [413, "<html>", "request"],
  ])("takes %i with %j for the provider's own", (status, text, code) => {
    const error = failureOf(status, { text });

    expect(error).toMatchObject({ code, retryable: false });
    expect(isForeign(error)).toBe(false);
  });

  it("takes a 503 that says when to come again for a request that was not processed", () => {
    const error = failureOf(503, { headers: { "retry-after": "7" } });

    expect(error).toMatchObject({ code: "transport", retryable: true, retryAfterMs: 7_000 });
    expect(error.outcomeUnknown).toBeUndefined();
  });

  it("keeps the doubt of an earlier attempt", () => {
    const reply = { status: 404, headers: new Headers(), text: "", tooLong: false };

    const error = fromStatus(
      reply,
      { ...context, uncertain: true },
      { describe: undefined, secrets: [] },
    );

    expect(error.outcomeUnknown).toBe(true);
  });

  it("has no status for a redirect that the runtime hides", () => {
    expect(failureOf(0).status).toBeUndefined();
    expect(failureOf(0).message).toBe(
      "acme pull: the server answered with a redirect, which is not followed; check baseUrl",
    );
  });

  it("repeats what the provider says, on one line and without the secret", () => {
    const text = JSON.stringify({ text: `no such\r\ntoken: ${secret}` });

    const error = failureOf(401, { text, describe: describeText });

    expect(error.message).toBe(
      "acme pull: the credentials were refused (401): no such token: [redacted]; " +
        "check that they are whole, not expired, and of this account and region",
    );
    expect(printed(error)).not.toContain(secret);
  });

  it("bounds what the provider says", () => {
    const text = JSON.stringify({ text: "x".repeat(10_000) });

    expect(failureOf(400, { text, describe: describeText }).message.length).toBeLessThan(400);
  });

  it("gives the status, and text that is no JSON, to the provider's reading; a page it does not", () => {
    const describe = vi.fn(() => ({}));

    failureOf(500, { text: "Internal error", describe });
    failureOf(502, { text: " <html>", describe });
    failureOf(503, { text: "", describe });
    failureOf(400, { text: '{"a":1}', describe });

    expect(describe.mock.calls).toEqual([
      ["Internal error", 500],
      [undefined, 502],
      [undefined, 503],
      [{ a: 1 }, 400],
    ]);
  });

  it("lets the provider's body name the code, and decides retryable by that", () => {
    const missing = failureOf(400, { describe: () => ({ code: "notFound" }) });
    const slow = failureOf(403, { describe: () => ({ code: "rateLimit" }) });

    expect(missing).toMatchObject({ code: "notFound", retryable: false, status: 400 });
    expect(slow).toMatchObject({ code: "rateLimit", retryable: true, status: 403 });
  });

  it("is not disturbed by a reading that fails or gives nonsense", () => {
    const throwing = failureOf(404, { text: "null", describe: describeText });
    const nonsense = failureOf(404, { describe: () => ({ text: 5 }) as never });
    const nothing = failureOf(404, { describe: () => undefined as never });
    const later = failureOf(404, { describe: () => Promise.reject(new Error("later")) as never });

    for (const error of [throwing, nonsense, nothing, later]) {
      expect(error.message).toBe(
        "acme pull: there is no such thing (404); check its name or id, and the account it is in",
      );
    }
  });

  it("names the request by the provider's word, else by the usual header", () => {
    const headers = { "x-request-id": `r-1 ${secret}` };

    expect(failureOf(500, { headers }).requestId).toBe("r-1 [redacted]");
    expect(failureOf(500, { headers, describe: () => ({ requestId: "r-2" }) }).requestId).toBe(
      "r-2",
    );
  });
});

describe("fromThrown", () => {
  it("wraps a failure of the network, and lets the original go", () => {
    const cause = Object.assign(new Error(secret), { code: "ECONNRESET" });

    const error = fromThrown(new TypeError("fetch failed", { cause }), context);

    expect(error).toMatchObject({ code: "transport", retryable: true, outcomeUnknown: true });
    expect(error.message).toBe(
      "acme pull: the connection to the server failed (ECONNRESET: it was cut)",
    );
    expect(printed(error)).not.toContain(secret);
  });

  it("is certain that a refused connection had no effect", () => {
    const error = fromThrown(Object.assign(new Error(), { code: "ECONNREFUSED" }), context);

    expect(error.message).toBe(
      "acme pull: no connection to the server (ECONNREFUSED: nothing listens there)",
    );
    expect(error.outcomeUnknown).toBeUndefined();
  });

  it("throws a bug as it is", () => {
    const bug = new TypeError("x is not a function");

    expect(() => fromThrown(bug, context)).toThrow(bug);
  });
});

describe("fromTimeout", () => {
  it("leaves the outcome open only when a request had gone out", () => {
    expect(fromTimeout(99.2, context, true)).toMatchObject({
      code: "timeout",
      retryable: true,
      outcomeUnknown: true,
      message: "acme pull: no whole answer within 100 ms",
    });
    expect(fromTimeout(100, context, false).outcomeUnknown).toBeUndefined();
  });
});

describe("toRetryAfterMs", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: Date.UTC(2026, 10, 21, 7, 28, 0) });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([
    [null, undefined],
    ["", undefined],
    ["0", 0],
    [" 120 ", 120_000],
    ["9".repeat(400), Number.MAX_SAFE_INTEGER],
    ["5, 120", 120_000],
    ["Sat, 21 Nov 2026 07:28:30 GMT", 30_000],
    ["Saturday, 21-Nov-26 07:28:30 GMT", 30_000],
    ["Sat Nov 21 07:28:30 2026", 30_000],
    ["Sat, 21 Nov 2026 07:28:30 GMT, 5", 30_000],
    ["5, Sat, 21 Nov 2026 07:28:30 GMT", 30_000],
    ["Sat, 21 Nov 2026 07:00:00 GMT", 0],
    ["-5", undefined],
    ["1.5", undefined],
    ["soon", undefined],
    ["soon 5", undefined],
    ["5, soon", undefined],
    ["5 seconds", undefined],
    ["2026-11-21T07:28:30Z", undefined],
    ["Sat, 31 Nov 2026 99:28:30 GMT", undefined],
    ["Tue, 31 Nov 2026 07:28:30 GMT", undefined],
    ["Tue Nov 31 07:28:30 2026", undefined],
    ["Sun Nov  1 07:28:30 2026", 0],
    ["1e3", undefined],
  ])("reads %j", (header, expected) => {
    expect(toRetryAfterMs(header, null)).toBe(expected);
  });

  it("counts a date from the answer's own", () => {
    const date = "Sat, 21 Nov 2026 08:28:25 GMT";
    expect(toRetryAfterMs("Sat, 21 Nov 2026 08:28:30 GMT", date)).toBe(5000);
    expect(toRetryAfterMs("Sat, 21 Nov 2026 07:28:30 GMT", "today")).toBe(30_000);
    expect(toRetryAfterMs("7", date)).toBe(7000);
  });

  it("is not held by a header of any length", () => {
    const began = performance.now();
    toRetryAfterMs("Sat, ".repeat(20_000), null);
    toRetryAfterMs("5, ".repeat(20_000), null);
    expect(performance.now() - began).toBeLessThan(500);
  });
});
