import { describe, expect, it } from "vitest";
import { tiki } from "../../../src/providers/tiki/index.ts";
import queue from "./fixtures/queue.json" with { type: "json" };
import queues from "./fixtures/queues.json" with { type: "json" };
import subscription from "./fixtures/subscription.json" with { type: "json" };
import { type ScriptedAnswer, script } from "./script.ts";

const api = "https://api.tiki.vn/integration/v1";
const retry = { minDelayMs: 0, maxDelayMs: 0 };

function client(...answers: readonly ScriptedAnswer[]) {
  const { fetch, requests } = script(...answers);
  return { shop: tiki({ token: "app-token", fetch, retry }), requests };
}

function refusal(status: number, ...errors: readonly string[]): Response {
  return Response.json({ errors }, { status });
}

const readSubscription = {
  code: "38f9923b-a345-4437-a48a-d5938a4d6182",
  eventType: "ORDER_CREATED_SUCCESSFULLY",
  active: true,
  sid: "969BEA7515A1A27FF4F456C782653F854E6B5D2D",
};

describe("queues", () => {
  it("are listed", async () => {
    const { shop, requests } = client(queues);

    expect(await shop.queues.list()).toStrictEqual(queues);
    expect(requests).toStrictEqual([
      { method: "GET", url: `${api}/queues`, authorization: "Bearer app-token", body: null },
    ]);
  });

  it("are created by name", async () => {
    const { shop, requests } = client(queue);

    expect(await shop.queues.create({ name: "queue 1" })).toStrictEqual(queue);
    expect(requests).toStrictEqual([
      {
        method: "POST",
        url: `${api}/queues`,
        authorization: "Bearer app-token",
        body: { name: "queue 1" },
      },
    ]);
  });

  it("are not created again when the outcome of the first request is open", async () => {
    const { shop, requests } = client(refusal(500));

    await expect(shop.queues.create({ name: "q" })).rejects.toMatchObject({ code: "transport" });
    expect(requests).toHaveLength(1);
  });

  it("may lack all but their code, and have fields of which we know nothing", async () => {
    const { shop } = client([{ code: "c", name: null, colour: "red" }]);

    expect(await shop.queues.list()).toStrictEqual([
      { code: "c", name: undefined, status: undefined },
    ]);
  });
});

describe("subscriptions", () => {
  it("are listed", async () => {
    const { shop, requests } = client([subscription]);

    expect(await shop.subscriptions.list("q1")).toStrictEqual([readSubscription]);
    expect(requests).toMatchObject([{ method: "GET", url: `${api}/queues/q1/subscriptions` }]);
  });

  it("are created with the seller's token of this one call", async () => {
    const { shop, requests } = client(subscription, []);
    const eventType = "ORDER_CREATED_SUCCESSFULLY";

    const created = await shop.subscriptions.create("q1", { eventType }, { token: "seller-token" });
    await shop.queues.list();

    expect(created).toStrictEqual(readSubscription);
    expect(requests).toMatchObject([
      {
        method: "POST",
        url: `${api}/queues/q1/subscriptions`,
        authorization: "Bearer seller-token",
        body: { event_type: "ORDER_CREATED_SUCCESSFULLY" },
      },
      { authorization: "Bearer app-token" },
    ]);
  });

  it("are switched off, and this is repeated when the server fails", async () => {
    const { shop, requests } = client(refusal(500), { ...subscription, active: false, sid: null });

    const off = await shop.subscriptions.setActive("q1", "s/1", false);

    expect(off).toStrictEqual({ ...readSubscription, active: false, sid: undefined });
    expect(requests).toHaveLength(2);
    expect(requests[1]).toMatchObject({
      method: "POST",
      url: `${api}/queues/q1/subscriptions/s%2F1/updateActive`,
      body: { active: false },
    });
  });
});

