import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type DiscueEmulatorOptions, discueEmulator } from "../../src/emulator/discue.ts";

const key = "discue-test-key";

/** What a listener was sent. */
interface Sent {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

/** A listener that answers what it is told to, or never. */
function listener(...statuses: readonly (number | "never")[]) {
  const sent: Sent[] = [];
  const deliver = async (url: string, init: RequestInit): Promise<Response> => {
    const request = new Request(url, { ...init, signal: null });
    const body = await request.text().catch(() => "cut");
    sent.push({ method: request.method, url, headers: request.headers, body });
    const status = statuses[Math.min(sent.length, statuses.length) - 1] ?? 200;
    if (status === "never") return new Promise(() => undefined);
    return new Response(null, { status });
  };
  return { sent, deliver };
}

const emulators: { close(): Promise<void> }[] = [];

/** An emulator with calls in short. Liveness checks are off unless asked for. */
function emulator({ webhook, ...options }: DiscueEmulatorOptions = {}) {
  const api = discueEmulator({ ...options, webhook: { livenessIntervalMs: 0, ...webhook } });
  emulators.push(api);
  const call = async (method: string, path: string, body?: unknown, headers = {}) => {
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await api.fetch(`http://127.0.0.1${path}`, {
      method,
      headers: { "x-api-key": key, "content-type": "application/json", ...headers },
      ...init,
    });
    const text = await response.text();
    return { status: response.status, body: text && JSON.parse(text) };
  };
  const addQueue = async (name = "orders", schema?: unknown) =>
    (await call("POST", "/queues", { name, alias: name, schema })).body.queue.id as string;
  const addListener = async (queue: string, notify = "https://example.com/notify") => {
    const urls = { notify_url: notify, liveness_url: "https://example.com/alive" };
    const body = { name: "billing", alias: "billing", ...urls };
    return (await call("POST", `/queues/${queue}/listeners`, body)).body.listener.id as string;
  };
  return { api, call, addQueue, addListener };
}

afterEach(async () => {
  await Promise.all(emulators.splice(0).map((each) => each.close()));
  vi.useRealTimers();
});

describe("what the getting-started page shows", () => {
  it.each(["PUT", "POST"])("is made by %s, and linked to by its new id", async (method) => {
    const { call } = emulator();
    const host = "https://api.discue.io";

    const { queue, ...made } = (await call(method, "/v1/queues", { name: "orders" })).body;
    const all = `/queues/${queue.id}`;
    const urls = { notify_url: "https://a.example/n", liveness_url: "https://a.example/l" };
    const added = (await call(method, `/v1${all}/listeners`, { name: "billing", ...urls })).body;
    const sent = (await call(method, `/v1${all}/messages`, { data: "x" })).body;
    const found = (await call("GET", all)).body;

    expect(queue).toStrictEqual({ id: queue.id, name: "orders", listeners: [] });
    expect(made).toStrictEqual({ _links: { self: { href: `${host}${all}` } } });
    const listenerHref = `${host}${all}/listeners/${added.listener.id}`;
    expect(added._links.self.href).toBe(listenerHref);
    expect(sent._links.self.href).toBe(`${host}${all}/messages/${sent.message.id}`);
    expect(sent.message.name).toEqual(expect.any(String));
    expect(found.queue.listeners).toStrictEqual([{ id: added.listener.id, name: "billing" }]);
    expect(found._links.self.href).toBe(`${host}${all}`);
    const listed = (await call("GET", `/v1${all}/listeners`)).body;
    expect(listed._links.self).toBe(`${all}/listeners`);
  });

  it("can be read in the other way, by option", async () => {
    const { call, addQueue } = emulator({
      assumptions: { queueName: "required", messageName: "none" },
    });
    const queue = await addQueue();

    const { message } = (await call("POST", `/queues/${queue}/messages`, { data: "x" })).body;

    expect(message).toStrictEqual({ id: message.id });
    expect((await call("POST", "/queues", {})).status).toBe(400);
    expect(() => discueEmulator({ assumptions: { name: 1 } as never })).toThrow("has no name");
  });
});

describe("a key", () => {
  it("that is wrong is answered 401, with the documented body", async () => {
    const { call } = emulator();

    const answer = await call("GET", "/queues", undefined, { "x-api-key": "no" });

    expect(answer).toStrictEqual({ status: 401, body: { title: "Unauthorized", status: 401 } });
  });

  it("is locked out with 403 after several wrong ones, and let in again later", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { call } = emulator();
    for (let count = 0; count < 5; count += 1) {
      await call("GET", "/queues", undefined, { "x-api-key": "no" });
    }

    expect((await call("GET", "/queues")).status).toBe(403);
    vi.setSystemTime(Date.now() + 60_001);
    expect((await call("GET", "/queues")).status).toBe(200);
  });

  it("is not locked out by wrong ones far apart", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { call } = emulator();
    for (let count = 0; count < 6; count += 1) {
      await call("GET", "/queues", undefined, { "x-api-key": "no" });
      vi.setSystemTime(Date.now() + 30_000);
    }

    expect((await call("GET", "/queues")).status).toBe(200);
  });

