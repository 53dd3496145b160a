import { afterEach, describe, expect, it, vi } from "vitest";
import type { TikiEmulatorOptions } from "../../src/emulator/tiki/options.ts";
import { type TikiEmulator, tikiEmulator } from "../../src/emulator/tiki.ts";

const api = "https://api.tiki.vn/integration/v1";
const tokenUrl = "https://api.tiki.vn/sc/oauth2/token";
const order = { type: "ORDER_CREATED_SUCCESSFULLY", payload: { order_code: "O1" } };

const basic = (id: string, secret: string) => ({
  authorization: `Basic ${btoa(`${id}:${secret}`)}`,
});
const inHouse = basic("emulator-in-house-app", "emulator-in-house-secret");
const publicApp = {
  client_id: "emulator-public-app",
  client_secret: "emulator-public-secret",
};

type Form = Readonly<Record<string, string>>;

const app = {
  kind: "inHouse",
  clientId: "a",
  clientSecret: "b",
  authentication: "basic",
  redirectUri: "https://a.example",
  scopes: ["order"],
};

/** Asks the token endpoint. */
function askToken(tiki: TikiEmulator, form: Form, headers: Form = {}): Promise<Response> {
  return tiki.fetch(tokenUrl, { method: "POST", body: new URLSearchParams(form), headers });
}

/** The access token of the in-house app. */
async function inHouseToken(tiki: TikiEmulator): Promise<string> {
  const reply = await askToken(tiki, { grant_type: "client_credentials" }, inHouse);
  return (await reply.json()).access_token;
}

/** The reply to a seller's code for the public app. */
async function sellerTokens(tiki: TikiEmulator, scopes = ["order", "offline"], sid?: string) {
  const code = tiki.authorize({ clientId: publicApp.client_id, scopes, sid });
  const redirect = "http://127.0.0.1/tiki/callback";
  const form = { grant_type: "authorization_code", code, redirect_uri: redirect, ...publicApp };
  return await (await askToken(tiki, form)).json();
}

/** Makes calls with one token: a GET without a body, a POST with one. */
function caller(tiki: TikiEmulator, token: string) {
  return async (path: string, body?: unknown) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const init =
      body === undefined ? { headers } : { headers, method: "POST", body: JSON.stringify(body) };
    const reply = await tiki.fetch(`${api}${path}`, init);
    return { status: reply.status, body: await reply.json() };
  };
}

/** An emulator with a queue and a caller of the in-house app. */
async function withQueue(options: TikiEmulatorOptions = {}) {
  const tiki = tikiEmulator(options);
  const call = caller(tiki, await inHouseToken(tiki));
  const queue = tiki.createQueue("orders");
  const pull = (ackId?: string | null) =>
    call(`/queues/${queue}/events/pull`, ackId === undefined ? {} : { ack_id: ackId });
  const ack = (ackId: unknown) => call(`/queues/${queue}/events/ack`, { ack_id: ackId });
  return { tiki, call, queue, pull, ack };
}

const ids = (reply: { readonly body: { readonly events: readonly { readonly id: string }[] } }) =>
  reply.body.events.map(({ id }) => id);

/** `count` events with the ids `from`, `from + 1`, and so on. */
const numbered = (count: number, from = 1) =>
  Array.from({ length: count }, (_, index) => ({ ...order, id: String(from + index) }));

afterEach(() => {
  vi.useRealTimers();
});