describe("events", () => {
  it("are pulled without an ack by a null ack_id", async () => {
    const { shop, requests } = client({ events: [], ack_id: "a1" });

    const page = await shop.events.pull("q1");

    expect(page).toStrictEqual({ events: [], unreadable: [], ackId: "a1" });
    expect(requests).toMatchObject([
      { method: "POST", url: `${api}/queues/q1/events/pull`, body: { ack_id: null } },
    ]);
  });

  it.each([null, undefined, ""])("may come on a page with the ack_id %j", async (ack_id) => {
    const { shop } = client({ events: [], ack_id });

    expect(await shop.events.pull("q1")).toMatchObject({ events: [], ackId: undefined });
  });

  it("are typed, and an item that is none stands apart", async () => {
    const right = { id: "1", type: "T", sid: "S", created_at: 5, version: "v1", payload: { a: 1 } };
    const odd = { id: 2, type: "T", sid: {}, created_at: "7", version: null, more: true };
    const { shop } = client({ events: [right, "none", odd, { id: "3" }], ack_id: "a1" });

    const page = await shop.events.pull("q1");

    expect(page.events).toEqual([
      right,
      { id: "2", type: "T", created_at: 7, version: null, more: true },
    ]);
    expect(page.unreadable).toEqual(["none", { id: "3" }]);
  });

  it.each([
    { errors: [{ code: "x" }] },
    { status: "error" },
    { status: null },
    { status: "ok, but" },
    { status: "ok", errors: ["unknown ack_id"] },
    new Response("please log in"),
  ])("are not acknowledged by the answer %j, which says no", async (answer) => {
    const { shop } = client(answer, answer, answer);

    await expect(shop.events.ack("q1", "a1")).rejects.toMatchObject({
      code: "schema",
      retryable: true,
      outcomeUnknown: true,
    });
  });

  it.each([
    [{ status: "error" }, "error"],
    [{ errors: [] }, undefined],
    [["done"], undefined],
  ])(
    "are acknowledged by any answer, such as %j, where the option says so",
    async (body, status) => {
      const { fetch } = script(body);
      const shop = tiki({ token: "t", fetch, unclearAck: "acked" });

      expect(await shop.events.ack("q1", "a1")).toEqual({ status });
    },
  );

  it("are acknowledged", async () => {
    const { shop, requests } = client({ status: "ok" });

    expect(await shop.events.ack("q1", "a1")).toEqual({ status: "ok" });
    expect(requests).toMatchObject([
      { method: "POST", url: `${api}/queues/q1/events/ack`, body: { ack_id: "a1" } },
    ]);
  });

  it("are acknowledged by a 2xx without a body, and not by a page of a proxy", async () => {
    const portal = () => new Response("<html>Please log in</html>");
    const { shop } = client(new Response(null, { status: 204 }), portal(), portal(), portal());

    expect(await shop.events.ack("q1", "a1")).toEqual({ status: undefined });
    await expect(shop.events.ack("q1", "a1")).rejects.toMatchObject({ code: "schema" });
  });

  it("are pulled with an ack by a request that is never repeated", async () => {
    const { shop, requests } = client(refusal(429));

    const pulled = shop.events.pull("q1", { ackId: "a1" });

    await expect(pulled).rejects.toMatchObject({ code: "rateLimit", retryable: true });
    expect(requests).toMatchObject([{ body: { ack_id: "a1" } }]);
  });
});

describe("a code in a path", () => {
  it.each([
    ["a/../b", "a%2F..%2Fb"],
    ["../queues?x#y", "..%2Fqueues%3Fx%23y"],
    ["ü %2F", "%C3%BC%20%252F"],
  ])("%s is encoded", async (code, encoded) => {
    const { shop, requests } = client([]);

    await shop.subscriptions.list(code);

    expect(requests[0]?.url).toBe(`${api}/queues/${encoded}/subscriptions`);
  });

  it.each(["..", ".", ""])("%j is refused and nothing is sent", async (code) => {
    const { shop, requests } = client();

    await expect(shop.subscriptions.list(code)).rejects.toMatchObject({ code: "config" });
    await expect(shop.events.pull(code)).rejects.toMatchObject({ code: "config" });
    expect(requests).toStrictEqual([]);
  });
});

