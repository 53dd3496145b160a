import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type TikiEmulatorOptions, tikiEmulator } from "../../../src/emulator/index.ts";
import { consume, drain } from "../../../src/loop/consume.ts";
import {
  authorizationCode,
  authorizeUrl,
  clientCredentials,
  refreshToken,
  type TikiApp,
  type TikiClient,
  type Token,
  tiki,
  toTikiEnvelope,
} from "../../../src/providers/tiki/index.ts";

type Emulator = ReturnType<typeof tikiEmulator>;

function emulate(options: TikiEmulatorOptions = {}): Emulator {
  const emulator = tikiEmulator({ activationDelayMs: 0, ...options });
  onTestFinished(() => emulator.close());
  return emulator;
}

/** The emulator's app of one kind, as the token helpers take it. */
function appOf({ apps }: Emulator, kind: "inHouse" | "public"): TikiApp & { redirectUri: string } {
  const app = apps.find((each) => each.kind === kind);
  if (app === undefined) throw new Error(`the emulator has no ${kind} app`);
  const { clientId, clientSecret, authentication, redirectUri } = app;
  return { clientId, clientSecret, authentication, redirectUri };
}

function credentialsOf(emulator: Emulator, kind: "inHouse" | "public"): Token {
  const { redirectUri: _unused, ...app } = appOf(emulator, kind);
  return clientCredentials(app);
}

function clientOf({ fetch }: Emulator, token: Token): TikiClient {
  const retry = { minDelayMs: 0, maxDelayMs: 0 };
  return tiki({ token, fetch, retry, maxBodyBytes: 1_000_000 });
}

/** A queue with so many order events in it, and its feed. */
function queueOf(emulator: Emulator, count: number) {
  const code = emulator.createQueue("orders");
  const ids = emulator.publish(
    code,
    Array.from({ length: count }, (_each, index) => ({
      type: "ORDER_STATUS_UPDATED",
      payload: { order_code: String(index), status: "picking" },
    })),
  );
  const feed = clientOf(emulator, credentialsOf(emulator, "inHouse")).feed(code);
  const pullIds = async (...options: Parameters<typeof feed.pull>) =>
    (await feed.pull(...options)).deliveries.map(({ event }) => event?.id);
  return { code, ids, feed, pullIds };
}

describe("an in-house app", () => {
  it("makes a queue, subscribes it, and brings an event to its ack", async () => {
    const emulator = emulate();
    const shop = clientOf(emulator, credentialsOf(emulator, "inHouse"));
    const eventType = "ORDER_CREATED_SUCCESSFULLY";

    const queue = await shop.queues.create({ name: "orders" });
    const subscription = await shop.subscriptions.create(queue.code, { eventType });
    const { id } = emulator.emit(eventType, { order_code: "745467462" });
    const feed = shop.feed(queue.code);
    const [delivery] = (await feed.pull()).deliveries;
    const receipt = delivery?.receipt;
    if (receipt === undefined) throw new Error("no receipt");
    const verdicts = [await feed.ack([receipt]), await feed.ack([receipt])];

    expect(await shop.queues.list()).toStrictEqual([queue]);
    expect(await shop.subscriptions.list(queue.code)).toStrictEqual([subscription]);
    expect(delivery?.event).toStrictEqual({
      specversion: "1.0",
      id,
      source: `/tiki/queues/${queue.code}`,
      type: eventType,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      subject: "745467462",
      data: { order_code: "745467462" },
    });
    expect(toTikiEnvelope(delivery?.raw)).toStrictEqual({ sid: subscription.sid, version: "v1" });
    expect(verdicts).toStrictEqual([[{ status: "acked" }], [{ status: "acked" }]]);
    expect((await feed.pull()).deliveries).toStrictEqual([]);
  });

  it("switches a subscription off", async () => {
    const emulator = emulate();
    const shop = clientOf(emulator, credentialsOf(emulator, "inHouse"));
    const eventType = "PRODUCT_PRICE_UPDATED";
    const queue = await shop.queues.create({ name: "prices" });
    const { code } = await shop.subscriptions.create(queue.code, { eventType });

    const off = await shop.subscriptions.setActive(queue.code, code, false);

    expect(off).toMatchObject({ code, eventType, active: false });
    expect(emulator.emit(eventType, { product_id: 1 }).queues).toStrictEqual([]);
  });

  it("that proves itself in the wrong way is refused", async () => {
    const emulator = emulate();
    const { redirectUri: _unused, ...app } = appOf(emulator, "inHouse");
    const shop = clientOf(emulator, clientCredentials({ ...app, authentication: "post" }));

    await expect(shop.queues.list()).rejects.toMatchObject({ code: "auth", operation: "token" });
  });
});