describe("the token endpoint", () => {
  it("gives an app its own token by the method it is set to, without a refresh token", async () => {
    const tiki = tikiEmulator();

    const own = await askToken(tiki, { grant_type: "client_credentials", scope: "order" }, inHouse);
    const other = await askToken(tiki, { grant_type: "client_credentials", ...publicApp });

    expect(await own.json()).toEqual({
      access_token: expect.stringMatching(/^[0-9a-f]{40}$/),
      token_type: "bearer",
      expires_in: 3599,
      scope: "order",
    });
    expect(await other.json()).toMatchObject({ scope: expect.stringContaining("offline") });
    expect(own.headers.get("cache-control")).toBe("no-store");
  });

  it("refuses the other method, a wrong secret, and an unknown app", async () => {
    const tiki = tikiEmulator();
    const form = { grant_type: "client_credentials" };
    const own = { client_id: "emulator-in-house-app", client_secret: "emulator-in-house-secret" };

    const replies = await Promise.all([
      askToken(tiki, { ...form, ...own }),
      askToken(tiki, { ...form, ...own }, inHouse),
      askToken(tiki, form, basic(publicApp.client_id, publicApp.client_secret)),
      askToken(tiki, { ...form, ...publicApp, client_secret: "wrong" }),
      askToken(tiki, form, basic("emulator-in-house-app", "wrong")),
      askToken(tiki, form, basic("nobody", "")),
      askToken(tiki, form, { authorization: "Basic %%%" }),
      askToken(tiki, form, { authorization: `Basic ${btoa("no colon")}` }),
      askToken(tiki, form),
    ]);

    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 401));
    expect(await replies[0]?.json()).toMatchObject({ error: "invalid_client" });
    expect(replies[0]?.headers.get("www-authenticate")).toBe("Basic");
  });

  it("takes a secret of any characters as it is, and as RFC 6749 encodes it", async () => {
    const [own] = tikiEmulator().apps;
    const odd = { clientId: "an id", clientSecret: "s:+%€" };
    const tiki = tikiEmulator({ apps: [{ ...own, ...odd } as never] });
    const bytes = (text: string) => String.fromCharCode(...new TextEncoder().encode(text));
    const encoded = [odd.clientId, odd.clientSecret].map(encodeURIComponent) as [string, string];

    const replies = await Promise.all([
      askToken(tiki, { grant_type: "client_credentials" }, basic(odd.clientId, bytes("s:+%€"))),
      askToken(tiki, { grant_type: "client_credentials" }, basic(...encoded)),
    ]);

    expect(replies.map(({ status }) => status)).toEqual([200, 200]);
  });

  it("refuses an unknown grant, an unknown scope, and a body that is no form", async () => {
    const tiki = tikiEmulator();
    const asJson = { method: "POST", body: "{}", headers: { "content-type": "application/json" } };

    const grant = await askToken(tiki, { grant_type: "password" }, inHouse);
    const form = { grant_type: "client_credentials", scope: "order root" };
    const scope = await askToken(tiki, form, inHouse);
    const json = await tiki.fetch(tokenUrl, asJson);

    expect([grant.status, scope.status, json.status]).toEqual([400, 400, 400]);
    expect(await grant.json()).toMatchObject({ error: "unsupported_grant_type" });
    expect(await scope.json()).toMatchObject({ error: "invalid_scope" });
    expect(await json.json()).toMatchObject({ error: "invalid_request" });
  });

  it("gives a refresh token for a seller's code only with the scope offline", async () => {
    const tiki = tikiEmulator();

    const offline = await sellerTokens(tiki);
    const online = await sellerTokens(tiki, ["order"]);

    expect(offline).toMatchObject({ refresh_token: expect.any(String), scope: "order offline" });
    expect(online).not.toHaveProperty("refresh_token");
  });

  it("takes a code once, with its own redirect and client id", async () => {
    const tiki = tikiEmulator();
    const code = () => tiki.authorize({ clientId: publicApp.client_id, scopes: ["order"] });
    const redirect = "http://127.0.0.1/tiki/callback";
    const form = { grant_type: "authorization_code", redirect_uri: redirect, ...publicApp };
    const used = code();

    const first = await askToken(tiki, { ...form, code: used });
    const again = await askToken(tiki, { ...form, code: used });
    const elsewhere = await askToken(tiki, { ...form, code: code(), redirect_uri: `${redirect}/` });
    const stolen = await askToken(tiki, { ...form, code: code(), client_id: "x" }, inHouse);
    const none = await askToken(tiki, form);

    expect([first, again, elsewhere, stolen, none].map(({ status }) => status)).toEqual([
      200, 400, 400, 401, 400,
    ]);
    expect(() => tiki.authorize({ clientId: "nobody", scopes: [] })).toThrow(TypeError);
  });

  it("rotates refresh tokens, and the used one ends unless assumed otherwise", async () => {
    const refresh = async (tiki: TikiEmulator, token: string) =>
      await askToken(tiki, { grant_type: "refresh_token", refresh_token: token, ...publicApp });
    const strict = tikiEmulator();
    const lax = tikiEmulator({ assumptions: { usedRefreshToken: "stays" } });
    const first = await sellerTokens(strict);
    const laxFirst = await sellerTokens(lax);

    const second = await (await refresh(strict, first.refresh_token)).json();
    const again = await refresh(strict, first.refresh_token);
    const third = await refresh(strict, second.refresh_token);
    await refresh(lax, laxFirst.refresh_token);
    const laxAgain = await refresh(lax, laxFirst.refresh_token);

    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect([again.status, third.status, laxAgain.status]).toEqual([400, 200, 200]);
  });

  it("lets access tokens, codes and refresh tokens expire by its clock", async () => {
    vi.useFakeTimers({ now: 0 });
    const tiki = tikiEmulator();
    const call = caller(tiki, await inHouseToken(tiki));
    const { refresh_token } = await sellerTokens(tiki);
    const code = tiki.authorize({ clientId: publicApp.client_id, scopes: ["order"] });

    await vi.advanceTimersByTimeAsync(3_598_999);
    const before = await call("/queues");
    await vi.advanceTimersByTimeAsync(1);
    const after = await call("/queues");
    const redirect_uri = "http://127.0.0.1/tiki/callback";
    const exchange = { grant_type: "authorization_code", code, redirect_uri, ...publicApp };
    const late = await askToken(tiki, exchange);
    await vi.advanceTimersByTimeAsync(30 * 86_400_000);
    const form = { grant_type: "refresh_token", refresh_token, ...publicApp };
    const refresh = await askToken(tiki, form);

    expect([before.status, after.status, late.status, refresh.status]).toEqual([
      200, 401, 400, 400,
    ]);
  });

  it("lets tokens expire early under a skewed clock, and all at once when revoked", async () => {
    const { tiki, pull } = await withQueue();

    tiki.faults.add({ kind: "skew", ms: 3_600_000 });
    const skewed = await pull();
    const other = await withQueue();
    other.tiki.revokeTokens();
    const revoked = await other.pull();

    expect(skewed).toEqual({ status: 401, body: { errors: [expect.any(String)] } });
    expect(revoked.status).toBe(401);
  });
});

describe("the page for the browser", () => {
  const page = "https://api.tiki.vn/sc/oauth2/auth";
  const query = {
    response_type: "code",
    client_id: publicApp.client_id,
    redirect_uri: "http://127.0.0.1/tiki/callback",
    scope: "order offline",
    state: "12345678",
  };
  const visit = (tiki: TikiEmulator, changes: Form) =>
    tiki.fetch(`${page}?${new URLSearchParams({ ...query, ...changes })}`);

  it("sends a code and the state back to the registered address", async () => {
    const tiki = tikiEmulator();

    const reply = await visit(tiki, {});

    const target = new URL(reply.headers.get("location") ?? "");
    expect(reply.status).toBe(302);
    expect(target.href).toMatch(/^http:\/\/127\.0\.0\.1\/tiki\/callback\?/);
    expect(target.searchParams.get("state")).toBe("12345678");
    const exchange = {
      grant_type: "authorization_code",
      code: target.searchParams.get("code") ?? "",
      redirect_uri: query.redirect_uri,
      ...publicApp,
    };
    expect((await askToken(tiki, exchange)).status).toBe(200);
  });

  it("refuses an unknown app, another address, a short state, another type or scope", async () => {
    const tiki = tikiEmulator();

    const replies = await Promise.all([
      visit(tiki, { client_id: "nobody" }),
      visit(tiki, { redirect_uri: "http://127.0.0.1/tiki/callback/" }),
      visit(tiki, { state: "1234567" }),
      visit(tiki, { response_type: "token" }),
      visit(tiki, { scope: "root" }),
    ]);

    expect(replies.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400]);
  });

  it("speaks for the in-house app's own seller", async () => {
    const tiki = tikiEmulator();

    const reply = await visit(tiki, { client_id: "emulator-in-house-app" });

    expect(reply.status).toBe(302);
  });
});