  it("reaches only what its scopes name", async () => {
    const { call, addQueue } = emulator();
    const [mine, other] = [await addQueue("mine"), await addQueue("other")];
    const scopes = [{ resource: "queues", access: "read", targets: [mine] }];
    const { body } = await call("POST", "/api_keys", { name: "reader", scopes });
    const as = (method: string, path: string, sent?: unknown) =>
      call(method, path, sent, { "x-api-key": body.api_key });

    expect((await as("GET", `/queues/${mine}`)).status).toBe(200);
    expect((await as("GET", `/queues/${other}`)).status).toBe(403);
    expect((await as("PUT", `/queues/${mine}`, { name: "x" })).status).toBe(403);
    expect((await as("GET", `/queues/${mine}/messages`)).status).toBe(403);
  });

  it("cannot be given scopes that the pages close", async () => {
    const { call } = emulator();
    const scopes = [{ resource: "api_keys", access: "write", targets: "*" }];

    expect((await call("POST", "/api_keys", { name: "x", scopes })).status).toBe(400);
  });
});

describe("a request", () => {
  it.each([
    ["POST", "/queues", { name: "orders" }, 422],
    ["POST", "/queues", { name: 7 }, 400],
    ["POST", "/queues", [], 400],
    ["POST", "/queues", { name: "x", schema: { a: { type: "date" } } }, 400],
    ["POST", "/queues", { name: "x", schema: { a: { type: "array" } } }, 400],
    ["POST", "/queues", { name: "x", schema: [] }, 400],
    ["PUT", "/queues", { name: "x" }, 200],
    ["DELETE", "/queues", undefined, 405],
    ["GET", "/nowhere", undefined, 404],
    ["GET", "/queues/none", undefined, 404],
    ["GET", "/domains", undefined, 404],
    ["GET", "/events?startAfter=1", undefined, 400],
    ["GET", "/events?events=all&limit=0", undefined, 400],
    ["GET", "/events?limit=1.5", undefined, 400],
    ["GET", "/events?startAfter=now&startAfterId=a", undefined, 400],
    ["POST", "/queues", null, 400],
    ["POST", "/queues", { name: "a", schema: { a: { type: "string", pattern: "(" } } }, 400],
    ["POST", "/queues", { name: "a", schema: { a: { type: "string", enum: "b" } } }, 400],
    ["POST", "/queues", { name: "a", schema: { a: { type: "number", min: "1" } } }, 400],
    ["POST", "/queues", { name: "a", schema: { a: { type: "number", required: "no" } } }, 400],
    ["GET", "/v1/queues", undefined, 200],
  ])("%s %s with %j is answered %s%i", async (method, path, body, status) => {
    const { call, addQueue } = emulator();
    await addQueue("orders");

    expect((await call(method, path, body)).status).toBe(status);
  });

  it.each([
    [{ name: "x", notify_url: "https://a.example", liveness_url: "ftp://a.example" }],
    [{ name: "x", notify_url: "https://user:pw@a.example", liveness_url: "https://a.example" }],
    [{ name: "x", notify_url: "not a url", liveness_url: "https://a.example" }],
    [{ name: "x", notify_url: `https://a.example/${"x".repeat(253)}`, liveness_url: "https://a" }],
    [{ name: "x", notify_url: "https://a.example" }],
    [{ notify_url: "https://a.example", liveness_url: "https://a.example" }],
  ])("for a listener must have name and addresses: %j", async (body) => {
    const { call, addQueue } = emulator();

    expect((await call("POST", `/queues/${await addQueue()}/listeners`, body)).status).toBe(400);
  });

  it("must be JSON and accept JSON", async () => {
    const { call } = emulator();

    const plain = { "content-type": "text/plain" };
    expect((await call("POST", "/queues", { name: "x" }, plain)).status).toBe(415);
    expect((await call("GET", "/queues", undefined, { accept: "text/html" })).status).toBe(406);
  });

  it("may ask for pretty JSON, and gets links without /v1", async () => {
    const { api } = emulator();

    const headers = { "x-api-key": key };
    const reply = await api.fetch("http://h/v1/queues?pretty=true", { headers });

    expect(await reply.text()).toBe(
      '{\n  "queues": [],\n  "_links": {\n    "self": {\n      "href": "https://api.discue.io/queues"\n    }\n  }\n}',
    );
  });

  it("may be answered as it was a short time before", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { call, addQueue } = emulator({ staleMs: 5_000 });
    const count = async () => (await call("GET", "/queues")).body.queues.length;

    expect(await count()).toBe(0);
    await addQueue();
    expect(await count()).toBe(0);
    vi.setSystemTime(Date.now() + 5_000);
    expect(await count()).toBe(1);
  });

  it("of the newer model has short ids, aliases of its pattern, and a body when it deletes", async () => {
    const { call, addQueue } = emulator({ naming: "alias" });
    const id = await addQueue("orders");

    expect(id).toMatch(/^[\w-]{21}$/);
    expect((await call("POST", "/queues", { alias: "a/b" })).status).toBe(400);
    expect((await call("DELETE", `/queues/${id}`)).body).toHaveProperty("_links");
  });
});