describe("arguments of callers without types", () => {
  const absent = undefined as unknown as string;

  it.each([
    ["queueCode", (shop: ReturnType<typeof tiki>) => shop.events.pull(absent)],
    ["ackId", (shop: ReturnType<typeof tiki>) => shop.events.ack("q1", absent)],
    ["ackId", (shop: ReturnType<typeof tiki>) => shop.events.pull("q1", { ackId: "" })],
    ["name", (shop: ReturnType<typeof tiki>) => shop.queues.create({ name: absent })],
    [
      "eventType",
      (shop: ReturnType<typeof tiki>) => shop.subscriptions.create("q1", { eventType: "" }),
    ],
    [
      "active",
      (shop: ReturnType<typeof tiki>) =>
        shop.subscriptions.setActive("q1", "s1", absent as unknown as boolean),
    ],
  ])("are refused, and %s is named", async (name, call) => {
    const { shop, requests } = client();

    await expect(call(shop)).rejects.toMatchObject({
      code: "config",
      message: expect.stringContaining(`: ${name} must be`),
    });
    expect(requests).toStrictEqual([]);
  });
});

describe("answers that are no success", () => {
  it.each([
    [400, "request", false],
    [401, "auth", false],
    [403, "auth", false],
    [404, "notFound", false],
    [405, "request", false],
    [406, "request", false],
    [429, "rateLimit", true],
    [500, "transport", true],
    [503, "transport", true],
  ])("with status %i are the error %s", async (status, code, retryable) => {
    const { shop } = client(
      ...Array.from({ length: 3 }, () => refusal(status, "Some reason for app-token")),
    );

    const error = await shop.queues.list().catch((caught: unknown) => caught);

    expect(error).toMatchObject({ code, retryable, status, provider: "tiki" });
    expect(String(error)).toMatch(
      /^AckloopError: tiki queues\.list: .+Some reason for \[redacted\](; .+)?$/,
    );
  });

  it.each([
    ["malformed JSON", "{'events': []}", "schema"],
    ["a truncated body", '{"events": [{"id":', "transport"],
    ["a page of HTML", "<!doctype html><title>502</title>", "schema"],
    ["a list in place of an object", "[]", "schema"],
    ["an object without events", "{}", "schema"],
    ["events that are no list", '{"events": {}, "ack_id": "a"}', "schema"],
    ["an ack_id that is no text", '{"events": [], "ack_id": true}', "schema"],
  ])("as %s are a typed error", async (_name, body, code) => {
    const { shop } = client(...Array.from({ length: 3 }, () => new Response(body)));

    await expect(shop.events.pull("q1")).rejects.toMatchObject({ code, operation: "pull" });
  });
});

describe("options", () => {
  it("are all of the http client's, with a base URL of one's own", async () => {
    const { fetch, requests } = script([]);
    const headers = { "x-app": "1" };

    const shop = tiki({ token: () => "t", baseUrl: "http://127.0.0.1:9/v1/", fetch, headers });
    await shop.queues.list();

    expect(requests).toMatchObject([
      { url: "http://127.0.0.1:9/v1/queues", authorization: "Bearer t" },
    ]);
  });

  it.each([
    [undefined, "option `token` is required"],
    [{ token: "t", tokn: "t" }, "option `tokn` is unknown; did you mean `token`?"],
    [{}, "option `token` is required"],
    [{ token: 5 }, "option `token` must be"],
    [{ token: "t", baseUrl: "api.tiki.vn" }, "option `baseUrl` must be"],
    [{ token: "t", baseUrl: "http://api.tiki.vn" }, "option `baseUrl` must begin with https:"],
    [{ token: "t", timeoutMs: -1 }, "option `timeoutMs` must be"],
  ])("%j are refused at once", (options, message) => {
    expect(() => tiki(options as never)).toThrow(
      expect.objectContaining({ code: "config", message: expect.stringContaining(message) }),
    );
  });
});