describe("every call", () => {
  it("wants a good token, JSON both ways, and an active seller", async () => {
    const { tiki, queue, pull } = await withQueue();
    const authorization = `Bearer ${await inHouseToken(tiki)}`;
    const send = (headers: Form, body?: string) =>
      tiki.fetch(`${api}/queues/${queue}/events/pull`, {
        method: "POST",
        headers: { authorization, ...headers },
        ...(body !== undefined && { body }),
      });
    const json = { "content-type": "application/json; charset=utf-8" };

    const replies = await Promise.all([
      send({ authorization: "" }),
      send({ authorization: "Bearer x" }),
      send({ authorization: authorization.replace("Bearer", "Basic") }),
      send({ accept: "text/html" }),
      send({ "content-type": "text/plain" }, "{}"),
      send(json, "{"),
      send(json, "[]"),
      send({ ...json, accept: "text/html, application/*;q=0.5" }, "{}"),
      send({}),
    ]);
    tiki.setSellerActive(tiki.sellers[0]?.sid ?? "", false);
    const inactive = await pull();
    tiki.setSellerActive(tiki.sellers[0]?.sid ?? "", true);
    const active = await pull();

    expect(replies.map(({ status }) => status)).toEqual([
      401, 401, 401, 406, 406, 400, 400, 200, 200,
    ]);
    expect([inactive.status, active.status]).toEqual([403, 200]);
    expect(inactive.body).toEqual({ errors: ["The seller is inactive."] });
  });

  it("counts against 200 requests a second for each seller", async () => {
    vi.useFakeTimers({ now: 0 });
    const { call } = await withQueue();
    const hinting = await withQueue({ requestsPerSecond: 1, assumptions: { retryAfter: true } });

    const replies = await Promise.all(Array.from({ length: 201 }, () => call("/queues")));
    await vi.advanceTimersByTimeAsync(1_000);
    const later = await call("/queues");
    const token = await inHouseToken(hinting.tiki);
    const headers = { authorization: `Bearer ${token}` };
    await hinting.tiki.fetch(`${api}/queues`, { headers });
    const hint = await hinting.tiki.fetch(`${api}/queues`, { headers });

    expect(replies.filter(({ status }) => status === 200)).toHaveLength(200);
    expect(replies.at(-1)).toEqual({ status: 429, body: { errors: ["Too many requests."] } });
    expect(later.status).toBe(200);
    expect([hint.status, hint.headers.get("retry-after")]).toEqual([429, "1"]);
  });

  it("counts a public app's own token too, or not where assumed", async () => {
    const statuses: number[] = [];
    for (const ownTokenLimited of [true, false]) {
      const tiki = tikiEmulator({ requestsPerSecond: 1, assumptions: { ownTokenLimited } });
      const reply = await askToken(tiki, { grant_type: "client_credentials", ...publicApp });
      const own = caller(tiki, (await reply.json()).access_token);
      await own("/queues");
      statuses.push((await own("/queues")).status);
    }

    expect(statuses).toEqual([429, 200]);
  });

  it("answers what the documents do not know with 404 or 405 and their error body", async () => {
    const { call } = await withQueue();

    expect(await call("/queues/x")).toEqual({
      status: 404,
      body: { errors: [expect.any(String)] },
    });
    expect((await call("/queues/x/events/pull")).status).toBe(405);
  });
});

describe("queues", () => {
  it("are made by name, and listed for their own app alone", async () => {
    const { tiki, call, queue } = await withQueue();
    const reply = await askToken(tiki, { grant_type: "client_credentials", ...publicApp });
    const other = caller(tiki, (await reply.json()).access_token);

    const made = await call("/queues", { name: "second" });
    const wrong = await Promise.all([call("/queues", {}), call("/queues", { name: 1 })]);
    const own = await call("/queues");
    const others = await other("/queues");
    const foreign = await other(`/queues/${queue}/events/pull`, {});

    expect(made.body).toEqual({ code: expect.any(String), name: "second", status: "ACTIVE" });
    expect(wrong.map(({ status }) => status)).toEqual([400, 400]);
    expect(own.body).toEqual([{ code: queue, name: "orders", status: "ACTIVE" }, made.body]);
    expect(others.body).toEqual([]);
    expect(foreign.status).toBe(404);
  });

  it("of one name are two, or a second is refused where assumed", async () => {
    const statuses: number[] = [];
    for (const repeatedQueueName of ["make", "refuse"] as const) {
      const { call } = await withQueue({ assumptions: { repeatedQueueName } });
      statuses.push((await call("/queues", { name: "orders" })).status);
      statuses.push((await call("/queues", { name: "prices" })).status);
    }

    expect(statuses).toEqual([200, 200, 400, 200]);
  });

  it("have a maximum where one is assumed, and an unknown one is 400 where that is", async () => {
    const { call } = await withQueue({ assumptions: { maxQueues: 1, unknownCodeStatus: 400 } });

    expect((await call("/queues", { name: "second" })).status).toBe(400);
    expect((await call("/queues/nothing/events/pull", {})).status).toBe(400);
  });

  it("refuse a seller's token: they belong to the app", async () => {
    const tiki = tikiEmulator();
    const queue = tiki.createQueue("shared", publicApp.client_id);
    const seller = caller(tiki, (await sellerTokens(tiki)).access_token);
    const lax = tikiEmulator({ assumptions: { sellerTokenPulls: true, sellerTokenStatus: 401 } });
    const laxQueue = lax.createQueue("shared", publicApp.client_id);
    const laxSeller = caller(lax, (await sellerTokens(lax)).access_token);

    expect((await seller("/queues")).status).toBe(403);
    expect((await seller("/queues", { name: "x" })).status).toBe(403);
    expect((await seller(`/queues/${queue}/events/pull`, {})).status).toBe(403);
    expect((await laxSeller("/queues")).status).toBe(401);
    expect((await laxSeller(`/queues/${laxQueue}/events/pull`, {})).status).toBe(200);
  });
});

