import { getEventListeners, once } from "node:events";
import { inspect } from "node:util";
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as z from "zod/mini";
import { AckloopError } from "../../src/core/errors.ts";
import type { Logger } from "../../src/core/logger.ts";
import { createHttpClient } from "../../src/http/client.ts";
import { noReply, replyOf, textReply } from "../../src/http/reply.ts";
import { cachedToken } from "../../src/http/token.ts";
import type { Token, TokenRequest } from "../../src/http/types.ts";
import {
  callOf,
  clientOf,
  failureOf,
  json,
  loopback,
  networkFailure,
  printed,
  scripted,
  secret,
  silence,
  text,
} from "./support.ts";

const bearer = { header: "authorization", prefix: "Bearer " };

describe("a call", () => {
  it("sends the path, the query, the headers and the body, and gives the reply", async () => {
    const { fetch, requests } = scripted(json({ events: [] }));
    const client = clientOf(fetch, { headers: { "User-Agent": "shop/1", "X-Api-Version": "1" } });

    const reply = await client.call(
      callOf({
        path: ["queues", "a/b"],
        query: { limit: 5 },
        json: { ack_id: null },
        headers: { "x-api-version": "2.0" },
        reply: replyOf(z.object({ events: z.array(z.unknown()) })),
      }),
    );

    expect(reply).toEqual({ events: [] });
    const [request] = requests;
    expect(request?.method).toBe("POST");
    expect(request?.url).toBe("https://api.example.com/v1/queues/a%2Fb?limit=5");
    expect(Object.fromEntries(request?.headers ?? [])).toEqual({
      accept: "application/json",
      authorization: `Bearer ${secret}`,
      "content-type": "application/json",
      "user-agent": "shop/1",
      "x-api-version": "2.0",
    });
    expect(await request?.text()).toBe('{"ack_id":null}');
  });

  it("tells of its answer before it gives the value, and never a secret of it", async () => {
    const headers = {
      "x-request-id": "r-1",
      etag: '"7"',
      "set-cookie": "session=1",
      "x-echo": `Bearer ${secret}`,
    };
    const { fetch } = scripted(json({}, 503), json({ a: 1 }, 200, headers));
    const told: unknown[] = [];
    const names = ["ETag", "Set-Cookie", "x-echo", "x-none"];

    const value = await clientOf(fetch).call(
      callOf({
        onResponse: ({ operation, status, requestId, header }) =>
          told.push({ operation, status, requestId, headers: names.map(header) }),
        reply: (body) => [told.length, body],
      }),
    );

    expect(value).toEqual([1, { a: 1 }]);
    expect(told).toEqual([
      {
        operation: "pull",
        status: 200,
        requestId: "r-1",
        headers: ['"7"', null, "[redacted]", null],
      },
    ]);
  });

  it.each([
    () => {
      throw new TypeError(secret);
    },
    async () => await Promise.reject(new TypeError(secret)),
  ])(
    "gives its value also where onResponse fails, which the logger is told",
    async (onResponse) => {
      const warn = vi.fn();
      const logger = { debug: warn, info: warn, warn, error: warn };
      const { fetch } = scripted(json({ a: 1 }));

      expect(await clientOf(fetch, { logger }).call(callOf({ onResponse }))).toEqual({ a: 1 });
      await Promise.resolve();
      expect(warn.mock.calls).toEqual([["acme pull: onResponse threw TypeError", {}]]);
    },
  );

  it("sends a form", async () => {
    const { fetch, requests } = scripted(json({}));

    await clientOf(fetch).call(
      callOf({ form: { grant_type: "client_credentials", scope: "a b" } }),
    );

    expect(requests[0]?.headers.get("content-type")).toBe("application/x-www-form-urlencoded");
    expect(await requests[0]?.text()).toBe("grant_type=client_credentials&scope=a+b");
  });

  it("sends no body and no content type when it is given none", async () => {
    const { fetch, requests } = scripted(json([]));

    await clientOf(fetch).call(callOf({ method: "GET" }));

    expect(requests[0]?.body).toBeNull();
    expect(requests[0]?.headers.has("content-type")).toBe(false);
  });

  it("goes to another host of the provider when the call names it, by the same rules", async () => {
    const { fetch, requests } = scripted(json({}));
    const client = clientOf(fetch);

    await client.call(callOf({ baseUrl: "https://streams.example.com/api/" }));
    const error = await failureOf(client.call(callOf({ baseUrl: "http://streams.example.com" })));

    expect(requests.map((request) => request.url)).toEqual([
      "https://streams.example.com/api/queues",
    ]);
    expect(error).toMatchObject({ code: "config" });
  });

  it.each([
    { path: ["queues", ".."] },
    { path: [""] },
    { headers: { "x-a": "b\r\nc: d" } },
    { timeoutMs: 0 },
  ])("refuses %j before any request", async (parts) => {
    const { fetch, requests } = scripted(json({}));

    const error = await failureOf(clientOf(fetch).call(callOf(parts)));

    expect(error.code).toBe("config");
    expect(requests).toHaveLength(0);
  });

  it("uses the global fetch as it is at the time of the call", async () => {
    const server = setupServer(
      http.post("https://api.example.com/v1/queues", () => HttpResponse.json({ from: "msw" })),
    );
    const client = clientOf(undefined);
    server.listen({ onUnhandledRequest: "error" });

    const reply = await client.call(callOf());

    expect(reply).toEqual({ from: "msw" });
    server.close();
  });

  it("passes on what the reader throws, and does not repeat for it", async () => {
    const { fetch, requests } = scripted(json({}));
    const bug = new TypeError("x is not a function");
    const reply = (): never => {
      throw bug;
    };

    await expect(clientOf(fetch).call(callOf({ reply }))).rejects.toBe(bug);

    expect(requests).toHaveLength(1);
  });

  it("passes on a bug in the fetch that it was given, and does not repeat for it", async () => {
    const bug = new TypeError("x is not a function");
    const fetch = vi.fn(() => Promise.reject(bug));

    await expect(clientOf(fetch).call(callOf())).rejects.toBe(bug);

    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it("leaves the text of a bug alone where the credential is a letter, as in tests", async () => {
    const bug = new TypeError("x is not a function");
    const credential = { token: "t", header: "authorization", prefix: "" };
    const client = clientOf(() => Promise.reject(bug), { credential });

    await expect(client.call(callOf())).rejects.toBe(bug);
  });

  it("takes a Response.error() for the network's failure", async () => {
    const fetch = vi.fn(async () => Response.error());

    const error = await failureOf(clientOf(fetch, { retry: { attempts: 1 } }).call(callOf()));

    expect(error).toMatchObject({ code: "transport", retryable: true, outcomeUnknown: true });
    expect(error.message).toContain("the connection to api.example.com failed");
  });

  it.each([
    ["its text", (text: string) => new TypeError(`not a header: ${text}`)],
    ["the text of its cause", (text: string) => new TypeError("no", { cause: new Error(text) })],
    ["its stack alone", (text: string) => Object.assign(new TypeError(text), { message: "no" })],
    ["a very long text", (text: string) => new TypeError("x".repeat(10_000) + text)],
  ])("keeps the credential out of a bug in the fetch that holds it in %s", async (_, bugOf) => {
    const fetch: typeof globalThis.fetch = async (_url, init) => {
      throw bugOf(JSON.stringify(init?.headers));
    };

    const error: unknown = await clientOf(fetch)
      .call(callOf())
      .catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({
      name: "TypeError",
      stack: expect.stringContaining("client.test.ts"),
    });
    expect(inspect(error, { showHidden: true, depth: 9 })).not.toContain(secret);
  });
});

describe("an answer", () => {
  const once = { retry: { attempts: 1 } };

  it("keeps the text of numbers past 2^53", async () => {
    const { fetch } = scripted(text('{"id":12345678901234567890}'));

    expect(await clientOf(fetch).call(callOf())).toEqual({ id: "12345678901234567890" });
  });

  it.each([
    ["nothing", ""],
    ["space", " \n"],
  ])("of %s gives the reader undefined", async (_what, body) => {
    const { fetch } = scripted(text(body));

    expect(await clientOf(fetch).call(callOf())).toBeUndefined();
  });

  it("without a body gives the reader undefined", async () => {
    const { fetch } = scripted(() => new Response(null, { status: 204 }));

    expect(await clientOf(fetch).call(callOf())).toBeUndefined();
  });

  it("that is empty where a schema wants an object is a schema error", async () => {
    const { fetch, requests } = scripted(text(""));

    const error = await failureOf(
      clientOf(fetch).call(callOf({ reply: replyOf(z.object({ a: z.string() })) })),
    );

    expect(error).toMatchObject({ code: "schema", retryable: false, status: 200 });
    expect(requests).toHaveLength(1);
  });

  it.each([
    ["garbage", "{]", "acme pull: the answer is not JSON"],
    ["text", "OK", "acme pull: the answer is not JSON"],
  ])("that is %s is a schema error, and is not asked for again", async (_what, body, message) => {
    const { fetch, requests } = scripted(text(body));

    const error = await failureOf(clientOf(fetch).call(callOf()));

    expect(error).toMatchObject({ code: "schema", retryable: false, status: 200, message });
    expect(error.outcomeUnknown).toBe(true);
    expect(requests).toHaveLength(1);
  });

  it("that is a page is a schema error that may pass, and is asked for again", async () => {
    const { fetch, requests } = scripted(text("<!doctype html><html>"));

    const error = await failureOf(clientOf(fetch).call(callOf()));

    expect(error).toMatchObject({ code: "schema", retryable: true, outcomeUnknown: true });
    expect(error.message).toBe(
      "acme pull: the answer is a page of HTML or XML, none of the API's own; " +
        "where that stays so, check baseUrl",
    );
    expect(requests).toHaveLength(3);
  });

  it("that was cut is a transport error, and is asked for again", async () => {
    const { fetch, requests } = scripted(text('{"events":[{"id"'), json({ whole: true }));

    expect(await clientOf(fetch).call(callOf())).toEqual({ whole: true });

    expect(requests).toHaveLength(2);
  });

  it("that was cut leaves the outcome open", async () => {
    const { fetch } = scripted(text('{"events":['));

    const error = await failureOf(clientOf(fetch, once).call(callOf()));

    expect(error).toMatchObject({ code: "transport", retryable: true, outcomeUnknown: true });
  });

  it("whose connection breaks in the middle is a transport error", async () => {
    await using server = await loopback((_request, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write('{"a":');
      setTimeout(() => response.destroy(), 10);
    });

    const error = await failureOf(
      clientOf(undefined, { ...once, baseUrl: server.baseUrl }).call(callOf()),
    );

    expect(error).toMatchObject({ code: "transport", retryable: true, outcomeUnknown: true });
    expect(error.status).toBeUndefined();
  });

  it("over the size limit is a schema error that names the limit", async () => {
    const { fetch, requests } = scripted(text(`"${"x".repeat(100)}"`));

    const error = await failureOf(clientOf(fetch, { maxBodyBytes: 100 }).call(callOf()));

    expect(error).toMatchObject({ code: "schema", retryable: false, status: 200 });
    expect(error.message).toBe("acme pull: the answer is longer than maxBodyBytes (100 bytes)");
    expect(requests).toHaveLength(1);
  });

  it("that is no JSON is no success of a call that is answered with nothing", async () => {
    const { fetch } = scripted(text("please log in"));

    const error = await failureOf(clientOf(fetch).call(callOf({ reply: noReply })));

    expect(error).toMatchObject({ code: "schema", outcomeUnknown: true });
  });

  it("is given as text to a reader of text", async () => {
    const { fetch } = scripted(text("2026-11-22T01:00:00"));

    expect(await clientOf(fetch).call(callOf({ reply: textReply }))).toBe("2026-11-22T01:00:00");
  });

  it.each([
    [401, "auth"],
    [404, "notFound"],
    [429, "rateLimit"],
  ])(
    "of status %i counts though its text is not there when the time is over",
    async (status, code) => {
      await using server = await loopback((_request, response) => {
        response.writeHead(status, { "retry-after": "7" }).write("{");
      });
      const settings = { baseUrl: server.baseUrl, timeoutMs: 300, ...once };

      const error = await failureOf(clientOf(undefined, settings).call(callOf()));

      expect(error).toMatchObject({ code, status, retryAfterMs: 7_000 });
      expect(error.outcomeUnknown).toBeUndefined();
    },
  );

  it("that is a redirect is not followed", async () => {
    let followed = false;
    await using other = await loopback((_request, response) => {
      followed = true;
      response.end("{}");
    });
    await using server = await loopback((_request, response) => {
      response.writeHead(302, { location: other.baseUrl }).end();
    });

    const error = await failureOf(clientOf(undefined, { baseUrl: server.baseUrl }).call(callOf()));

    expect(error).toMatchObject({ code: "request", retryable: false, status: 302 });
    expect(followed).toBe(false);
  });

  it("over a socket that the server closed while it was idle is asked for again", async () => {
    let count = 0;
    await using server = await loopback((request, response) => {
      count += 1;
      if (count === 2) request.socket.destroy();
      else response.end(JSON.stringify({ count }));
    });
    const client = clientOf(undefined, { baseUrl: server.baseUrl });

    await client.call(callOf());

    expect(await client.call(callOf())).toEqual({ count: 3 });
  });

  it("that never comes because nobody listens is a transport error without an effect", async () => {
    const server = await loopback(() => undefined);
    await server[Symbol.asyncDispose]();

    const error = await failureOf(
      clientOf(undefined, { ...once, baseUrl: server.baseUrl }).call(callOf()),
    );

    expect(error.message).toMatch(
      /^acme pull: no connection to 127\.0\.0\.1:\d+ \(ECONNREFUSED: nothing listens there\)$/,
    );
    expect(error).toMatchObject({ code: "transport", retryable: true });
    expect(error.outcomeUnknown).toBeUndefined();
  });
});

describe("repeating", () => {
  it.each([408, 429, 500, 502, 503, 504])("asks again after %i when it is safe", async (status) => {
    const { fetch, requests } = scripted(text("", status), json({ ok: true }));

    expect(await clientOf(fetch).call(callOf({ json: { a: 1 } }))).toEqual({ ok: true });

    expect(await requests[1]?.text()).toBe('{"a":1}');
  });

  it.each([400, 401, 403, 404, 409, 422, 423])("does not ask again after %i", async (status) => {
    const { fetch, requests } = scripted(text("", status));

    await failureOf(clientOf(fetch).call(callOf()));

    expect(requests).toHaveLength(1);
  });

  it("asks three times unless it is told otherwise", async () => {
    const { fetch, requests } = scripted(networkFailure("ECONNRESET"));

    const error = await failureOf(clientOf(fetch).call(callOf()));

    expect(error).toMatchObject({ code: "transport", outcomeUnknown: true });
    expect(requests).toHaveLength(3);
  });

  it.each([
    ["429", text("", 429), 2],
    ["503 with Retry-After", text("", 503, { "retry-after": "0" }), 2],
    ["a refused connection, as a fetch of one's own tells it", networkFailure("ECONNREFUSED"), 1],
    ["503 without Retry-After", text("", 503), 1],
    ["500", text("", 500), 1],
    ["408", text("", 408), 1],
    ["a broken connection", networkFailure("ECONNRESET"), 1],
    ["a cut answer", text('{"a":'), 1],
  ])("of what was certainly not processed: after %s", async (_what, answer, count) => {
    const { fetch, requests } = scripted(answer, json({}));

    await clientOf(fetch)
      .call(callOf({ repeat: "unsent" }))
      .catch(() => undefined);

    expect(requests).toHaveLength(count);
  });

  it("of what was certainly not processed: after a refused connection", async () => {
    const { fetch, requests } = scripted(networkFailure("ECONNREFUSED"), json({ ok: true }));
    vi.stubGlobal("fetch", fetch);

    const reply = await clientOf(undefined).call(callOf({ repeat: "unsent" }));
    vi.unstubAllGlobals();

    expect(reply).toEqual({ ok: true });
    expect(requests).toHaveLength(2);
  });

  it("says that a write may be done whose answer cannot be read", async () => {
    const reply = replyOf(z.object({ id: z.string() }));
    const { fetch, requests } = scripted(json({ id: 7 }));

    const error = await failureOf(clientOf(fetch).call(callOf({ repeat: "unsent", reply })));

    expect(error).toMatchObject({ code: "schema", path: "id", outcomeUnknown: true });
    expect(requests).toHaveLength(1);
  });

  it("refuses an answer that is no UTF-8, in which two ids would become one", async () => {
    const latin1 = () => new Response(new Uint8Array([0x22, 0xe9, 0x22]));
    const { fetch } = scripted(latin1);

    const error = await failureOf(clientOf(fetch).call(callOf()));

    expect(error).toMatchObject({ code: "schema", status: 200 });
    expect(error.message).toBe("acme pull: the answer is not UTF-8");
  });

  it.each([
    ["null", null],
    ["an object that is none", { aborted: false }],
    ["a text", "stop"],
  ])("refuses %s as signal, and leaves no timer behind", async (_what, signal) => {
    const { fetch, requests } = scripted(json({}));

    const error = await failureOf(clientOf(fetch).call(callOf({ signal: signal as never })));

    expect(error).toMatchObject({
      code: "config",
      message: "acme pull: signal must be an AbortSignal",
    });
    expect(requests).toEqual([]);
  });

  it("refuses a body that is no JSON", async () => {
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    for (const odd of [{ n: 1n }, circle]) {
      const error = await failureOf(clientOf(undefined).call(callOf({ json: odd })));
      expect(error).toMatchObject({ code: "config" });
      expect(error.message).toMatch("the body cannot be written as JSON");
    }
  });

  it("keeps the slash at the end of a whole address", async () => {
    const { fetch, requests } = scripted(json({}));

    await clientOf(fetch).call(callOf({ baseUrl: "https://token.example/token/", path: [] }));

    expect(requests[0]?.url).toBe("https://token.example/token/");
  });

  it("takes a page for no success of a call whose answer does not matter", async () => {
    const { fetch } = scripted(text("\n<!doctype html><p>log in"));

    const error = await failureOf(
      clientOf(fetch, { retry: { attempts: 1 } }).call(callOf({ reply: noReply })),
    );

    expect(error).toMatchObject({ code: "schema", retryable: true, outcomeUnknown: true });
  });

  it.each([403, 404])("takes a page with %i for the network's word", async (status) => {
    const { fetch } = scripted(text("<html>", status), json({ ok: true }));

    expect(await clientOf(fetch).call(callOf())).toEqual({ ok: true });
  });

  it("sends the client's own headers to no other host, but what nobody keeps a secret in", async () => {
    const { fetch, requests } = scripted(json({}));
    const client = clientOf(fetch, { headers: { "x-jwt": "a-secret", "user-agent": "shop/1" } });

    await client.call(callOf());
    await client.call(callOf({ baseUrl: "https://token.example" }));

    expect(requests.map(({ headers }) => headers.get("x-jwt"))).toEqual(["a-secret", null]);
    expect(requests[1]?.headers.get("user-agent")).toBe("shop/1");
  });

  it("keeps in doubt what an earlier attempt may have done", async () => {
    const { fetch } = scripted(networkFailure("ECONNRESET"), networkFailure("ECONNREFUSED"));

    const error = await failureOf(clientOf(fetch).call(callOf()));

    expect(error).toMatchObject({ outcomeUnknown: true });
  });

  it("tells the logger, without a secret", async () => {
    const warn = vi.fn();
    const none = () => undefined;
    const logger: Logger = { debug: none, info: none, warn, error: none };
    const { fetch } = scripted(text(`bad token ${secret}`, 503), json({}));
    const describeError = (body: unknown) => ({ text: String(body) });

    await clientOf(fetch, { logger, describeError }).call(callOf());

    expect(warn.mock.calls).toEqual([
      [
        "acme pull: the server failed (503): bad token [redacted]; trying again",
        { code: "transport", status: 503, attempt: 1, delayMs: 0 },
      ],
    ]);
  });
});

describe("time", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.spyOn(Math, "random").mockReturnValue(1);
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("limits each attempt, and asks again", async () => {
    const { fetch, requests } = scripted(silence, json({ ok: true }));
    const client = clientOf(fetch, { timeoutMs: 1_000, retry: { minDelayMs: 100 } });

    const work = client.call(callOf());
    await vi.advanceTimersByTimeAsync(999);
    expect(requests[0]?.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(requests[0]?.signal.aborted).toBe(true);
    await vi.advanceTimersByTimeAsync(100);

    expect(await work).toEqual({ ok: true });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("limits the reading of the body too", async () => {
    const stalled = () =>
      new Response(new ReadableStream({ pull: () => new Promise(() => undefined) }));
    const { fetch } = scripted(stalled);
    const client = clientOf(fetch, { timeoutMs: 1_000, retry: { attempts: 1 } });

    const outcome = failureOf(client.call(callOf()));
    await vi.advanceTimersByTimeAsync(1_000);

    expect(await outcome).toMatchObject({
      code: "timeout",
      retryable: true,
      outcomeUnknown: true,
      message: "acme pull: no whole answer within 1 s",
    });
  });

  it("limits a fetch that is deaf to its signal", async () => {
    const { fetch } = scripted(() => new Promise(() => undefined));
    const client = clientOf(fetch, { timeoutMs: 1_000, retry: { attempts: 1 } });

    const outcome = failureOf(client.call(callOf()));
    await vi.advanceTimersByTimeAsync(1_000);

    expect(await outcome).toMatchObject({ code: "timeout" });
  });

  it("does not repeat after a time-out what may have been processed", async () => {
    const { fetch, requests } = scripted(silence);
    const client = clientOf(fetch, { timeoutMs: 1_000 });

    const outcome = failureOf(client.call(callOf({ repeat: "unsent" })));
    await vi.advanceTimersByTimeAsync(60_000);

    expect((await outcome).code).toBe("timeout");
    expect(requests).toHaveLength(1);
  });

  it("keeps all attempts and waits within one total", async () => {
    const startedAt = performance.now();
    const { fetch, requests } = scripted(silence);
    const client = clientOf(fetch, {
      timeoutMs: 1_000,
      retry: { attempts: 10, minDelayMs: 0, maxDelayMs: 0, totalMs: 2_500 },
    });

    const outcome = failureOf(client.call(callOf())).then((error) => ({
      error,
      tookMs: performance.now() - startedAt,
    }));
    await vi.runAllTimersAsync();

    const { error, tookMs } = await outcome;
    expect(error.code).toBe("timeout");
    expect(tookMs).toBeCloseTo(2_500, 0);
    expect(requests).toHaveLength(3);
  });

  it("gives a long poll the time it asks for, beyond the total", async () => {
    const slow = async () => {
      await new Promise((resolve) => setTimeout(resolve, 65_000));
      return Response.json({ ok: true });
    };
    const client = clientOf(scripted(slow).fetch);

    const work = client.call(callOf({ timeoutMs: 70_000 }));
    await vi.advanceTimersByTimeAsync(65_000);

    expect(await work).toEqual({ ok: true });
  });

  it.each([
    ["seconds", () => "2"],
    ["a date", () => new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 2_000).toUTCString()],
  ])("waits as long as Retry-After says in %s", async (_how, header) => {
    vi.setSystemTime(Date.UTC(2026, 10, 22));
    const { fetch, requests } = scripted(text("", 429, { "retry-after": header() }), json({}));

    const work = clientOf(fetch).call(callOf());
    await vi.advanceTimersByTimeAsync(1_999);
    expect(requests).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);

    await work;
    expect(requests).toHaveLength(2);
  });

  it("fails at once when Retry-After is too long, and tells how long", async () => {
    const { fetch, requests } = scripted(text("", 429, { "retry-after": "86400" }));

    const error = await failureOf(clientOf(fetch).call(callOf()));

    expect(error).toMatchObject({ code: "rateLimit", retryable: true, retryAfterMs: 86_400_000 });
    expect(requests).toHaveLength(1);
  });

  it("waits for the provider's pacing before each attempt, and takes it from no limit", async () => {
    const paced: number[] = [];
    const beforeAttempt = async () => {
      await new Promise((resolve) => setTimeout(resolve, 90_000));
      paced.push(Date.now());
    };
    const { fetch, requests } = scripted(text("", 500), json({ ok: true }));
    const client = clientOf(fetch, { beforeAttempt, timeoutMs: 1_000 });

    const work = client.call(callOf());
    await vi.advanceTimersByTimeAsync(90_000);
    await vi.advanceTimersByTimeAsync(1);
    await vi.advanceTimersByTimeAsync(90_000);

    expect(await work).toEqual({ ok: true });
    expect(paced).toHaveLength(2);
    expect(requests).toHaveLength(2);
  });

  it("tells the logger of a slow call", async () => {
    const debug = vi.fn();
    const none = () => undefined;
    const slow = async () => {
      await new Promise((resolve) => setTimeout(resolve, 600));
      return Response.json({});
    };
    const { fetch } = scripted(slow, json({}));
    const logger: Logger = { debug, info: none, warn: none, error: none };
    const client = clientOf(fetch, { logger, timeoutMs: 1_000 });

    const work = client.call(callOf());
    await vi.advanceTimersByTimeAsync(600);
    await work;
    await client.call(callOf());

    expect(debug.mock.calls).toEqual([["acme pull: slow", { tookMs: 600 }]]);
  });
});

describe("a signal", () => {
  it("that has fired already lets no request go out, and asks for no token", async () => {
    const { fetch, requests } = scripted(json({}));
    const token = vi.fn(() => "t");
    const client = clientOf(fetch, { credential: { ...bearer, token } });

    const work = client.call(callOf({ signal: AbortSignal.abort("stop") }));

    await expect(work).rejects.toBe("stop");
    expect(requests).toHaveLength(0);
    expect(token).not.toHaveBeenCalled();
  });

  it("cuts the request on the wire, and the call rejects with its reason", async () => {
    const reason = new Error("stop");
    const caller = new AbortController();
    let closed: Promise<unknown> | undefined;
    await using server = await loopback((request) => {
      closed = once(request.socket, "close");
      caller.abort(reason);
    });

    const work = clientOf(undefined, { baseUrl: server.baseUrl }).call(
      callOf({ signal: caller.signal }),
    );

    await expect(work).rejects.toBe(reason);
    await closed;
  });

  it("cuts the reading of a body", async () => {
    const caller = new AbortController();
    let closed: Promise<unknown> | undefined;
    await using server = await loopback((request, response) => {
      closed = once(request.socket, "close");
      response.write("[");
      setTimeout(() => caller.abort("stop"), 20);
    });

    const work = clientOf(undefined, { baseUrl: server.baseUrl }).call(
      callOf({ signal: caller.signal }),
    );

    await expect(work).rejects.toBe("stop");
    await closed;
  });

  it("whose reason is an error of ours is not taken for a failure to repeat", async () => {
    const lost = new AckloopError("transport", "lost", { retryable: true });
    const caller = new AbortController();
    const { fetch, requests } = scripted((request) => {
      caller.abort(lost);
      return silence(request);
    });

    await expect(clientOf(fetch).call(callOf({ signal: caller.signal }))).rejects.toBe(lost);

    expect(requests).toHaveLength(1);
  });

  it("ends the wait before a repeat", async () => {
    const caller = new AbortController();
    const { fetch } = scripted(text("", 429, { "retry-after": "20" }));
    const work = clientOf(fetch).call(callOf({ signal: caller.signal }));
    setTimeout(() => caller.abort("stop"), 20);

    await expect(work).rejects.toBe("stop");
  });

  it("is never handed on, and has no listener left after 1,000 calls of every outcome", async () => {
    const { signal } = new AbortController();
    const outcomes = [json({}), text("", 500), networkFailure("ECONNRESET"), text("{")];
    const seen: AbortSignal[] = [];
    let count = 0;
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const request = new Request(input, init);
      if (init?.signal) seen.push(init.signal);
      count += 1;
      return (outcomes[count % outcomes.length] ?? json({}))(request);
    };
    const token = async () => "t";
    const client = clientOf(fetch, { credential: { ...bearer, token }, retry: { attempts: 1 } });

    for (let call = 0; call < 1_000; call += 1) {
      await client.call(callOf({ signal })).catch(() => undefined);
    }

    expect(count).toBe(1_000);
    expect(seen).not.toContain(signal);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });
});

describe("a credential", () => {
  /** Accepts one token, and refuses all others with 401. */
  const accepting = (good: string) =>
    scripted((request) =>
      request.headers.get("authorization") === `Bearer ${good}`
        ? Response.json({ ok: true })
        : new Response("", { status: 401 }),
    );

  it("that is refused is got anew once for all parallel calls, which are then repeated", async () => {
    const asked: (string | undefined)[] = [];
    const token: Token = async ({ refused }) => {
      asked.push(refused);
      return refused ? "new" : "old";
    };
    const { fetch, requests } = accepting("new");
    const client = clientOf(fetch, { credential: { ...bearer, token } });

    const replies = await Promise.all(Array.from({ length: 5 }, () => client.call(callOf())));

    expect(replies).toEqual(Array.from({ length: 5 }, () => ({ ok: true })));
    expect(asked).toEqual([undefined, "old"]);
    expect(requests).toHaveLength(10);
  });

  it("that is refused again is an auth error, without a loop", async () => {
    const token = vi.fn(async () => "wrong");
    const { fetch, requests } = accepting("right");

    const error = await failureOf(
      clientOf(fetch, { credential: { ...bearer, token } }).call(callOf()),
    );

    expect(error).toMatchObject({ code: "auth", retryable: false, status: 401 });
    expect(token).toHaveBeenCalledTimes(2);
    expect(requests).toHaveLength(2);
  });

  it("is got anew once for a call, also when other failures lie between", async () => {
    const token = vi.fn(async () => "t");
    const { fetch, requests } = scripted(text("", 401), text("", 500), text("", 401));

    const error = await failureOf(
      clientOf(fetch, { credential: { ...bearer, token } }).call(callOf()),
    );

    expect(error).toMatchObject({ code: "auth", status: 401 });
    expect(requests).toHaveLength(3);
  });

  it("that is a fixed text is not sent a second time", async () => {
    const { fetch, requests } = accepting("other");

    const error = await failureOf(clientOf(fetch).call(callOf()));

    expect(error.code).toBe("auth");
    expect(requests).toHaveLength(1);
  });

  it("is not got anew for a call that may never be repeated", async () => {
    const token = vi.fn(async () => "wrong");
    const { fetch, requests } = accepting("right");
    const client = clientOf(fetch, { credential: { ...bearer, token } });

    const error = await failureOf(client.call(callOf({ repeat: "never" })));

    expect(error.code).toBe("auth");
    expect(requests).toHaveLength(1);
  });

  it("of one call alone takes the place of the client's", async () => {
    const { fetch, requests } = scripted(json({}));
    const client = clientOf(fetch, {
      credential: { token: "own", header: "x-api-key", prefix: "" },
    });

    await client.call(callOf({ token: "other" }));

    expect(requests[0]?.headers.get("x-api-key")).toBe("other");
    expect(requests[0]?.headers.has("authorization")).toBe(false);
  });

  it("of one call alone is sent as a bearer token where the client has none", async () => {
    const { fetch, requests } = scripted(json({}));

    await clientOf(fetch, { credential: undefined }).call(callOf({ token: "other" }));

    expect(requests[0]?.headers.get("authorization")).toBe("Bearer other");
  });

  it("of one call alone, as a function, is got anew once for all calls that name it", async () => {
    const asked: (string | undefined)[] = [];
    const token: Token = async ({ refused }) => {
      asked.push(refused);
      return refused ? "new" : "old";
    };
    const { fetch } = accepting("new");
    const client = clientOf(fetch);

    await Promise.all([client.call(callOf({ token })), client.call(callOf({ token }))]);

    expect(asked).toEqual([undefined, "old"]);
  });

  it("can be got by a grant through the client, whose calls do not carry it", async () => {
    const grant = cachedToken(async ({ call }: TokenRequest) => {
      const { access_token } = await call({
        operation: "token",
        method: "POST",
        path: ["token"],
        form: { grant_type: "client_credentials" },
        headers: { authorization: "Basic abc" },
        repeat: "safe",
        reply: replyOf(z.object({ access_token: z.string() })),
      });
      return { token: access_token, expiresInMs: 3_600_000 };
    });
    const { fetch, requests } = scripted((request) =>
      Response.json(request.url.endsWith("/token") ? { access_token: "granted" } : { ok: true }),
    );
    const client = clientOf(fetch, { credential: { ...bearer, token: grant } });

    await Promise.all([client.call(callOf()), client.call(callOf())]);

    const sent = requests.map((request) => request.headers.get("authorization"));
    expect(sent).toEqual(["Basic abc", "Bearer granted", "Bearer granted"]);
  });

  it("is not asked for again by the repeats of the call that needed it", async () => {
    const grant = cachedToken(({ call }: TokenRequest) =>
      call({ ...callOf({ operation: "token", path: ["token"] }), reply: () => ({ token: "t" }) }),
    );
    const { fetch, requests } = scripted(text("", 500));

    const error = await failureOf(
      clientOf(fetch, { credential: { ...bearer, token: grant } }).call(callOf()),
    );

    expect(error).toMatchObject({ operation: "token", status: 500 });
    expect(requests).toHaveLength(3);
  });

  it("still comes for the others when one who waits for it gives up", async () => {
    const caller = new AbortController();
    let give: (token: string) => void = () => undefined;
    const token = vi.fn(
      () =>
        new Promise<string>((resolve) => {
          give = resolve;
        }),
    );
    const { fetch } = accepting("good");
    const client = clientOf(fetch, { credential: { ...bearer, token } });
    const leaving = client.call(callOf({ signal: caller.signal }));
    const staying = client.call(callOf());

    caller.abort("stop");
    await expect(leaving).rejects.toBe("stop");
    give("good");

    expect(await staying).toEqual({ ok: true });
    expect(token).toHaveBeenCalledTimes(1);
  });

  it("that never comes is a timeout without an effect", async () => {
    vi.useFakeTimers();
    const token = () => new Promise<string>(() => undefined);
    const { fetch, requests } = scripted(json({}));
    const client = clientOf(fetch, { credential: { ...bearer, token }, timeoutMs: 1_000 });

    const outcome = failureOf(client.call(callOf()));
    await vi.advanceTimersByTimeAsync(1_000);
    vi.useRealTimers();

    expect(await outcome).toMatchObject({ code: "timeout", retryable: true });
    expect((await outcome).outcomeUnknown).toBeUndefined();
    expect(requests).toHaveLength(0);
  });

  it("whose function fails may come later; an error of ours stays what it is", async () => {
    const client = clientOf(scripted(json({})).fetch);
    const refused = new AckloopError("auth", "the app was refused");
    const sealed: Token = () => {
      throw new Error("vault is sealed");
    };

    const error = await failureOf(client.call(callOf({ token: sealed })));

    expect(error).toMatchObject({ code: "auth", retryable: true });
    expect(error.message).toBe("acme token: the token function failed: Error: vault is sealed");
    await expect(client.call(callOf({ token: () => Promise.reject(refused) }))).rejects.toBe(
      refused,
    );
  });
});

describe("secrets", () => {
  const hidden = [secret, "cl1ent-secret", "c00kie-value", "hook-s3cret", "b4se-secret"];
  const echo = hidden.join(" ");
  const settings = {
    headers: { cookie: "c00kie-value" },
    describeError: (body: unknown) => ({ text: String(body), requestId: String(body) }),
    timeoutMs: 20,
    retry: { attempts: 1 },
  };
  const call = callOf({
    path: ["queues", "hook-s3cret"],
    query: { key: "b4se-secret" },
    form: { client_secret: "cl1ent-secret" },
    headers: { authorization: "Basic b4se-secret" },
    secrets: ["hook-s3cret"],
    reply: replyOf(z.object({ a: z.string() })),
  });

  it.each([
    ["an error that echoes them", text(echo, 400)],
    ["a refused credential", text(echo, 401)],
    ["a failing server", text(echo, 500)],
    [
      "a redirect",
      () => new Response(null, { status: 302, headers: { location: `https://${secret}` } }),
    ],
    ["a broken network", networkFailure("ECONNRESET")],
    [
      "a network failure that names the request",
      () => {
        throw new TypeError("fetch failed", { cause: new Error(echo) });
      },
    ],
    ["a time-out", silence],
    ["an answer that is no JSON", text(echo)],
    ["an answer that does not fit", json({ a: [echo] })],
    ["an answer that was cut", text(`{"a":"${echo}`)],
  ])("are in nothing that can be printed of %s", async (_what, answer) => {
    const error = await failureOf(clientOf(scripted(answer).fetch, settings).call(call));

    const seen = printed(error);

    // The host alone may be named.
    for (const text of [...hidden, "api.example.com/"]) expect(seen).not.toContain(text);
    expect(error.cause).toBeUndefined();
  });

  it("are in nothing that can be printed of a client", () => {
    const client = createHttpClient({
      provider: "acme",
      baseUrl: "https://api.example.com",
      credential: { ...bearer, token: secret },
    });

    expect(printed(Object.assign(new Error(), { client }))).not.toContain(secret);
  });
});