describe("a message", () => {
  const schema = {
    order: { type: "object", props: { id: { type: "number", min: 1 } } },
    tags: { type: "array", items: { type: "string", enum: ["a", "b"] }, required: false },
    code: { type: "string", pattern: "^x", max: 3, required: false },
  };

  it.each([
    ['{"order":{"id":1}}', 200],
    ['{"order":{"id":1},"tags":["a","b"],"code":"xyz"}', 200],
    ['{"order":{"id":0}}', 422],
    ['{"order":{"id":1,"more":1}}', 422],
    ['{"order":{"id":1},"more":1}', 422],
    ['{"order":{"id":1},"tags":["c"]}', 422],
    ['{"order":{"id":1},"code":"y"}', 422],
    ['{"order":{"id":1},"code":"xxxx"}', 422],
    ["{}", 422],
    ["not JSON", 422],
    ["7", 422],
  ])("of a queue with a schema must conform: %s", async (data, status) => {
    const { call, addQueue } = emulator();
    const queue = await addQueue("orders", schema);

    expect((await call("POST", `/queues/${queue}/messages`, { data })).status).toBe(status);
  });

  it("must have a string as data, and never gives it back", async () => {
    const { call, addQueue } = emulator();
    const path = `/queues/${await addQueue()}/messages`;

    expect((await call("POST", path, { data: { a: 1 } })).status).toBe(400);
    expect((await call("POST", path, {})).status).toBe(400);
    const { body } = await call("POST", path, { name: "seven", data: "mark" });
    expect(JSON.stringify(await call("GET", `${path}/${body.message.id}`))).not.toContain("mark");
  });

  it("has a schema that is found by its SHA-256", async () => {
    const { call, addQueue } = emulator();
    const queue = await addQueue("orders", { a: { type: "number" } });
    const bytes = new TextEncoder().encode('{"a":{"type":"number"}}');
    const digest = Buffer.from(await crypto.subtle.digest("SHA-256", bytes)).toString("hex");

    const found = await call("GET", `/queues/${queue}/schemas/${digest}`);

    expect(found.body.schema).toStrictEqual({ a: { type: "number" } });
    expect((await call("GET", `/queues/${queue}/schemas/none`)).status).toBe(404);
  });
});