describe("subscriptions", () => {
  /** An emulator under fake timers, with a queue and a way to subscribe it. */
  async function subscribing(options: TikiEmulatorOptions = {}) {
    vi.useFakeTimers({ now: 0 });
    const parts = await withQueue(options);
    const path = `/queues/${parts.queue}/subscriptions`;
    const subscribe = (event_type: unknown = order.type) => parts.call(path, { event_type });
    const setActive = (code: string, active: unknown) =>
      parts.call(`${path}/${code}/updateActive`, { active });
    return { ...parts, path, subscribe, setActive };
  }

  it("route events of their type and seller once they are active", async () => {
    const { tiki, queue, subscribe, pull } = await subscribing();
    const other = { sid: tiki.sellers[1]?.sid };

    const made = await subscribe();
    const early = tiki.emit(order.type, order.payload);
    await vi.advanceTimersByTimeAsync(5_000);
    const routed = tiki.emit(order.type, order.payload, { id: "e1", version: "v2" });
    const otherType = tiki.emit("ORDER_STATUS_UPDATED", {});
    const otherSeller = tiki.emit(order.type, {}, other);

    expect(made.body).toEqual({
      code: expect.any(String),
      active: true,
      event_type: order.type,
      sid: tiki.sellers[0]?.sid,
    });
    expect(early.queues).toEqual([]);
    expect(routed).toEqual({ id: "e1", queues: [queue] });
    expect([otherType.queues, otherSeller.queues]).toEqual([[], []]);
    expect((await pull()).body.events).toEqual([
      {
        id: "e1",
        sid: tiki.sellers[0]?.sid,
        created_at: 5_000,
        type: order.type,
        version: "v2",
        payload: order.payload,
      },
    ]);
  });

  it("that are switched on again route only what is new", async () => {
    const { tiki, subscribe, setActive, pull } = await subscribing();
    const { code } = (await subscribe()).body;
    await vi.advanceTimersByTimeAsync(5_000);

    const off = await setActive(code, false);
    tiki.emit(order.type, {}, { id: "while off" });
    const on = await setActive(code, true);
    tiki.emit(order.type, {}, { id: "too early" });
    await vi.advanceTimersByTimeAsync(5_000);
    await setActive(code, true);
    tiki.emit(order.type, {}, { id: "new" });

    expect([off.body.active, on.body.active]).toEqual([false, true]);
    expect(ids(await pull())).toEqual(["new"]);
  });

  it("that are switched on again route at once where assumed, and new ones do not", async () => {
    const { tiki, subscribe, setActive, pull } = await subscribing({
      assumptions: { reactivation: "atOnce" },
    });
    const { code } = (await subscribe()).body;
    tiki.emit(order.type, {}, { id: "too early" });
    await setActive(code, false);
    await setActive(code, true);
    tiki.emit(order.type, {}, { id: "new" });

    expect(ids(await pull())).toEqual(["new"]);
  });

  it("are listed, and are not made twice", async () => {
    const { call, path, subscribe } = await subscribing();
    const strict = await subscribing({ assumptions: { repeatedSubscription: "refuse" } });

    const first = await subscribe();
    const second = await subscribe();
    await strict.subscribe();
    const refused = await strict.subscribe();

    expect(second.body).toEqual(first.body);
    expect((await call(path)).body).toEqual([first.body]);
    expect(refused.status).toBe(400);
  });

  it("are listed for the whole queue by the app's own token, where assumed", async () => {
    const tiki = tikiEmulator({ assumptions: { subscriptionsListed: "queue" } });
    const queue = tiki.createQueue("orders", publicApp.client_id);
    const [first, second] = tiki.sellers;
    for (const { sid } of [first, second].filter((each) => each !== undefined)) {
      const { access_token } = await sellerTokens(tiki, ["order"], sid);
      await caller(tiki, access_token)(`/queues/${queue}/subscriptions`, {
        event_type: order.type,
      });
    }
    const { access_token } = await (
      await askToken(tiki, { grant_type: "client_credentials", ...publicApp })
    ).json();

    const listed = await caller(tiki, access_token)(`/queues/${queue}/subscriptions`);

    expect(listed.body.map(({ sid }: { sid: string }) => sid)).toEqual([first?.sid, second?.sid]);
  });

  it("refuse unknown types, unknown codes, and what is no boolean", async () => {
    const { subscribe, setActive } = await subscribing();
    const { code } = (await subscribe()).body;

    const replies = await Promise.all([
      subscribe("ORDER_EATEN"),
      subscribe(null),
      setActive("nothing", true),
      setActive(code, "true"),
    ]);

    expect(replies.map(({ status }) => status)).toEqual([400, 400, 404, 400]);
  });

  it("of a public app want the token of each seller, and show that seller's alone", async () => {
    const tiki = tikiEmulator({ activationDelayMs: 0 });
    const queue = tiki.createQueue("shared", publicApp.client_id);
    const path = `/queues/${queue}/subscriptions`;
    const sids = tiki.sellers.map(({ sid }) => sid);
    const reply = await askToken(tiki, { grant_type: "client_credentials", ...publicApp });
    const own = caller(tiki, (await reply.json()).access_token);
    const one = caller(tiki, (await sellerTokens(tiki, ["order"], sids[0])).access_token);
    const two = caller(tiki, (await sellerTokens(tiki, ["order"], sids[1])).access_token);

    const refused = await own(path, { event_type: order.type });
    await one(path, { event_type: order.type });
    await two(path, { event_type: order.type });
    const unscoped = await two(path, { event_type: "PRODUCT_PRICE_UPDATED" });
    const emitted = sids.map((sid) => tiki.emit(order.type, {}, { sid }).queues);
    const pulled = await own(`/queues/${queue}/events/pull`, {});

    expect([refused.status, unscoped.status]).toEqual([401, 403]);
    expect((await two(path)).body).toMatchObject([{ sid: sids[1] }]);
    expect(emitted).toEqual([[queue], [queue]]);
    expect(pulled.body.events.map(({ sid }: { sid: string }) => sid)).toEqual(sids);
  });

  it("need no scope where none is assumed to be needed", async () => {
    const tiki = tikiEmulator({ assumptions: { subscriptionNeedsScope: false } });
    const queue = tiki.createQueue("shared", publicApp.client_id);
    const seller = caller(tiki, (await sellerTokens(tiki, ["inventory"])).access_token);

    const made = await seller(`/queues/${queue}/subscriptions`, { event_type: order.type });

    expect(made.status).toBe(200);
  });
});