/** A queue whose pages are these, each behind the one before; and the feed of it. */
function pagesOf(...pages: readonly (readonly object[])[]) {
  let place = 0;
  const pulls: unknown[] = [];
  const acks: unknown[] = [];
  const positionOf = (ackId: unknown) => Number(String(ackId).slice(1));
  const answer = (path: string, ackId: unknown) => {
    if (ackId !== null) {
      acks.push(ackId);
      place = Math.max(place, positionOf(ackId));
    }
    if (path.endsWith("/ack")) return { status: "ok" };
    pulls.push(ackId);
    const last = Math.min(place, pages.length - 1);
    return { events: pages[place] ?? [], ack_id: `a${last + 1}` };
  };
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const { url, ...request } = { url: String(input), body: String(init?.body) };
    return Response.json(answer(url, JSON.parse(request.body).ack_id));
  };
  return { pulls, acks, feed: tiki({ token: "t", fetch }).feed("q1") };
}

describe("an empty page with an ack_id", () => {
  const event = (id: string) => ({ id, type: "ORDER_STATUS_UPDATED", payload: { order_code: id } });

  it("hides no events behind it from a drain", async () => {
    const { feed } = pagesOf([], [event("e1")], [], [event("e2")]);
    const handled: string[] = [];

    const summary = await drain(feed, { ORDER_STATUS_UPDATED: ({ id }) => void handled.push(id) });

    expect(handled).toStrictEqual(["e1", "e2"]);
    expect(summary).toMatchObject({ stopped: "empty", acked: 2 });
  });

  it("costs an idle run one request more, not one for each poll", async () => {
    const { feed, pulls, acks } = pagesOf([]);
    const run = consume(feed, () => undefined, { idle: { minDelayMs: 10, maxDelayMs: 10 } });

    await expect.poll(() => pulls.length).toBeGreaterThan(6);
    await run.stop();

    // By the next pull, or by a call of its own where that is late.
    expect(acks).toStrictEqual(["a1"]);
  });
});

describe("a public app", () => {
  it("subscribes its queue with the token of a seller who has authorised it", async () => {
    const emulator = emulate();
    const { redirectUri, ...app } = appOf(emulator, "public");
    const { clientId } = app;
    const page = authorizeUrl({ clientId, redirectUri, scope: "offline order", state: "12345678" });
    const back = await emulator.fetch(page, { redirect: "manual" });
    const code = new URL(back.headers.get("location") ?? "").searchParams.get("code") ?? "";
    const stored: string[] = [];
    const seller = authorizationCode({
      ...app,
      code,
      redirectUri,
      onRefresh: (newest) => void stored.push(newest),
    });
    const shop = clientOf(emulator, clientCredentials(app));
    const eventType = "ORDER_CREATED_SUCCESSFULLY";

    const queue = await shop.queues.create({ name: "all sellers" });
    const subscription = await shop.subscriptions.create(
      queue.code,
      { eventType },
      { token: seller },
    );
    emulator.emit(eventType, { order_code: "1" });
    const deliveries = (await shop.feed(queue.code).pull()).deliveries;

    expect(subscription.sid).toBe(emulator.sellers[0]?.sid);
    expect(stored).toHaveLength(1);
    expect(deliveries.map(({ event }) => event?.subject)).toStrictEqual(["1"]);
    await expect(shop.queues.create({ name: "q" }, { token: seller })).rejects.toMatchObject({
      code: "auth",
      status: 403,
    });
  });

  it("refreshes a seller's token as often as it ends, each time with the newest one", async () => {
    const emulator = emulate();
    const { redirectUri, ...app } = appOf(emulator, "public");
    const code = emulator.authorize({ clientId: app.clientId, scopes: ["offline", "order"] });
    const stored: string[] = [];
    const onRefresh = (newest: string) => void stored.push(newest);
    const queueCode = emulator.createQueue("q", app.clientId);
    const first = clientOf(emulator, authorizationCode({ ...app, code, redirectUri, onRefresh }));
    await first.subscriptions.list(queueCode);
    const token = refreshToken({ ...app, refreshToken: stored[0] ?? "", onRefresh });
    const restarted = clientOf(emulator, token);

    await restarted.subscriptions.list(queueCode);
    emulator.revokeTokens();
    await Promise.all([
      restarted.subscriptions.list(queueCode),
      restarted.subscriptions.list(queueCode),
    ]);

    expect(new Set(stored).size).toBe(3);
    const late = clientOf(
      emulator,
      refreshToken({ ...app, refreshToken: stored[0] ?? "", onRefresh }),
    );
    await expect(late.subscriptions.list(queueCode)).rejects.toMatchObject({ code: "auth" });
  });
});