describe("a delivery", () => {
  it("goes to every listener that was there before the message, and to no other", async () => {
    const { sent, deliver } = listener();
    const { api, addQueue, addListener } = emulator({ deliver });
    const queue = await addQueue();
    await addListener(queue, "https://one.example/");
    await addListener(queue, "https://two.example/");

    const [id] = api.publish(queue, [{ data: '{"a":1}' }]);
    await addListener(queue, "https://late.example/");
    await vi.waitFor(() => expect(api.journal.totals().acked).toBe(2), 60_000);

    expect(sent.map(({ url }) => url)).toStrictEqual([
      "https://one.example/",
      "https://two.example/",
    ]);
    expect(sent[0]).toMatchObject({
      method: "POST",
      body: `{"message":{"id":"${id}","name":"message-${id}","data":"{\\"a\\":1}"}}`,
    });
    expect(api.journal.event(id ?? "", queue)).toMatchObject({ published: 1, delivered: 2 });
  });

  it("is repeated after the waits it was told until it is acknowledged", async () => {
    vi.useFakeTimers();
    const { sent, deliver } = listener(503, 302, 200);
    const { api, call, addQueue, addListener } = emulator({
      deliver,
      webhook: { retryDelaysMs: [1_000, 5_000] },
    });
    const queue = await addQueue();
    const id = await addListener(queue);
    const read = async () =>
      (await call("GET", `/queues/${queue}/listeners/${id}`)).body.listener.messages;

    const [message] = api.publish(queue, [{ data: "x" }]);
    await vi.advanceTimersByTimeAsync(999);
    expect(sent).toHaveLength(1);
    expect(await read()).toStrictEqual({
      acknowledged_count: 0,
      missed: [message],
      missed_count: 1,
    });
    await vi.advanceTimersByTimeAsync(1);
    expect(sent).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(5_000);

    expect(sent).toHaveLength(3);
    expect(await read()).toStrictEqual({ acknowledged_count: 1, missed: [], missed_count: 0 });
    expect(api.journal.totals()).toMatchObject({ delivered: 3, acked: 1 });
    expect(
      (await call("GET", "/stats/messages")).body.aggregated_api_usage_events.last_1_hours,
    ).toMatchObject({ message_published_ok: 1, message_published_not_ok: 2 });
  });

  it("ends after as many tries as it was told, and waits as long as Retry-After says if told", async () => {
    vi.useFakeTimers();
    let calls = 0;
    const deliver = async () => {
      calls += 1;
      return new Response(null, { status: 503, headers: { "retry-after": "60" } });
    };
    const webhook = { retryDelaysMs: [10], maxAttempts: 2, honoursRetryAfter: true };
    const { api, addQueue, addListener } = emulator({ deliver, webhook });
    const queue = await addQueue();
    await addListener(queue);

    api.publish(queue, [{ data: "x" }]);
    await vi.advanceTimersByTimeAsync(59_999);
    expect(calls).toBe(1);
    await vi.advanceTimersByTimeAsync(1_000_000);

    expect(calls).toBe(2);
  });

  it("that is not answered in time has failed", async () => {
    vi.useFakeTimers();
    const { sent, deliver } = listener("never", 200);
    const { api, addQueue, addListener } = emulator({ deliver, webhook: { retryDelaysMs: [0] } });
    const queue = await addQueue();
    await addListener(queue);

    api.publish(queue, [{ data: "x" }]);
    await vi.advanceTimersByTimeAsync(9_999);
    expect(sent).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2);

    expect(api.journal.totals()).toMatchObject({ delivered: 2, acked: 1 });
  });

  it("is one of so many at once", async () => {
    vi.useFakeTimers();
    const { sent, deliver } = listener("never");
    const { api, addQueue, addListener } = emulator({ deliver, webhook: { concurrency: 3 } });
    const queue = await addQueue();
    await addListener(queue);

    api.publish(
      queue,
      Array.from({ length: 10 }, () => ({ data: "x" })),
    );
    await vi.advanceTimersByTimeAsync(1);

    expect(sent).toHaveLength(3);
  });

  it.each([
    ["data" as const, '{"data":"hello"}'],
    ["raw" as const, "hello"],
  ])("has the form, method and headers it was told: %s", async (bodyForm, body) => {
    const { sent, deliver } = listener();
    const webhook = { bodyForm, method: "PUT", headers: { "x-from": "discue" } };
    const { api, addQueue, addListener } = emulator({ deliver, webhook });
    const queue = await addQueue();
    await addListener(queue);

    api.publish(queue, [{ data: "hello" }]);
    await vi.waitFor(() => expect(sent).toHaveLength(1), 60_000);

    expect(sent[0]).toMatchObject({ method: "PUT", body });
    expect(sent[0]?.headers.get("x-from")).toBe("discue");
  });

  it("is signed as a relay would, by Standard Webhooks", async () => {
    const { sent, deliver } = listener();
    const signatureSecret = `whsec_${btoa("a key of thirty-two bytes, enough")}`;
    const { api, addQueue, addListener } = emulator({ deliver, webhook: { signatureSecret } });
    const queue = await addQueue();
    await addListener(queue);

    api.publish(queue, [{ data: "\u00e9" }]);
    await vi.waitFor(() => expect(sent).toHaveLength(1), 60_000);

    const [{ body, headers }] = sent as [Sent];
    const verify = () => new Webhook(signatureSecret).verify(body, Object.fromEntries(headers));
    expect(verify).not.toThrow();
  });

  it("ends with its message, its listener, its queue, or the emulator", async () => {
    vi.useFakeTimers();
    const { sent, deliver } = listener(503);
    const { api, call, addQueue, addListener } = emulator({ deliver });
    const [first, second, third, fourth] = [
      await addQueue("1"),
      await addQueue("2"),
      await addQueue("3"),
      await addQueue("4"),
    ];
    const listeners = [];
    for (const queue of [first, second, third, fourth]) listeners.push(await addListener(queue));
    const [message] = api.publish(first, [{ data: "x" }]);
    for (const queue of [second, third, fourth]) api.publish(queue, [{ data: "x" }]);
    await vi.advanceTimersByTimeAsync(10);

    await call("DELETE", `/queues/${first}/messages/${message}`);
    await call("DELETE", `/queues/${second}/listeners/${listeners[1]}`);
    await call("DELETE", `/queues/${third}`);
    await api.close();
    await vi.advanceTimersByTimeAsync(100_000);

    expect(sent).toHaveLength(4);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("survives any number of receiver crashes, over real sockets", async () => {
    const seen: string[] = [];
    const serve = async (port: number, status: number) => {
      const server = createServer(async (request, response) => {
        let body = "";
        for await (const piece of request) body += piece;
        seen.push(JSON.parse(body).message.id);
        if (status === 0) request.socket.destroy();
        else response.writeHead(status).end();
      });
      await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
      return {
        port: (server.address() as AddressInfo).port,
        stop: () => {
          server.closeAllConnections();
          return new Promise<unknown>((resolve) => server.close(resolve));
        },
      };
    };
    const { api, addQueue, addListener } = emulator({ webhook: { retryDelaysMs: [20] } });
    const queue = await addQueue();

    const crashing = await serve(0, 0);
    await addListener(queue, `http://127.0.0.1:${crashing.port}/`);
    const ids = api.publish(queue, [{ data: "1" }, { data: "2" }]);
    await vi.waitFor(() => expect(seen.length).toBeGreaterThanOrEqual(2), 60_000);
    expect(api.journal.totals().acked).toBe(0);
    await crashing.stop();
    const restarted = await serve(crashing.port, 204);

    await vi.waitFor(() => expect(api.journal.ackedIds(queue)).toHaveLength(2), 60_000);
    expect(new Set(seen)).toStrictEqual(new Set(ids));
    await restarted.stop();
  });
});

describe("a fault of a delivery", () => {
  async function delivered(fault: object, count = 1) {
    const { sent, deliver } = listener();
    const { api, addQueue, addListener } = emulator({
      deliver,
      webhook: { retryDelaysMs: [0], timeoutMs: 500 },
    });
    const queue = await addQueue();
    await addListener(queue);
    api.faults.add({ operation: "notify", count, ...fault } as Parameters<
      typeof api.faults.add
    >[0]);
    api.publish(queue, [{ data: "x" }]);
    await vi.waitFor(() => expect(api.journal.totals().acked).toBe(1), 60_000);
    return sent;
  }

  it.each([
    [{ kind: "status", status: 429 }, 1],
    [{ kind: "html" }, 1],
    [{ kind: "cut" }, 1],
    [{ kind: "delay", ms: 5 }, 1],
    [{ kind: "lostReply" }, 2],
    [{ kind: "duplicate" }, 2],
    [{ kind: "garbage" }, 2],
    [{ kind: "truncate" }, 2],
    [{ kind: "stall" }, 1],
  ])(
    "%j reaches the receiver so many times, and the message is acked once",
    async (fault, count) => {
      expect(await delivered(fault)).toHaveLength(count);
    },
  );

  it("pads the body to any size", async () => {
    expect((await delivered({ kind: "oversize", bytes: 5_000 }))[0]?.body).toHaveLength(5_000);
  });
});

describe("a liveness check", () => {
  it("is made now and then, and several failures make a listener inactive until one is good", async () => {
    vi.useFakeTimers();
    const { sent, deliver } = listener(200, 500, 500, "never", 200);
    const webhook = { livenessIntervalMs: 30_000, livenessFailures: 3 };
    const { call, addQueue, addListener } = emulator({ deliver, webhook });
    const queue = await addQueue();
    const id = await addListener(queue);
    const read = async () =>
      (await call("GET", `/queues/${queue}/listeners/${id}`)).body.listener.liveness;

    await vi.advanceTimersByTimeAsync(0);
    expect(await read()).toStrictEqual({ state: "stable", success_count: 1, failure_count: 0 });
    await vi.advanceTimersByTimeAsync(100_000);
    expect(await read()).toStrictEqual({ state: "inactive", success_count: 1, failure_count: 3 });
    await vi.advanceTimersByTimeAsync(30_000);

    expect(await read()).toStrictEqual({ state: "stable", success_count: 2, failure_count: 3 });
    expect(sent[0]).toMatchObject({ method: "GET", url: "https://example.com/alive" });
  });
});

describe("what nobody documents of a listener's calls", () => {
  it("is an option: which answer means alive, and when it is asked first", async () => {
    vi.useFakeTimers();
    const { sent, deliver } = listener(302, 500);
    const webhook = {
      livenessIntervalMs: 30_000,
      firstCheckMs: 5_000,
      isAlive: (status: number) => status < 400,
    };
    const { call, addQueue, addListener } = emulator({ deliver, webhook });
    const queue = await addQueue();
    const id = await addListener(queue);

    await vi.advanceTimersByTimeAsync(4_999);
    expect(sent).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(30_001);

    const { liveness } = (await call("GET", `/queues/${queue}/listeners/${id}`)).body.listener;
    expect(liveness).toStrictEqual({ state: "stable", success_count: 1, failure_count: 1 });
  });

  it.each([
    [false, "manual"],
    [true, "follow"],
  ] as const)("is an option: a redirect is followed: %s", async (followsRedirects, redirect) => {
    const asked: RequestInit[] = [];
    const deliver = async (_: string, init: RequestInit) => {
      asked.push(init);
      return new Response(null, { status: 204 });
    };
    const { api, addQueue, addListener } = emulator({ deliver, webhook: { followsRedirects } });
    const queue = await addQueue();
    await addListener(queue);

    api.publish(queue, [{ data: "x" }]);

    await vi.waitFor(() => expect(asked).toHaveLength(1), 60_000);
    expect(asked[0]?.redirect).toBe(redirect);
  });

  it.each([
    [true, 1],
    [false, 0],
  ])("is an option: an inactive one is called: %s", async (callsInactive, count) => {
    vi.useFakeTimers();
    let isAlive = false;
    const delivered: string[] = [];
    const deliver = async (url: string) => {
      if (url.endsWith("/notify")) delivered.push(url);
      return new Response(null, { status: isAlive || url.endsWith("/notify") ? 200 : 500 });
    };
    const webhook = {
      livenessIntervalMs: 1_000,
      livenessFailures: 1,
      retryDelaysMs: [1_000],
      callsInactive,
    };
    const { api, addQueue, addListener } = emulator({ deliver, webhook });
    const queue = await addQueue();
    await addListener(queue);
    await vi.advanceTimersByTimeAsync(0);

    api.publish(queue, [{ data: "x" }]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(delivered).toHaveLength(count);

    isAlive = true;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(api.journal.totals().acked).toBe(1);
  });
});

describe("what the pages leave open of the API", () => {
  const as = (body: { api_key: string }) => ({ "x-api-key": body.api_key });

  it("is an option: the status of a wrong body, and of what a key may not do", async () => {
    const { call } = emulator({ assumptions: { invalidStatus: 422, outOfScopeStatus: 401 } });
    const scopes = [{ resource: "queues", access: "read", targets: "*" }];
    const { body } = await call("POST", "/api_keys", { name: "reader", scopes });

    expect(await call("POST", "/queues", { name: 7 })).toStrictEqual({
      status: 422,
      body: { title: "Unprocessable Entity", status: 422 },
    });
    expect((await call("GET", "/events?limit=0")).status).toBe(422);
    expect((await call("POST", "/queues", { name: "x" }, as(body))).status).toBe(401);
    expect((await call("GET", "/queues", undefined, as(body))).status).toBe(200);
  });

  it("is an option: how much of a key is shown, a listener's status, a challenge's folder and life", async () => {
    const { call, addQueue, addListener } = emulator({
      naming: "alias",
      deliver: listener(500).deliver,
      assumptions: {
        keyPrefixLength: 7,
        listenerStatus: "active",
        challengeFolder: "/.well-known/acme",
        challengeLifeMs: 1_000,
      },
    });
    const queue = await addQueue();
    const id = await addListener(queue);
    const domain = { alias: "shop", hostname: "example.com", port: 443 };

    const { api_keys: keys } = (await call("GET", "/api_keys")).body;
    const found = (await call("GET", `/queues/${queue}/listeners/${id}`)).body.listener;
    const { https } = (await call("POST", "/domains", domain)).body.domain.challenge;

    expect(keys[0].key).toBe("discue-");
    expect(found.status).toBe("active");
    expect(https.context_path).toBe("/.well-known/acme");
    expect(https.expires_at - https.created_at).toBe(1_000);
  });

  it("is an option: whether messages are held against their queue's schema", async () => {
    const { call, addQueue } = emulator({ assumptions: { checksSchema: false } });
    const queue = await addQueue("orders", { a: { type: "number" } });

    expect((await call("POST", `/queues/${queue}/messages`, { data: "x" })).status).toBe(200);
  });

  it.each([
    ["name", expect.arrayContaining([{ resource: "queues", access: "write", targets: ["*"] }])],
    ["alias", expect.objectContaining({ queues: { access: "write", targets: ["*"] } })],
  ] as const)("are shown for a key that named no scopes, by %s", async (naming, scopes) => {
    const { call } = emulator({ naming });
    await call("POST", "/api_keys", { [naming]: "bare" });

    const { body } = await call("GET", "/api_keys");

    expect(body).toMatchObject({
      api_keys: expect.arrayContaining([expect.objectContaining({ [naming]: "bare", scopes })]),
    });
  });

  it.each([["*"], [["*"]], [[]], [undefined]])(
    "is read as the vendor's own client writes it: all is %j",
    async (targets) => {
      const { call, addQueue } = emulator();
      const queue = await addQueue();
      const scopes = [{ resource: "queues", access: "write", targets }];
      const { body } = await call("POST", "/api_keys", { name: "writer", scopes });

      expect((await call("GET", `/queues/${queue}`, undefined, as(body))).status).toBe(200);
      expect((await call("POST", "/queues", { name: "other" }, as(body))).status).toBe(200);
    },
  );
});

describe("a domain", () => {
  it("is verified once it serves exactly the challenge, and is then called", async () => {
    vi.useFakeTimers();
    let content = "wrong";
    const asked: string[] = [];
    const deliver = async (url: string) => {
      asked.push(url);
      return new Response(content);
    };
    const { api, call, addQueue, addListener } = emulator({
      deliver,
      naming: "alias",
      requireVerifiedDomain: true,
      webhook: { retryDelaysMs: [1_000] },
    });
    const queue = await addQueue();
    await addListener(queue, "https://example.com/notify");
    api.publish(queue, [{ data: "x" }]);
    const made = await call("POST", "/domains", {
      alias: "shop",
      hostname: "example.com",
      port: 443,
    });
    const { id, challenge } = made.body.domain;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(api.journal.totals().acked).toBe(0);

    content = challenge.https.file_content;
    await vi.advanceTimersByTimeAsync(2_000);

    const { context_path: folder, file_name: file } = challenge.https;
    expect(asked[0]).toBe(`https://example.com:443/${folder}/${file}`);
    expect((await call("GET", `/domains/${id}`)).body.domain.verification.verified).toBe(true);
    expect(api.journal.totals().acked).toBe(1);
  });

  it.each([
    { alias: "shop", hostname: "example.com", port: 22 },
    { alias: "shop", hostname: "example.com", port: "443" },
    { alias: "shop", port: 443 },
    { hostname: "example.com", port: 443 },
  ])("is refused: %j", async (body) => {
    const { call } = emulator({ naming: "alias" });

    expect((await call("POST", "/domains", body)).status).toBe(400);
  });

  it("keeps its host and port", async () => {
    const { call } = emulator({ naming: "alias", deliver: listener(500).deliver });
    const made = await call("POST", "/domains", {
      alias: "shop",
      hostname: "a.example",
      port: 443,
    });
    const path = `/domains/${made.body.domain.id}`;

    expect((await call("PUT", path, { alias: "shop", port: 80 })).status).toBe(400);
    expect((await call("PUT", path, { alias: "shop-2" })).body.domain.alias).toBe("shop-2");
  });
});

describe("a fault of a liveness check", () => {
  it("takes its time, stands in the journal, and is the answer", async () => {
    vi.useFakeTimers();
    const { sent, deliver } = listener(200);
    const webhook = { livenessIntervalMs: 1_000, livenessFailures: 1 };
    const { api, call, addQueue, addListener } = emulator({ deliver, webhook });
    api.faults.addAll([
      { kind: "delay", operation: "liveness", ms: 5_000, count: 1 },
      { kind: "status", operation: "liveness", status: 503, after: 1, count: 1 },
      { kind: "status", operation: "liveness", status: 204, after: 1, count: 1 },
    ]);
    const queue = await addQueue();
    const id = await addListener(queue);
    const read = async () =>
      (await call("GET", `/queues/${queue}/listeners/${id}`)).body.listener.liveness;

    await vi.advanceTimersByTimeAsync(4_999);
    expect(sent).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(await read()).toStrictEqual({ state: "stable", success_count: 1, failure_count: 0 });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await read()).toStrictEqual({ state: "inactive", success_count: 1, failure_count: 1 });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await read()).toStrictEqual({ state: "stable", success_count: 2, failure_count: 1 });

    expect(sent).toHaveLength(1);
    expect(api.journal.entries({ kinds: ["fault"], reader: id })).toMatchObject([
      { queue, operation: "liveness", fault: "delay" },
      { queue, operation: "liveness", fault: "status" },
      { queue, operation: "liveness", fault: "status" },
    ]);
  });
});