describe("pull and ack", () => {
  it("repeat what is not acknowledged, with what came since, 100 at most", async () => {
    const { tiki, queue, pull } = await withQueue();
    tiki.publish(queue, numbered(98));

    const first = await pull();
    tiki.publish(queue, numbered(4, 99));
    const again = await pull(null);

    expect(ids(first)).toHaveLength(98);
    expect(ids(again)).toHaveLength(100);
    expect(ids(again).slice(0, 98)).toEqual(ids(first));
    expect(again.body.ack_id).not.toBe(first.body.ack_id);
  });

  it("acknowledge up to the place of the ack_id, and fetch what follows", async () => {
    const { tiki, queue, pull, ack } = await withQueue({ pageSize: 2 });
    tiki.publish(queue, numbered(5));

    const first = await pull();
    const second = await pull(first.body.ack_id);
    const status = await ack(second.body.ack_id);
    const third = await pull();

    expect([ids(first), ids(second), ids(third)]).toEqual([["1", "2"], ["3", "4"], ["5"]]);
    expect(status).toEqual({ status: 200, body: { status: "ok" } });
    expect(tiki.waiting(queue)).toBe(1);
    expect(tiki.journal.ackedIds(queue)).toEqual(["1", "2", "3", "4"]);
    expect(tiki.journal.event("1", queue)).toMatchObject({ published: 1, delivered: 1 });
    expect(tiki.journal.entries({ kinds: ["acked"] })[2]).toMatchObject({
      eventId: "3",
      operation: "ack",
      queue,
    });
  });

  it("never move back for an ack_id of an older place", async () => {
    const { tiki, queue, pull, ack } = await withQueue({ pageSize: 2 });
    tiki.publish(queue, numbered(5));
    const first = await pull();
    const second = await pull(first.body.ack_id);
    await ack(second.body.ack_id);

    const stale = await ack(first.body.ack_id);
    const twice = await ack(second.body.ack_id);
    const onPull = await pull(first.body.ack_id);

    expect([stale.status, twice.status]).toEqual([200, 200]);
    expect(ids(onPull)).toEqual(["5"]);
    expect(tiki.journal.totals().acked).toBe(4);
  });

  it("give one ack_id for one place, or each pull its own where assumed", async () => {
    const same: boolean[] = [];
    for (const ackIds of ["place", "pull"] as const) {
      const { tiki, queue, pull, ack } = await withQueue({ assumptions: { ackIds } });
      tiki.publish(queue, numbered(1));
      const [first, second] = [await pull(), await pull()];
      same.push(first.body.ack_id === second.body.ack_id);
      expect((await ack(first.body.ack_id)).status).toBe(200);
      expect(tiki.waiting(queue)).toBe(0);
    }

    expect(same).toEqual([true, false]);
  });

  it("refuse a blank ack_id and take a pull without a body, or the reverse where assumed", async () => {
    const statuses: number[] = [];
    for (const assumptions of [{}, { blankAckId: "null", missingBody: "refuse" }] as const) {
      const { tiki, queue, pull } = await withQueue({ assumptions });
      const headers = { authorization: `Bearer ${await inHouseToken(tiki)}` };
      const url = `${api}/queues/${queue}/events/pull`;
      const bare = await tiki.fetch(url, { method: "POST", headers });
      statuses.push((await pull("")).status, bare.status);
    }

    expect(statuses).toEqual([400, 200, 200, 400]);
  });

  it("take an ack_id of an earlier pull, or that of the last alone where assumed", async () => {
    const statuses: number[] = [];
    for (const olderAckId of ["accept", "refuse"] as const) {
      const { tiki, queue, pull, ack } = await withQueue({ assumptions: { olderAckId } });
      tiki.publish(queue, numbered(1));
      const first = (await pull()).body.ack_id;
      tiki.publish(queue, numbered(1, 2));
      const last = (await pull()).body.ack_id;
      statuses.push((await ack(first)).status, (await ack(last)).status);
    }

    expect(statuses).toEqual([200, 200, 400, 200]);
  });

  it("refuse an ack_id that is no text, or was never given; stale ones where assumed", async () => {
    const { tiki, queue, pull, ack } = await withQueue();
    const strict = await withQueue({ assumptions: { staleAckId: "refuse" } });
    const lax = await withQueue({ assumptions: { unknownAckId: "accept" } });
    tiki.publish(queue, numbered(1));
    const { ack_id } = (await strict.pull()).body;

    const replies = await Promise.all([ack(1), ack(""), ack(null), ack("never"), pull("never")]);
    const stale = await strict.ack(ack_id);
    const unknown = await lax.ack("never");

    expect(replies.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400]);
    expect([stale.status, unknown.status]).toEqual([400, 200]);
    expect(tiki.waiting(queue)).toBe(1);
  });

  it("give an empty list and the ack_id of the place, or null where assumed", async () => {
    const { pull } = await withQueue();
    const other = await withQueue({ assumptions: { emptyPullAckId: "null" } });

    const first = await pull();
    const second = await pull(first.body.ack_id);

    expect(first.body).toEqual({ events: [], ack_id: expect.any(String) });
    expect(second.body).toEqual(first.body);
    expect((await other.pull()).body).toEqual({ events: [], ack_id: null });
  });

  it("show nothing of what is hidden, and go past it with the ack_id of its page", async () => {
    const { tiki, queue, pull } = await withQueue({
      pageSize: 2,
      assumptions: { emptyPullAckId: "null" },
    });
    tiki.hide(queue, 2);
    tiki.publish(queue, numbered(1));

    const first = await pull();
    const again = await pull();
    const second = await pull(first.body.ack_id);
    const last = await pull(second.body.ack_id);

    expect(first.body).toEqual({ events: [], ack_id: expect.any(String) });
    expect(again.body).toEqual(first.body);
    expect(ids(second)).toEqual(["1"]);
    expect(last.body).toEqual({ events: [], ack_id: null });
    expect(tiki.journal.publishedIds(queue)).toEqual(["1"]);
    expect(tiki.journal.entries({ kinds: ["acked"] })).toMatchObject([{ eventId: "1" }]);
  });

  it("of more than seven days ago do not wait", () => {
    let now = 1e12;
    const tiki = tikiEmulator({ clock: { now: () => now } });
    const queue = tiki.createQueue("orders");
    tiki.publish(queue, [order]);
    const before = tiki.waiting(queue);
    now += 7 * 86_400_000 + 1;

    expect([before, tiki.waiting(queue)]).toEqual([1, 0]);
  });

  it("that are hidden stay so under the fault duplicate", async () => {
    const { tiki, queue, pull } = await withQueue();
    tiki.hide(queue);
    tiki.publish(queue, [{ ...order, id: "a" }]);
    tiki.faults.add({ kind: "duplicate", operation: "pull" });

    expect((await pull()).body.events).toMatchObject([{ id: "a" }]);
  });

  it("forget events after seven days", async () => {
    vi.useFakeTimers({ now: 0 });
    const { tiki, queue } = await withQueue({ assumptions: { tokenLifetimeSeconds: 1e6 } });
    const call = caller(tiki, await inHouseToken(tiki));
    const pull = (body: unknown) => call(`/queues/${queue}/events/pull`, body);
    tiki.publish(queue, numbered(2));
    const first = await pull({});
    await vi.advanceTimersByTimeAsync(7 * 86_400_000);
    tiki.publish(queue, numbered(1, 3));
    const atSevenDays = await pull({});
    await vi.advanceTimersByTimeAsync(1);

    const after = await pull({});
    const stale = await pull({ ack_id: first.body.ack_id });

    expect(ids(atSevenDays)).toEqual(["1", "2", "3"]);
    expect([ids(after), ids(stale)]).toEqual([["3"], ["3"]]);
  });

  it("keep the place right over thousands of events", async () => {
    const { tiki, queue, pull } = await withQueue({ requestsPerSecond: Number.POSITIVE_INFINITY });
    tiki.publish(queue, numbered(5_000));
    const seen: string[] = [];

    let reply = await pull();
    while (ids(reply).length > 0) {
      seen.push(...ids(reply));
      reply = await pull(reply.body.ack_id);
    }

    expect(seen).toEqual(numbered(5_000).map(({ id }) => id));
    expect(tiki.waiting(queue)).toBe(0);
  });

  it("deliver some again under the fault duplicate, without moving the place", async () => {
    const { tiki, queue, pull } = await withQueue({ pageSize: 20 });
    tiki.publish(queue, numbered(45));
    tiki.faults.add({ kind: "duplicate", count: 1 });
    tiki.faults.add({ kind: "duplicate", after: 2, count: 1 });

    const first = await pull();
    const second = await pull(first.body.ack_id);
    const third = await pull(second.body.ack_id);
    const last = await pull(third.body.ack_id);

    expect(ids(first)).toEqual(["1", "1", ...numbered(18, 2).map(({ id }) => id)]);
    expect(ids(second)).toEqual(numbered(20, 20).map(({ id }) => id));
    expect(ids(third)).toEqual(numbered(16, 30).map(({ id }) => id));
    expect(ids(last)).toEqual([]);
  });

  it("tell of each ack which events it was for, and of one that comes again that it does", async () => {
    const { tiki, queue, pull, ack } = await withQueue();
    tiki.publish(queue, numbered(2));
    const { body } = await pull();

    await ack(body.ack_id);
    await ack(body.ack_id);

    const told = tiki.journal.entries({
      operation: "ack",
      queue,
      kinds: ["read", "acked", "ackedAgain"],
    });
    expect(told.map((one) => [one.kind, one.kind === "acked" ? one.eventId : one.cursor])).toEqual([
      ["read", body.ack_id],
      ["acked", "1"],
      ["acked", "2"],
      ["ackedAgain", body.ack_id],
    ]);
    expect(tiki.journal.event("1")).toMatchObject({ acks: 1 });
  });

  it("keep the effect of an ack whose reply was lost", async () => {
    const { tiki, queue, pull } = await withQueue();
    tiki.publish(queue, numbered(1));
    const first = await pull();
    tiki.faults.add({ kind: "lostReply", operation: "pull", count: 1 });

    await expect(pull(first.body.ack_id)).rejects.toThrow("fetch failed");

    expect(tiki.waiting(queue)).toBe(0);
  });
});

