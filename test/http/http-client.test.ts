import { drain, type Feed, isAckloopError, toReceipt } from "ackloop";
import {
  cachedToken,
  type HttpCall,
  type HttpClient,
  httpClient,
  noReply,
  type ReplyReader,
  replyOf,
  type Token,
} from "ackloop/http";
import { testEvent } from "ackloop/testing";
import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { json, networkFailure, scripted, text } from "./support.ts";

const reply = replyOf(z.object({ id: z.number() }));
const get = { operation: "orders.get", method: "GET", path: ["orders", 17], reply } as const;

function shopOf(fetch: typeof globalThis.fetch, token: Token = "t0ken"): HttpClient {
  return httpClient({
    provider: "shop",
    baseUrl: "https://api.shop.example/v1",
    credential: { token, header: "authorization", prefix: "Bearer " },
    fetch,
    retry: { attempts: 2, minDelayMs: 0 },
  });
}

/** A call as JavaScript lets it through. */
const odd = (parts: object) => ({ ...get, ...parts }) as HttpCall<unknown>;

describe("httpClient", () => {
  it("makes a call of another API", async () => {
    const { fetch, requests } = scripted(json({ id: 17 }));
    expect(await shopOf(fetch).call(get)).toEqual({ id: 17 });
    expect(requests[0]?.url).toBe("https://api.shop.example/v1/orders/17");
    expect(requests[0]?.headers.get("authorization")).toBe("Bearer t0ken");
  });

  it("repeats a GET after any failure that may pass, and nothing else that may have been done", async () => {
    const once = scripted(text("", 503), json({ id: 17 }));
    expect(await shopOf(once.fetch).call(get)).toEqual({ id: 17 });
    const write = { ...get, method: "PATCH", json: { paid: true }, reply: noReply } as const;
    const twice = scripted(text("", 500), json(null));
    const failure = await shopOf(twice.fetch).call(write).catch(String);
    expect(failure).toContain("shop orders.get: the server failed (500)");
    expect(twice.requests.map(({ method }) => method)).toEqual(["PATCH"]);
    const refused = scripted(networkFailure("ECONNREFUSED"), json(null));
    await expect(shopOf(refused.fetch).call(write)).rejects.toMatchObject({ outcomeUnknown: true });
  });

  it.each([
    ["a path that is a text", { path: "orders" }, "option `path` must be a list"],
    ["a path with an object in it", { path: [{}] }, "`path[0]` must be a text or a number"],
    ["no operation", { operation: undefined }, "option `operation` is required"],
    ["an unknown method", { method: "get" }, 'option `method` must be "GET", "POST"'],
    ["a misspelt member", { quer: {} }, "did you mean `query`?"],
    ["a query that is a text", { query: "limit=1" }, "option `query` must be an object"],
    ["URLSearchParams", { query: new URLSearchParams("a=1") }, "option `query` must be an object"],
    ["no reader", { reply: undefined }, "option `reply` is required"],
    ["a schema in the reader's place", { reply: {} }, "option `reply` must be a function"],
    ["a GET with a body", { json: {} }, "a GET has no body"],
    ["two bodies", { method: "POST", json: {}, form: {} }, "give `json` or `form`, not both"],
    ["a word for repeat", { repeat: "always" }, 'option `repeat` must be "safe"'],
    ["nothing", { method: undefined, path: undefined }, "option `method` is required"],
  ])("refuses %s before anything is sent", async (_what, parts, words) => {
    const { fetch, requests } = scripted(json({ id: 17 }));
    const failure = await shopOf(fetch)
      .call(odd(parts))
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "config", message: expect.stringContaining(words) });
    expect(requests).toEqual([]);
  });

  it("gives the headers of an answer, and takes 304 for one where changes alone were asked for", async () => {
    const unchanged = () => new Response(null, { status: 304 });
    const { fetch } = scripted(json({ id: 17 }, 200, { ETag: '"v1"' }), unchanged, unchanged);
    const shop = shopOf(fetch);
    const tagged: ReplyReader<string> = (_body, { status, header }) =>
      status === 304 ? "unchanged" : (header("ETag") ?? "none");
    const call = { ...get, reply: tagged };

    expect(await shop.call(call)).toBe('"v1"');
    expect(await shop.call({ ...call, headers: { "If-None-Match": '"v1"' } })).toBe("unchanged");
    await expect(shop.call(call)).rejects.toMatchObject({ code: "request", status: 304 });
  });

  it("checks the calls of a grant too", async () => {
    const { fetch, requests } = scripted(json({ id: 17 }));
    const token: Token = async ({ call }) => String(await call(odd({ path: "token" })));
    await expect(shopOf(fetch, token).call(get)).rejects.toThrow("option `path` must be a list");
    expect(requests).toEqual([]);
  });

  it("is what a feed of one's own needs: a refused connection is a failed poll, not the end", async () => {
    const page = { events: [{ id: 1 }, { id: 2 }] };
    const { fetch } = scripted(
      networkFailure("ECONNREFUSED"),
      networkFailure("ECONNREFUSED"),
      json(page),
      json({ events: [] }),
    );
    const shop = shopOf(fetch);
    const events = replyOf(z.object({ events: z.array(z.object({ id: z.number() })) }));
    const feed: Feed = {
      name: "shop:orders",
      acks: "individual",
      pulls: "unacked",
      async pull({ signal } = {}) {
        const call = { ...get, operation: "pull", path: ["events"], reply: events, signal };
        const { events: items } = await shop.call(call);
        return items.map(({ id }) => ({
          event: testEvent(`${id}`),
          raw: { id },
          receipt: toReceipt(`${id}`),
        }));
      },
      ack: async (receipts) => receipts.map(() => ({ status: "acked" })),
    };
    const seen: string[] = [];
    await drain(feed, ({ id }) => void seen.push(id));
    expect(seen).toEqual(["1", "2"]);
  });
});

describe("cachedToken for others", () => {
  it("refuses options and lives that mean nothing", async () => {
    const grant = async () => ({ token: "a", expiresInMs: Number("soon") });
    expect(() => cachedToken(grant, { marginMs: -1 })).toThrow("option `marginMs` must be");
    expect(() => cachedToken(grant, { margin: 1 } as object)).toThrow("did you mean `marginMs`?");
    expect(() => cachedToken(undefined as never)).toThrow("give a function");
    const { fetch } = scripted(json({ id: 17 }));
    const failure = await shopOf(fetch, cachedToken(grant))
      .call(get)
      .catch((error) => error);
    expect(isAckloopError(failure)).toBe(true);
    expect(failure).toMatchObject({ code: "config", message: /`expiresInMs` must be a number/ });
  });
});