describe("a test", () => {
  it("may make queues and listeners, and publish all or nothing", async () => {
    const { sent, deliver } = listener(200);
    const { api, call } = emulator({ deliver });

    const queue = api.createQueue("orders", { a: { type: "number" } });
    const id = api.createListener("orders", { notifyUrl: "https://example.com/notify" });
    const messages = [{ data: '{"a":1}' }, { data: "{}" }];

    expect(() => api.publish(queue, messages)).toThrow("does not fit the schema");
    expect(() => api.publish(queue, [{ data: 7 } as never])).toThrow("data cannot have this value");
    expect(() => api.publish(queue, [{ data: "{}", nam: "x" } as never])).toThrow("has no nam");
    expect(() => api.publish(queue, { data: "{}" } as never)).toThrow("must be a list");
    expect(api.journal.publishedIds()).toEqual([]);
    const [event = ""] = api.publish("orders", messages.slice(0, 1));
    await vi.waitFor(() => expect(sent).toHaveLength(1), 60_000);
    expect((await call("GET", `/queues/${queue}/listeners/${id}`)).body.listener).toMatchObject({
      name: "listener",
      liveness_url: "https://example.com/notify",
    });
    await vi.waitFor(
      () =>
        expect(api.journal.entries({ kinds: ["acked"], eventId: event, reader: id })).toHaveLength(
          1,
        ),
      60_000,
    );
    expect(api.journal.entries({ kinds: ["acked"], reader: "another" })).toEqual([]);
  });

  it("is told what it cannot make", () => {
    const { api } = emulator();
    const { createQueue, createListener } = api.admin;
    api.createQueue("orders");

    expect(() => api.createQueue("orders")).toThrow("refused with 422");
    expect(() => api.createQueue("q", { a: { type: "date" } })).toThrow("refused with 400");
    expect(() => api.createListener("q", { notifyUrl: "https://a.example" })).toThrow("no such");
    expect(() => api.createListener("orders", { notifyUrl: "nowhere" })).toThrow("with 400");
    const misspelt = { notifyUrl: "https://a.example", livenesUrl: "https://a.example" };
    expect(() => api.createListener("orders", misspelt)).toThrow("has no livenesUrl");
    expect(() => createListener?.({ queue: "orders", ...misspelt })).toThrow("has no livenesUrl");
    expect(() => createQueue?.({ name: 7 })).toThrow("send { name, schema? }");
    expect(() => createListener?.({ queue: "orders" })).toThrow("send { queue, notifyUrl");
    expect(createQueue?.({ name: "q-2" })).toEqual({ id: expect.any(String) });
    expect(createListener?.({ queue: "orders", notifyUrl: "https://a.example" })).toEqual({
      id: expect.any(String),
    });
  });

  it.each([
    [{ method: "GET" }, "method cannot have this value"],
    [{ method: "no method" }, "method cannot have this value"],
    [{ livenessMethod: "" }, "livenessMethod cannot have this value"],
    [{ headers: { "no name": "x" } }, "headers cannot have this value"],
    [{ retryDelaysMs: [] }, "retryDelaysMs cannot have this value"],
    [{ concurrency: 1.5 }, "concurrency cannot have this value"],
    [null, "webhook: an object of"],
  ])("refuses %j of the calls to listeners, which none would ever come by", (webhook, what) => {
    expect(() => discueEmulator({ webhook: webhook as never })).toThrow(what);
  });

  it("forgets at a reset a delivery that was just being signed", async () => {
    const { sent, deliver } = listener(200);
    const signatureSecret = `whsec_${btoa("0123456789abcdef0123456789abcdef")}`;
    const { api } = emulator({ deliver, webhook: { signatureSecret, livenessIntervalMs: 0 } });
    api.createListener(api.createQueue("orders"), { notifyUrl: "https://example.com/" });
    api.publish("orders", [{ data: "{}" }]);

    await api.reset();
    await new Promise((resolve) => setTimeout(resolve, 50));

    expect([sent, api.journal.entries()]).toEqual([[], []]);
  });

  it("takes media types in any case, and no others that begin alike", async () => {
    const { api } = emulator();
    const statusOf = async (type: string, accept = type) => {
      const headers = { "x-api-key": "discue-test-key", "content-type": type, accept };
      const init = { method: "POST", headers, body: "{}" };
      return (await api.fetch("https://api.discue.io/v1/queues", init)).status;
    };

    expect(await statusOf("Application/JSON; charset=utf-8")).toBe(200);
    expect(await statusOf("application/jsonp", "*/*")).toBe(415);
    expect(await statusOf("application/json", "application/jsonp")).toBe(406);
  });

  it("reads usage events on behind a time and an id", async () => {
    const { api, call } = emulator();
    for (const name of ["a", "b", "c"]) api.createQueue(name);
    const { events } = (await call("GET", "/events")).body;
    const idsBehind = async (at: number, id: string) =>
      (await call("GET", `/events?startAfter=${at}&startAfterId=${id}`)).body.events.length;

    expect(await idsBehind(events[1].stored_at, events[1].id)).toBe(1);
    expect(await idsBehind(events[1].stored_at + 60_000, events[1].id)).toBe(0);
    // Seconds, in the place of ms.
    expect(await idsBehind(Math.floor(events[1].stored_at / 1_000), events[1].id)).toBe(3);
  });

  it("has no operation for what a test published", () => {
    const { api } = emulator();
    api.publish(api.createQueue("orders"), [{ data: "{}" }]);

    expect(api.journal.entries()).toMatchObject([{ kind: "published", operation: undefined }]);
  });

  it("gets the same ids however many other requests there were", async () => {
    const idsOf = async (requests: number) => {
      const { api, call } = emulator({ deliver: listener(200).deliver });
      const queue = api.createQueue("orders");
      for (let count = 0; count < requests; count += 1) {
        await call("PUT", `/queues/${queue}`, { name: `orders-${count}` });
        await call("POST", "/api_keys", {});
      }
      api.createListener(queue, { notifyUrl: "https://a.example" });
      return [queue, ...api.publish(queue, [{ data: "x" }, { data: "y" }])];
    };

    expect(await idsOf(3)).toEqual(await idsOf(0));
  });

  it.each([
    [{ naming: "id" }, "naming cannot have this value; it is one of name, alias"],
    [{ staleMs: -1 }, "staleMs cannot have this value"],
    [{ deliver: "fetch" }, "deliver cannot have this value"],
    [{ webhook: { bodyForm: "xml" } }, "it is one of message, data, raw"],
    [{ webhook: { retryDelaysMs: [-1] } }, "retryDelaysMs cannot have this value"],
    [{ webhook: { concurrency: 0 } }, "concurrency cannot have this value"],
    [{ webhook: { signatureSecret: "abc" } }, "signatureSecret cannot have this value"],
    [{ assumptions: { invalidStatus: 404 } }, "it is one of 400, 422"],
    [{ webhok: {} }, "has no webhok"],
  ])("may not give the options %j", (options, words) => {
    expect(() => discueEmulator(options as DiscueEmulatorOptions)).toThrow(words);
  });
});