describe("the emulator of Tiki", () => {
  it("tells a token's seller", async () => {
    const tiki = tikiEmulator();
    const url = "https://api.tiki.vn/integration/v2/sellers/me";
    const me = async (token: string) => {
      const reply = await tiki.fetch(url, { headers: { authorization: `Bearer ${token}` } });
      return { status: reply.status, body: await reply.json() };
    };
    const other = { ...tiki.apps[1], clientId: "lone", kind: "inHouse", sid: "elsewhere" } as const;
    const lone = tikiEmulator({ apps: [{ ...other, authentication: "post" } as never] });
    const form = { grant_type: "client_credentials", client_id: "lone" };
    const token = await askToken(lone, { ...form, client_secret: "emulator-public-secret" });
    const authorization = `Bearer ${(await token.json()).access_token}`;

    const found = await me(await inHouseToken(tiki));
    const missing = await lone.fetch(url, { headers: { authorization } });

    expect(found.body).toEqual({ ...tiki.sellers[0], active: 1 });
    expect(missing.status).toBe(401);
  });

  it("is steered by commands as by its methods", async () => {
    const { tiki, pull, queue } = await withQueue();
    const { admin } = tiki;

    const made = admin["createQueue"]?.({ name: "second" });
    const published = admin["publish"]?.({ queue, events: [{ ...order, id: "a", extra: 1 }] });
    admin["publishRaw"]?.({ queue, items: [null, { id: 7 }] });
    const emitted = admin["emit"]?.({ events: [{ ...order, id: "b" }] });
    const waiting = admin["waiting"]?.({ queue });
    const pulled = await pull();
    admin["setSellerActive"]?.({ sid: tiki.sellers[0]?.sid, active: false });
    const inactive = await pull();
    admin["setSellerActive"]?.({ sid: tiki.sellers[0]?.sid, active: true });
    admin["hide"]?.({ queue, count: 2 });
    const hidden = admin["waiting"]?.({ queue });
    const scopes = ["order"];
    const authorized = admin["authorize"]?.({ clientId: publicApp.client_id, scopes });
    admin["revokeTokens"]?.(undefined);

    expect([inactive.status, hidden]).toEqual([403, { waiting: 5 }]);
    expect(authorized).toEqual({ code: expect.any(String) });
    expect(made).toEqual({ code: expect.any(String) });
    expect(published).toEqual({ ids: ["a"] });
    const note = expect.stringContaining("no subscription to ORDER_CREATED_SUCCESSFULLY is there");
    expect(emitted).toEqual({ emitted: [{ id: "b", queues: [], note }] });
    expect(waiting).toEqual({ waiting: 3 });
    expect(pulled.body.events).toMatchObject([{ id: "a", extra: 1 }, null, { id: 7 }]);
    expect((await pull()).status).toBe(401);
  });

  it("begins anew with nothing, and gives the same ids again whatever calls came before", async () => {
    const { tiki, queue, pull } = await withQueue();
    const [first] = tiki.publish(queue, [order]);
    await tiki.reset();

    expect(() => tiki.waiting(queue)).toThrow("does not exist");
    expect((await pull()).status).toBe(401);
    await inHouseToken(tiki);
    await inHouseToken(tiki);
    const again = tiki.createQueue("orders");
    expect([again, ...tiki.publish(again, [order])]).toEqual([queue, first]);
  });

  it("takes nothing in once it is closed, by commands neither", async () => {
    const tiki = tikiEmulator();
    await tiki.close();

    const clientId = publicApp.client_id;
    expect(() => tiki.admin["createQueue"]?.({ name: "a" })).toThrow("closed, so createQueue");
    expect(() => tiki.authorize({ clientId, scopes: ["order"] })).toThrow("closed, so authorize");
  });

  it("takes events whole or not at all, as they were when they were given", async () => {
    const { tiki, queue, pull } = await withQueue();
    const payload = { order_code: "before" };
    tiki.publish(queue, [{ type: "X", payload }]);
    payload.order_code = "after";

    const wrong = { payload: {} } as unknown as typeof order;
    expect(() => tiki.publish(queue, [order, wrong])).toThrow("an event needs type");
    expect(() => tiki.publish(queue, [order, { type: "X", payload: 1n }])).toThrow("must be JSON");
    expect((await pull()).body.events).toMatchObject([{ payload: { order_code: "before" } }]);
  });

  it("refuses commands of the wrong shape", () => {
    const tiki = tikiEmulator();
    const { admin } = tiki;

    expect(() => admin["createQueue"]?.({})).toThrow("name must be a text");
    expect(() => admin["publish"]?.({ queue: "x" })).toThrow("events must be a list");
    expect(() => admin["publish"]?.({ queue: "x", events: [] })).toThrow("does not exist");
    const queue = tiki.createQueue("orders");
    expect(() => admin["publish"]?.({ queue, events: [{}] })).toThrow("an event needs type");
    const emitted = { events: [{ ...order, payload: {} }, { type: "X" }] };
    expect(() => admin["emit"]?.(emitted)).toThrow("an event needs payload");
    expect(() => admin["hide"]?.({ queue, count: "x" })).toThrow("count cannot have this value");
    expect(() => admin["hide"]?.({ queue, cout: 2 })).toThrow("has no cout");
    const scopes = ["order"];
    const wrong = { clientId: publicApp.client_id, scopes, seller: "x" };
    expect(() => admin["authorize"]?.(wrong)).toThrow("has no seller");
    expect(() => admin["waiting"]?.(null)).toThrow("must be an object");
  });

  it("tells clients where to connect, for the kinds of app there are", () => {
    const tiki = tikiEmulator();
    const [inHouseApp] = tiki.apps;

    expect(tiki.connection("http://127.0.0.1:1/tiki")).toMatchObject({
      baseUrl: "http://127.0.0.1:1/tiki/integration/v1",
      tokenUrl: "http://127.0.0.1:1/tiki/sc/oauth2/token",
      clientId: "emulator-in-house-app",
      publicAuthentication: "post",
    });
    const one = tikiEmulator({ apps: inHouseApp ? [inHouseApp] : [] });
    expect(one.connection("").publicClientId).toBe("emulator-in-house-app");
  });

  it("gives the same ids for the same seed, and others for another", () => {
    const queueOf = (seed: number) => tikiEmulator({ seed }).createQueue("x");

    expect(queueOf(1)).toBe(queueOf(1));
    expect(queueOf(1)).not.toBe(queueOf(2));
    expect(queueOf(1)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("refuses options out of range, and names it does not know", () => {
    const misspelt = { pageSise: 1 } as TikiEmulatorOptions;

    expect(() => tikiEmulator({ pageSize: 101 })).toThrow(
      "pageSize must be a number from 1 to 100",
    );
    expect(() => tikiEmulator({ activationDelayMs: -1 })).toThrow(TypeError);
    expect(() => tikiEmulator({ retentionMs: 0 })).toThrow(TypeError);
    expect(() => tikiEmulator({ requestsPerSecond: Number.NaN })).toThrow(TypeError);
    expect(() => tikiEmulator({ sellers: [] })).toThrow("must not be empty");
    expect(() => tikiEmulator({ pageSize: 1.5 })).toThrow("pageSize must be whole");
    expect(() => tikiEmulator(misspelt)).toThrow("tikiEmulator has no pageSise; it has");
    expect(() => tikiEmulator({ assumptions: { x: 1 } as never })).toThrow("assumptions has no x");
  });

  it.each([
    [null, "an object of"],
    [[], "an object of"],
    [5, "an object of"],
    [{ assumptions: null }, "assumptions: an object of"],
    [{ sellers: [{}] }, "a seller needs id"],
    [{ sellers: "x" }, "sellers must be a list"],
    [{ apps: [{}] }, "an app needs kind"],
    [{ apps: [{ ...app, kind: "inhouse" }] }, "kind cannot have this value; it is one of inHouse"],
    [{ apps: [{ ...app, authentication: "bsic" }] }, "authentication cannot have this value"],
    [{ apps: [{ ...app, scopes: "order" }] }, "scopes cannot have this value"],
    [{ apps: [{ ...app, redirect: "x" }] }, "an app has no redirect"],
  ])("refuses the options %j", (options, what) => {
    expect(() => tikiEmulator(options as never)).toThrow(what);
  });

  it("does nothing that nobody can have meant", () => {
    const tiki = tikiEmulator();
    const queue = tiki.createQueue("orders");
    const { sid = "" } = tiki.sellers[0] ?? {};
    const clientId = publicApp.client_id;

    expect(() => tiki.createQueue("")).toThrow("name cannot have this value");
    expect(() => tiki.createQueue("a", "nobody")).toThrow("clientId cannot have this value");
    expect(() => tiki.hide(queue, Number.POSITIVE_INFINITY)).toThrow("count cannot have");
    expect(() => tiki.hide(queue, -1)).toThrow("count cannot have");
    expect(() => tiki.setSellerActive("nobody", false)).toThrow("sid cannot have this value");
    expect(() => tiki.setSellerActive(sid, "no" as never)).toThrow("active cannot have this value");
    expect(() => tiki.authorize({ clientId, scopes: ["ordr"] })).toThrow("scopes cannot have");
    expect(() => tiki.authorize({ clientId, scopes: [], sid: "nobody" })).toThrow("sid cannot");
    expect(() => tiki.publish(queue, order as never)).toThrow("events must be a list");
    expect(() => tiki.publish(queue, [{ ...order, id: 1 } as never])).toThrow("id cannot have");
    expect(() => tiki.publish(queue, [undefined as never])).toThrow("must be JSON");
    expect(() => tiki.publish(queue, [{ type: "X", payload: () => 1 }])).toThrow("needs payload");
    expect(tiki.waiting(queue)).toBe(0);
  });

  it.each([
    [{ ackIds: "pul" }, "ackIds cannot have this value; it is one of place, pull"],
    [{ unknownCodeStatus: 410 }, "unknownCodeStatus cannot have this value; it is one of 400, 404"],
    [{ retryAfter: "yes" }, "retryAfter cannot have this value; it is one of true, false"],
    [{ maxQueues: 0 }, "maxQueues cannot have this value"],
    [{ eventTypes: [1] }, "eventTypes cannot have this value"],
  ])("refuses the assumption %j", (assumptions, what) => {
    expect(() => tikiEmulator({ assumptions: assumptions as never })).toThrow(what);
  });

  it("takes an assumption that is left undefined for one that is left out", async () => {
    const { call } = await withQueue({ assumptions: { unknownCodeStatus: undefined } as never });

    expect((await call("/queues/never/subscriptions")).status).toBe(404);
  });

  it("keeps no credential in its journal", async () => {
    const { tiki, pull, queue } = await withQueue();
    tiki.publish(queue, numbered(1));
    await pull();

    const text = JSON.stringify(tiki.journal.entries());

    expect(text).not.toMatch(/secret|bearer|basic|[0-9a-f]{40}/i);
  });
});