describe("a queue", () => {
  it("gives its events in order, page by page, acknowledged by the next pull", async () => {
    const { ids, feed, pullIds } = queueOf(emulate({ pageSize: 2 }), 5);

    const first = (await feed.pull()).deliveries;
    const second = (await feed.pull({ ack: first.at(-1)?.receipt })).deliveries;
    const repeated = await pullIds();
    const third = await pullIds({ ack: second.at(-1)?.receipt });

    expect(first.map(({ event }) => event?.id)).toStrictEqual(ids.slice(0, 2));
    expect(second.map(({ event }) => event?.id)).toStrictEqual(ids.slice(2, 4));
    expect(repeated).toStrictEqual(ids.slice(2, 4));
    expect(third).toStrictEqual(ids.slice(4));
  });

  it("gives a full page of 100 whatever the limit is", async () => {
    const { ids, pullIds } = queueOf(emulate(), 120);

    expect(await pullIds({ limit: 7 })).toStrictEqual(ids.slice(0, 100));
  });

  it("gives the good ones of a page with malformed items", async () => {
    const emulator = emulate();
    const { code, ids, feed } = queueOf(emulator, 1);
    emulator.publishRaw(code, [null, { id: 5 }]);

    const deliveries = (await feed.pull()).deliveries;

    expect(deliveries.map(({ event, unreadable }) => event?.id ?? unreadable?.path)).toStrictEqual([
      ids[0],
      "events[1]",
      "events[2].type",
    ]);
  });

  it("that does not exist is notFound", async () => {
    const emulator = emulate();
    const feed = clientOf(emulator, credentialsOf(emulator, "inHouse")).feed("a/../b");

    await expect(feed.pull()).rejects.toMatchObject({ code: "notFound", status: 404 });
  });
});

describe("a failure on the way", () => {
  it("of the token is met by a new one, once for all pulls", async () => {
    const emulator = emulate();
    const { ids, pullIds } = queueOf(emulator, 1);
    await pullIds();

    emulator.revokeTokens();
    const pulls = await Promise.all([pullIds(), pullIds(), pullIds()]);

    expect(pulls).toStrictEqual([ids, ids, ids]);
    expect(emulator.journal.calls("token")).toBe(2);
  });

  it.each([
    { kind: "status", status: 500 },
    { kind: "status", status: 429, retryAfter: 0 },
    { kind: "cut" },
    { kind: "lostReply" },
    { kind: "truncate" },
    { kind: "garbage" },
  ] as const)("of a pull or an ack is repeated: %j", async (fault) => {
    const emulator = emulate();
    const { ids, feed } = queueOf(emulator, 1);
    emulator.faults.add({ ...fault, operation: "pull", count: 1 });
    emulator.faults.add({ ...fault, operation: "ack", count: 1 });

    const [delivery] = (await feed.pull()).deliveries;
    const receipt = delivery?.receipt;
    if (receipt === undefined) throw new Error("no receipt");

    expect(delivery?.event?.id).toBe(ids[0]);
    expect(await feed.ack([receipt])).toStrictEqual([{ status: "acked" }]);
    expect((await feed.pull()).deliveries).toStrictEqual([]);
  });

  it("that leaves a whole answer of another kind is an error", async () => {
    const emulator = emulate();
    const { feed } = queueOf(emulator, 1);
    emulator.faults.add({ kind: "html", status: 200, operation: "pull", count: 3 });

    await expect(feed.pull()).rejects.toMatchObject({ code: "schema", operation: "pull" });
  });

  it("that makes a page too long ends a run only where it comes twice in a row", async () => {
    const emulator = emulate();
    const { feed, ids } = queueOf(emulator, 1);
    const oversize = { kind: "oversize", bytes: 2_000_000, operation: "pull" } as const;
    emulator.faults.add({ ...oversize, count: 1 });
    const [delivery] = (await feed.pull()).deliveries;
    expect(delivery?.event?.id).toBe(ids[0]);
    emulator.faults.add(oversize);

    await expect(drain(feed, () => undefined)).rejects.toMatchObject({
      code: "config",
      message: expect.stringContaining("maxBodyBytes"),
    });
  });

  it("of a pull with an ack leaves the ack done once, and the next pull goes on from there", async () => {
    const emulator = emulate({ pageSize: 1 });
    const { ids, feed, pullIds } = queueOf(emulator, 2);
    const ack = (await feed.pull()).deliveries.at(-1)?.receipt;
    emulator.faults.add({ kind: "lostReply", operation: "pull", count: 1 });

    await expect(feed.pull({ ack })).rejects.toMatchObject({
      code: "transport",
      retryable: true,
      outcomeUnknown: true,
    });

    expect(await pullIds()).toStrictEqual(ids.slice(1));
  });

  it("of the token in the middle of a run costs nothing but a pull", async () => {
    const emulator = emulate({ pageSize: 10 });
    const { code, ids, feed } = queueOf(emulator, 50);
    const handled: string[] = [];

    const { acked } = await drain(
      feed,
      ({ id }) => {
        handled.push(id);
        if (handled.length === 25) emulator.revokeTokens();
      },
      { idle: { minDelayMs: 10, maxDelayMs: 10 } },
    );

    expect(handled).toStrictEqual(ids);
    expect(acked).toBe(50);
    expect(emulator.waiting(code)).toBe(0);
    expect(emulator.journal.calls("token")).toBe(2);
  });

  it("by an abort in mid-request rejects with the reason", async () => {
    const emulator = emulate();
    const { feed } = queueOf(emulator, 1);
    const controller = new AbortController();
    emulator.faults.add({ kind: "delay", ms: 60_000, operation: "pull" });

    const pulled = feed.pull({ signal: controller.signal });
    await vi.waitFor(() => expect(emulator.journal.calls("token")).toBe(1), 60_000);
    controller.abort("enough");

    await expect(pulled).rejects.toBe("enough");
  });
});