describe("other processes", () => {
  it("may publish, by the queue's name or id", async () => {
    const { api, addQueue } = emulator();
    const queue = await addQueue("orders");
    const publish = api.admin["publish"] ?? expect.fail();

    const reply = publish({ queue: "orders", messages: [{ name: "a", data: "x" }] });

    expect(reply).toStrictEqual({ ids: api.journal.publishedIds(queue) });
  });

  it.each([
    [{ queue: "none", messages: [] }],
    [{ queue: "orders", messages: [{ name: 7, data: "x" }] }],
    [{ queue: "orders", messages: [{ data: 7 }] }],
    [{ queue: "orders", messages: [7] }],
    [{ messages: [] }],
    [7],
  ])("are told what is wrong: %j", async (body) => {
    const { api, addQueue } = emulator();
    await addQueue("orders");

    expect(() => api.admin["publish"]?.(body)).toThrowError(TypeError);
  });

  it("may not publish what the schema refuses", async () => {
    const { api, addQueue } = emulator();
    const queue = await addQueue("orders", { a: { type: "number" } });

    expect(() => api.publish(queue, [{ data: "{}" }])).toThrowError("does not fit the schema");
  });

  it("cannot assume what there is no assumption of", () => {
    const webhook = { retries: 3 } as DiscueEmulatorOptions["webhook"];

    expect(() => discueEmulator({ webhook })).toThrowError("webhook has no retries; it has");
  });
});
